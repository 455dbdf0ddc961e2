# SPDX-License-Identifier: Apache-2.0
"""Opaque tokens: what their issuer is asked, what its answers are worth, and what happens when it is away."""
import base64
import time

import pytest
from support.gateway import in_front_of, in_parallel
from support.idp import IdentityProvider
from support.outage import Outage
from support.tokens import AUDIENCE, Key, b64
from support.waiting import wait_until

from test_bound_tokens import prove, thumbprint

SECRET = "s3cret:with+odd%chars"


@pytest.fixture
def idp():
    made = []

    def make(certificate=None, *keys):
        made.append(IdentityProvider(certificate, *keys))
        return made[-1]

    yield make
    for one in made:
        one.stop()


def introspecting(idp, options="", more="", name="corp"):
    return (f"  {name}: {{issuer: '{idp.url}', audiences: [{AUDIENCE}], timeout: 500ms{more}, introspection: {{url: "
            f"'{idp.url}/introspect', client_id: 'gate way', client_secret: '{SECRET}'{options}}}}}\n")


def active(**changes):
    good = {"active": True, "token_type": "Bearer", "sub": "alice", "aud": AUDIENCE, "scope": "orders:read x",
            "exp": int(time.time()) + 300, "client_id": "c1"}
    return {name: value for name, value in {**good, **changes}.items() if value is not None}


def outcome(answer):
    return "ok" if answer.status == 200 else (answer.status, answer.code)


def test_an_opaque_token_is_what_its_issuer_says(gateway, upstream, idp):
    provider, service = idp(), upstream()
    gate = gateway("issuers:\n" + introspecting(provider) + in_front_of(
        service, "{path: /**, upstream: legacy}",
        "{path: /orders, upstream: legacy, require: {scopes: [orders:read]}}",
        "{path: /admin, upstream: legacy, require: {scopes: [admin]}}"))
    provider.opaque["tok-1"] = active()
    assert outcome(gate.get("/orders", token="tok-1")) == "ok"
    assert service.last.header("X-Auth-Subject") == "alice"
    assert service.last.header("X-Auth-Scope") == "orders:read x"
    assert service.last.header("Authorization") is None
    assert outcome(gate.get("/admin", token="tok-1")) == (403, "insufficient_scope")

    path, headers, body = provider.seen[0]
    assert path == "/introspect" and "token=tok-1" in body and "token_type_hint=access_token" in body
    name, _, secret = base64.b64decode(headers["Authorization"].removeprefix("Basic ")).decode().partition(":")
    assert (name, secret) == ("gate%20way", "s3cret%3Awith%2Bodd%25chars")
    assert SECRET not in body and SECRET not in gate.log() and "tok-1" not in gate.log()

    now = int(time.time())
    cases = {
        "inactive": ({"active": False}, (401, "token_revoked")),
        "unsure": ({"active": "true"}, (503, "backend_unavailable")),
        "wordless": ({"sub": "alice"}, (503, "backend_unavailable")),
        "expired": (active(exp=now - 60), (401, "token_expired")),
        "early": (active(nbf=now + 100), (401, "token_not_yet_valid")),
        "stranger": (active(iss="https://else.example"), (401, "token_issuer")),
        "elsewhere": (active(aud="other"), (401, "token_audience")),
        "for-nobody": (active(aud=None), (401, "token_audience")),
        "refresh": (active(token_type=None), (401, "token_type")),
        "refresh2": (active(token_use="refresh_token"), (401, "token_type")),
        "refresh3": (active(typ="Refresh"), (401, "token_type")),
        "keyless": (active(token_type="DPoP"), (401, "token_type")),
        "bound": (active(token_type="DPoP", cnf={"jkt": "x"}), (401, "token_type")),
        "certified": (active(cnf={"x5t#S256": "x"}), (401, "token_type")),
        "odd-exp": (active(exp="soon"), (503, "backend_unavailable")),
        "endless": (active(exp=None), "ok"),
        "list": (active(aud=["x", AUDIENCE]), "ok"),
        "used": (active(token_type=None, token_use="access_token"), "ok"),
        "unknown": (None, (401, "token_revoked")),
    }
    for token, (answer, expected) in cases.items():
        if answer is not None:
            provider.opaque[token] = answer
        assert outcome(gate.get("/", token=token)) == expected, token
    asked = provider.counts["/introspect"]
    for odd in ("a b", "tok\x80", "x" * 5000, "tok=1", "=", "{}"):
        assert gate.get("/", token=odd).status in (400, 401), odd
    assert provider.counts["/introspect"] == asked, "what cannot be a token is not asked about"


