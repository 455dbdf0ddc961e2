# SPDX-License-Identifier: Apache-2.0
"""Which route a request meets, what that route demands, and what it changes."""
import itertools

import pytest
from support.gateway import in_front_of
from support.tokens import SHARED_ISSUER, good_token

ROUTES = {
    "literal": "{name: literal, path: /orders/export, auth: none, respond: {status: 200, body: literal}}",
    "segment": "{name: segment, path: '/orders/{id}', auth: none, respond: {status: 200, body: segment}}",
    "rest": "{name: rest, path: /orders/**, auth: none, respond: {status: 200, body: rest}}",
    "method": "{name: method, path: /orders/export, methods: [DELETE], auth: none, "
              "respond: {status: 200, body: method}}",
    "header": "{name: header, path: /orders/export, headers: {X-Env: prod}, auth: none, "
              "respond: {status: 200, body: header}}",
    "host": "{name: host, host: api.example.com, path: /**, auth: none, respond: {status: 200, body: host}}",
    "wildcard": "{name: wildcard, host: '*.example.com', path: /**, auth: none, "
                "respond: {status: 200, body: wildcard}}",
}
MEETS = [
    ("GET", "/orders/export", {}, "localhost", "literal"),
    ("GET", "/orders/7", {}, "localhost", "segment"),
    ("GET", "/orders/7/lines", {}, "localhost", "rest"),
    ("GET", "/orders", {}, "localhost", "rest"),
    ("GET", "/orders/", {}, "localhost", "rest"),
    ("DELETE", "/orders/export", {}, "localhost", "method"),
    ("GET", "/orders/export", {"X-Env": "prod"}, "localhost", "header"),
    ("GET", "/orders/export", {"X-Env": "test"}, "localhost", "literal"),
    ("GET", "/orders/export", {}, "api.example.com", "host"),
    ("GET", "/orders/export", {}, "API.Example.COM.:8443", "host"),
    ("GET", "/anything", {}, "www.example.com", "wildcard"),
]


def test_the_most_specific_route_wins_in_whatever_order_they_stand(gateway):
    orders = [list(ROUTES.values()), list(reversed(ROUTES.values()))]
    orders += [list(order) for order in itertools.islice(itertools.permutations(ROUTES.values()), 17, 5000, 2400)]
    for lines in orders:
        gate = gateway("routes:\n" + "".join(f"  - {line}\n" for line in lines))
        for method, path, headers, host, name in MEETS:
            answer = gate.request(method, path, headers=headers, host=host)
            assert answer.body.decode() == name, (method, path, headers, host, lines)
        gate.stop()


def test_a_request_that_no_route_matches_is_not_found(gateway, upstream):
    service = upstream()
    gate = gateway(SHARED_ISSUER + in_front_of(service, "{path: /api/**, upstream: legacy}",
                                               "{path: /health, auth: none, upstream: legacy}"))
    for path in ("/", "/apix", "/ap", "/health/x", "/healthz", "/health/"):
        answer = gate.get(path, token=good_token())
        assert (answer.status, answer.code) == (404, "no_route"), path
    for path in ("/api", "/api/", "/api/x", "/api/x/y"):
        assert gate.get(path, token=good_token()).status == 200, path
    assert [request.target for request in service.requests] == ["/api", "/api/", "/api/x", "/api/x/y"]


def test_when_only_the_method_differs_allow_names_the_others(gateway, upstream):
    service = upstream()
    gate = gateway(in_front_of(service, "{path: /a, methods: [GET, HEAD], auth: none, upstream: legacy}",
                               "{path: /a, methods: [PUT], auth: none, upstream: legacy}"))
    answer = gate.post("/a")
    assert (answer.status, answer.code) == (405, "method_not_allowed")
    assert {word.strip() for word in answer.header("Allow").split(",")} == {"GET", "HEAD", "PUT"}
    assert service.requests == []


