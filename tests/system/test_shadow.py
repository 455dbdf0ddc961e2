# SPDX-License-Identifier: Apache-2.0
"""Rules that refuse nobody: counted, logged, and told by `shadow report`; and `diff`, of configurations and logs."""
import json

from support.gateway import in_front_of, run_gatewarden
from support.tokens import SHARED_ISSUER, good_token
from support.waiting import wait_until, whole_lines

ROUTES = [
    "{name: open, path: /open/**, auth: none, upstream: legacy}",
    "{name: tried, path: /tried/**, require: {scopes: [read]}, shadow: {roles: [admin], when: 'claims.tenant == \"acme\"'}, "
    "upstream: legacy}",
    "{name: guest, path: /guest/**, auth: optional, shadow: {roles: [admin]}, upstream: legacy}",
    "{name: lax, path: /lax/**, enforce: false, require: {roles: [admin]}, upstream: legacy}",
]
LOG = "log: {access: {path: access.log, claims: [scope, roles, tenant]}}\n"


def records(gate, count):
    """What the access log tells of routes, once there are so many of it; /readyz is in it too."""
    file = gate.folder / "access.log"

    def told():
        return [one for one in map(json.loads, whole_lines(file)) if "route" in one] if file.exists() else []

    wait_until(lambda: len(told()) >= count, f"{count} requests in the access log")
    return told()


def ask(gate, path, **claims):
    answer = gate.get(path, token=good_token(**claims)) if claims else gate.get(path)
    return answer.status


def serve(gateway, upstream, routes=ROUTES):
    gate = gateway(SHARED_ISSUER + LOG + in_front_of(upstream(), *routes))
    assert ask(gate, "/tried/1", sub="alice", scope="read", roles=["admin"], tenant="acme") == 200
    assert ask(gate, "/tried/2", sub="bob", scope="read", roles=["clerk"], tenant="acme") == 200
    assert ask(gate, "/tried/3", sub="carol", scope="read", roles=["admin"], tenant="other") == 200
    assert ask(gate, "/tried/4", sub="dave", scope="other") == 403
    assert ask(gate, "/guest/1") == 200
    assert ask(gate, "/lax/1") == 200
    assert ask(gate, "/lax/2", sub="alice", roles=["admin"]) == 200
    assert ask(gate, "/open/1") == 200
    return gate


def test_what_a_shadow_would_refuse_passes_and_is_counted_and_logged(gateway, upstream):
    gate = serve(gateway, upstream)
    told = {one["path"]: (one.get("shadow"), one.get("would_refuse_code")) for one in records(gate, 8)}
    assert told == {"/tried/1": (None, None), "/tried/2": ("forbidden", None), "/tried/3": ("forbidden", None),
                    "/tried/4": (None, None), "/guest/1": ("token_missing", None), "/lax/1": (None, "token_missing"),
                    "/lax/2": (None, None), "/open/1": (None, None)}
    assert gate.metric("gatewarden_shadow_refusals_total") == 3
    assert gate.metric("gatewarden_unenforced_refusals_total") == 1


def test_the_report_says_what_enforcing_would_have_refused(gateway, upstream):
    gate = serve(gateway, upstream)
    records(gate, 8)
    log = gate.folder / "access.log"
    done = run_gatewarden("shadow", "report", "--log", log, "--json")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    routes = {one["route"]: one for one in told["routes"]}
    assert told["requests"] == 8 and set(routes) == {"tried", "guest", "lax"}
    assert routes["tried"]["requests"] == 4
    assert routes["tried"]["shadow"]["codes"] == {"forbidden": 2} and routes["tried"]["shadow"]["callers"] == 2
    assert routes["lax"]["enforce"]["codes"] == {"token_missing": 1}
    done = run_gatewarden("shadow", "report", "--log", "-", stdin=log.read_text())
    assert "shadow would have refused 2 of 4 (forbidden 2), from 2 callers" in done.stdout
    assert "enforce: true would have refused 1 of 2 (token_missing 1)" in done.stdout
    assert "8 requests, 4 would have been refused" in done.stdout


def test_the_report_says_when_there_is_no_log_to_read(tmp_path):
    assert run_gatewarden("shadow", "report", "--log", tmp_path / "none").returncode == 1
    text = tmp_path / "text.log"
    text.write_text("2026-01-01T00:00:00Z 127.0.0.1 GET \"/\" 200\n")
    done = run_gatewarden("shadow", "report", "--log", text)
    assert done.returncode == 1 and "log.format: json" in done.stderr