def test_an_opaque_token_that_is_bound_needs_its_proof(gateway, upstream, idp):
    provider, key = idp(), Key("ES256")
    gate = gateway("issuers:\n" + introspecting(provider) + in_front_of(
        upstream(), "{path: /**, upstream: legacy, require: {bound: [dpop]}}"))
    provider.opaque["tok-1"] = active(token_type="DPoP", cnf={"jkt": thumbprint(key)})
    provider.opaque["tok-2"] = active()

    def get(token, scheme="DPoP", proof_of=key):
        proof = prove(proof_of, "http://localhost/x", token)
        return outcome(gate.get("/x", headers=[("Authorization", f"{scheme} {token}"), ("DPoP", proof)]))

    for _ in range(2):  # asked, then remembered
        assert get("tok-1") == "ok"
        assert get("tok-1", proof_of=Key("ES256")) == (401, "token_type")
        assert get("tok-1", scheme="Bearer") == (401, "token_type")
        assert get("tok-2", scheme="Bearer") == (401, "token_type"), "the route wants a bound one"


def test_answers_are_kept_by_token_and_asked_for_once(gateway, upstream, idp):
    provider = idp()
    gate = gateway("issuers:\n" + introspecting(provider, ", cache: 2s") + in_front_of(upstream()))
    provider.opaque["tok-1"] = active()
    provider.delay = 0.2
    assert in_parallel([lambda: outcome(gate.get("/", token="tok-1")) for _ in range(30)]) == ["ok"] * 30
    assert provider.counts["/introspect"] <= 2, "once a worker"
    provider.delay = 0
    for _ in range(10):
        assert outcome(gate.get("/", token="tok-1")) == "ok"
    assert provider.counts["/introspect"] <= 2
    provider.opaque["tok-1"] = {"active": False}
    wait_until(lambda: outcome(gate.get("/", token="tok-1")) == (401, "token_revoked"), "end of the answer's life", 8)
    before = provider.counts["/introspect"]
    for _ in range(10):
        gate.get("/", token="tok-1")
    assert provider.counts["/introspect"] <= before + 2


def test_a_token_ends_at_its_end_though_its_answer_is_kept(gateway, upstream, idp):
    provider = idp()
    gate = gateway("issuers:\n" + introspecting(provider, ", cache: 1h", ", leeway: 0s") + in_front_of(upstream()))
    provider.opaque["tok-1"] = active(exp=int(time.time()) + 2)
    assert outcome(gate.get("/", token="tok-1")) == "ok"
    wait_until(lambda: outcome(gate.get("/", token="tok-1")) == (401, "token_expired"), "the token's end", 8)


def test_an_endpoint_that_is_away_refuses_or_serves_on_as_the_store_says(gateway, upstream, idp):
    provider = idp()
    routes = in_front_of(upstream(), "{path: /open/**, auth: none, upstream: legacy}", "{path: /**, upstream: legacy}")
    strict = gateway("issuers:\n" + introspecting(provider, ", cache: 1s") + routes)
    lenient = gateway("store: {on_failure: allow}\nissuers:\n" + introspecting(provider, ", cache: 1s") + routes)
    provider.opaque["tok-1"] = active()
    for gate in (strict, lenient):
        for _ in range(8):  # both workers
            assert outcome(gate.get("/", token="tok-1")) == "ok"
    with Outage(strict), Outage(lenient):
        for broken in (500, "garbage", "huge", "hang", "close", 401, f"{provider.url}/elsewhere"):
            provider.broken = broken
            wait_until(lambda: outcome(strict.get("/", token="tok-1")) == (503, "backend_unavailable"), broken, 8)
            assert outcome(lenient.get("/", token="tok-1")) == "ok"
            assert outcome(lenient.get("/", token="never-seen")) == (503, "backend_unavailable"), "not guessed"
        assert provider.counts["/elsewhere"] == 0, "a token is not sent on"
        provider.broken = None
        wait_until(lambda: outcome(strict.get("/", token="tok-1")) == "ok", "recovery", 8)
    provider.opaque["tok-1"] = {"active": False}
    wait_until(lambda: outcome(lenient.get("/", token="tok-1")) == (401, "token_revoked"), "the issuer's word", 8)


