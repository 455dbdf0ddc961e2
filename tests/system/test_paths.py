# SPDX-License-Identifier: Apache-2.0
"""Paths that two servers could read differently: refused, or matched in the form that is forwarded."""
import pytest
from support.gateway import in_front_of
from support.tokens import SHARED_ISSUER, good_token

ROUTES = ("{path: /public/**, auth: none, upstream: legacy}",
          "{path: /admin/**, upstream: legacy, require: {roles: [admin]}}",
          "{path: /api/**, upstream: legacy}")

BAD_PATHS = [
    b"/public/..%2fadmin/x", b"/public/..%2Fadmin/x", b"/admin%2fx", b"/x%5C..%5Cadmin", b"/public%5cx",
    b"/public\\..\\admin\\x", b"/public/..;/admin/x", b"/public/.;/x", b"/public/..%3b/admin/x", b"/public/%2e%2e;/x",
    b"/admin;a=b/x", b"/public/..;x=y/admin",
    b"/admin%00/x", b"/admin%0a/x", b"/public/%1f", b"/public/\x7f", b"/public/\x01x",
    b"/public/\xc3\xa9", b"/public/%", b"/public/%2", b"/public/%zz", b"/public/%u0041",
    b"/%2561dmin/../x/%252e%252e/admin", b"/public/%252e%252e/admin", b"/public/%252fadmin", b"/public/%255cadmin",
    b"/public/%c0%ae%c0%ae/admin", b"/public/%c1%9c", b"/public/%e0%80%af", b"/public/%f0%80%80%af",
    b"/admin#/public", b"/public#x", b"/public/x#", b"/..", b"/../admin/x", b"/public/../../admin/x",
    b"/%2e%2e/admin/x", b"/public/../..",
]

# What is refused although it is not malformed: it is the protected route, whatever it is called.
PROTECTED = [
    b"/admin/x", b"/public/../admin/x", b"/public/%2e%2e/admin/x", b"/public/.%2e/admin/x", b"/public/%2E./admin/x",
    b"//admin/x", b"/./admin/x", b"///admin//x", b"/public//../admin/x", b"/%61dmin/x", b"/%61%64%6d%69%6e/x",
    b"/admin?/public", b"/admin?x=/public/", b"http://localhost/admin/x", b"/admin/", b"/admin", b"/admin/./public/x",
]

FORWARDED = [  # as sent, as the upstream must see it
    (b"/public/x", "/public/x"), (b"/public?x=/admin", "/public?x=/admin"), (b"/public/%7Euser", "/public/~user"),
    (b"/public/%7euser", "/public/~user"), (b"/public/a%20b", "/public/a%20b"), (b"/public/%c3%a9", "/public/%C3%A9"),
    (b"//public//x", "/public/x"), (b"/public/./x/../y", "/public/y"),
    (b"/public/x;jsessionid=1", "/public/x;jsessionid=1"),
    (b"/public/a+b,c:d@e=f&g!h$i'j(k)*", "/public/a+b,c:d@e=f&g!h$i'j(k)*"),
    (b"/public/x?q=%2f..%2F&%zz&;\\", "/public/x?q=%2f..%2F&%zz&;\\"), (b"/public/x?", "/public/x?"),
    (b"/public/a%23b", "/public/a%23b"), (b"/public/a%3Fb", "/public/a%3Fb"), (b"/public/..x/.y", "/public/..x/.y"),
    (b"http://localhost/public/x?y", "/public/x?y"), (b"/public/..", "/"),
]


def raw_get(target, token=None):
    bearer = f"Authorization: Bearer {token}\r\n".encode() if token else b""
    return b"GET " + target + b" HTTP/1.1\r\nHost: localhost\r\n" + bearer + b"\r\n"


@pytest.fixture
def gate(gateway, service):
    return gateway(SHARED_ISSUER + in_front_of(service, *ROUTES))


@pytest.fixture
def service(upstream):
    return upstream()


def test_ambiguous_paths_are_refused_with_bad_path(gate, service):
    token = good_token(roles=["admin"])
    for target in BAD_PATHS:
        answer = gate.send_raw(raw_get(target, token))
        # Bytes that no request target may hold at all end in the parser, before there is a path.
        codes = ("bad_path", "bad_request") if any(byte < 33 or byte > 126 for byte in target) else ("bad_path",)
        assert answer.status == 400 and answer.code in codes, (target, answer.status, answer.body)
    assert service.requests == [] and service.partial == []


