# SPDX-License-Identifier: Apache-2.0
"""`explain` and `test` say what the running gateway does."""
import itertools
import json
import random

from support.client import Connection
from support.gateway import in_front_of
from support.http1 import ConnectionEnded
from support.tokens import AUDIENCE, SHARED_ISSUER, good_token, with_another_signature
from support.waiting import wait_until, whole_lines

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


LOG = "log: {access: {path: access.log}}\n"


class Observer:
    """Asks the running gateway, and says what it did: as its upstream, its client and its access log saw it."""

    def __init__(self, gate, service):
        self._gate, self._service = gate, service
        self._ids = []

    def ask(self, case):
        """What a case expects."""
        method, target, headers, address = case
        before = len(self._service.requests)
        try:
            with Connection(self._gate.port, source=address) as connection:
                answer = connection.request(method, target, headers)
        except ConnectionEnded:
            raise AssertionError(f"no answer to {case}") from None
        self._ids.append(answer.header("X-Request-Id"))
        if len(self._service.requests) > before:
            return {"decision": "forward", "path": self._service.last.target}
        if answer.body.startswith(b"{") and "code" in answer.json():
            return {"decision": "refuse", "status": answer.status, "code": answer.json()["code"]}
        return {"decision": "forward", "status": answer.status}

    def logged(self):
        """Of each request in turn, its line in the access log; {} of a head that could not be read."""
        file = self._gate.folder / "access.log"

        def written():
            found = [json.loads(line) for line in whole_lines(file)]
            return found if sum(one["request_id"] in wanted for one in found) >= len(wanted) else None

        wanted = {one for one in self._ids if one}
        told = {one["request_id"]: one for one in wait_until(written, "line of each request")}
        return [told.get(one, {}) for one in self._ids]


def agree(gate, service, cases, tmp_path):
    """Asks the running gateway, writes down what it did, and lets `test` say whether it would have said the same."""
    observer = Observer(gate, service)
    written = [{"request": {"method": case[0], "url": case[1], "headers": case[2], "client_ip": case[3]},
                "expect": observer.ask(case)} for case in cases]
    for one, line in zip(written, observer.logged()):
        expect = one["expect"]
        if line.get("route"):
            expect["route"] = line["route"]
        if one["request"]["method"] == "HEAD" and "code" in line:  # there was no body that says it
            expect.update(decision="refuse", code=line["code"])
        assert expect.get("code") == line.get("code", expect.get("code")), (one, line)
        assert "route" in expect or expect["decision"] == "refuse", (one, line)
    file = tmp_path / "cases.yaml"
    file.write_text(json.dumps({"cases": written}))
    done = gate.run("test", file)
    assert done.returncode == 0, done.stdout[:4000] + done.stderr[:4000]
    assert f"{len(cases)} cases, 0 failed" in done.stdout
    return written, done.stdout


def test_explain_agrees_with_the_running_gateway_on_a_table_of_policy_cases(gateway, upstream, tmp_path):
    service = upstream()
    gate = gateway(SHARED_ISSUER + LOG + in_front_of(service, *ROUTES))
    callers = credentials()
    cases = [(method, path, {"Host": host, **callers[caller]}, "127.0.0.1")
             for path, method, host, caller in itertools.product(PATHS, METHODS, HOSTS, CALLERS)]
    assert len(cases) >= 300
    written, _ = agree(gate, service, cases, tmp_path)
    decisions = {(one["expect"]["decision"], one["expect"].get("code")) for one in written}
    assert {("forward", None), ("refuse", "token_missing"), ("refuse", "forbidden"), ("refuse", "bad_path"),
            ("refuse", "insufficient_scope"), ("refuse", "no_route"), ("refuse", "method_not_allowed")} <= decisions
    assert {one["expect"]["route"] for one in written if "route" in one["expect"]} >= {"open", "own", "moved", "hosted"}


