# SPDX-License-Identifier: Apache-2.0
"""Tokens that are bound to a key: what a request must show beside them, and that nothing shown once serves twice."""
import hashlib
import json
import subprocess
import time
import uuid
from urllib.parse import urlencode

import pytest
from support.authority import Authority
from support.client import curl
from support.gateway import USERS, in_front_of, in_parallel
from support.tokens import AUDIENCE, ISSUER, Key, b64, claims, decode, mint

from test_issuers import outcome

PASSWORD = "a-long-enough-password"
LOGIN = {"username": "alice", "password": PASSWORD}
EACH_VERSION = pytest.mark.parametrize("version", ["--http1.1", "--http2"])


def thumbprint(key):
    members = {name: key.jwk()[name] for name in ("crv", "kty", "x", "y", "n", "e") if name in key.jwk()}
    return b64(hashlib.sha256(json.dumps(members, sort_keys=True, separators=(",", ":")).encode()).digest())


def ath(token):
    return b64(hashlib.sha256(token.encode()).digest())


def prove(key, url, token=None, method="GET", header=None, **changes):
    jwk = {name: value for name, value in key.jwk().items() if name not in ("use", "alg", "kid")}
    payload = {"jti": str(uuid.uuid4()), "htm": method, "htu": url, "iat": int(time.time()),
               "ath": ath(token) if token else None, **changes}
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
    for cnf in ({"x5t#S256": ath("x")}, {"jwk": {}}, {"jkt": 7, "x5t#S256": ath("x")}, {"kid": "k1"}, {}, {"jkt": 7}, "text", None):
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


class Authorities:
    """A gateway's listener with client certificates, and who shows which."""

    def __init__(self, folder):
        self.own = Authority(folder)
        self.server = self.own.issue("server", dns=["localhost"])
        self.ann, self.bob = self.own.issue("ann"), self.own.issue("bob")

    def listener(self, port, more=""):
        return (f"  - {{address: 127.0.0.1:{port}, tls: {{certificate: {self.server.certificate}, key: {self.server.key}, "
                f"client_ca: {self.own.file}}}{more}}}\n")

    def listeners(self, gate, more=""):
        return f"listeners:\n  - {{address: 127.0.0.1:{gate.port}}}\n" + self.listener(gate.tls_port, more)

    def ask(self, gate, version, target, *arguments, show=None, headers=(), body=None, method=None):
        """curl's answer over TLS; `body` is sent as JSON, or as a form when it is text."""
        command = [version, *map(str, arguments)]
        if show:
            command += ["--cert", str(show.certificate), "--key", str(show.key)]
        kind = "application/x-www-form-urlencoded" if isinstance(body, str) else "application/json"
        for name, value in [*headers, *([("Content-Type", kind)] if body is not None else [])]:
            command += ["--header", f"{name}: {value}"]
        data = None if body is None else (body if isinstance(body, str) else json.dumps(body)).encode()
        return curl(f"https://localhost:{gate.tls_port}{target}", *command, ca=self.own.file, data=data,
                    method=method or ("GET" if body is None else "POST"))


@pytest.fixture
def certificates(tmp_path):
    return Authorities(tmp_path)


def x5t(made):
    der = subprocess.run(["openssl", "x509", "-in", made.certificate, "-outform", "DER"], capture_output=True, check=True)
    return b64(hashlib.sha256(der.stdout).digest())


