# SPDX-License-Identifier: Apache-2.0
"""What tokens are accepted, and with which code the others are refused, over the wire."""
import json
import re
import time

import pytest
from support.gateway import USERS, in_front_of
from support.tokens import (AUDIENCE, ISSUER, SECRET, SHARED, SHARED_ISSUER, Key, b64, claims, decode, good_token, mint,
                            with_another_signature)
from support.waiting import SANITIZED, SLOWNESS

ALGORITHMS = ["HS256", "HS384", "HS512", "RS256", "RS384", "RS512", "PS256", "PS384", "PS512",
              "ES256", "ES384", "ES512", "EdDSA"]
LONG_SECRET = SECRET + SECRET


def issuers(*lines):
    return "issuers:\n" + "".join(f"  {line}\n" for line in lines)


def corp(key, files, options=""):
    """The line of an issuer that signs with `key`; its public half goes into `files`."""
    if key.algorithm.startswith("HS"):
        source = f"secret: {LONG_SECRET}"
    else:
        files["corp.jwks.json"] = json.dumps({"keys": [key.jwk()]})
        source = "jwks_file: corp.jwks.json"
    return f"corp: {{issuer: {ISSUER}, {source}, algorithms: [{key.algorithm}], audiences: [{AUDIENCE}]{options}}}"


def refusal(answer):
    """(status, code) of a refusal, after checking that its WWW-Authenticate says the same."""
    challenge = answer.header("WWW-Authenticate")
    if answer.status == 401 and answer.code == "token_missing":
        assert re.fullmatch(r'Bearer realm="[^"]+"(, scope="[^"]+")?(, resource_metadata="[^"]+")?', challenge), challenge
    elif answer.status == 401:
        assert challenge.startswith("Bearer ") and 'error="invalid_token"' in challenge, challenge
    elif answer.code == "insufficient_scope":
        assert 'error="insufficient_scope"' in challenge, challenge
    return answer.status, answer.code


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_token_of_another_issuer_is_accepted_with_every_algorithm(gateway, upstream, algorithm):
    files, service = {}, upstream()
    key = Key(algorithm, kid="k1", secret=LONG_SECRET)
    gate = gateway(issuers(corp(key, files)) + in_front_of(service), files=files)
    assert gate.get("/", token=mint(key, claims(sub="alice"))).status == 200
    assert service.last.header("X-Auth-Subject") == "alice"
    assert refusal(gate.get("/", token=with_another_signature(mint(key)))) == (401, "token_signature")
    stranger = Key(algorithm, kid="k1", secret="another-secret-" * 6)
    assert refusal(gate.get("/", token=mint(stranger))) == (401, "token_signature")
    assert len(service.requests) == 1


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_the_gateway_issues_and_accepts_its_own_tokens_with_every_algorithm(gateway, upstream, algorithm):
    secret = ", secret: {file: jwt.secret}" if algorithm.startswith("HS") else ""
    service = upstream()
    gate = gateway(f"tokens: {{algorithm: {algorithm}{secret}}}\n" + USERS + in_front_of(service),
                   files={"jwt.secret": LONG_SECRET}, users={"alice": "a-long-enough-password"})
    token = gate.login("alice", "a-long-enough-password")["access_token"]
    assert decode(token)[0]["alg"] == algorithm
    assert gate.get("/", token=token).status == 200
    assert refusal(gate.get("/", token=with_another_signature(token))) == (401, "token_signature")


def test_without_a_token_the_challenge_has_no_error(gateway, upstream):
    service = upstream()
    gate = gateway(SHARED_ISSUER + in_front_of(service))
    assert refusal(gate.get("/")) == (401, "token_missing")
    assert service.requests == []


