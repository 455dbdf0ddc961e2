# SPDX-License-Identifier: Apache-2.0
"""Reloads: what they say, what they refuse to widen, and files that are watched."""
import os
import re
import threading
from pathlib import Path

from support.gateway import in_front_of
from support.tokens import SHARED_ISSUER, good_token
from support.upstream import response
from support.waiting import wait_until


def fixed(name, path, *more):
    return f"{{name: {name}, path: {path}, {''.join(key + ', ' for key in more)}respond: {{status: 200, body: {name}}}}}"


def write_atomically(path, text):
    """As editors do: a new file takes the place of the old one."""
    fresh = path.with_suffix(".new")
    fresh.write_text(text)
    os.replace(fresh, path)


def test_a_reload_says_what_changed_and_widens_nothing_by_mistake(gateway, upstream):
    service = upstream(lambda _: response("ok"))
    strict = "{name: admin, path: /admin/**, upstream: legacy, require: {roles: [admin]}}"
    rest = "{name: rest, path: /**, upstream: legacy}"
    gate = gateway(in_front_of(service, strict, rest) + SHARED_ISSUER, server="allow_widening: false")

    def reload(*routes, **options):
        gate._options["server"] = options.get("server", "allow_widening: false")
        gate.write_config(in_front_of(service, *routes) + SHARED_ISSUER)
        return gate.admin("POST", "/api/reload")

    same = reload(strict, rest)
    assert same.status == 200 and same.json()["changes"] == [] and same.json()["widenings"] == []
    tighter, ping = strict.replace("[admin]", "[admin], scopes: [all]"), fixed("ping", "/ping", "auth: none")
    stricter = reload(tighter, rest, ping)
    assert stricter.status == 200 and stricter.json()["widenings"] == []
    assert stricter.json()["changes"] == ["changed admin: require.scopes: nothing -> [all]", "added ping"]
    assert '"change":"added ping"' in gate.log()

    # Taken out as a whole: what is left of the file has not changed, and yet lets more through.
    refused = reload(rest, ping)
    assert (refused.status, refused.code) == (422, "unprocessable_content")
    assert any("the route rest takes more roles" in issue or "the route rest demands fewer scopes" in issue
               for issue in refused.json()["errors"]), refused.body
    assert gate.get("/admin/x", token=good_token()).status == 403
    assert gate.metric("gatewarden_config_reload_failures_total") == 1
    # Not by a file that allows itself to: what runs decides.
    assert reload(rest, ping, server="allow_widening: true").status == 422
    assert reload(tighter, rest, ping, server="allow_widening: true").status == 200
    done = reload(rest, ping, server="allow_widening: true")
    assert done.status == 200 and len(done.json()["widenings"]) == 1
    assert gate.get("/admin/x", token=good_token()).status == 200
    assert "the reload lets more through" in gate.log()
    assert gate.admin("GET", "/api/status").json()["last_reload"]["changes"] == ["removed admin"]


def test_the_program_pages_that_a_reload_used_are_given_back(gateway):
    gate = gateway("routes:\n  - " + fixed("one", "/one", "auth: none") + "\n")

    def pages():
        return int(re.search(r"^RssFile:\s+(\d+) kB", Path(f"/proc/{gate.process.pid}/status").read_text(), re.M).group(1))

    assert gate.admin("POST", "/api/reload").status == 200
    used = pages()
    wait_until(lambda: pages() < used - 300, f"{used} kB that are fewer", 15)


def test_watched_files_reload_by_themselves(gateway):
    gate = gateway("include: [routes.d]\nroutes:\n  - " + fixed("one", "/one", "auth: none") + "\n",
                   server="watch: true", files={}, started=False)
    folder = gate.folder / "routes.d"
    folder.mkdir()
    gate.start()
    assert gate.get("/one").body == b"one"

    def soon(path, body):
        wait_until(lambda: gate.get(path).body == body, f"{body} at {path}")

    (folder / "two.yaml").write_text("routes:\n  - " + fixed("two", "/two", "auth: none") + "\n")
    soon("/two", b"two")
    write_atomically(folder / "two.yaml", "routes:\n  - " + fixed("deux", "/two", "auth: none") + "\n")
    soon("/two", b"deux")
    # A broken file changes nothing, and the next good one does.
    failures = gate.metric("gatewarden_config_reload_failures_total")
    write_atomically(folder / "two.yaml", "routes:\n  - {path: /two, auht: none}\n")
    wait_until(lambda: gate.metric("gatewarden_config_reload_failures_total") > failures, "refused reload")
    assert gate.get("/two").body == b"deux" and "routes.d/two.yaml:2:18: error" in gate.log()
    (folder / "two.yaml").unlink()
    wait_until(lambda: gate.get("/two").status == 404, "404 at /two")
    gate.write_config("include: [routes.d]\nroutes:\n  - " + fixed("uno", "/one", "auth: none") + "\n")
    soon("/one", b"uno")
    # What lies beside it is none of our business.
    reloads = gate.metric("gatewarden_config_reloads_total")
    (gate.folder / "unrelated.txt").write_text("x")
    (folder / ".hidden.yaml").write_text("not yaml: [")
    (folder / "three.yaml").write_text("routes:\n  - " + fixed("three", "/three", "auth: none") + "\n")
    soon("/three", b"three")
    assert gate.metric("gatewarden_config_reloads_total") == reloads + 1


