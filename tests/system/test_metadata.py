# SPDX-License-Identifier: Apache-2.0
"""How a client that was refused finds its way to a token: RFC 6750, 8414, 9470 and 9728."""
import re

from support.authority import Authority
from support.gateway import USERS, in_front_of
from support.tokens import ISSUER, SHARED_ISSUER, good_token

OWN = "tokens: {issuer: 'https://api.example.com/auth'}\n"
WELL_KNOWN = "/.well-known/oauth-protected-resource"


def parameters(answer):
    challenge = answer.header("WWW-Authenticate")
    assert challenge.startswith("Bearer ")
    return dict(re.findall(r'(\w+)="([^"]*)"', challenge))


def test_a_challenge_leads_to_the_metadata_of_the_resource(gateway, upstream):
    gate = gateway(SHARED_ISSUER + USERS + OWN + in_front_of(
        upstream(), "{path: '/orders/{id}/**', upstream: legacy, methods: [GET], require: {scopes: [orders:read]}}",
        "{path: '/orders/{id}/**', upstream: legacy, methods: [POST], require: {scopes: [orders:write]}}",
        "{path: /corp/**, upstream: legacy, issuers: [corp]}", "{path: /open/**, auth: none, upstream: legacy}",
        "{path: /, upstream: legacy}"))

    def led_from(path, tls=False, **options):
        told = parameters(gate.get(path, tls=tls, **options))
        scheme = "https" if tls else "http"
        assert told["resource_metadata"].startswith(f"{scheme}://localhost{WELL_KNOWN}"), told
        answer = gate.get(told["resource_metadata"].removeprefix(f"{scheme}://localhost"), tls=tls)
        assert answer.status == 200
        assert answer.json()["resource"] == f"{scheme}://localhost" + ("" if path == "/" else path.partition("?")[0])
        return told, answer.json()

    for tls in (False, True):
        told, found = led_from("/orders/7/items?x=1", tls)
        assert "error" not in told and told["scope"] == "orders:read"
        assert found["authorization_servers"] == ["https://api.example.com/auth", ISSUER]
        assert found["scopes_supported"] == ["orders:read", "orders:write"]
        assert found["bearer_methods_supported"] == ["header"]
    told, _ = led_from("/orders/7/items", token=good_token())
    assert (told["error"], told["scope"]) == ("insufficient_scope", "orders:read")
    told, _ = led_from("/orders/7/items", token="nonsense")
    assert told["error"] == "invalid_token"
    _, found = led_from("/corp/x")
    assert found["authorization_servers"] == [ISSUER] and "scopes_supported" not in found
    led_from("/")
    for path in ("/open/x", "/nothing"):
        assert gate.get(WELL_KNOWN + path).code == "no_route", path
    assert gate.get(WELL_KNOWN + "x").code == "no_route"
    assert gate.get(WELL_KNOWN + "/..%2fx").code == "bad_path"
    assert gate.post(WELL_KNOWN + "/corp/x").code == "method_not_allowed"
    assert gate.get('/orders/7/"x').code == "bad_path", "nothing ends the quotes of a challenge"


def test_a_stronger_login_is_asked_for_by_its_name(gateway, upstream):
    gate = gateway(SHARED_ISSUER + in_front_of(
        upstream(), "{path: /pay, upstream: legacy, require: {claims: {acr: 'urn:mfa'}}}",
        "{path: /tenant, upstream: legacy, require: {claims: {tenant: acme}}}"))
    answer = gate.get("/pay", token=good_token(acr="urn:password"))
    assert (answer.status, answer.code) == (403, "forbidden")
    told = parameters(answer)
    assert (told["error"], told["acr_values"]) == ("insufficient_user_authentication", "urn:mfa")
    assert gate.get("/pay", token=good_token(acr="urn:mfa")).status == 200
    assert gate.get("/tenant", token=good_token()).header("WWW-Authenticate") is None


def test_the_gateways_own_metadata_is_where_its_issuer_says(gateway, upstream):
    gate = gateway(OWN + USERS.replace("login:", "login:\n  prefix: /auth") + in_front_of(upstream()))
    for path in ("/auth/.well-known/oauth-authorization-server", "/.well-known/oauth-authorization-server/auth"):
        found = gate.get(path).json()
        assert found["issuer"] == "https://api.example.com/auth"
        assert gate.get(found["jwks_uri"].removeprefix("http://localhost")).json()["keys"]


def test_metadata_say_what_tokens_must_be_bound_to(gateway, upstream, tmp_path):
    authority = Authority(tmp_path)
    server = authority.issue("server", dns=["localhost"])
    gate = gateway("routes: []", started=False)
    gate.write_config(
        f"listeners:\n  - {{address: 127.0.0.1:{gate.port}}}\n  - {{address: 127.0.0.1:{gate.tls_port}, tls: {{certificate: "
        f"{server.certificate}, key: {server.key}, client_ca: {authority.file}}}}}\n"
        "tokens: {issuer: 'https://api.example.com', bind_client_certificate: true}\n" + USERS + in_front_of(
            upstream(), "{path: /free, upstream: legacy}", "{path: /key, upstream: legacy, require: {bound: [dpop]}}",
            "{path: /certificate, upstream: legacy, require: {bound: [mtls]}}",
            "{path: /either, upstream: legacy, require: {bound: [dpop, mtls]}}",
            "{path: /some, upstream: legacy, methods: [GET]}",
            "{path: /some, upstream: legacy, methods: [POST], require: {bound: [dpop]}}"))
    gate.start()
    required, supported, certificates = ("dpop_bound_access_tokens_required", "dpop_signing_alg_values_supported",
                                         "tls_client_certificate_bound_access_tokens")
    for path, says in {"/free": set(), "/key": {required, supported}, "/certificate": {certificates},
                       "/either": {supported, certificates}, "/some": {supported}}.items():
        found = gate.get(WELL_KNOWN + path).json()
        assert {name for name in (required, supported, certificates) if name in found} == says, path
        assert all(found[name] is True for name in says - {supported}), path
        if supported in says:
            assert {"ES256", "EdDSA", "RS256"} <= set(found[supported])
            assert not any(name.startswith("HS") or name == "none" for name in found[supported])
    own = gate.get("/.well-known/oauth-authorization-server").json()
    assert own[certificates] is True and "ES256" in own[supported]


def test_without_an_issuer_that_is_a_url_nothing_is_promised(gateway, upstream):
    service = upstream()
    gate = gateway(USERS + in_front_of(service))
    assert "resource_metadata" not in parameters(gate.get("/x"))
    assert gate.get(WELL_KNOWN + "/x").code == "token_missing", "the path is the service's"