def test_a_protected_path_is_protected_in_every_spelling(gate, service):
    for target in PROTECTED:
        answer = gate.send_raw(raw_get(target))
        assert (answer.status, answer.code) == (401, "token_missing"), (target, answer.status, answer.body)
        answer = gate.send_raw(raw_get(target, good_token(roles=["guest"])))
        assert (answer.status, answer.code) == (403, "forbidden"), (target, answer.status, answer.body)
    assert service.requests == [] and service.partial == []


def test_parameters_hide_no_dot_segment(gate, service):
    for target in (b"/public;/../admin/x", b"/public;x=y/../admin/x", b"/admin;x=y/action;foo=bar"):
        answer = gate.send_raw(raw_get(target))
        assert answer.status in (400, 401), (target, answer.status)
    assert service.requests == []


def test_what_is_matched_is_what_is_forwarded(gateway, service):
    everything = ("{path: /**, upstream: legacy, auth: none}",)
    gate = gateway(in_front_of(service, *everything))
    for target, sent in FORWARDED:
        answer = gate.send_raw(raw_get(target))
        assert answer.status == 200, (target, answer.status, answer.body)
        assert service.last.target == sent, target


def test_paths_that_are_nobodys_are_not_found(gate, service):
    for target in (b"/apiv2/x", b"/adminX", b"/ADMIN/x", b"/publicx", b"/", b"/admin%20/x", b"/admin./x",
                   b"/%2561dmin/x"):
        answer = gate.send_raw(raw_get(target, good_token(roles=["admin"])))
        assert (answer.status, answer.code) in ((404, "no_route"), (400, "bad_path")), target
    assert service.requests == []


def test_headers_of_other_proxies_do_not_move_a_request(gate, service):
    for header in ("X-Forwarded-Uri: /public", "X-Original-URL: /public", "X-Rewrite-URL: /public",
                   "X-Forwarded-Prefix: /public", "X-Forwarded-Method: OPTIONS", "X-HTTP-Method-Override: OPTIONS",
                   "X-Forwarded-For: 127.0.0.1", "X-Forwarded-Host: public", "User-Agent: GoogleHC/1.0"):
        request = f"GET /admin/x HTTP/1.1\r\nHost: localhost\r\n{header}\r\n\r\n".encode()
        assert gate.send_raw(request).code == "token_missing", header
    assert service.requests == []


def test_options_is_no_way_around(gate, service):
    for target in (b"/admin", b"/admin/x", b"*"):
        answer = gate.send_raw(b"OPTIONS " + target + b" HTTP/1.1\r\nHost: localhost\r\nX-Auth-Roles: admin\r\n\r\n")
        assert answer.status in (400, 401, 404), target
    assert service.requests == []


def test_methods_are_compared_with_their_case(gate, service):
    for method in (b"get", b"GeT", b"XYZZY"):
        answer = gate.send_raw(method + b" /admin/x HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert answer.status in (400, 401, 405), method
    assert service.requests == []


def test_the_authority_of_an_absolute_target_must_be_the_host(gate, service):
    for target, host in ((b"http://other/public/x", b"localhost"), (b"http://localhost/public/x", b"other"),
                         (b"http://localhost@other/public/x", b"localhost")):
        answer = gate.send_raw(b"GET " + target + b" HTTP/1.1\r\nHost: " + host + b"\r\n\r\n")
        assert (answer.status, answer.code) == (400, "bad_request"), target
    assert service.requests == []


def test_a_rewrite_cannot_make_a_path_that_means_another(gateway, service):
    gate = gateway(in_front_of(service, "{path: /api/**, auth: none, upstream: legacy, "
                                        "rewrite: {strip_prefix: /api}}"))
    answer = gate.send_raw(raw_get(b"/api../admin"))
    assert answer.status == 404
    assert gate.send_raw(raw_get(b"/api/%2e%2e%2fadmin")).code == "bad_path"
    assert gate.send_raw(raw_get(b"/api/x")).status == 200
    assert [request.target for request in service.requests] == ["/x"]


def test_paths_hold_on_tls_too(gate, service):
    for target in (b"/public/..%2fadmin/x", b"/public/..;/admin/x"):
        assert gate.send_raw(raw_get(target), tls=True).code == "bad_path"
    assert gate.send_raw(raw_get(b"//admin/x"), tls=True).code == "token_missing"
    assert service.requests == []