NOW = int(time.time())
REFUSED = {
    "two_segments": (good_token().rpartition(".")[0], "token_malformed"),
    "four_segments": (good_token() + ".x", "token_malformed"),
    "empty_middle": ("a..c", "token_malformed"),
    "not_base64url": ("a+b/." + good_token().partition(".")[2], "token_malformed"),
    "padded": (good_token() + "=", "token_malformed"),
    "header_not_json": (f"{b64(b'nonsense')}.{good_token().partition('.')[2]}", "token_malformed"),
    "payload_not_json": (mint(SHARED, b"nonsense"), "token_malformed"),
    "payload_is_a_list": (mint(SHARED, b"[]"), "token_malformed"),
    "duplicate_claim": (mint(SHARED, json.dumps(claims())[:-1].encode() + b', "sub": "admin"}'), "token_malformed"),
    "trailing_text": (mint(SHARED, json.dumps(claims()).encode() + b"x"), "token_malformed"),
    "byte_order_mark": (mint(SHARED, b"\xef\xbb\xbf" + json.dumps(claims()).encode()), "token_malformed"),
    "invalid_utf8": (mint(SHARED, json.dumps(claims(sub="@")).encode().replace(b"@", b"\xff")), "token_malformed"),
    "unknown_crit": (mint(SHARED, header={"crit": ["x"], "x": 1}), "token_malformed"),
    "no_exp": (mint(SHARED, claims(exp=None)), "token_malformed"),
    "exp_is_text": (mint(SHARED, claims(exp=str(NOW + 300))), "token_malformed"),
    "exp_is_huge": (mint(SHARED, json.dumps(claims(exp=1)).replace('"exp": 1', '"exp": 1e999').encode()),
                    "token_malformed"),
    "alg_none": (f"{b64({'alg': 'none', 'typ': 'JWT'})}.{b64(claims())}.", "token_algorithm"),
    "alg_none_signed": (mint(SHARED, header={"alg": "nOnE"}), "token_algorithm"),
    "alg_not_listed": (mint(SHARED, header={"alg": "HS512"}), "token_algorithm"),
    "alg_of_another_family": (mint(SHARED, header={"alg": "RS256"}), "token_algorithm"),
    "another_issuer": (good_token(iss="https://evil.example.com"), "token_issuer"),
    "issuer_with_a_slash": (good_token(iss=ISSUER + "/"), "token_issuer"),
    "no_issuer": (good_token(iss=None), "token_issuer"),
    "signature_of_another_key": (mint(Key("HS256", secret="x" * 40)), "token_signature"),
    "signature_empty": (good_token().rpartition(".")[0] + ".", "token_signature"),
    "expired": (good_token(exp=NOW - 3600), "token_expired"),
    "not_yet_valid": (good_token(nbf=NOW + 3600), "token_not_yet_valid"),
    "another_audience": (good_token(aud="other"), "token_audience"),
    "audience_prefix": (good_token(aud="ap"), "token_audience"),
    "audience_case": (good_token(aud="API"), "token_audience"),
    "audiences_of_others": (good_token(aud=["other", "another"]), "token_audience"),
    "no_audience": (good_token(aud=None), "token_audience"),
    "empty_audiences": (good_token(aud=[]), "token_audience"),
}


def test_every_bad_token_is_refused_with_its_code_and_reaches_nothing(gateway, upstream):
    service = upstream()
    gate = gateway(SHARED_ISSUER + in_front_of(service))
    with gate.connect() as connection:
        got = {name: refusal(connection.request("GET", "/orders", token=token)) for name, (token, _) in REFUSED.items()}
        wanted = {name: (401, code) for name, (_, code) in REFUSED.items()}
        # An empty signature is a form that no signature has; both names tell the client the same.
        if got["signature_empty"] == (401, "token_malformed"):
            wanted["signature_empty"] = got["signature_empty"]
        assert got == wanted
        assert connection.request("GET", "/", token=good_token(aud=["other", AUDIENCE])).status == 200
    assert len(service.requests) == 1


def test_the_leeway_covers_clocks_that_differ_a_little(gateway, upstream):
    gate = gateway(SHARED_ISSUER + in_front_of(upstream()))
    now = int(time.time())
    assert gate.get("/", token=good_token(exp=now - 5)).status == 200
    assert gate.get("/", token=good_token(nbf=now + 5)).status == 200