def test_a_config_map_is_swapped_as_a_whole(gateway):
    gate = gateway("routes:\n  - " + fixed("one", "/x", "auth: none") + "\n", server="watch: true", started=False)
    text = gate.config.read_text()

    # As the kubelet does: FILE -> ..data/FILE, ..data -> ..TIMESTAMP, and a rename over ..data.
    def publish(number, body):
        (gate.folder / f"..{number}").mkdir()
        (gate.folder / f"..{number}" / gate.config.name).write_text(text.replace("body: one", f"body: {body}"))
        os.symlink(f"..{number}", gate.folder / "..data_tmp")
        os.replace(gate.folder / "..data_tmp", gate.folder / "..data")

    gate.config.unlink()
    publish(1, "first")
    os.symlink(f"..data/{gate.config.name}", gate.config)
    gate.start()
    assert gate.get("/x").body == b"first"
    for number, body in ((2, b"second"), (3, b"third")):
        publish(number, body.decode())
        wait_until(lambda body=body: gate.get("/x").body == body, body.decode())


def test_many_reloads_under_load_lose_no_request(gateway, upstream):
    service = upstream(lambda _: response("ok"))

    def config(number):
        routes = [f"{{path: '/service{i}/{{id}}/**', upstream: legacy, require: {{scopes: [s{i}, n{number}]}}}}"
                  for i in range(500)]
        return in_front_of(service, "{path: /open, auth: none, upstream: legacy}", *routes) + SHARED_ISSUER

    gate = gateway(config(0))
    token = good_token(scope="s7 n0 n1")
    enough, failures, answered = threading.Event(), [], [0, 0]

    def ask(which):
        with gate.connect() as connection:
            while not enough.is_set():
                target, credential = ("/service7/a/b", token) if which else ("/open", None)
                answer = connection.request("GET", target, token=credential)
                answered[which] += 1
                if answer.status != 200:
                    failures.append((target, answer.status, answer.body))
                    return

    clients = [threading.Thread(target=ask, args=(which,)) for which in (0, 1, 0, 1)]
    for client in clients:
        client.start()
    for number in range(10):
        gate.write_config(config(number % 2))
        assert gate.admin("POST", "/api/reload").status == 200
    enough.set()
    for client in clients:
        client.join()
    assert not failures and min(answered) > 0


def test_conditions_and_fallbacks_choose_and_decide(gateway, upstream):
    service = upstream(lambda request: response(request.header("X-Auth-Subject", "nobody") + " " +
                                                request.header("X-Auth-Roles", "-")))
    gate = gateway(in_front_of(
        service,
        "{name: v1, path: /v, auth: none, respond: {status: 200, body: v1}}",
        "{name: v2, path: /v, auth: none, query: {version: '2'}, respond: {status: 200, body: v2}}",
        "{name: inside, path: /v, auth: none, client: [127.0.0.0/8], respond: {status: 200, body: inside}}",
        "{name: scoped, path: /scoped, upstream: legacy, require: {scopes: ['orders:read'], "
        "scope_strategy: hierarchic}}",
        "{name: guest, path: /guest, auth: optional, anonymous: {sub: guest, roles: [guest]}, upstream: legacy, "
        "require: {roles: [guest, clerk]}}") + SHARED_ISSUER, listener="trusted_proxies: [127.0.0.1]")

    def outside(target):
        return gate.get(target, headers={"X-Forwarded-For": "192.0.2.9"}).body

    assert gate.get("/v").body == b"inside" and outside("/v") == b"v1"
    assert gate.get("/v?version=2").body == b"v2" and outside("/v?a=b&version=%32") == b"v2"
    assert outside("/v?version=2&version=2") == b"v1" and outside("/v?version=3") == b"v1"

    for scope, status in (("orders", 200), ("orders:read", 200), ("order", 403), ("orders:write", 403), ("", 403)):
        assert gate.get("/scoped", token=good_token(scope=scope)).status == status, scope

    assert gate.get("/guest", headers={"X-Auth-Subject": "root"}).body == b"guest guest"
    assert gate.get("/guest", token=good_token(roles=["clerk"])).body == b"alice clerk"
    assert gate.get("/guest", token=good_token()).status == 403
    assert gate.get("/guest", token="forged").status == 401
