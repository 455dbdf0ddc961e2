# SPDX-License-Identifier: Apache-2.0
"""What an upstream is told about the caller, and that nobody else can tell it."""
import re
from urllib.parse import unquote

import pytest
from support.gateway import in_front_of
from support.tokens import SHARED_ISSUER, good_token

MANAGED = ["X-Auth-Subject", "X-Auth-Email", "X-Auth-Name", "X-Auth-Roles", "X-Auth-Scope"]


@pytest.fixture
def service(upstream):
    return upstream()


@pytest.fixture
def gate(gateway, service):
    return gateway(SHARED_ISSUER + in_front_of(service, "{path: /**, upstream: legacy}",
                                               "{path: /open/**, auth: none, upstream: legacy}"))


def folded(name):
    """As a server that folds names sees it: CGI, WSGI, PHP."""
    return re.sub(r"[^a-z0-9]", "_", name.lower())


def spellings(name):
    """The name with each of its dashes as any other character that a field name may have, and in other cases."""
    for character in "-_.!#$%&'*+^`|~":
        yield name.replace("-", character)
        yield name.replace("-", character, 1)
    yield name.upper()
    yield name.lower()
    yield name.swapcase().replace("-", "_", 1)


def test_claims_arrive_as_headers_and_missing_ones_do_not(gate, service):
    token = good_token(sub="alice", email="alice@example.com", roles=["clerk", "admin"], scope="read write")
    assert gate.get("/", token=token).status == 200
    seen = {name: service.last.all(name) for name in MANAGED}
    assert seen == {"X-Auth-Subject": ["alice"], "X-Auth-Email": ["alice@example.com"], "X-Auth-Name": [],
                    "X-Auth-Roles": ["clerk,admin"], "X-Auth-Scope": ["read write"]}


def test_no_spelling_of_a_managed_header_passes(gate, service):
    token = good_token(sub="alice")
    managed = {folded(name) for name in MANAGED}
    for name in MANAGED:
        names = list(dict.fromkeys(spellings(name)))
        for some in (names[:20], names[20:]):
            headers = [(spelling, "mallory") for spelling in some]
            for path, bearer in (("/", token), ("/open/x", None), ("/open/x", token)):
                answer = gate.get(path, headers=headers, token=bearer)
                assert answer.status == 200, (path, some)
                values = {key: value for key, value in service.last.headers if folded(key) in managed}
                assert values == ({"X-Auth-Subject": "alice"} if path == "/" else {}), values
                assert b"mallory" not in service.last.raw_head


def test_names_that_are_no_field_names_are_refused(gate, service):
    for line in (b"x-auth-subject : mallory", b"X-Auth-Subject\t: mallory", b"X Auth Subject: mallory",
                 b" X-Auth-Subject: mallory", b"X-Auth-Subject", b"\xefX-Auth-Subject: mallory", b": mallory",
                 b"X-Auth\x00-Subject: mallory", b"X-Auth(Subject): mallory"):
        answer = gate.send_raw(b"GET /open/x HTTP/1.1\r\nHost: localhost\r\nA: b\r\n" + line + b"\r\n\r\n")
        assert (answer.status, answer.code) == (400, "bad_request"), line
    assert service.requests == []


def test_connection_cannot_name_the_gateways_headers_away(gate, service):
    for value in ("X-Auth-Subject", "close, X-Auth-Subject, X-Forwarded-For", "x-auth-subject, x-request-id, host"):
        assert gate.get("/", headers={"Connection": value}, token=good_token(sub="alice")).status == 200
        assert service.last.header("X-Auth-Subject") == "alice", value
        assert service.last.header("X-Forwarded-For") == "127.0.0.1"
        assert service.last.header("X-Request-Id") and service.last.header("Host") == "localhost"


def test_trailers_are_never_headers(gate, service):
    head = (f"POST / HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {good_token(sub='alice')}\r\n"
            "Transfer-Encoding: chunked\r\nTrailer: X-Auth-Subject\r\n\r\n").encode()
    answer = gate.send_raw(head + b"2\r\nhi\r\n0\r\nX-Auth-Subject: mallory\r\nX_Auth_Roles: admin\r\n\r\n")
    assert answer.status == 200
    assert service.last.all("X-Auth-Subject") == ["alice"]
    assert service.last.body == b"hi"
    assert "mallory" not in str(service.last.trailers) and "admin" not in str(service.last.trailers)


ODD_VALUES = {
    "comma_in_a_role": ({"roles": ["clerk,admin"]}, "X-Auth-Roles", "clerk%2Cadmin"),
    "two_roles": ({"roles": ["clerk", "admin"]}, "X-Auth-Roles", "clerk,admin"),
    "percent": ({"name": "100%"}, "X-Auth-Name", "100%25"),
    "already_encoded": ({"name": "%2C"}, "X-Auth-Name", "%252C"),
    "utf8": ({"name": "Jürgen"}, "X-Auth-Name", "J%C3%BCrgen"),
    "line_break": ({"name": "a\r\nX-Auth-Roles: admin"}, "X-Auth-Name", "a%0D%0AX-Auth-Roles: admin"),
    "blanks_around": ({"name": " a b\t"}, "X-Auth-Name", "%20a b%09"),
    "nul": ({"name": "a\0b"}, "X-Auth-Name", "a%00b"),
    "comma_in_a_text": ({"name": "Miller, Bob"}, "X-Auth-Name", "Miller, Bob"),
    "number": ({"name": 42}, "X-Auth-Name", "42"),
    "boolean": ({"name": True}, "X-Auth-Name", "true"),
}