@EACH_VERSION
def test_a_token_bound_to_a_certificate_needs_the_connection_to_show_it(gateway, upstream, certificates, version):
    issuer, service, key = Key("ES256", kid="k1"), upstream(), Key("ES256")
    gate = gateway("routes: []", started=False, files={"corp.json": json.dumps({"keys": [issuer.jwk()]})})
    gate.write_config(certificates.listeners(gate) + f"""
issuers:
  corp: {{issuer: {ISSUER}, jwks_file: corp.json, algorithms: [ES256], audiences: [{AUDIENCE}]}}
server: {{workers: 2, state_dir: state, forward_auth: {{trusted: [127.0.0.0/8]}}}}
""" + in_front_of(service, "{path: /**, upstream: legacy}", "{path: /open/**, auth: none, upstream: legacy}",
                  "{path: /bound/**, upstream: legacy, require: {bound: [mtls]}}",
                  "{path: /either/**, upstream: legacy, require: {bound: [dpop, mtls]}}",
                  "{path: /key/**, upstream: legacy, require: {bound: [dpop]}}"))
    gate.start()
    ann, bob, refused = certificates.ann, certificates.bob, (401, "token_type")
    token, plain = mint(issuer, claims(cnf={"x5t#S256": x5t(ann)})), mint(issuer, claims())

    def get(path, token, show=None, scheme="Bearer", proof=None, headers=()):
        headers = [("Authorization", f"{scheme} {token}"), *([("DPoP", proof)] if proof else []), *headers]
        return outcome(certificates.ask(gate, version, path, show=show, headers=headers))

    for path in ("/x", "/bound/x", "/either/x"):
        assert get(path, token, ann) == "ok", path
        assert service.last.header("Authorization") is None
        sent = len(service.requests)
        assert get(path, token, bob) == refused, f"{path} with another certificate"
        assert get(path, token) == refused, f"{path} without one"
        assert get(path, token, ann, scheme="DPoP") == refused, f"{path} as if bound to a key"
        assert outcome(gate.get(path, token=token)) == refused, f"{path} over plain HTTP"
        assert len(service.requests) == sent
    assert get("/key/x", token, ann) == refused, "a certificate is no key"
    assert get("/x", plain, ann) == "ok"
    assert get("/bound/x", plain, ann) == refused, "a certificate beside a token does not bind it"
    assert get("/either/x", plain, ann) == refused
    assert get("/open/x", token, bob) == "ok"
    # Both, when both are demanded.
    url = f"https://localhost:{gate.tls_port}/either/x"
    both = mint(issuer, claims(cnf={"x5t#S256": x5t(ann), "jkt": thumbprint(key)}))
    assert get("/either/x", both, ann, "DPoP", prove(key, url, both)) == "ok"
    assert get("/either/x", both, bob, "DPoP", prove(key, url, both)) == refused
    assert get("/either/x", both, None, "DPoP", prove(key, url, both)) == refused
    assert get("/either/x", both, ann) == refused
    # A proxy that asks about another's request shows its own.
    question = [("X-Forwarded-Method", "GET"), ("X-Forwarded-Proto", "https"), ("X-Forwarded-Host", "localhost"),
                ("X-Forwarded-Uri", "/x")]
    assert get("/auth/verify", token, ann, headers=question) == refused
    assert get("/auth/verify", plain, ann, headers=question) == "ok"


@EACH_VERSION
def test_a_session_that_begins_with_a_certificate_is_bound_to_it(gateway, upstream, certificates, version):
    service = upstream()
    gate = gateway("routes: []", started=False)
    gate.write_config(certificates.listeners(gate) + "tokens: {bind_client_certificate: true, refresh_grace: 0ms}\n"
                      + USERS + in_front_of(service, "{path: /**, upstream: legacy}",
                                            "{path: /bound/**, upstream: legacy, require: {bound: [mtls]}}"))
    gate.add_user("alice", PASSWORD)
    gate.start()
    ann, bob, refused = certificates.ann, certificates.bob, (401, "token_type")

    def ask(target, show=None, body=None, token=None, headers=()):
        headers = [*headers, *([("Authorization", f"Bearer {token}")] if token else [])]
        return certificates.ask(gate, version, target, show=show, headers=headers, body=body)

    tokens = ask("/login", ann, LOGIN).json()
    assert tokens["token_type"] == "Bearer"
    assert decode(tokens["access_token"])[1]["cnf"] == {"x5t#S256": x5t(ann)}
    assert outcome(ask("/bound/x", ann, token=tokens["access_token"])) == "ok"
    for name, show in {"another": bob, "no": None}.items():
        assert outcome(ask("/bound/x", show, token=tokens["access_token"])) == refused, name
        assert outcome(ask("/userinfo", show, token=tokens["access_token"])) == refused, name
        assert outcome(ask("/refresh", show, {"refresh_token": tokens["refresh_token"]})) == refused, name
    assert outcome(gate.refresh(tokens["refresh_token"])) == refused, "over plain HTTP"
    again = ask("/refresh", ann, {"refresh_token": tokens["refresh_token"]})
    assert again.status == 200, "what was refused has used nothing up"
    assert decode(again.json()["access_token"])[1]["cnf"] == {"x5t#S256": x5t(ann)}
    assert outcome(ask("/refresh", bob, {"refresh_token": again.json()["refresh_token"]})) == refused
    gate.kill()
    gate.start()
    third = ask("/refresh", ann, {"refresh_token": again.json()["refresh_token"]})
    assert third.status == 200 and "cnf" in decode(third.json()["access_token"])[1], "also after a restart"

    # Without a certificate nothing is bound, and the route that wants it says so.
    loose = ask("/login", None, LOGIN).json()
    assert "cnf" not in decode(loose["access_token"])[1]
    assert outcome(ask("/x", bob, token=loose["access_token"])) == "ok"
    assert outcome(ask("/bound/x", ann, token=loose["access_token"])) == refused
    assert outcome(ask("/refresh", ann, {"refresh_token": loose["refresh_token"]})) == "ok"