def test_a_required_type_refuses_others(gateway, upstream):
    files = {}
    gate = gateway(issuers(corp(Key("HS256"), files, ", require_type: at+jwt")) + in_front_of(upstream()))
    key = Key("HS256", secret=LONG_SECRET)
    assert gate.get("/", token=mint(key, header={"typ": "at+jwt"})).status == 200
    assert gate.get("/", token=mint(key, header={"typ": "application/at+jwt"})).status == 200
    assert refusal(gate.get("/", token=mint(key))) == (401, "token_type")


def test_a_token_older_than_max_age_has_expired(gateway, upstream):
    gate = gateway(issuers(corp(Key("HS256"), {}, ", max_age: 1h")) + in_front_of(upstream()))
    key, now = Key("HS256", secret=LONG_SECRET), int(time.time())
    assert gate.get("/", token=mint(key, claims(iat=now - 60))).status == 200
    assert refusal(gate.get("/", token=mint(key, claims(iat=now - 7200)))) == (401, "token_expired")


def test_an_unknown_kid_is_a_wrong_signature_and_a_missing_one_tries_the_only_key(gateway, upstream):
    files, key = {}, Key("ES256", kid="k1")
    gate = gateway(issuers(corp(key, files)) + in_front_of(upstream()), files=files)
    assert refusal(gate.get("/", token=mint(key, header={"kid": "k2"}))) == (401, "token_signature")
    unnamed = mint(key, header=json.dumps({"alg": "ES256", "typ": "JWT"}).encode())
    assert gate.get("/", token=unnamed).status == 200


def test_the_public_key_is_no_shared_secret(gateway, upstream):
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
    files, key = {}, Key("RS256", kid="k1")
    gate = gateway(issuers(corp(key, files)) + in_front_of(upstream()), files=files)
    pem = key.private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    for secret in (pem, files["corp.jwks.json"], json.dumps(key.jwk())):
        forged = mint(Key("HS256", secret=secret), header={"kid": "k1"})
        assert refusal(gate.get("/", token=forged)) == (401, "token_algorithm")


def test_keys_may_come_as_pem(gateway, upstream):
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
    key = Key("ES256")
    pem = key.private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    line = f"corp: {{issuer: {ISSUER}, jwks_file: corp.pem, algorithms: [ES256], audiences: [{AUDIENCE}]}}"
    gate = gateway(issuers(line) + in_front_of(upstream()), files={"corp.pem": pem})
    assert gate.get("/", token=mint(key)).status == 200


def test_two_issuers_keep_their_own_keys_and_audiences(gateway, upstream):
    one, two = Key("HS256"), Key("HS256", secret="the-other-issuers-secret-0123456789")
    config = issuers(f"one: {{issuer: one, secret: {SECRET}, algorithms: [HS256], audiences: [api]}}",
                     "two: {issuer: two, secret: the-other-issuers-secret-0123456789, algorithms: [HS256], "
                     "audiences: [other]}")
    gate = gateway(config + in_front_of(upstream()))
    assert gate.get("/", token=mint(one, claims(iss="one"))).status == 200
    assert gate.get("/", token=mint(two, claims(iss="two", aud="other"))).status == 200
    assert refusal(gate.get("/", token=mint(one, claims(iss="two", aud="other")))) == (401, "token_signature")
    assert refusal(gate.get("/", token=mint(two, claims(iss="two")))) == (401, "token_audience")


def test_a_route_may_name_its_issuers(gateway, upstream):
    gate = gateway(SHARED_ISSUER + USERS + in_front_of(
        upstream(), "{path: /self/**, upstream: legacy, issuers: [self]}",
        "{path: /corp/**, upstream: legacy, issuers: [corp]}"), users={"alice": "a-long-enough-password"})
    own = gate.login("alice", "a-long-enough-password")["access_token"]
    assert gate.get("/self/x", token=own).status == 200
    assert gate.get("/corp/x", token=good_token()).status == 200
    assert refusal(gate.get("/self/x", token=good_token())) == (401, "token_issuer")
    assert refusal(gate.get("/corp/x", token=own)) == (401, "token_issuer")