def test_an_issuer_and_a_route_say_for_themselves_what_an_endpoint_that_is_away_means(gateway, upstream, idp):
    provider = idp()
    gate = gateway("issuers:\n" + introspecting(provider, ", cache: 1s, on_failure: allow") +
                   in_front_of(upstream(), "{path: /strict, upstream: legacy, on_failure: deny}",
                               "{path: /**, upstream: legacy}"))
    provider.opaque["tok-1"] = active()
    for _ in range(8):  # both workers
        assert outcome(gate.get("/", token="tok-1")) == "ok"
    provider.broken = 500
    refused = (503, "backend_unavailable")
    wait_until(lambda: all(outcome(gate.get("/strict", token="tok-1")) == refused for _ in range(16)), "refusal of both workers", 8)
    # Both at once ask once, and each has its own answer.
    answers = in_parallel([lambda path=path: outcome(gate.get(path, token="tok-1")) for path in ("/", "/strict") * 4])
    assert answers == ["ok", refused] * 4
    provider.broken = None
    wait_until(lambda: outcome(gate.get("/strict", token="tok-1")) == "ok", "recovery", 8)


def test_jwts_of_an_issuer_without_keys_are_asked_about_and_others_are_not(gateway, upstream, idp):
    asked, keyed = idp(), idp()
    service = upstream()
    gate = gateway("issuers:\n" + introspecting(asked) +
                   f"  keyed: {{issuer: '{keyed.url}', jwks_uri: '{keyed.url}/jwks', algorithms: [ES256], "
                   f"audiences: [{AUDIENCE}]}}\n" +
                   in_front_of(service, "{path: /**, upstream: legacy}",
                               "{path: /keyed/**, upstream: legacy, issuers: [keyed]}"))
    token = asked.token(Key("ES256", kid="x"))
    assert outcome(gate.get("/", token=token)) == (401, "token_revoked")
    asked.opaque[token + "x"] = active()
    assert outcome(gate.get("/", token=token + "x")) == "ok"
    assert outcome(gate.get("/", token=keyed.token())) == "ok"
    assert outcome(gate.get("/", token=keyed.token(Key("ES256", kid="k1")))) == (401, "token_signature")
    count = asked.counts["/introspect"]
    asked.opaque["tok-9"] = active()
    assert outcome(gate.get("/keyed/", token="tok-9")) == (401, "token_malformed"), "that route takes no such issuer"
    assert asked.counts["/introspect"] == count, "nor is it asked"
    assert outcome(gate.get("/", token=f"{b64({'alg': 'none'})}.{b64({'iss': 'https://x'})}.")) == (401, "token_revoked")


def test_two_issuers_are_asked_in_their_order(gateway, upstream, idp):
    first, second = idp(), idp()
    service = upstream()
    headers = "identity: {headers: {X-Auth-Issuer: iss}}\n"
    gate = gateway(headers + "issuers:\n" + introspecting(first, ", auth: post") + introspecting(second, name="second") +
                   in_front_of(service))
    second.opaque["tok-2"] = active()
    assert outcome(gate.get("/", token="tok-2")) == "ok"
    assert service.last.header("X-Auth-Issuer") == second.url
    assert first.counts["/introspect"] == second.counts["/introspect"] == 1
    assert "client_secret=s3cret%3Awith%2Bodd%25chars" in first.seen[0][2] and "Authorization" not in first.seen[0][1]
    first.broken = 500
    second.opaque["tok-3"] = active()
    assert outcome(gate.get("/", token="tok-3")) == "ok", "one that is away does not hide the other"
    assert outcome(gate.get("/", token="tok-4")) == (503, "backend_unavailable"), "the first might have known it"
