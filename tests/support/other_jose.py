# SPDX-License-Identifier: Apache-2.0
"""Other implementations of JOSE behind one pair of functions: PyJWT, jwcrypto, latchset's jose, npm's jose.

All of them take keys as JWKs. None of them can do everything: CAN says what.
"""
import json
import subprocess
import tempfile
from pathlib import Path

import jwt
from jwcrypto import jwk as jwcrypto_jwk
from jwcrypto import jws as jwcrypto_jws

from .npm import run_node
from .tokens import unb64

ALGORITHMS = ["HS256", "HS384", "HS512", "RS256", "RS384", "RS512", "PS256", "PS384", "PS512",
              "ES256", "ES384", "ES512", "EdDSA"]
CAN = {"pyjwt": {*ALGORITHMS, "Ed448"}, "jwcrypto": {*ALGORITHMS, "Ed448"}, "latchset": set(ALGORITHMS[:-1]),
       "npm": set(ALGORITHMS)}


def name_of(key):
    """The algorithm of a private JWK, with the curve where EdDSA has two."""
    return "Ed448" if key.get("crv") == "Ed448" else key["alg"]


def new_key(name, kid):
    """A private JWK with alg, use and kid."""
    size = {"HS": 64}.get(name[:2])
    more = {"kid": kid, "use": "sig", "alg": "EdDSA" if name.startswith("Ed") else name}
    if size:
        key = jwcrypto_jwk.JWK.generate(kty="oct", size=size * 8, **more)
    elif name[:2] in ("RS", "PS"):
        key = jwcrypto_jwk.JWK.generate(kty="RSA", size=2048, **more)
    elif name[:2] == "ES":
        key = jwcrypto_jwk.JWK.generate(kty="EC", crv={"256": "P-256", "384": "P-384", "512": "P-521"}[name[2:]], **more)
    else:
        key = jwcrypto_jwk.JWK.generate(kty="OKP", crv="Ed448" if name == "Ed448" else "Ed25519", **more)
    return json.loads(key.export())


def public_of(key):
    return json.loads(jwcrypto_jwk.JWK(**key).export_public())


def _latchset(arguments, key, text):
    with tempfile.TemporaryDirectory() as folder:
        files = {name: Path(folder) / name for name in ("key", "text")}
        files["key"].write_text(json.dumps(key))
        files["text"].write_text(text)
        return subprocess.run(["jose", "jws", *(str(files.get(word, word)) for word in arguments)], cwd=folder,
                              capture_output=True, text=True, check=False)


def sign_many(implementation, jobs):
    """The compact tokens of [(private JWK, claims)]; the header has typ and kid."""
    header = [{"typ": "JWT", "kid": key["kid"]} for key, _ in jobs]
    if implementation == "npm":
        return run_node("jose.mjs", {"sign": [{"alg": key["alg"], "jwk": key, "header": head, "claims": claims}
                                              for (key, claims), head in zip(jobs, header)]})["signed"]
    tokens = []
    for (key, claims), head in zip(jobs, header):
        protected = {**head, "alg": key["alg"]}
        if implementation == "pyjwt":
            tokens.append(jwt.encode(claims, jwt.PyJWK(key).key, algorithm=key["alg"], headers=head))
        elif implementation == "jwcrypto":
            token = jwcrypto_jws.JWS(json.dumps(claims))
            token.add_signature(jwcrypto_jwk.JWK(**key), None, json.dumps(protected))
            tokens.append(token.serialize(compact=True))
        else:
            done = _latchset(["sig", "-I", "text", "-k", "key", "-s", json.dumps({"protected": protected}), "-c"], key,
                             json.dumps(claims))
            assert done.returncode == 0, (key["alg"], done.stderr)
            tokens.append(done.stdout.strip())
    return tokens


def verify_many(implementation, jobs):
    """The claims of each token of [(public JWK, token)]; None where the signature is not that of the key."""
    if implementation == "npm":
        return run_node("jose.mjs", {"verify": [{"alg": key["alg"], "jwk": key, "token": token}
                                                for key, token in jobs]})["verified"]
    found = []
    for key, token in jobs:
        claims = json.loads(unb64(token.split(".")[1]))
        try:
            if implementation == "pyjwt":
                claims = jwt.decode(token, jwt.PyJWK(key).key, algorithms=[key["alg"]],
                                    options={"verify_aud": False, "verify_iss": False})
            elif implementation == "jwcrypto":
                read = jwcrypto_jws.JWS()
                read.deserialize(token)
                read.verify(jwcrypto_jwk.JWK(**key), alg=key["alg"])
            elif _latchset(["ver", "-i", "text", "-k", "key"], key, token).returncode != 0:
                claims = None
        except (jwt.InvalidTokenError, jwcrypto_jws.InvalidJWSSignature):
            claims = None
        found.append(claims)
    return found
