# SPDX-License-Identifier: Apache-2.0
"""`explain` and `test` say what the running gateway does."""
import itertools
import json
import random

from support.gateway import in_front_of
from support.http1 import ConnectionEnded
from support.tokens import SHARED_ISSUER, good_token, with_another_signature

ROUTES = [
    "{name: open, path: /public/**, auth: none, upstream: legacy}",
    "{name: any, path: /any/**, upstream: legacy}",
    "{name: scoped, path: /scoped/**, require: {scopes: [orders:read]}, upstream: legacy}",
    "{name: clerks, path: /clerks/**, methods: [GET, POST], require: {roles: [clerk, admin]}, upstream: legacy}",
    "{name: tenant, path: /tenant/**, require: {claims: {tenant: acme}}, upstream: legacy}",
    "{name: own, path: '/own/{id}', require: {when: 'claims.sub == path.id'}, upstream: legacy}",
    "{name: cel, path: /cel/**, require: {when: 'request.headers[\"x-env\"] == \"prod\" || \"admin\" in claims.roles'}, "
    "upstream: legacy}",
    "{name: shadow, path: /shadow/**, enforce: false, require: {roles: [nobody]}, upstream: legacy}",
    "{name: maybe, path: /maybe/**, auth: optional, upstream: legacy}",
    "{name: fixed, path: /fixed, auth: none, respond: {status: 418, body: tea}}",
    "{name: moved, path: /old/**, auth: none, rewrite: {strip_prefix: /old, add_prefix: /new}, upstream: legacy}",
    "{name: hosted, host: '*.example.com', path: /any/**, auth: none, upstream: legacy}",
]
PATHS = ["/public/a", "/any", "/any/x/../y", "/scoped/1", "/clerks/1", "/tenant/1", "/own/alice", "/own/bob", "/cel/1",
         "/shadow/1", "/maybe/1", "/fixed", "/old/x", "/nowhere", "/public/%2e%2e/any", "/public/..%2fany",
         "/any;x=1", "/own/al%69ce"]
METHODS = ["GET", "POST", "DELETE"]
HOSTS = ["localhost", "www.example.com"]
CALLERS = {
    "nobody": None,
    "alice": {"sub": "alice", "scope": "orders:read", "roles": ["clerk"], "tenant": "acme"},
    "bob": {"sub": "bob", "scope": "profile", "roles": []},
    "admin": {"sub": "root", "roles": ["admin"], "tenant": "other"},
}


def credentials():
    tokens = {name: good_token(**claims) for name, claims in CALLERS.items() if claims}
    tokens["expired"] = good_token(exp=1000)
    tokens["forged"] = with_another_signature(tokens["admin"])
    tokens["stranger"] = good_token(iss="https://elsewhere.example")
    tokens["malformed"] = "a.b"
    headers = {name: {"Authorization": f"Bearer {token}"} for name, token in tokens.items()}
    return {"nobody": {}, **headers, "twice": {"Authorization": "Bearer a, Bearer b"}}


def observed(gate, service, case):
    """(forwarded?, status, code) of the running gateway."""
    before = len(service.requests)
    method, target, headers = case
    try:
        answer = gate.request(method, target, headers)
    except ConnectionEnded:
        raise AssertionError(f"no answer to {case}") from None
    forwarded = len(service.requests) > before
    code = answer.json().get("code") if answer.status >= 400 and not forwarded and answer.body.startswith(b"{") else None
    return forwarded, answer.status, code


def agree(gate, service, cases, tmp_path):
    """Asks the running gateway, writes down what it did, and lets `test` say whether it would have said the same."""
    written = []
    for case in cases:
        forwarded, status, code = observed(gate, service, case)
        expect = {"decision": "refuse" if code else "forward"}
        if not forwarded:
            expect["status"] = status
        if code:
            expect["code"] = code
        written.append({"request": {"method": case[0], "url": case[1], "headers": case[2]}, "expect": expect})
    file = tmp_path / "cases.yaml"
    file.write_text(json.dumps({"cases": written}))
    done = gate.run("test", file)
    assert done.returncode == 0, done.stdout[:4000] + done.stderr[:4000]
    assert f"{len(cases)} cases, 0 failed" in done.stdout
    return written


def test_explain_agrees_with_the_running_gateway_on_a_table_of_policy_cases(gateway, upstream, tmp_path):
    service = upstream()
    gate = gateway(SHARED_ISSUER + in_front_of(service, *ROUTES))
    callers = credentials()
    cases = [(method, path, {"Host": host, **callers[caller]})
             for path, method, host, caller in itertools.product(PATHS, METHODS, HOSTS, CALLERS)]
    assert len(cases) >= 300
    written = agree(gate, service, cases, tmp_path)
    decisions = {(one["expect"]["decision"], one["expect"].get("code")) for one in written}
    assert {("forward", None), ("refuse", "token_missing"), ("refuse", "forbidden"), ("refuse", "bad_path"),
            ("refuse", "insufficient_scope"), ("refuse", "no_route"), ("refuse", "method_not_allowed")} <= decisions