def test_the_scheme_is_read_in_any_case_and_one_space_follows(gateway, upstream):
    gate = gateway(SHARED_ISSUER + in_front_of(upstream()))
    token = good_token()
    for value in (f"Bearer {token}", f"bearer {token}", f"BEARER {token}"):
        assert gate.get("/", headers={"Authorization": value}).status == 200, value[:10]
    for value in (f"Bearer  {token}", f"Bearer\t{token}", f"Bearer{token}", "Bearer", "Basic YTpi", token):
        answer = gate.get("/", headers={"Authorization": value})
        assert answer.status in (400, 401), value[:12]
    assert refusal(gate.get(f"/?access_token={token}")) == (401, "token_missing"), "never from the query"


def test_more_than_one_credential_is_ambiguous(gateway, upstream):
    service = upstream()
    gate = gateway(SHARED_ISSUER + USERS + in_front_of(service))
    token, cookie = good_token(), "__Host-gatewarden"
    for headers in ([("Authorization", f"Bearer {token}")] * 2,
                    [("Authorization", f"Bearer {token}, Bearer {token}")],
                    [("Authorization", f"Bearer {token}"), ("Cookie", f"{cookie}={token}")],
                    [("Cookie", f"{cookie}={token}; {cookie}={token}")],
                    [("Cookie", f"{cookie}={token}"), ("Cookie", f"{cookie}={token}")]):
        answer = gate.get("/", headers=headers)
        assert (answer.status, answer.code) == (400, "ambiguous_credentials"), headers
    assert service.requests == []


def test_a_token_in_the_cookie_needs_this_sites_origin_for_unsafe_methods(gateway, upstream):
    service = upstream()
    gate = gateway(SHARED_ISSUER + USERS + in_front_of(service))
    cookie = ("Cookie", f"a=1; __Host-gatewarden={good_token(sub='alice')}; b=2")
    assert gate.get("/", headers=[cookie], tls=True).status == 200
    assert service.last.header("X-Auth-Subject") == "alice"
    assert service.last.header("Cookie") == "a=1; b=2", "the gateway's cookie goes no further"
    own = ("Origin", "https://localhost")
    for headers, status in (([], 403), ([("Origin", "https://evil.example.com")], 403), ([("Origin", "null")], 403),
                            ([("Sec-Fetch-Site", "cross-site")], 403), ([own, ("Sec-Fetch-Site", "cross-site")], 403),
                            ([("Sec-Fetch-Site", "same-origin")], 200), ([own], 200)):
        answer = gate.post("/", b"x", headers=[cookie, *headers], tls=True)
        assert answer.status == status, headers
        assert status == 200 or answer.code == "csrf"
    assert len(service.requests) == 3


def test_a_tokens_end_ends_its_use_on_an_open_connection(gateway, upstream):
    """Within a second of its `exp`, by every worker, though all of them have it in their caches."""
    gate = gateway("tokens: {access_ttl: 3s}\n" + USERS + in_front_of(upstream()),
                   users={"alice": "a-long-enough-password"})
    connections = [gate.connect() for _ in range(8)]
    try:
        for attempt in range(5):  # a machine that stood still when it mattered is asked again
            token = gate.login("alice", "a-long-enough-password")["access_token"]
            end = decode(token)[1]["exp"]
            last_good = 0.0
            for connection in connections:
                assert connection.request("GET", "/", token=token).status == 200
            verified = gate.metric("gatewarden_token_cache_hits_total")
            refused = set()
            while len(refused) < len(connections):
                for number, connection in enumerate(connections):
                    asked = time.time()
                    answer = connection.request("GET", "/", token=token)
                    if answer.status == 200:
                        assert number not in refused, "once refused, always refused"
                        last_good = asked
                    else:
                        assert refusal(answer) == (401, "token_expired")
                        assert asked > end - 1, "not before its end"
                        refused.add(number)
                assert time.time() < end + 10 * SLOWNESS, "the token goes on and on"
            assert gate.metric("gatewarden_token_cache_hits_total") > verified, "it was cached"
            if last_good <= end + 1:
                return
        assert SANITIZED, f"taken {last_good - end:.2f} s after its end"
    finally:
        for connection in connections:
            connection.close()