def test_explain_tells_what_the_shadow_would_say(gateway, upstream):
    gate = gateway(SHARED_ISSUER + in_front_of(upstream(), *ROUTES), started=False)
    done = gate.run("explain", "GET", "/tried/1", "--claims", '{"sub": "a", "scope": "read"}', "--json")
    assert done.returncode == 0 and json.loads(done.stdout)["shadow"] == "forbidden"
    done = gate.run("explain", "GET", "/tried/1", "--claims", '{"sub": "a", "scope": "read"}')
    assert "shadow    would refuse with forbidden" in done.stdout


def test_a_shadow_that_makes_no_sense_is_an_error_with_its_place(gateway, upstream):
    for shadow, what in (("auth: none, shadow: {roles: [a]}", "stands beside auth: none"),
                         ("shadow: {}", "demands nothing"), ("shadow: {rolls: [a]}", "roles"),
                         ("shadow: {when: 'claims.'}", "shadow.when")):
        gate = gateway(in_front_of(upstream(), "{path: /**, %s, upstream: legacy}" % shadow), started=False)
        done = gate.run("check")
        assert done.returncode == 1 and what in done.stderr, (shadow, done.stderr)


def changed(gateway, upstream, old, new):
    """Two configurations in files, beside each other."""
    service = upstream()
    return [gateway(SHARED_ISSUER + LOG + in_front_of(service, *routes), started=False).config for routes in (old, new)]


def test_diff_tells_what_changes_for_routes_and_logged_requests(gateway, upstream):
    gate = serve(gateway, upstream)
    records(gate, 8)
    new = [ROUTES[0].replace("auth: none", "auth: required"),
           ROUTES[1].replace("require: {scopes: [read]}", "require: {scopes: [read], roles: [admin]}"),
           ROUTES[2], ROUTES[3].replace("enforce: false, ", ""),
           "{name: added, path: /added, auth: none, upstream: legacy}"]
    new_config = gateway(SHARED_ISSUER + LOG + in_front_of(upstream(), *new), started=False).config
    done = run_gatewarden("diff", gate.config, new_config, "--log", gate.folder / "access.log", "--json")
    assert done.returncode == 1, done.stderr
    told = json.loads(done.stdout)
    assert any(line.startswith("changed tried: require.roles: nothing -> [admin]") for line in told["routes"])
    assert "added added" in told["routes"]
    assert len(told["wider"]) == 1 and "added" in told["wider"][0]
    assert {name for name in ("open", "tried", "lax") if any(name in line for line in told["narrower"])} == \
        {"open", "tried", "lax"}
    moves = {one["request"].split()[1].removeprefix("localhost"): one["change"] for one in told["log"]["changed"]}
    assert moves == {"/tried/2": "narrower", "/lax/1": "narrower", "/open/1": "narrower"}
    assert told["log"]["requests"] == 8 and told["log"]["not_judged"] == 0 and told["log"]["same"] == 5
    back = run_gatewarden("diff", new_config, gate.config)
    assert back.returncode == 1 and "wider" in back.stdout and "route     removed added" in back.stdout


def test_diff_does_not_judge_what_the_log_does_not_tell(gateway, upstream, tmp_path):
    old, new = changed(gateway, upstream, ROUTES, ROUTES)
    log = tmp_path / "access.log"
    log.write_text(json.dumps({"method": "GET", "host": "localhost", "path": "/tried/1", "status": 200, "route": "tried",
                               "sub": "alice", "issuer": "corp", "client": "127.0.0.1"}) + "\n")
    done = run_gatewarden("diff", old, new, "--log", log, "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    assert json.loads(done.stdout)["log"]["not_judged"] == 1


def test_diff_of_the_same_and_of_what_cannot_be_read(gateway, upstream, tmp_path):
    old, new = changed(gateway, upstream, ROUTES, ROUTES[:3])
    done = run_gatewarden("diff", old, old)
    assert done.returncode == 0 and "nothing is decided otherwise" in done.stdout
    assert run_gatewarden("diff", old, new).returncode == 1
    for wrong in ([old, tmp_path / "none.yaml"], [old], [old, old, "--log", tmp_path / "none.log"]):
        done = run_gatewarden("diff", *wrong)
        assert done.returncode == 2 and done.stderr, wrong
