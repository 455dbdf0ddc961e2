# SPDX-License-Identifier: Apache-2.0
"""A token mint: keys of another issuer, and tokens that are right except where a test makes them wrong."""
import base64
import hashlib
import hmac
import json
import time

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa, utils
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

ISSUER = "https://idp.example.com"
AUDIENCE = "api"
SECRET = "correct-horse-battery-staple-0123456789abcdef"
CURVES = {"ES256": (ec.SECP256R1, 32, hashes.SHA256), "ES384": (ec.SECP384R1, 48, hashes.SHA384),
          "ES512": (ec.SECP521R1, 66, hashes.SHA512)}
HASHES = {"256": hashes.SHA256, "384": hashes.SHA384, "512": hashes.SHA512}


def b64(data):
    data = json.dumps(data, separators=(",", ":")).encode() if not isinstance(data, bytes) else data
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def unb64(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def decode(token):
    """(header, claims) of a token, unverified."""
    header, payload, _ = token.split(".")
    return json.loads(unb64(header)), json.loads(unb64(payload))


def number(value, length=None):
    return b64(value.to_bytes(length or (value.bit_length() + 7) // 8, "big"))


class Key:
    """A signing key of one algorithm; jwk() is its public half."""

    def __init__(self, algorithm, kid=None, secret=SECRET):
        self.algorithm, self.kid, self._secret = algorithm, kid, secret.encode()
        family = algorithm[:2]
        if family in ("RS", "PS"):
            self.private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        elif family == "ES":
            self.private = ec.generate_private_key(CURVES[algorithm][0]())
        elif family == "Ed":
            self.private = ed25519.Ed25519PrivateKey.generate()

    def sign(self, data):
        family, size = self.algorithm[:2], self.algorithm[2:]
        if family == "HS":
            return hmac.new(self._secret, data, getattr(hashlib, f"sha{size}")).digest()
        if family == "RS":
            return self.private.sign(data, padding.PKCS1v15(), HASHES[size]())
        if family == "PS":
            digest = HASHES[size]()
            return self.private.sign(data, padding.PSS(padding.MGF1(digest), digest.digest_size), digest)
        if family == "ES":
            _, length, digest = CURVES[self.algorithm]
            r, s = utils.decode_dss_signature(self.private.sign(data, ec.ECDSA(digest())))
            return r.to_bytes(length, "big") + s.to_bytes(length, "big")
        return self.private.sign(data)

    def jwk(self):
        public = self.private.public_key()
        common = {"use": "sig", "alg": self.algorithm, **({"kid": self.kid} if self.kid else {})}
        if self.algorithm[:2] in ("RS", "PS"):
            numbers = public.public_numbers()
            return {"kty": "RSA", "n": number(numbers.n), "e": number(numbers.e), **common}
        if self.algorithm[:2] == "ES":
            numbers, length = public.public_numbers(), CURVES[self.algorithm][1]
            curve = f"P-{public.curve.key_size}"
            return {"kty": "EC", "crv": curve, "x": number(numbers.x, length), "y": number(numbers.y, length), **common}
        raw = public.public_bytes(Encoding.Raw, PublicFormat.Raw)
        return {"kty": "OKP", "crv": "Ed25519", "x": b64(raw), **common}

    def header(self):
        return {"alg": self.algorithm, "typ": "JWT", **({"kid": self.kid} if self.kid else {})}


def claims(**changes):
    """Good claims of the other issuer; a change to None takes a claim out."""
    now = int(time.time())
    good = {"iss": ISSUER, "aud": AUDIENCE, "sub": "alice", "iat": now, "exp": now + 300,
            "jti": f"jti-{time.time_ns()}"}
    return {name: value for name, value in {**good, **changes}.items() if value is not None}


def mint(key, payload=None, header=None):
    """`payload` and `header` may be dicts, or bytes to be taken as they are."""
    head = header if isinstance(header, bytes) else {**key.header(), **(header or {})}
    signed = f"{b64(head)}.{b64(claims() if payload is None else payload)}"
    return f"{signed}.{b64(key.sign(signed.encode()))}"


def with_another_signature(token):
    """The same token with one bit of its signature changed, still canonical base64url."""
    signed, _, signature = token.rpartition(".")
    data = bytearray(unb64(signature))
    data[0] ^= 1
    return f"{signed}.{b64(bytes(data))}"


# An issuer by shared secret: the cheapest way to a good token in tests that are not about tokens.
SHARED = Key("HS256")
SHARED_ISSUER = f"""
issuers:
  corp: {{issuer: {ISSUER}, secret: {SECRET}, algorithms: [HS256], audiences: [{AUDIENCE}]}}
"""


def good_token(**changes):
    return mint(SHARED, claims(**changes))