def test_no_two_values_give_one_header(gate, service):
    for title, (claim, header, wanted) in ODD_VALUES.items():
        assert gate.get("/", token=good_token(**claim)).status == 200, title
        assert service.last.header(header) == wanted, title
        value = next(iter(claim.values()))
        if isinstance(value, str):
            assert unquote(service.last.header(header)) == value, title


def test_the_token_goes_no_further_unless_it_is_asked_to(gateway, service):
    gate = gateway(SHARED_ISSUER + "identity: {forward_token: true}\n" + in_front_of(
        service, "{path: /**, upstream: legacy}",
        "{path: /kept/**, upstream: legacy, identity: {forward_token: false}}"))
    token = good_token()
    gate.get("/", token=token)
    assert service.last.header("Authorization") == f"Bearer {token}"
    gate.get("/kept/x", token=token)
    assert service.last.header("Authorization") is None
    assert token.encode() not in service.last.raw_head


def test_forwarded_headers_are_the_gateways_own(gate, service):
    forged = [("X-Forwarded-For", "10.9.9.9"), ("X-Forwarded-Proto", "ftp"), ("X-Forwarded-Host", "evil"),
              ("X-Forwarded-Port", "1"), ("X-Forwarded-Server", "evil"), ("X-Forwarded-Prefix", "/evil"),
              ("X_Forwarded_For", "10.9.9.9"), ("x.forwarded.for", "10.9.9.9"), ("Forwarded", "for=10.9.9.9"),
              ("X-Original-URL", "/evil"), ("X-Original-Method", "PUT"), ("X-Rewrite-URL", "/evil"),
              ("X_Rewrite_Url", "/evil")]
    gate.get("/open/x", headers=forged, host="api.example.com:8443", tls=True)
    seen = {name.lower(): value for name, value in service.last.headers}
    assert seen["x-forwarded-for"] == "127.0.0.1" and seen["x-forwarded-proto"] == "https"
    assert seen["x-forwarded-host"] == "api.example.com:8443" and seen["x-forwarded-port"].isdigit()
    assert b"evil" not in service.last.raw_head and b"10.9.9.9" not in service.last.raw_head
    assert not {"forwarded", "x-original-url", "x-original-method", "x-rewrite-url"} & set(seen)
    gate.get("/open/x")
    assert service.last.header("X-Forwarded-Proto") == "http"


def test_a_trusted_proxy_is_believed(gateway, service):
    gate = gateway(in_front_of(service, "{path: /**, auth: none, upstream: legacy}"),
                   listener="trusted_proxies: [127.0.0.0/8]")
    gate.get("/", headers=[("X-Forwarded-For", "203.0.113.7"), ("X-Forwarded-Proto", "https"),
                           ("X-Forwarded-Host", "www.example.com"), ("X-Request-Id", "from-the-proxy-1")])
    assert service.last.header("X-Forwarded-For") == "203.0.113.7, 127.0.0.1"
    assert service.last.header("X-Forwarded-Proto") == "https"
    assert service.last.header("X-Forwarded-Host") == "www.example.com"
    assert service.last.header("X-Request-Id") == "from-the-proxy-1"


def test_every_request_has_an_id_of_the_gateways_making(gate, service):
    ids = set()
    for sent in (None, "mine", "x" * 5000, "a b", "<script>"):
        gate.get("/open/x", headers={"X-Request-Id": sent} if sent else {})
        value = service.last.header("X-Request-Id")
        assert value != sent and re.fullmatch(r"[A-Za-z0-9_-]{8,64}", value), value
        ids.add(value)
    assert len(ids) == 5
    trace = service.last.header("traceparent")
    assert re.fullmatch(r"00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}", trace), trace


def test_hop_by_hop_fields_go_no_further_in_either_direction(gateway, upstream):
    from support.upstream import response
    service = upstream(lambda request: response("ok", headers=[
        ("Connection", "X-Private"), ("X-Private", "1"), ("Keep-Alive", "timeout=5"),
        ("Proxy-Connection", "keep-alive"), ("Upgrade", "h2c"), ("X-Public", "1")]))
    gate = gateway(in_front_of(service, "{path: /**, auth: none, upstream: legacy}"))
    answer = gate.get("/", headers=[("Connection", "X-Hop, keep-alive"), ("X-Hop", "1"), ("Keep-Alive", "300"),
                                    ("Proxy-Connection", "close"), ("TE", "gzip"), ("Upgrade", "h2c"),
                                    ("Proxy-Authorization", "Basic YTpi"), ("X-Stays", "1")])
    gone = {"x-hop", "keep-alive", "proxy-connection", "te", "upgrade", "proxy-authorization"}
    assert not gone & set(service.last.names) and service.last.header("X-Stays") == "1"
    assert not {"x-private", "keep-alive", "proxy-connection", "upgrade"} & set(answer.names)
    assert answer.header("X-Public") == "1"


def test_everything_else_arrives_as_it_was_sent(gate, service):
    headers = [("X-b", "2"), ("x-A", "1"), ("X-b", "3"), ("Cookie", "a=1; b=2"), ("X-Empty", ""), ("X-Latin", "é")]
    gate.get("/open/x", headers=headers)
    ours = [header for header in service.last.headers if header[0].lower() in ("x-b", "x-a", "cookie", "x-empty")]
    assert ours == [("X-b", "2"), ("x-A", "1"), ("X-b", "3"), ("Cookie", "a=1; b=2"), ("X-Empty", "")]
    assert "X-Latin: é".encode() in service.last.raw_head