def generated(count, seed):
    rng = random.Random(seed)
    callers = list(credentials().values())
    pieces = ["public", "any", "scoped", "clerks", "own", "alice", "bob", "cel", "old", "..", ".", "%2e%2e", "%2E",
              "%2f", "%5c", "%00", "%252e", "%c0%ae", "a;b", "..;", ";x", "%3b", "a%20b", "%zz", "", "%41", "~", "é"]
    for _ in range(count):
        path = "/" + "/".join(rng.choice(pieces) for _ in range(rng.randint(1, 4)))
        if rng.random() < 0.2:
            path += "?" + rng.choice(["a=1", "../x", "%00", ""])
        headers = {"Host": rng.choice(["localhost", "www.example.com", "EXAMPLE.com.:80", "a b"]), **rng.choice(callers)}
        if rng.random() < 0.3:
            headers[rng.choice(["X-Env", "x_auth_subject", "X-HTTP-Method-Override", "X-Forwarded-For"])] = \
                rng.choice(["prod", "admin", "DELETE", "10.0.0.1"])
        yield rng.choice(["GET", "POST", "PUT", "DELETE", "OPTIONS", "get", "TRACE"]), path, headers


def test_explain_agrees_with_the_running_gateway_on_generated_requests(gateway, upstream, tmp_path):
    service = upstream()
    gate = gateway(SHARED_ISSUER + in_front_of(service, *ROUTES))
    agree(gate, service, [(m, p.encode().decode("latin-1"), h) for m, p, h in generated(2000, 7)], tmp_path)


def test_explain_tells_route_conditions_headers_and_upstream(gateway, upstream):
    gate = gateway(SHARED_ISSUER + in_front_of(upstream(), *ROUTES), started=False)
    claims = json.dumps({"sub": "alice", "roles": ["clerk"]})
    done = gate.run("explain", "GET", "/clerks/%7e?a=1", "-H", "X_Auth_Subject: root", "-H", "X-Other: 1", "--claims",
                    claims, "--client-ip", "192.0.2.9", "--json")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert (told["decision"], told["route"], told["upstream"], told["path"]) == \
        ("forwarded", "clerks", "legacy", "/clerks/~?a=1")
    assert told["conditions"] == [{"condition": "token", "met": True}, {"condition": "roles", "met": True}]
    added = {field["name"]: field["value"] for field in told["headers_added"]}
    assert added["X-Auth-Subject"] == "alice" and added["X-Auth-Roles"] == "clerk"
    assert added["X-Forwarded-For"] == "192.0.2.9"
    assert told["headers_removed"] == ["X_Auth_Subject"]


def test_explain_tells_why_a_request_is_refused(gateway, upstream):
    gate = gateway(SHARED_ISSUER + in_front_of(upstream(), *ROUTES), started=False)
    done = gate.run("explain", "GET", "/cel/1", "--claims", '{"sub": "alice"}')
    assert done.returncode == 3 and "refused 403 forbidden" in done.stdout, done.stdout
    assert "not met  when" in done.stdout and "no such key" in done.stdout
    done = gate.run("explain", "GET", "/any", "--token", good_token(exp=1000), "--json")
    assert done.returncode == 3 and json.loads(done.stdout)["code"] == "token_expired"
    done = gate.run("explain", "GET", "/shadow/1", "--claims", '{"sub": "a"}', "--json")
    assert done.returncode == 0 and json.loads(done.stdout)["would_refuse"] == "forbidden"


def test_explain_and_test_say_what_makes_no_sense(gateway, upstream, tmp_path):
    gate = gateway(SHARED_ISSUER + in_front_of(upstream(), *ROUTES), started=False)
    for wrong in (["GET", "ftp://x/"], ["GET", "/any", "--claims", "[1]"], ["GET", "/any", "--claims", "{"],
                  ["GET", "/any", "-H", "nocolon"], ["GET", "/any", "--client-ip", "home"], ["GET"]):
        done = gate.run("explain", *wrong)
        assert done.returncode == 1 and done.stderr, wrong
    cases = tmp_path / "cases.yaml"
    cases.write_text("cases:\n  - request: {url: /any}\n    expect: {decison: forward}\n")
    done = gate.run("test", cases)
    assert done.returncode == 1 and f"{cases}:3:14: error: " in done.stderr and "decision" in done.stderr, done.stderr
    cases.write_text("cases:\n  - request: {url: /any}\n    expect: {decision: forward, route: open}\n")
    done = gate.run("test", cases)
    assert done.returncode == 3 and "1 cases, 1 failed" in done.stdout
    assert f"{cases}:2:5: failed: GET /any: decision refuse (expected forward)" in done.stdout
    assert gate.run("test", tmp_path / "missing.yaml").returncode == 1
