# SPDX-License-Identifier: Apache-2.0
"""What the admin address tells of decisions, sessions and the configuration, and to whom. The page itself is tested in a
browser: test_browser.py."""
from urllib.parse import quote

from support.client import Connection
from support.gateway import USERS, in_front_of
from support.tokens import SHARED_ISSUER, decode, good_token

PASSWORD = "a-long-enough-password"
ROUTES = ["{name: open, path: /open/**, auth: none, upstream: legacy}",
          "{name: orders, path: /orders/**, require: {roles: [clerk]}, upstream: legacy}"]
TOLD = ("/", "/dashboard.js", "/dashboard.css", "/api/decisions", "/api/sessions?sub=users:alice", "/api/config")


def ask(gate, target, *headers, host="127.0.0.1"):
    with Connection(gate.admin_port) as connection:
        return connection.request("GET", target, list(headers), host=host)


def found(gate, query=""):
    answer = ask(gate, "/api/decisions" + query)
    assert answer.status == 200, answer.body
    return [(one.get("route"), one["path"], one["status"]) for one in answer.json()["decisions"]]


def test_decisions_are_found_by_what_they_have_in_common(gateway, upstream):
    gate = gateway(SHARED_ISSUER + in_front_of(upstream(), *ROUTES))
    clerk, other = good_token(sub="a", roles=["clerk"]), good_token(sub="b")
    for target, token in (("/open/1", None), ("/orders/1", clerk), ("/orders/2", other), ("/orders/3", None), ("/no", None)):
        gate.get(target, token=token)
    everything = found(gate)
    assert sorted(everything, key=str) == sorted([
        ("open", "/open/1", 200), ("orders", "/orders/1", 200), ("orders", "/orders/2", 403), ("orders", "/orders/3", 401),
        (None, "/no", 404)], key=str)
    for query, expected in (("?route=orders", {"/orders/1", "/orders/2", "/orders/3"}), ("?code=forbidden", {"/orders/2"}),
                            ("?status=4xx", {"/orders/2", "/orders/3", "/no"}), ("?status=404", {"/no"}),
                            ("?decision=passed", {"/open/1", "/orders/1"}), ("?path=/o", {"/open/1", "/orders/1", "/orders/2",
                                                                                          "/orders/3"}),
                            ("?route=orders&decision=refused&status=401", {"/orders/3"}), ("?client=192.0.2.1", set()),
                            ("?client=127.0.0.1&method=GET&host=localhost&path=/no", {"/no"}), ("?method=POST", set())):
        assert {path for _, path, _ in found(gate, query)} == expected, query
    assert len(found(gate, "?limit=2")) == 2
    for wrong in ("?limit=0", "?limit=501", "?limit=x", "?status=700", "?status=9xx", "?decision=maybe", "?sub=alice"):
        assert ask(gate, "/api/decisions" + wrong).code == "unprocessable_content", wrong
    assert ask(gate, "/api/decisions?route=%zz").status == 400
    assert ask(gate, "/api/decisions?route=a&route=b").status == 400


def test_many_decisions_are_searched_to_the_oldest(gateway, upstream):
    gate = gateway(SHARED_ISSUER + "routes:\n  - {path: /**, auth: none, respond: {status: 200}}\n")
    gate.get("/first")
    with Connection(gate.port) as connection:
        for number in range(5000):
            connection.request("GET", f"/n/{number}")
    assert found(gate, "?path=/first") == [("/**", "/first", 200)]
    newest = [path for _, path, _ in found(gate, "?path=/n/&limit=500")]
    assert newest == [f"/n/{number}" for number in range(4999, 4499, -1)]


def test_the_sessions_of_an_account_are_listed(gateway, upstream):
    gate = gateway(USERS + in_front_of(upstream()), users={"alice": PASSWORD})
    first = gate.login("alice", PASSWORD)
    claims = decode(first["access_token"])[1]
    gate.login("alice", PASSWORD)
    target = "/api/sessions?sub=" + quote(claims["sub"])
    sessions = ask(gate, target).json()["sessions"]
    assert len(sessions) == 2 and claims["sid"] in {one["id"] for one in sessions}
    assert all(one["backend"] == "users" and one["address"] == "127.0.0.1" for one in sessions)
    assert not any(part in ask(gate, target).body.decode() for part in (first["refresh_token"], first["access_token"]))
    gate.post("/logout", {"refresh_token": first["refresh_token"]})
    assert len(ask(gate, target).json()["sessions"]) == 1
    assert ask(gate, "/api/sessions?sub=users:nobody").json() == {"sessions": []}
    assert ask(gate, "/api/sessions").code == ask(gate, "/api/sessions?sub=").code == "unprocessable_content"
    without = gateway(SHARED_ISSUER + in_front_of(upstream()))
    assert ask(without, target).code == "store_unavailable"


def test_the_configuration_is_told_without_its_secrets(gateway, upstream):
    gate = gateway(SHARED_ISSUER + in_front_of(upstream()))
    told = ask(gate, "/api/config")
    issuer = next(iter(told.json()["issuers"].values()))
    assert issuer["secret"] == "(hidden)" and "routes" not in told.json()
    status = ask(gate, "/api/status").json()
    assert status["issuers"][0]["keys"] == 1 and status["upstreams"][0]["servers"][0]["up"] is True


def test_nothing_of_it_is_told_to_other_sites_by_foreign_names_or_on_listeners(gateway, upstream):
    gate = gateway(USERS + in_front_of(upstream()), users={"alice": PASSWORD})
    for target in TOLD:
        for host in ("localhost", "127.0.0.1", "[::1]", "a.localhost", f"127.0.0.1:{gate.admin_port}"):
            assert ask(gate, target, host=host).status == 200, (target, host)
        for host in ("evil.example.com", "127.0.0.1.example.com", "localhost.example.com", "localhost.evil"):
            assert ask(gate, target, host=host).status == 421, (target, host)
        assert ask(gate, target, ("Sec-Fetch-Site", "cross-site")).code == "csrf", target
        assert ask(gate, target, ("Origin", "https://evil.example.com")).code == "csrf", target
        with Connection(gate.admin_port) as connection:
            assert connection.request("POST", target, [], host="127.0.0.1").status == 405, target
        if target != "/":
            assert gate.get(target).status in (401, 404), target
    page = ask(gate, "/")
    policy = page.header("Content-Security-Policy")
    assert "default-src 'none'" in policy and "frame-ancestors 'none'" in policy and "unsafe" not in policy
    assert page.header("X-Content-Type-Options") == "nosniff" and page.header("Content-Type").startswith("text/html")
    assert b"<script src" in page.body and b"style=" not in page.body and b"onclick" not in page.body
