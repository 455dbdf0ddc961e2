# SPDX-License-Identifier: Apache-2.0
"""/auth/verify: other proxies ask for the decision, and get the one that the gateway itself would make."""
import pytest
from support.gateway import in_front_of
from support.proxies import Proxy
from support.tokens import SHARED_ISSUER, good_token
from support.upstream import echo, response

ROUTES = """
routes:
  - {name: read, host: api.example.com, path: '/orders/{id}', methods: [GET, HEAD],
     require: {scopes: [orders:read]}, respond: {}}
  - {name: write, host: api.example.com, path: '/orders/{id}', methods: [POST], require: {roles: [clerk]}, respond: {}}
  - {name: open, path: /open/**, auth: none, respond: {}}
  - {name: rest, path: /**, respond: {}}
""" + SHARED_ISSUER
VERIFY = "forward_auth: {trusted: [127.0.0.1]}"


def reader():
    return good_token(scope="orders:read")


@pytest.fixture
def gate(gateway):
    return gateway(ROUTES, server=VERIFY)


def traefik(method, uri, host="api.example.com", proto="https", **more):
    return {"X-Forwarded-Method": method, "X-Forwarded-Uri": uri, "X-Forwarded-Host": host,
            "X-Forwarded-Proto": proto, **more}


def nginx(method, url, **more):
    return {"X-Original-Method": method, "X-Original-URL": url, **more}


def test_answers_in_each_proxys_words(gate):
    def ask(headers, token=None, method="GET", target="/auth/verify", host="gateway.internal"):
        return gate.request(method, target, headers, token=token, host=host)

    for headers in (traefik("GET", "/orders/7?x=1"), nginx("GET", "https://api.example.com/orders/7?x=1"),
                    traefik("GET", "/%6Frders/./7", host="API.example.com.:443"), traefik("GET", "/orders/7", proto="wss")):
        answer = ask(headers, reader())
        assert answer.status == 200 and answer.body == b"", headers
        assert answer.header("X-Auth-Subject") == "alice" and answer.header("X-Auth-Scope") == "orders:read"
        assert answer.header("X-Request-Id") and answer.header("Cache-Control") == "no-store"
        missing = ask(headers)
        assert (missing.status, missing.code) == (401, "token_missing")
        assert missing.header("WWW-Authenticate").startswith("Bearer realm=")
        lacking = ask(headers, good_token())
        assert (lacking.status, lacking.code) == (403, "insufficient_scope")
    # Host and scheme from the question itself where nothing else tells them.
    assert ask(nginx("GET", "/orders/7"), reader(), host="api.example.com").status == 200
    # Any method may ask; what counts is the original's.
    assert ask(traefik("POST", "/orders/7"), good_token(roles=["clerk"]), method="HEAD").status == 200
    assert ask(traefik("POST", "/orders/7"), reader(), method="GET").status == 403
    # Envoy puts the path behind the endpoint's and keeps method and Host.
    envoy = ask({}, reader(), target="/auth/verify/orders/7?x=1", host="api.example.com")
    assert envoy.status == 200 and envoy.header("X-Auth-Subject") == "alice"
    assert ask({}, reader(), method="POST", target="/auth/verify/orders/7", host="api.example.com").status == 403
    assert ask({}, target="/auth/verify/open/x", host="api.example.com").status == 200


