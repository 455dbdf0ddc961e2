# SPDX-License-Identifier: Apache-2.0
"""Scripts of other sites: preflights without credentials, answers that a script may read, and nothing for strangers."""
from support.gateway import USERS, in_front_of
from support.tokens import SHARED_ISSUER, good_token
from support.upstream import response

APP, EVIL = "https://app.example.com", "https://app.example.com.evil.example"
CORS = ("cors: {origins: [https://app.example.com], headers: [Authorization], expose: [X-Total], credentials: true, "
        "max_age: 1h}")


def preflight(gate, path, method, origin=APP, **more):
    return gate.request("OPTIONS", path, {"Origin": origin, "Access-Control-Request-Method": method, **more})


def test_of_a_route_answers_preflights_before_authentication(gateway, upstream):
    service = upstream(lambda _: response("ok", headers=[("Access-Control-Allow-Origin", EVIL)]))
    gate = gateway(in_front_of(
        service,
        f"{{path: /orders/**, methods: [GET, DELETE], upstream: legacy, {CORS}}}",
        "{path: /plain/**, upstream: legacy}",
        "{path: /open/**, auth: none, upstream: legacy}",
        "{path: /all, auth: none, upstream: legacy, cors: {origins: ['*']}}") + SHARED_ISSUER)

    allowed = preflight(gate, "/orders/7", "DELETE", **{"X-Auth-Subject": "root"})
    assert allowed.status == 204 and allowed.header("X-Request-Id")
    assert allowed.header("Access-Control-Allow-Origin") == APP
    assert allowed.header("Access-Control-Allow-Methods") == "GET, DELETE"
    assert allowed.header("Access-Control-Allow-Headers") == "Authorization"
    assert allowed.header("Access-Control-Allow-Credentials") == "true"
    assert allowed.header("Access-Control-Max-Age") == "3600"
    assert "Origin" in allowed.header("Vary")

    stranger = preflight(gate, "/orders/7", "GET", EVIL)
    assert (stranger.status, stranger.code) == (403, "forbidden")
    assert stranger.header("Access-Control-Allow-Origin") is None
    # A method that the route does not have has no route; one without cors is a request like any other.
    assert preflight(gate, "/orders/7", "PUT").status == 405
    assert preflight(gate, "/plain/7", "GET").status == 401
    assert not service.requests

    # Only an open route without cors lets its service answer, and never with a forged identity.
    assert preflight(gate, "/open/7", "GET", **{"X-Auth-Subject": "root", "x_auth_roles": "admin"}).status == 200
    assert service.last.header("X-Auth-Subject") is None and service.last.header("x_auth_roles") is None

    # Every answer says who may read it, refusals too, and the service's own word is gone.
    refused = gate.get("/orders/7", headers={"Origin": APP})
    assert refused.status == 401 and refused.header("Access-Control-Allow-Origin") == APP
    answer = gate.get("/orders/7", headers={"Origin": APP}, token=good_token())
    assert answer.status == 200 and answer.all("Access-Control-Allow-Origin") == [APP]
    assert answer.header("Access-Control-Expose-Headers") == "X-Total"
    for origin in (EVIL, "null"):
        answer = gate.get("/orders/7", headers={"Origin": origin}, token=good_token())
        assert answer.status == 200 and answer.header("Access-Control-Allow-Origin") is None
    assert gate.get("/all", headers={"Origin": EVIL}).all("Access-Control-Allow-Origin") == ["*"]


def test_of_login_lets_named_sites_log_in(gateway):
    config = USERS.replace("  backends: [users]", f"  backends: [users]\n  origins: [{APP}]")
    gate = gateway(config + "routes:\n  - {path: /me, respond: {status: 200, body: me}}\n",
                   users={"alice": "a-long-enough-password"})
    credentials = {"username": "alice", "password": "a-long-enough-password"}

    asked = preflight(gate, "/login", "POST", **{"Access-Control-Request-Headers": "content-type"})
    assert asked.status == 204 and asked.header("Access-Control-Allow-Origin") == APP
    assert "POST" in asked.header("Access-Control-Allow-Methods")
    assert "Content-Type" in asked.header("Access-Control-Allow-Headers")
    assert preflight(gate, "/login", "POST", EVIL).status == 403

    def log_in(origin, fetch="cross-site"):
        return gate.post("/login", credentials, headers={"Origin": origin, "Sec-Fetch-Site": fetch})

    answer = log_in(APP)
    assert answer.status == 200 and answer.json()["access_token"]
    assert answer.header("Access-Control-Allow-Origin") == APP
    wrong = gate.post("/login", {**credentials, "password": "wrong"}, headers={"Origin": APP})
    assert wrong.status == 401 and wrong.header("Access-Control-Allow-Origin") == APP
    assert log_in(EVIL).header("Access-Control-Allow-Origin") is None

    # The other endpoints too; routes are not among them.
    userinfo = gate.get("/userinfo", headers={"Origin": APP}, token=answer.json()["access_token"])
    assert userinfo.status == 200 and userinfo.header("Access-Control-Allow-Origin") == APP
    assert gate.get("/me", headers={"Origin": APP}).header("Access-Control-Allow-Origin") is None
