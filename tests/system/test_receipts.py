# SPDX-License-Identifier: Apache-2.0
"""`GET /api/decisions/{id}`: how a request was decided, by the X-Request-Id of its answer."""
from support.gateway import in_front_of
from support.tokens import SHARED_ISSUER, good_token

ROUTES = [
    "{name: open, path: /open/**, auth: none, upstream: legacy}",
    "{name: orders, path: /orders/**, require: {scopes: [read, write], when: 'claims.tenant == \"acme\"'}, "
    "shadow: {roles: [admin]}, upstream: legacy}",
    "{name: lax, path: /lax/**, enforce: false, require: {roles: [admin]}, upstream: legacy}",
]


def receipt(gate, answer):
    got = gate.admin("GET", f"/api/decisions/{answer.header('X-Request-Id')}")
    assert got.status == 200, got.body
    return got


def told(gate, target, **claims):
    answer = gate.get(target, token=good_token(**claims)) if claims else gate.get(target)
    return receipt(gate, answer).json()


def test_a_receipt_tells_the_route_each_condition_and_the_timing(gateway, upstream):
    gate = gateway(SHARED_ISSUER + in_front_of(upstream(), *ROUTES))
    got = told(gate, "/orders/1?token=s3cret", sub="alice", scope="read write", tenant="acme", roles=["clerk"])
    assert (got["route"], got["decision"], got["status"], got["method"], got["path"]) == \
        ("orders", "passed", 200, "GET", "/orders/1")
    assert got["conditions"] == [
        {"condition": "token", "met": True}, {"condition": "scope", "met": True, "name": "read"},
        {"condition": "scope", "met": True, "name": "write"},
        {"condition": "when", "met": True, "name": 'claims.tenant == "acme"'}]
    assert got["shadow"] == "forbidden"
    assert 0 < got["timing"]["decided_us"] <= got["timing"]["total_us"]

    got = told(gate, "/orders/1", sub="alice", scope="read")
    assert (got["decision"], got["status"], got["code"]) == ("refused", 403, "insufficient_scope")
    assert got["conditions"][-1] == {"condition": "scope", "met": False, "name": "write"}
    got = told(gate, "/orders/1", sub="alice", scope="read write")
    assert got["code"] == "forbidden" and "no such key" in got["conditions"][-1]["error"]
    got = told(gate, "/orders/1")
    assert got["code"] == "token_missing" and got["conditions"] == [{"condition": "token", "met": False}]
    got = told(gate, "/lax/1", sub="bob")
    assert got["decision"] == "passed" and got["would_refuse"] == "forbidden"
    assert "conditions" in told(gate, "/open/1")
    got = told(gate, "/nowhere")
    assert got["code"] == "no_route" and "route" not in got


def test_a_receipt_holds_no_secret(gateway, upstream):
    gate = gateway(SHARED_ISSUER + in_front_of(upstream(), *ROUTES))
    token = good_token(sub="alice", scope="read write", tenant="acme")
    answer = gate.request("GET", "/orders/1?access_token=hidden1", {"Cookie": "session=hidden2", "X-Api-Key": "hidden3"},
                          token=token)
    body = receipt(gate, answer).body.decode()
    assert "hidden" not in body and not any(part in body for part in token.split("."))


def test_an_id_that_nobody_knows_is_404_and_the_address_is_none_of_the_listeners(gateway, upstream):
    gate = gateway(SHARED_ISSUER + in_front_of(upstream(), *ROUTES))
    for target in ("/api/decisions/unknown", "/api/decisions/"):
        got = gate.admin("GET", target)
        assert got.status == 404 and got.header("Content-Type") == "application/problem+json", target
    assert gate.get("/api/decisions/unknown").status == 404
    assert gate.admin("POST", "/api/decisions/x").status == 405


def test_every_worker_is_asked_and_the_newest_of_an_id_is_told(gateway, upstream):
    gate = gateway(SHARED_ISSUER + in_front_of(upstream(), *ROUTES), listener="trusted_proxies: [127.0.0.1]")
    ids = [gate.get("/open/1").header("X-Request-Id") for _ in range(40)]  # of both workers, surely
    assert all(gate.admin("GET", f"/api/decisions/{one}").status == 200 for one in ids)
    # One that a trusted proxy gave, twice, on one connection: the newest is told.
    with gate.connect() as connection:
        for target in ("/open/first", "/open/second"):
            answer = connection.request("GET", target, [("X-Request-Id", "a/b:c=1")])
            assert answer.header("X-Request-Id") == "a/b:c=1"
    assert gate.admin("GET", "/api/decisions/a/b:c=1").json()["path"] == "/open/second"


def test_what_is_too_long_is_cut_and_said_so(gateway, upstream):
    gate = gateway(in_front_of(upstream(), "{name: fixed, path: /**, auth: none, respond: {status: 204}}"))
    first = gate.get("/" + "x" * 3000).header("X-Request-Id")
    got = gate.admin("GET", f"/api/decisions/{first}").json()
    assert got["cut"] is True and len(got["path"]) < 200
