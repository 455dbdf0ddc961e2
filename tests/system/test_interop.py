# SPDX-License-Identifier: Apache-2.0
"""Tokens and keys of other implementations here, ours there, and a real OpenID provider as an issuer."""
import json
import threading
import time

import pytest
from support.gateway import USERS, in_front_of
from support.npm import OpenIdProvider
from support.other_jose import ALGORITHMS, CAN, name_of, new_key, public_of, sign_many, verify_many
from support.tokens import AUDIENCE, b64, claims, decode, with_another_signature
from support.waiting import wait_until

PUBLIC = [*ALGORITHMS[3:], "Ed448"]


def outcome(answer):
    return "ok" if answer.status == 200 else (answer.status, answer.code)


def test_tokens_of_other_implementations_are_accepted_with_every_algorithm(gateway, upstream):
    keys = {name: new_key(name, kid=f"k-{name}") for name in [*ALGORITHMS, "Ed448"]}
    issuer = {name: f"https://{'public' if name in PUBLIC else name.lower()}.example" for name in keys}
    files = {"public.json": json.dumps({"keys": [public_of(keys[name]) for name in PUBLIC]})}
    config = (f"issuers:\n  public: {{issuer: 'https://public.example', jwks_file: public.json, audiences: [{AUDIENCE}], "
              f"algorithms: [{', '.join(ALGORITHMS[3:])}]}}\n")
    for name in ALGORITHMS[:3]:
        config += (f"  {name.lower()}: {{issuer: '{issuer[name]}', secret: {{file: {name}.secret}}, "
                   f"audiences: [{AUDIENCE}], algorithms: [{name}]}}\n")
        files[f"{name}.secret"] = "0123456789abcdef" * 4 + name
        keys[name]["k"] = b64(files[f"{name}.secret"].encode())
    gate = gateway(config + in_front_of(upstream()), files=files)
    with gate.connect() as connection:
        for implementation, able in CAN.items():
            names = [name for name in keys if name in able]
            tokens = sign_many(implementation, [(keys[name], claims(iss=issuer[name])) for name in names])
            for name, token in zip(names, tokens):
                for sent, expected in ((token, "ok"), (with_another_signature(token), (401, "token_signature"))):
                    got = outcome(connection.request("GET", "/", (), None, sent, "localhost"))
                    assert got == expected, (implementation, name)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_tokens_of_the_gateway_are_accepted_by_other_implementations(gateway, upstream, algorithm):
    secret = "correct-horse-battery-staple-0123456789abcdef-and-so-on-up-to-64-bytes"
    is_symmetric = algorithm.startswith("HS")
    gate = gateway(f"tokens: {{algorithm: {algorithm}{', secret: {file: jwt.secret}' if is_symmetric else ''}}}\n" +
                   USERS + in_front_of(upstream()), files={"jwt.secret": secret})
    token = gate.run("token", "issue", "--sub", "users:alice", "--ttl", "5m").stdout.strip()
    head, body = decode(token)
    if is_symmetric:
        key = {"kty": "oct", "k": b64(secret.encode()), "alg": algorithm}
    else:
        published = gate.get("/.well-known/jwks.json").json()["keys"]
        key = next(one for one in published if one["kid"] == head["kid"])
        assert name_of(key) == algorithm
    for implementation, able in CAN.items():
        if algorithm in able:
            good, spoilt = verify_many(implementation, [(key, token), (key, with_another_signature(token))])
            assert good == body and spoilt is None, implementation


@pytest.fixture
def provider():
    one = OpenIdProvider()
    yield one
    one.stop()


def test_a_real_openid_provider_is_an_issuer(gateway, upstream, provider):
    service = upstream()
    gate = gateway(f"""
issuers:
  corp:
    issuer: {provider.url}
    discovery: true
    algorithms: [ES256, RS256]
    audiences: [{AUDIENCE}]
    introspection:
      {{url: '{provider.url}/token/introspection', client_id: gateway, client_secret: gateway-secret, cache: 1s}}
identity: {{headers: {{X-Auth-Issuer: iss, X-Auth-Client: client_id, X-Auth-Scope: scope}}}}
""" + in_front_of(service, "{path: /**, upstream: legacy, require: {scopes: [orders:read]}}"))
    started = time.monotonic()
    former = {kind: provider.token(kind) for kind in ("jwt", "jwt-rsa", "opaque")}
    for kind, token in former.items():
        assert outcome(gate.get("/", token=token)) == "ok", kind
        assert service.last.header("X-Auth-Issuer") == provider.url
        assert service.last.header("X-Auth-Client") == "service"
    assert outcome(gate.get("/", token=former["opaque"] + "x")) == (401, "token_revoked")

    # Rotated as providers do it, under requests whose tokens are fresh: nobody notices.
    wait_until(lambda: time.monotonic() - started > 5.2, "end of the cool-down")
    seen, stop = [], threading.Event()

    def ask():
        while not stop.is_set():
            for kind in ("jwt", "jwt-rsa", "opaque"):
                token = provider.token(kind)
                seen.append((outcome(gate.get("/", token=token)), decode(token)[0]["kid"] if kind != "opaque" else ""))

    clients = [threading.Thread(target=ask) for _ in range(3)]
    for client in clients:
        client.start()
    try:
        wait_until(lambda: len(seen) > 30, "answers")
        before = {kid for _, kid in seen}
        provider.rotate_keys(keep=True)
        rotated, count = time.monotonic(), len(seen)
        wait_until(lambda: len(seen) > count + 100, "answers after the rotation", 30)
    finally:
        stop.set()
        for client in clients:
            client.join()
    assert {one for one, _ in seen} == {"ok"}, seen
    assert len({kid for _, kid in seen} - before) == 2, "tokens of both new keys"
    for kind, token in former.items():
        assert outcome(gate.get("/", token=token)) == "ok", kind

    wait_until(lambda: time.monotonic() - rotated > 5.2, "end of the cool-down")
    provider.rotate_keys()
    for kind in ("jwt", "jwt-rsa"):
        assert outcome(gate.get("/", token=provider.token(kind))) == "ok", "at the first request after the rotation"
        assert outcome(gate.get("/", token=former[kind])) == (401, "token_signature")
    assert outcome(gate.get("/", token=former["opaque"])) == "ok"

    provider.revoke(former["opaque"])
    wait_until(lambda: outcome(gate.get("/", token=former["opaque"])) == (401, "token_revoked"), "revocation")