# For the generated ones, conditions of all other kinds, CORS, and keys that come from templates.
TEMPLATES = """
defaults: {require: {claims: {aud: %s}}}
templates:
  readers: {methods: [GET, HEAD], require: {scopes: [orders:read]}}
  inside: {client: [127.0.0.2/32], response_headers: {set: {X-Inside: 'yes'}}}
  shared: {cors: {origins: ['https://app.example.com'], methods: [GET, PUT], headers: [X-Env], credentials: true}}
"""
GENERATED = [
    "{name: staged, path: /public/**, auth: none, headers: {X-Env: prod}, upstream: legacy}",
    "{name: beta, path: /public/**, auth: none, query: {beta: 'on'}, rewrite: {strip_prefix: /public, add_prefix: /beta}, "
    "upstream: legacy}",
    "{name: both, path: /public/**, auth: none, headers: {X-Env: prod}, query: {beta: 'on'}, upstream: legacy}",
    "{name: inside, path: /any/**, auth: none, use: [inside], upstream: legacy}",
    "{name: read, path: /read/**, use: [readers], upstream: legacy}",
    "{name: read-inside, path: /read/**, use: [inside, readers], upstream: legacy}",
    "{name: shared, path: /shared/**, use: [shared], methods: [GET, PUT], upstream: legacy}",
    "{name: shared-item, path: '/shared/{id}', use: [shared, readers], rewrite: {strip_prefix: /shared}, upstream: legacy}",
    "{name: address, path: /address, require: {when: 'client.ip == \"10.1.2.3\" || request.query == \"open\"'}, "
    "upstream: legacy}",
]
CONDITIONS = {"X-Env": ["prod", "Prod", "test", ""], "X-Forwarded-For": ["10.1.2.3", "127.0.0.2", "bad", "10.1.2.3, 127.0.0.2"],
              "x_auth_subject": ["admin"], "X-HTTP-Method-Override": ["DELETE"], "x-env": ["prod"],
              "Origin": ["https://app.example.com", "https://evil.example", "null"]}


def generated(count, seed):
    rng = random.Random(seed)
    callers = list(credentials().values())
    pieces = ["public", "any", "scoped", "clerks", "own", "alice", "bob", "cel", "old", "..", ".", "%2e%2e", "%2E",
              "%2f", "%5c", "%00", "%252e", "%c0%ae", "a;b", "..;", ";x", "%3b", "a%20b", "%zz", "", "%41", "~", "é"]
    plain = ["public", "address"] * 3 + ["any", "read", "read", "shared", "clerks", "own/alice", "cel", "old", "scoped", "tenant", "shadow", "maybe", "fixed"]
    for _ in range(count):
        if rng.random() < 0.5:
            path = "/" + "/".join(rng.choice(pieces) for _ in range(rng.randint(1, 4)))
        else:
            path = "/" + rng.choice(plain) + rng.choice(["", "", "/x", "/x/y", "/%7ex", "/"])
        if rng.random() < 0.4:
            path += "?" + rng.choice(["a=1", "../x", "%00", "", "beta=on", "beta=off", "beta=on&beta=on", "a=1&beta=on",
                                      "beta=%6fn", "open"])
        headers = {"Host": rng.choice(["localhost"] * 3 + ["www.example.com", "EXAMPLE.com.:80", "a b"]), **rng.choice(callers)}
        for name in rng.sample(list(CONDITIONS), rng.choice([0, 0, 1, 2])):
            if name.lower() not in map(str.lower, headers):
                headers[name] = rng.choice(CONDITIONS[name])
        method = rng.choice(["GET", "GET", "GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "get", "TRACE"])
        if method == "OPTIONS" and rng.random() < 0.8:  # a preflight
            headers.setdefault("Origin", rng.choice(CONDITIONS["Origin"]))
            headers["Access-Control-Request-Method"] = rng.choice(["GET", "PUT", "DELETE"])
            if rng.random() < 0.3:
                headers["Access-Control-Request-Headers"] = rng.choice(["x-env", "x-other"])
        address = rng.choice(["127.0.0.1", "127.0.0.1", "127.0.0.2", "127.0.0.3"])
        if address == "127.0.0.3" and rng.random() < 0.5:
            headers["X-Forwarded-For"] = rng.choice(CONDITIONS["X-Forwarded-For"])
        yield method, path, headers, address


def test_explain_agrees_with_the_running_gateway_on_generated_requests(gateway, upstream, tmp_path):
    service = upstream()
    gate = gateway(SHARED_ISSUER + LOG + TEMPLATES % AUDIENCE + in_front_of(service, *ROUTES, *GENERATED),
                   listener="trusted_proxies: [127.0.0.3/32]")
    cases = [(m, p.encode().decode("latin-1"), h, a) for m, p, h, a in generated(2000, 7)]
    written, said = agree(gate, service, cases, tmp_path)
    # The seed has met what it should.
    routes = {one["expect"].get("route") for one in written if one["expect"]["decision"] == "forward"}
    wanted = {"staged", "beta", "both", "inside", "read", "read-inside", "shared", "shared-item", "address", "moved"}
    assert routes >= wanted, wanted - routes
    preflights = {one["expect"].get("status") for one in written if one["request"]["method"] == "OPTIONS"}
    assert {204, 403} <= preflights, preflights
    assert {one["expect"].get("path") for one in written} >= {"/beta/?beta=on", "/new/~x"}, "rewritten"
    assert "not reached" not in said, said


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