def test_a_browsers_cookies_are_bound_to_its_certificate(gateway, upstream, certificates):
    service = upstream()
    gate = gateway("routes: []", started=False)
    gate.write_config(certificates.listeners(gate) + "tokens: {bind_client_certificate: true, access_ttl: 1s}\n"
                      + USERS + in_front_of(service, "{path: /**, upstream: legacy, require: {bound: [mtls]}}"))
    gate.add_user("alice", PASSWORD)
    gate.start()
    ann, bob = certificates.ann, certificates.bob
    browser = [("Accept", "text/html"), ("Origin", f"https://localhost:{gate.tls_port}")]
    came = certificates.ask(gate, "--http2", "/login", show=ann, headers=browser, body=urlencode(LOGIN))
    assert came.status == 303
    jar = dict(cookie.partition(";")[0].split("=", 1) for cookie in came.all("Set-Cookie"))
    access, refresh = jar["__Host-gatewarden"], next(value for name, value in jar.items() if name != "__Host-gatewarden")
    renewing = next(name for name in jar if name != "__Host-gatewarden")

    def visit(show, **cookies):
        text = "; ".join(f"{name}={value}" for name, value in cookies.items())
        return certificates.ask(gate, "--http2", "/x", show=show, headers=[("Cookie", text)])

    assert outcome(visit(bob, **{"__Host-gatewarden": access})) != "ok"
    # Alone, a refresh cookie renews the session in passing: for who shows the certificate.
    for show in (bob, None):
        answer = visit(show, **{renewing: refresh})
        assert answer.status == 401 and not service.requests
        assert not any("eyJ" in cookie for cookie in answer.all("Set-Cookie"))
    answer = visit(ann, **{renewing: refresh})
    assert answer.status == 200 and any("eyJ" in cookie for cookie in answer.all("Set-Cookie"))


def test_the_certificate_of_a_trusted_proxy_binds_nobody(gateway, upstream, certificates):
    gate = gateway("routes: []", started=False)
    gate.write_config(certificates.listeners(gate, ", trusted_proxies: [127.0.0.1/32]")
                      + "tokens: {bind_client_certificate: true}\n" + USERS + in_front_of(upstream()))
    gate.add_user("alice", PASSWORD)
    gate.start()
    tokens = certificates.ask(gate, "--http2", "/login", show=certificates.ann, body=LOGIN).json()
    assert "cnf" not in decode(tokens["access_token"])[1]


class DpopClient:
    """A client with a key, which sends a proof with everything, over one version of HTTP."""

    def __init__(self, gate, version):
        self.gate, self.version, self.key = gate, version, Key("ES256")
        self.base = f"https://localhost:{gate.tls_port}"

    def proof(self, target, token=None, method="GET", key=None, **changes):
        return prove(key or self.key, self.base + target, token, method, **changes)

    def post(self, target, body, *proofs):
        """With these proofs; no others."""
        command = [self.version, "--header", "Content-Type: application/json"]
        for proof in proofs:
            command += ["--header", f"DPoP: {proof}"]
        return self.gate.curl(target, *command, data=json.dumps(body).encode(), method="POST")

    def get(self, target, token, proof=None, scheme="DPoP"):
        command = [self.version, "--header", f"Authorization: {scheme} {token}"]
        return self.gate.curl(target, *command, *(["--header", f"DPoP: {proof}"] if proof else []))

    def login(self, **changes):
        return self.post("/login", LOGIN, self.proof("/login", method="POST", **changes))

    def refresh(self, refresh_token, **changes):
        return self.post("/refresh", {"refresh_token": refresh_token},
                         self.proof("/refresh", method="POST", **changes))


