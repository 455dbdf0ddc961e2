# SPDX-License-Identifier: Apache-2.0
"""The assertion for upstreams, verified with the code that docs/keys.md shows."""
import json
import os
import re
import shutil
import subprocess
import time
from pathlib import Path

import pytest
from support.gateway import BINARY, ROOT, USERS, in_front_of
from support.tokens import SHARED_ISSUER, decode, good_token, with_another_signature

PASSWORD = "a-long-enough-password"
NAME = "X-Auth-Assertion"
IDENTITY = f"identity: {{assertion: {{header: {NAME}, ttl: 60s}}}}\n"


def shown(language):
    """The code block of that language in the documentation."""
    return re.search(rf"^```{language}\n(.*?)^```", (ROOT / "docs/keys.md").read_text(), re.M | re.S).group(1)


def run(command, folder, name, text, *arguments, env=None):
    (folder / name).write_text(text)
    return subprocess.run([*command, name, *arguments], cwd=folder, capture_output=True, text=True, check=False, timeout=110,
                          env=env)


def in_python(folder, jwks, cases):
    pytest.importorskip("jwt")
    scope = {}
    exec(shown("python"), scope)  # pylint: disable=exec-used
    outcomes = []
    for token, method, path in cases:
        try:
            outcomes.append(scope["verify"](token, jwks, method, path)["sub"])
        except Exception:  # pylint: disable=broad-except
            outcomes.append(None)
    return outcomes


def in_node(folder, jwks, cases):
    text = shown("javascript") + f"""
console.log(JSON.stringify({json.dumps(cases)}.map(([token, method, path]) => {{
  try {{ return verify(token, {json.dumps(jwks)}, method, path).sub; }} catch (error) {{ return null; }}
}})));"""
    done = run(["node"], folder, "verify.js", text)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def in_php(folder, jwks, cases):
    text = "<?php\n" + shown("php") + """
[$jwks, $cases] = json_decode(file_get_contents("cases.json"), true);
echo json_encode(array_map(function ($case) use ($jwks) {
    try { return verify($case[0], $jwks, $case[1], $case[2])["sub"]; } catch (Exception $error) { return null; }
}, $cases));"""
    (folder / "cases.json").write_text(json.dumps([jwks, cases]))
    done = run(["php"], folder, "verify.php", text)
    assert done.returncode == 0, done.stderr + done.stdout
    return json.loads(done.stdout)


def in_java(folder, jwks, cases):
    text = "class Verify {\n" + shown("java") + """
  public static void main(String[] a) throws Exception {
    for (int i = 0; i < a.length; i += 5)
      try { System.out.println(verify(a[i], a[i + 1], a[i + 2], a[i + 3], a[i + 4]).replaceAll(
                                   ".*\\"sub\\":\\"([^\\"]*)\\".*", "$1")); }
      catch (SecurityException error) { System.out.println("null"); }
  }
}"""
    arguments = []
    for token, method, path in cases:
        key = next(key for key in jwks["keys"] if key["kid"] == decode(token)[0]["kid"])
        arguments += [token, key["x"], key["y"], method, path]
    done = run(["java"], folder, "Verify.java", text, *arguments)
    assert done.returncode == 0, done.stderr
    return [None if line == "null" else line for line in done.stdout.split()]


GO_LIBRARIES = Path("/usr/share/gocode")  # where Debian puts them