def test_decides_over_what_a_client_could_make_ambiguous(gate):
    def status(headers, token=None, method="GET", target="/auth/verify", host="api.example.com"):
        answer = gate.request(method, target, headers, token=token, host=host)
        return answer.status if answer.status == 200 else (answer.status, answer.code)

    bad, bad_path = (400, "bad_request"), (400, "bad_path")
    open_url = "https://api.example.com/open/x"
    # Both families, and they differ in one thing.
    assert status({**nginx("GET", open_url), **traefik("GET", "/open/x")}) == 200
    assert status({**nginx("GET", open_url), **traefik("GET", "/open/y")}) == bad
    assert status({**nginx("GET", open_url), **traefik("POST", "/open/x")}) == bad
    assert status({**nginx("GET", open_url), "X-Forwarded-Host": "other.example.com"}) == bad
    assert status({**nginx("GET", open_url), "X-Forwarded-Proto": "http"}) == bad
    assert status({**nginx("GET", "https://api.example.com/orders/7"), "X-Forwarded-Uri": "/open/x"}) == bad
    assert status({**nginx("POST", "https://api.example.com/orders/7"), "X-Forwarded-Method": "GET"}, reader()) == bad
    assert status(traefik("GET", "/open/x"), target="/auth/verify/orders/7") == bad
    # Twice, by half, or not a request at all.
    assert status([*nginx("GET", open_url).items(), ("X-Original-URL", open_url)]) == bad
    for headers in ({}, {"X-Forwarded-Uri": "/open/x"}, {"X-Forwarded-Method": "GET"}, {"X-Original-URL": open_url},
                    traefik("GET", "open/x"), traefik("GET /open/x HTTP/1.1", "/orders/7"), traefik("get", "/open/x"),
                    traefik("GET", "/open/x y"), traefik("GET", "/open/x#y"), traefik("GET", "/open/x", host="a, b"),
                    traefik("GET", "/open/x", proto="ftp"), traefik("GET", "https://api.example.com/open/x"),
                    nginx("GET", "https:///open/x"), nginx("GET", "")):
        assert status(headers) == bad, headers
    # The same normaliser.
    for path in ("/open/%2e%2e%2forders/7", "/open/..;/orders/7", "/open/%252e%252e/orders/7", "/open\\..\\orders/7",
                 "/../x", "/open/%zz"):
        assert status(traefik("GET", path)) == bad_path, path
    assert status(traefik("GET", "/open/../orders/7")) == (401, "token_missing")
    assert status({}, target="/auth/verify/open/../orders/7") == (401, "token_missing")
    # What climbs out of Envoy's prefix is still the original's path.
    assert status({}, target="/auth/verify/../open/x") == bad_path
    # The gateway's own route for the endpoint is none of a stranger's business: `rest` takes a token.
    assert status({}, target="/auth/verifyx") == (401, "token_missing")
    # The token is one: more than one credential is refused here as anywhere.
    assert gate.request("GET", "/auth/verify", [*traefik("GET", "/orders/7").items(),
                        ("Authorization", f"Bearer {reader()}"), ("Authorization", f"Bearer {reader()}")]).status == 400


def test_is_for_trusted_proxies_and_off_without_them(gateway, upstream):
    service = upstream(lambda _: response("service"))
    strict = gateway(ROUTES, server="forward_auth: {trusted: [192.0.2.0/24]}")
    refused = strict.get("/auth/verify", headers=traefik("GET", "/open/x"))
    assert (refused.status, refused.code) == (403, "forbidden")
    off = gateway(in_front_of(service, "{path: /**, auth: none, upstream: legacy}"))
    assert off.get("/auth/verify", headers=traefik("GET", "/open/x")).body == b"service"


@pytest.mark.parametrize("kind", ["nginx", "caddy", "haproxy"])
def test_protects_what_is_behind_a_real_proxy(gate, upstream, tmp_path, kind):
    service = upstream(echo)
    proxy = Proxy(kind, tmp_path / kind, gate.port, service)
    try:
        answer = proxy.request("GET", "/orders/7?x=1", {"X-Auth-Subject": "root"}, reader())
        assert answer.status == 200, answer.raw
        assert service.last.target == "/orders/7?x=1" and service.last.all("X-Auth-Subject") == ["alice"]
        assert proxy.request("GET", "/open/x", {"X-Auth-Subject": "root"}).status == 200
        assert "root" not in service.last.all("X-Auth-Subject")
        seen = len(service.requests)

        assert proxy.request("GET", "/orders/7").status == 401
        assert proxy.request("GET", "/orders/7", token=good_token()).status == 403
        assert proxy.request("POST", "/orders/7", token=reader(), body=b"x=1").status == 403
        # Nobody talks another request into the question.
        for headers in ({"X-Forwarded-Uri": "/open/x"}, {"X-Original-URL": "http://api.example.com/open/x"},
                        {"X-Forwarded-Method": "GET", "X-Forwarded-Uri": "/open/x"},
                        {"X-Original-Method": "GET", "X-Original-URL": "/open/x"}):
            assert proxy.request("GET", "/orders/7", headers).status != 200, headers
            assert proxy.request("POST", "/orders/7", headers, reader(), body=b"x=1").status != 200, headers
        for path in ("/open/%2e%2e%2forders/7", "/open/..%2forders/7", "/open/..;/orders/7", "/open/../orders/7"):
            assert proxy.request("GET", path).status != 200, path
        assert len(service.requests) == seen
        assert proxy.request("POST", "/orders/7", token=good_token(roles=["clerk"]), body=b"x=1").status == 200
        assert service.last.method == "POST" and service.last.body == b"x=1"
    finally:
        proxy.stop()