BOUND_ROUTES = ("{path: /**, upstream: legacy}", "{path: /bound/**, upstream: legacy, require: {bound: [dpop]}}")


@EACH_VERSION
def test_a_login_with_a_proof_gives_a_session_bound_to_its_key(gateway, upstream, version):
    service = upstream()
    gate = gateway("tokens: {refresh_grace: 0ms}\n" + USERS + in_front_of(service, *BOUND_ROUTES), users={"alice": PASSWORD})
    client, invalid = DpopClient(gate, version), (400, "invalid_dpop_proof")

    answer = client.login()
    assert answer.status == 200, answer.body
    tokens = answer.json()
    assert tokens["token_type"] == "DPoP"
    access, refresh = tokens["access_token"], tokens["refresh_token"]
    assert decode(access)[1]["cnf"] == {"jkt": thumbprint(client.key)}
    assert answer.header("DPoP-Nonce") is None, "nobody asked for nonces"
    for target in ("/bound/x", "/userinfo"):
        assert outcome(client.get(target, access, client.proof(target, access))) == "ok", target
        assert outcome(client.get(target, access, scheme="Bearer")) == (401, "token_type"), target
        assert outcome(client.get(target, access, client.proof(target, access, key=Key("ES256")))) == (401, "token_type")

    # The refresh token needs the same key, and what is refused uses nothing up.
    sent = {"refresh_token": refresh}
    proof = client.proof("/refresh", method="POST")
    for name, refused in {
        "without a proof": client.post("/refresh", sent),
        "with another key's": client.refresh(refresh, key=Key("ES256")),
        "with two": client.post("/refresh", sent, client.proof("/refresh", method="POST"), proof),
        "for another endpoint": client.post("/refresh", sent, client.proof("/login", method="POST")),
        "for another method": client.post("/refresh", sent, client.proof("/refresh")),
        "for a token": client.post("/refresh", sent, client.proof("/refresh", access, "POST")),
        "too old": client.refresh(refresh, iat=int(time.time()) - 120),
        "that is nothing": client.post("/refresh", sent, "x"),
    }.items():
        assert outcome(refused) == invalid, name
        assert refused.json()["error"] == "invalid_dpop_proof", name
    again = client.post("/refresh", sent, proof)
    assert again.status == 200, again.body
    assert again.json()["token_type"] == "DPoP"
    assert decode(again.json()["access_token"])[1]["cnf"] == {"jkt": thumbprint(client.key)}
    next_one = {"refresh_token": again.json()["refresh_token"]}
    assert outcome(client.post("/refresh", next_one, proof)) == invalid, "used before"
    gate.kill()
    gate.start()
    assert outcome(client.post("/refresh", next_one)) == invalid, "also after a restart"
    assert outcome(client.refresh(next_one["refresh_token"])) == "ok"

    # A proof that is not good is refused, not passed over.
    used = client.proof("/login", method="POST")
    assert outcome(client.post("/login", LOGIN, used)) == "ok"
    for name, refused in {
        "used before": client.post("/login", LOGIN, used),
        "for another method": client.post("/login", LOGIN, client.proof("/login")),
        "for another host": client.post("/login", LOGIN, prove(client.key, "https://evil.example/login", method="POST")),
        "for a token": client.post("/login", LOGIN, client.proof("/login", access, "POST")),
        "with a symmetric key": client.login(header={"alg": "HS256"}),
        "with two": client.post("/login", LOGIN, client.proof("/login", method="POST"), used),
    }.items():
        assert outcome(refused) == invalid, name
    # What nobody logs in with is not used up.
    kept = client.proof("/login", method="POST")
    assert client.post("/login", {**LOGIN, "password": "wrong-wrong-wrong"}, kept).code == "bad_credentials"
    assert outcome(client.post("/login", LOGIN, kept)) == "ok"
    assert len(service.requests) == 1