def test_connect_and_trace_are_never_allowed(gateway, upstream):
    service = upstream()
    gate = gateway(in_front_of(service, "{path: /**, auth: none, upstream: legacy}"))
    for request in (b"TRACE / HTTP/1.1\r\nHost: localhost\r\n\r\n",
                    b"CONNECT localhost:443 HTTP/1.1\r\nHost: localhost:443\r\n\r\n"):
        answer = gate.send_raw(request)
        assert (answer.status, answer.code) == (405, "method_not_allowed"), request
    assert service.requests == []


def test_scopes_must_all_be_there(gateway, upstream):
    service = upstream()
    gate = gateway(SHARED_ISSUER + in_front_of(
        service, "{path: /**, upstream: legacy, require: {scopes: ['orders:read', 'orders:write']}}"))
    assert gate.get("/", token=good_token(scope="orders:write x orders:read")).status == 200
    for scope in ("orders:read", "", "orders:readx orders:write", "ORDERS:READ orders:write", None):
        answer = gate.get("/", token=good_token(scope=scope))
        assert (answer.status, answer.code) == (403, "insufficient_scope"), scope
        challenge = answer.header("WWW-Authenticate")
        assert 'error="insufficient_scope"' in challenge and 'scope="orders:read orders:write"' in challenge
    assert len(service.requests) == 1


def test_one_of_the_roles_is_enough(gateway, upstream):
    service = upstream()
    gate = gateway(SHARED_ISSUER + in_front_of(
        service, "{path: /**, upstream: legacy, require: {roles: [clerk, admin]}}"))
    assert gate.get("/", token=good_token(roles=["guest", "admin"])).status == 200
    for roles in (["guest"], [], None, ["clerk,admin"], ["Clerk"]):
        answer = gate.get("/", token=good_token(roles=roles))
        assert (answer.status, answer.code) == (403, "forbidden"), roles
    assert len(service.requests) == 1


@pytest.mark.parametrize("claim, good, bad", [
    ("tenant: acme", [{"tenant": "acme"}, {"tenant": ["x", "acme"]}],
     [{}, {"tenant": "acm"}, {"tenant": ["x"]}, {"tenant": {"acme": 1}}]),
    ("level: 3", [{"level": 3}], [{"level": "3"}, {"level": 2}, {"level": True}]),
    ("email_verified: true", [{"email_verified": True}], [{"email_verified": "true"}, {"email_verified": 1}]),
    ("org.name: acme", [{"org": {"name": "acme"}}], [{"org": "acme"}, {"org": {"name": None}}]),
])
def test_required_claims_must_be_equal(gateway, upstream, claim, good, bad):
    gate = gateway(SHARED_ISSUER + in_front_of(
        upstream(), f"{{path: /**, upstream: legacy, require: {{claims: {{{claim}}}}}}}"))
    for extra in good:
        assert gate.get("/", token=good_token(**extra)).status == 200, extra
    for extra in bad:
        assert gate.get("/", token=good_token(**extra)).code == "forbidden", extra


def test_an_unenforced_rule_lets_pass_what_it_would_refuse(gateway, upstream):
    service = upstream()
    gate = gateway(SHARED_ISSUER + in_front_of(
        service, "{path: /**, upstream: legacy, enforce: false, require: {roles: [admin]}}"))
    assert gate.get("/", token=good_token()).status == 200
    assert len(service.requests) == 1


def test_optional_authentication_takes_anybody_but_no_bad_token(gateway, upstream):
    service = upstream()
    gate = gateway(SHARED_ISSUER + in_front_of(service, "{path: /**, auth: optional, upstream: legacy}"))
    assert gate.get("/", headers={"X-Auth-Subject": "root"}).status == 200
    assert service.last.header("X-Auth-Subject") is None
    assert gate.get("/", token=good_token(sub="alice")).status == 200
    assert service.last.header("X-Auth-Subject") == "alice"
    assert gate.get("/", token="nonsense").code == "token_malformed"
    assert len(service.requests) == 2