def in_go(folder, jwks, cases):
    if not (GO_LIBRARIES / "src/github.com/golang-jwt/jwt").exists():
        pytest.skip("golang-github-golang-jwt-jwt-dev is not installed")
    text = """package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"encoding/base64"
	"encoding/json"
	"errors"
	"math/big"
	"os"

	"github.com/golang-jwt/jwt"
)
""" + shown("go") + """
func main() {
	var given struct {
		Keys  []map[string]string
		Cases [][3]string
	}
	text, _ := os.ReadFile("cases.json")
	if err := json.Unmarshal(text, &given); err != nil {
		panic(err)
	}
	number := func(text string) *big.Int {
		bytes, _ := base64.RawURLEncoding.DecodeString(text)
		return new(big.Int).SetBytes(bytes)
	}
	keys := map[string]*ecdsa.PublicKey{}
	for _, k := range given.Keys {
		keys[k["kid"]] = &ecdsa.PublicKey{Curve: elliptic.P256(), X: number(k["x"]), Y: number(k["y"])}
	}
	subjects := []interface{}{}
	for _, one := range given.Cases {
		claims, err := verify(one[0], keys, one[1], one[2])
		if err != nil {
			subjects = append(subjects, nil)
		} else {
			subjects = append(subjects, claims["sub"])
		}
	}
	json.NewEncoder(os.Stdout).Encode(subjects)
}
"""
    (folder / "cases.json").write_text(json.dumps({"Keys": jwks["keys"], "Cases": cases}))
    cache = Path(BINARY).resolve().parents[1] / "go"  # its own libraries are compiled once
    done = run(["go", "run"], folder, "verify.go", text, env={
        **os.environ, "HOME": str(folder), "GO111MODULE": "off", "GOPATH": str(GO_LIBRARIES), "GOCACHE": str(cache)})
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize("verify, program", [(in_go, "go"), (in_python, "python3"), (in_node, "node"), (in_php, "php"), (in_java, "java")])
def test_the_documented_code_takes_the_assertion_and_nothing_else(gateway, upstream, tmp_path, verify, program):
    if shutil.which(program) is None:
        pytest.skip(f"{program} is not installed")
    service = upstream()
    gate = gateway(USERS + IDENTITY + in_front_of(
        service, "{path: /a/**, upstream: legacy, rewrite: {strip_prefix: /a, add_prefix: /b}}"), users={"alice": PASSWORD})
    token = gate.login("alice", PASSWORD)["access_token"]
    assert gate.post("/a/x?query=1", b"{}", token=token).status == 200
    assertion = service.last.header(NAME)
    subject = decode(token)[1]["sub"]
    jwks = gate.get("/.well-known/jwks.json").json()
    assert decode(assertion)[1]["htu"] == "/b/x", "as the service gets it"
    assert verify(tmp_path, jwks, [
        (assertion, "POST", "/b/x"), (assertion, "GET", "/b/x"), (assertion, "POST", "/b/y"), (assertion, "POST", "/a/x"),
        (with_another_signature(assertion), "POST", "/b/x"), (token, "POST", "/b/x"),
    ]) == [subject] + [None] * 5


def test_an_assertion_says_who_calls_and_where_and_is_no_access_token(gateway, upstream):
    service = upstream()
    gate = gateway(SHARED_ISSUER + USERS + IDENTITY + in_front_of(
        service, "{path: /**, upstream: legacy}", "{path: /open/**, auth: optional, upstream: legacy}",
        "{path: /own/**, upstream: legacy, identity: {assertion: {header: X-Own, ttl: 5s}}}",
        "{path: /without/**, upstream: legacy, identity: {assertion: false}}"), users={"alice": PASSWORD})
    token = good_token(sub="alice", roles=["clerk", "admin"], scope="read write", email="alice@example.com")
    with gate.connect() as connection:
        assert connection.request("GET", "/orders/7?x=1", token=token).status == 200
        first = service.last.header(NAME)
        header, claims = decode(first)
        now = time.time()
        assert header["typ"] == "assertion+jwt" and header["alg"] == "ES256"
        assert claims["iss"] == "gatewarden" and claims["aud"] == "legacy"
        assert (claims["htm"], claims["htu"]) == ("GET", "/orders/7")
        assert (claims["sub"], claims["roles"], claims["scope"]) == ("alice", ["clerk", "admin"], "read write")
        assert claims["idp"] == decode(token)[1]["iss"] and claims["email"] == "alice@example.com"
        assert now - 5 < claims["iat"] <= now + 1 and claims["exp"] <= claims["iat"] + 60

        assert connection.request("GET", "/orders/7", token=token).status == 200
        assert service.last.header(NAME) == first, "signed once for the same request"
        for method, path, bearer in (("GET", "/orders/8", token), ("DELETE", "/orders/7", token),
                                     ("GET", "/orders/7", good_token(sub="bob"))):
            assert connection.request(method, path, token=bearer).status == 200
            other = decode(service.last.header(NAME))[1]
            assert (other["htm"], other["htu"], other["sub"]) == (method, path, decode(bearer)[1]["sub"])

        for name in (NAME, "x_auth_assertion", "X.Auth.Assertion", "X-Own"):
            for path, bearer in (("/orders/7", token), ("/open/x", None), ("/without/x", token), ("/own/x", token)):
                assert connection.request("GET", path, [(name, "forged")], token=bearer).status == 200
                assert b"forged" not in service.last.raw_head, (name, path)
                assert len(service.last.all(NAME)) == (path == "/orders/7")
        assert decode(service.last.header("X-Own"))[1]["htu"] == "/own/x"
        assert connection.request("GET", "/", token=first).code == "token_type", "it logs nobody in here"


def test_an_assertion_needs_no_login(gateway, upstream):
    service = upstream()
    gate = gateway(SHARED_ISSUER + IDENTITY + in_front_of(service))
    assert gate.get("/x", token=good_token(sub="alice")).status == 200
    kids = [key["kid"] for key in gate.get("/.well-known/jwks.json").json()["keys"]]
    assert decode(service.last.header(NAME))[0]["kid"] in kids