def test_a_session_is_bound_at_login_or_not_at_all(gateway, upstream):
    gate = gateway(USERS.replace("login:", "login:\n  register: true") + in_front_of(upstream(), *BOUND_ROUTES),
                   users={"alice": PASSWORD})
    client = DpopClient(gate, "--http1.1")
    plain = client.post("/login", LOGIN).json()
    assert plain["token_type"] == "Bearer" and "cnf" not in decode(plain["access_token"])[1]
    # Who has stolen a refresh token must not make bound tokens of it.
    answer = client.refresh(plain["refresh_token"])
    assert answer.json()["token_type"] == "Bearer" and "cnf" not in decode(answer.json()["access_token"])[1]
    assert outcome(client.get("/bound/x", answer.json()["access_token"], scheme="Bearer")) == (401, "token_type")
    # Nor is a cookie bound to a key: the browser sends it along without a proof.
    form = gate.request("POST", "/login", [("Content-Type", "application/x-www-form-urlencoded"), ("Accept", "text/html"),
                                           ("Origin", f"https://localhost:{gate.tls_port}"),
                                           ("DPoP", client.proof("/login", method="POST"))],
                        urlencode(LOGIN).encode(), tls=True, host=f"localhost:{gate.tls_port}")
    assert form.status == 400 and not any("eyJ" in cookie for cookie in form.all("Set-Cookie"))
    # A refresh token of a bound session in a cookie renews nothing.
    bound = client.login().json()
    cookie = [("Cookie", f"__Host-gatewarden-refresh={bound['refresh_token']}"), ("Origin", "https://localhost")]
    for target, method in (("/x", "GET"), ("/refresh", "POST")):
        answer = gate.request(method, target, cookie, tls=True)
        assert answer.status in (400, 401) and not any("eyJ" in each for each in answer.all("Set-Cookie")), target
    who = {"name": "bob", "email": "bob@example.com", "password": PASSWORD}
    made = client.post("/register", who, client.proof("/register", method="POST"))
    assert made.status == 201 and made.json()["token_type"] == "DPoP"


@EACH_VERSION
def test_where_nonces_are_demanded_the_answer_says_which(gateway, upstream, version):
    service = upstream()
    gate = gateway("tokens: {dpop_nonce: true}\n" + USERS + in_front_of(service, *BOUND_ROUTES), users={"alice": PASSWORD})
    client = DpopClient(gate, version)
    first = client.login()
    assert (first.status, first.code, first.json()["error"]) == (400, "use_dpop_nonce", "use_dpop_nonce")
    nonce = first.header("DPoP-Nonce")
    assert nonce and first.header("Cache-Control") == "no-store"
    assert outcome(client.login(nonce=nonce[:-1] + ("A" if nonce[-1] != "A" else "B"))) == (400, "use_dpop_nonce")
    answer = client.login(nonce=nonce)
    assert answer.status == 200 and answer.header("DPoP-Nonce"), "a good answer brings the next"
    tokens = answer.json()
    access = tokens["access_token"]

    refused = client.get("/bound/x", access, client.proof("/bound/x", access))
    assert outcome(refused) == (401, "use_dpop_nonce")
    challenge = refused.header("WWW-Authenticate")
    assert challenge.startswith("DPoP ") and 'error="use_dpop_nonce"' in challenge and "algs=" in challenge
    nonce = refused.header("DPoP-Nonce")
    # One nonce serves all workers, and many requests.
    for _ in range(8):
        good = client.get("/bound/x", access, client.proof("/bound/x", access, nonce=nonce))
        assert outcome(good) == "ok"
        assert good.header("DPoP-Nonce") and good.header("Cache-Control") == "no-store"
    assert len(service.requests) == 8
    flawed = client.get("/bound/x", access, client.proof("/bound/y", access, nonce=nonce))
    assert outcome(flawed) == (401, "token_type")
    assert outcome(client.refresh(tokens["refresh_token"])) == (400, "use_dpop_nonce")
    assert outcome(client.refresh(tokens["refresh_token"], nonce=nonce)) == "ok"
    gate.kill()
    gate.start()
    assert outcome(client.get("/bound/x", access, client.proof("/bound/x", access, nonce=nonce))) == "ok"
    plain = client.post("/login", LOGIN)
    assert plain.json()["token_type"] == "Bearer", "a nonce is for those who send proofs"
