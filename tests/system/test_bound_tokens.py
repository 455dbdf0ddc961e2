# SPDX-License-Identifier: Apache-2.0
"""Tokens that are bound to a key: what a request must show beside them, and that nothing shown once serves twice."""
import hashlib
import json
import time
import uuid

from support.gateway import in_front_of, in_parallel
from support.tokens import AUDIENCE, ISSUER, Key, b64, claims, mint

from test_issuers import outcome


def thumbprint(key):
    members = {name: key.jwk()[name] for name in ("crv", "kty", "x", "y", "n", "e") if name in key.jwk()}
    return b64(hashlib.sha256(json.dumps(members, sort_keys=True, separators=(",", ":")).encode()).digest())


def ath(token):
    return b64(hashlib.sha256(token.encode()).digest())


def prove(key, url, token, method="GET", header=None, **changes):
    jwk = {name: value for name, value in key.jwk().items() if name not in ("use", "alg", "kid")}
    payload = {"jti": str(uuid.uuid4()), "htm": method, "htu": url, "iat": int(time.time()), "ath": ath(token), **changes}
    payload = {name: value for name, value in payload.items() if value is not None}
    return mint(key, payload, {"typ": "dpop+jwt", "jwk": jwk, **(header or {})})


def test_a_token_bound_to_a_key_needs_its_proof_for_this_request(gateway, upstream):
    issuer, service = Key("ES256", kid="k1"), upstream()
    gate = gateway(f"""
issuers:
  corp: {{issuer: {ISSUER}, jwks_file: corp.json, algorithms: [ES256], audiences: [{AUDIENCE}]}}
""" + in_front_of(service, "{path: /**, upstream: legacy}",
                  "{path: /open/**, auth: none, upstream: legacy}",
                  "{path: /bound/**, upstream: legacy, require: {bound: [dpop]}}"),
                   files={"corp.json": json.dumps({"keys": [issuer.jwk()]})})
    url = f"http://localhost:{gate.port}"

    def get(path, token, *proofs, scheme="DPoP", method="GET"):
        headers = [("Authorization", f"{scheme} {token}"), *(("DPoP", proof) for proof in proofs)]
        with gate.connect() as connection:
            return connection.request(method, path, headers, None, None, f"localhost:{gate.port}")

    refused = (401, "token_type")
    plain = mint(issuer, claims())
    for key in (Key("ES256"), Key("RS256"), Key("EdDSA"), Key("ES512")):
        token = mint(issuer, claims(cnf={"jkt": thumbprint(key)}))
        for path in ("/x", "/bound/x", "/x?query=1"):
            assert outcome(get(path, token, prove(key, url + path.partition("?")[0], token))) == "ok"
            assert service.last.header("Authorization") is None and service.last.header("DPoP") is None
    key = Key("ES256")
    token = mint(issuer, claims(cnf={"jkt": thumbprint(key)}))
    used = prove(key, url + "/x", token)
    assert outcome(get("/x", token, used)) == "ok"
    sent = len(service.requests)
    assert outcome(get("/x", token, used)) == refused, "used before"
    for name, answer in {
        "as a bearer token": get("/x", token, prove(key, url + "/x", token), scheme="Bearer"),
        "as a bearer token without a proof": get("/x", token, scheme="bearer"),
        "without a proof": get("/x", token),
        "with two": get("/x", token, prove(key, url + "/x", token), prove(key, url + "/x", token)),
        "with another key's": get("/x", token, prove(Key("ES256"), url + "/x", token)),
        "for another path": get("/x", token, prove(key, url + "/y", token)),
        "for another host": get("/x", token, prove(key, "http://evil.example/x", token)),
        "for another scheme": get("/x", token, prove(key, f"https://localhost:{gate.port}/x", token)),
        "for another method": get("/x", token, prove(key, url + "/x", token, method="POST")),
        "for another token": get("/x", token, prove(key, url + "/x", plain)),
        "without ath": get("/x", token, prove(key, url + "/x", token, ath=None)),
        "without jti": get("/x", token, prove(key, url + "/x", token, jti=None)),
        "too old": get("/x", token, prove(key, url + "/x", token, iat=int(time.time()) - 120)),
        "of the future": get("/x", token, prove(key, url + "/x", token, iat=int(time.time()) + 120)),
        "of another type": get("/x", token, prove(key, url + "/x", token, header={"typ": "JWT"})),
        "with a private key": get("/x", token, prove(key, url + "/x", token, header={"jwk": {**key.jwk(), "d": "AA"}})),
        "with alg none": get("/x", token, prove(key, url + "/x", token, header={"alg": "none"})),
        "that is the token": get("/x", token, token),
        "that is nothing": get("/x", token, "x"),
        "though the token is not bound": get("/x", plain, prove(key, url + "/x", plain)),
        "for a route that wants it bound": get("/bound/x", plain, scheme="Bearer"),
    }.items():
        assert outcome(answer) == refused, name
        assert any("DPoP algs=" in value for field, value in answer.headers if field.lower() == "www-authenticate"), name
    for cnf in ({"x5t#S256": ath("x")}, {"jwk": {}}, {"kid": "k1"}, {}, {"jkt": 7}, "text", None):
        token = mint(issuer, {**claims(), "cnf": cnf})
        assert outcome(get("/x", token, scheme="Bearer")) == refused, cnf
    assert len(service.requests) == sent
    assert outcome(get("/x", plain, scheme="Bearer")) == "ok"
    token = mint(issuer, claims(cnf={"jkt": thumbprint(key)}))
    assert outcome(get("/open/x", token)) == "ok"
    assert service.last.header("Authorization") is None

    once = prove(key, url + "/x", token)
    outcomes = in_parallel([lambda: outcome(get("/x", token, once)) for _ in range(20)])
    assert outcomes.count("ok") <= 1 and set(outcomes) <= {"ok", refused}, "by all workers together"