def test_a_route_without_authentication_still_drops_tokens_and_claims(gateway, upstream):
    service = upstream()
    gate = gateway(SHARED_ISSUER + in_front_of(service, "{path: /**, auth: none, upstream: legacy}"))
    assert gate.get("/", token=good_token(sub="alice"), headers={"X-Auth-Subject": "root"}).status == 200
    assert service.last.header("X-Auth-Subject") is None
    assert service.last.header("Authorization") is None


def test_a_fixed_response_needs_no_upstream(gateway):
    gate = gateway("routes:\n  - {path: /robots.txt, auth: none, respond: {status: 418, body: \"short\\nstout\"}}\n")
    answer = gate.get("/robots.txt")
    assert (answer.status, answer.body) == (418, b"short\nstout")
    head = gate.request("HEAD", "/robots.txt")
    assert head.status == 418 and head.header("Content-Length") == "11"


def test_prefixes_are_stripped_and_added_at_segment_borders(gateway, upstream):
    service = upstream()
    gate = gateway(in_front_of(
        service,
        "{path: /orders/**, auth: none, upstream: legacy, rewrite: {strip_prefix: /orders, add_prefix: /v1}}",
        "{path: /plain/**, auth: none, upstream: legacy, rewrite: {strip_prefix: /plain}}"))
    for path, sent in (("/orders/7?q=/orders", "/v1/7?q=/orders"), ("/orders", "/v1"), ("/orders/", "/v1/"),
                       ("/plain", "/"), ("/plain/x", "/x"), ("/orders/orders/1", "/v1/orders/1")):
        assert gate.get(path).status == 200
        assert service.last.target == sent, path


def test_headers_are_set_added_and_removed_both_ways(gateway, upstream):
    from support.upstream import response
    service = upstream(lambda request: response("ok", headers=[("Server", "legacy/1.0"), ("X-Old", "1")]))
    gate = gateway(in_front_of(
        service, "{path: /**, auth: none, upstream: legacy, "
        "request_headers: {set: {X-Env: prod}, add: {X-Tag: b}, remove: [X-Debug]}, "
        "response_headers: {set: {Strict-Transport-Security: max-age=31536000}, remove: [Server]}}"))
    answer = gate.get("/", headers=[("X-Env", "test"), ("x-env", "dev"), ("X-Tag", "a"), ("X-Debug", "1")])
    assert service.last.all("X-Env") == ["prod"]
    assert service.last.all("X-Tag") == ["a", "b"]
    assert service.last.header("X-Debug") is None
    assert answer.header("Strict-Transport-Security") == "max-age=31536000"
    assert answer.header("Server") is None and answer.header("X-Old") == "1"


def test_a_route_has_its_own_identity_headers(gateway, upstream):
    service = upstream()
    gate = gateway(SHARED_ISSUER + in_front_of(
        service, "{path: /caldav/**, upstream: legacy, identity: {headers: {X-Remote-User: sub}}}",
        "{path: /**, upstream: legacy}"))
    gate.get("/caldav/", token=good_token(sub="alice"), headers={"X-Remote-User": "root"})
    assert service.last.all("X-Remote-User") == ["alice"]
    gate.get("/", token=good_token(sub="alice"))
    assert service.last.all("X-Auth-Subject") == ["alice"]


def test_method_override_headers_go_no_further_on_a_route_with_methods(gateway, upstream):
    service = upstream()
    gate = gateway(in_front_of(service, "{path: /**, methods: [POST], auth: none, upstream: legacy}"))
    overrides = ["X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override", "x_http_method_override"]
    gate.post("/", headers=[(name, "DELETE") for name in overrides])
    assert not {name.lower() for name in overrides} & set(service.last.names)


def test_a_route_limits_its_own_bodies(gateway, upstream):
    service = upstream()
    gate = gateway(in_front_of(service, "{path: /small, auth: none, upstream: legacy, max_body: 10}",
                               "{path: /large, auth: none, upstream: legacy}"))
    assert gate.post("/small", b"x" * 10).status == 200
    assert gate.post("/small", b"x" * 11).code == "content_too_large"
    assert gate.post("/large", b"x" * 11).status == 200
    assert len(service.requests) == 2
