# SPDX-License-Identifier: Apache-2.0
"""The commands of the program, their output and their exit status."""
import json
import re
import signal
import subprocess
import time

import pytest
from support.gateway import USERS, in_front_of, run_gatewarden
from support.tokens import decode, with_another_signature
from support.waiting import SLOWNESS, wait_until

PASSWORD = "a-long-enough-password"


@pytest.fixture
def idle(gateway, upstream):
    """A configured gateway that does not run."""
    return gateway(USERS + in_front_of(upstream()), started=False)


def test_version_and_help_exit_with_0():
    version = run_gatewarden("version")
    assert version.returncode == 0 and re.search(r"\d+\.\d+\.\d+", version.stdout)
    for words in ([], ["run"], ["check"], ["user"], ["user", "add"], ["token"], ["token", "issue"], ["token", "revoke"],
                  ["keys"], ["keys", "rotate"], ["hash-password"]):
        done = run_gatewarden(*words, "--help")
        assert done.returncode == 0 and "usage" in done.stdout.lower(), words
    assert "gatewarden" in run_gatewarden("--help").stdout


def test_nonsense_on_the_command_line_is_an_error():
    for words in (["bogus"], ["run", "--bogus"], ["user", "bogus"], []):
        done = run_gatewarden(*words)
        assert done.returncode != 0 and done.stderr + done.stdout, words


def test_check_says_nothing_against_a_good_file(idle):
    done = idle.run("check")
    assert done.returncode == 0, done.stderr
    assert "error" not in done.stderr


BROKEN = """\
listners:
  - address: 127.0.0.1:0
listeners:
  - address: 127.0.0.1
  - {address: 127.0.0.1:8443, tls: {certificate: missing.crt, key: missing.key}}
limits:
  header_bytes: 12 parsecs
tokens: {algorithm: none}
upstreams:
  legacy: {servers: [ftp://127.0.0.1]}
backends:
  users: {plugin: sqlite, path: users.db}
routes:
  - {path: /a/**, upstream: legcy}
  - {name: twice, path: /b, upstream: legacy, auth: none, require: {roles: [x]}}
  - {name: twice, path: /c, upstream: legacy, timeuot: 1s}
  - {path: relative, upstream: legacy}
  - {path: '/x/{a}', upstream: legacy}
  - {path: '/x/{b}', upstream: legacy}
"""


def test_check_names_every_error_with_its_place_in_one_go(tmp_path):
    file = tmp_path / "broken.yaml"
    file.write_text(BROKEN)
    done = run_gatewarden("check", "-c", file)
    assert done.returncode == 1
    lines = (done.stderr + done.stdout).strip().splitlines()
    found = {}
    for line in lines:
        match = re.fullmatch(rf"{re.escape(str(file))}:(\d+):(\d+): error: (.+)", line)
        assert match, f"not FILE:LINE:COLUMN: error: WHAT: {line}"
        found.setdefault(int(match[1]), []).append(match[3])
    text = {number: " ".join(messages) for number, messages in found.items()}
    for number, word in ((1, "listeners"), (4, "address"), (5, "certificate.*cannot be read"), (7, "parsecs"), (8, "algorithm"),
                         (10, "ftp"), (14, "legcy.*upstreams"), (15, "none"), (16, "response_timeout|timeuot"),
                         (17, "relative|/")):
        assert number in text and re.search(word, text[number]), f"line {number}: {text.get(number)}"
    assert "twice" in text[15] + text[16], "a name used twice"
    conflict = text.get(18, "") + text.get(19, "")
    assert "18" in conflict or "19" in conflict, "the conflict names both lines"


def test_check_loads_what_run_would_load_and_names_what_does_not(gateway, upstream):
    config = USERS.replace("plugin: sqlite, path: users.db", "plugin: nonesuch")
    gate = gateway(config + in_front_of(upstream()), started=False)
    (gate.folder / "bad.crt").write_text("no certificate")
    gate.write_config(gate.config.read_text().replace(str(gate.certificate.certificate), "bad.crt"))
    done = gate.run("check")
    assert done.returncode == 1
    lines = done.stderr.strip().splitlines()
    assert all(line.startswith(f"{gate.config}:") and ": error: " in line for line in lines), lines
    assert any("nonesuch" in line for line in lines) and any("bad.crt" in line for line in lines)


def test_run_refuses_what_check_refuses(tmp_path):
    file = tmp_path / "broken.yaml"
    file.write_text(BROKEN)
    done = run_gatewarden("run", "-c", file)
    assert done.returncode == 1 and f"{file}:1:1: error:" in done.stderr + done.stdout


def test_a_missing_or_unreadable_file_is_one_clear_error(tmp_path):
    for path in (tmp_path / "missing.yaml", tmp_path):
        done = run_gatewarden("check", "-c", path)
        assert done.returncode == 1 and str(path) in done.stderr + done.stdout
    (tmp_path / "bad.yaml").write_text("routes: [\n")
    done = run_gatewarden("check", "-c", tmp_path / "bad.yaml")
    assert done.returncode == 1 and re.search(r"bad\.yaml:\d+:\d+: error: ", done.stderr + done.stdout)


def test_variables_come_from_the_environment(tmp_path):
    file = tmp_path / "env.yaml"
    file.write_text("listeners: [{address: '127.0.0.1:${PORT:-0}'}]\nroutes:\n"
                    "  - {path: /**, auth: none, respond: {status: 200, body: '${BODY}'}}\n")
    assert run_gatewarden("check", "-c", file, env={"BODY": "x", "PORT": "8080"}).returncode == 0
    done = run_gatewarden("check", "-c", file)
    assert done.returncode == 1 and "BODY" in done.stderr + done.stdout
    done = run_gatewarden("check", env={"GATEWARDEN_CONFIG": str(file), "BODY": "x", "PORT": "8080"})
    assert done.returncode == 0, "the default file is named by the environment"


def test_hash_password_makes_an_argon2id_hash_that_logs_in(gateway, upstream):
    done = run_gatewarden("hash-password", stdin=PASSWORD + "\n")
    assert done.returncode == 0
    made = done.stdout.strip()
    assert re.fullmatch(r"\$argon2id\$v=19\$m=\d+,t=\d+,p=\d+\$[A-Za-z0-9+/]+\$[A-Za-z0-9+/]+", made)
    assert made != run_gatewarden("hash-password", stdin=PASSWORD + "\n").stdout.strip()
    gate = gateway(USERS + in_front_of(upstream()), started=False)
    assert gate.run("user", "add", "alice", "--password-hash", made).returncode == 0
    gate.start()
    assert gate.login("alice", PASSWORD)


def test_users_are_added_listed_shown_and_removed(idle):
    idle.add_user("alice", PASSWORD, "alice@example.com", "Alice Doe", ["clerk", "admin"])
    idle.add_user("bob", PASSWORD)
    listed = idle.run("user", "list")
    assert listed.returncode == 0 and "alice" in listed.stdout and "bob" in listed.stdout
    shown = idle.run("user", "show", "alice")
    for word in ("alice@example.com", "Alice Doe", "clerk", "admin"):
        assert word in shown.stdout
    for done in (listed, shown):
        assert "$argon2" not in done.stdout and PASSWORD not in done.stdout
    again = idle.run("user", "add", "alice", "--password-stdin", stdin=PASSWORD + "\n")
    assert again.returncode == 1 and "alice" in again.stderr
    same_address = idle.run("user", "add", "carol", "--email", "ALICE@example.com", "--password-stdin",
                            stdin=PASSWORD + "\n")
    assert same_address.returncode == 1
    assert idle.run("user", "remove", "bob").returncode == 0
    assert "bob" not in idle.run("user", "list").stdout
    for words in (("show", "bob"), ("remove", "bob"), ("disable", "bob"), ("passwd", "bob", "--password-stdin")):
        done = idle.run("user", *words, stdin=PASSWORD + "\n")
        assert done.returncode == 1 and "bob" in done.stderr, words


def test_a_short_password_is_refused(idle):
    done = idle.run("user", "add", "alice", "--password-stdin", stdin="short\n")
    assert done.returncode == 1 and "12" in done.stderr


def test_a_new_password_replaces_the_old_one_while_the_gateway_runs(idle):
    idle.add_user("alice", PASSWORD)
    idle.start()
    assert idle.login("alice", PASSWORD)
    assert idle.run("user", "passwd", "alice", "--password-stdin", stdin="another-long-password\n").returncode == 0
    assert idle.login("alice", "another-long-password")
    assert idle.post("/login", {"username": "alice", "password": PASSWORD}).code == "bad_credentials"


def test_a_minted_token_opens_the_service_and_verifies(gateway, upstream):
    gate = gateway(USERS + in_front_of(upstream(), "{path: /**, upstream: legacy, require: {scopes: [read]}}"))
    done = gate.run("token", "issue", "--sub", "robot", "--ttl", "1h",
                    "--claims", '{"scope": "read", "tenant": "acme"}')
    assert done.returncode == 0, done.stderr
    token = done.stdout.strip()
    header, claims = decode(token)
    assert header["typ"] == "at+jwt" and claims["sub"] == "robot" and claims["tenant"] == "acme"
    assert claims["exp"] - claims["iat"] == 3600
    assert gate.get("/", token=token).status == 200
    good = gate.run("token", "verify", token)
    assert good.returncode == 0 and "robot" in good.stdout
    bad = gate.run("token", "verify", with_another_signature(token))
    assert bad.returncode == 3 and "token_signature" in bad.stdout + bad.stderr


def test_inspect_decodes_and_says_that_it_did_not_verify(idle):
    token = idle.run("token", "issue", "--sub", "robot", "--ttl", "1h").stdout.strip()
    done = run_gatewarden("token", "inspect", with_another_signature(token))
    assert done.returncode == 0 and "robot" in done.stdout
    assert "not verified" in (done.stdout + done.stderr).lower()
    assert run_gatewarden("token", "inspect", "nonsense").returncode == 1


def test_a_token_comes_from_standard_input_too(idle):
    token = idle.run("token", "issue", "--sub", "robot").stdout
    assert decode(token.strip())[1]["exp"] - decode(token.strip())[1]["iat"] == 900, "as tokens.access_ttl says"
    assert idle.run("token", "verify", "-", stdin=token).returncode == 0
    assert run_gatewarden("token", "inspect", "-", stdin=token).returncode == 0


def test_token_issue_refuses_what_it_cannot_mint(idle):
    for options in (["--sub", "robot", "--ttl", "soon"], ["--sub", "robot", "--ttl", "0s"], ["--ttl", "1h"],
                    ["--sub", "robot", "--claims", "{"], ["--sub", "robot", "--claims", "[]"],
                    ["--sub", "robot", "--claims", '{"iss": "https://evil.example.com"}'],
                    ["--sub", "robot", "--claims", '{"exp": 99999999999}']):
        done = idle.run("token", "issue", *options)
        assert done.returncode == 1 and done.stdout == "" and done.stderr, options


def test_token_verify_judges_as_the_gateway_does(gateway, upstream):
    gate = gateway(USERS + in_front_of(upstream()), users={"alice": PASSWORD})
    tokens = gate.login("alice", PASSWORD)
    good = gate.run("token", "verify", tokens["access_token"])
    assert good.returncode == 0 and json.loads(good.stdout)["email"] == "alice@example.com"
    assert gate.post("/logout", token=tokens["access_token"]).status == 204
    for token, code in ((tokens["access_token"], "token_revoked"), ("nonsense", "token_malformed"),
                        (tokens["refresh_token"], "token_malformed"), ("", "token_malformed")):
        done = gate.run("token", "verify", token)
        assert (done.returncode, done.stdout) == (3, "") and code in done.stderr, token


def refusal_within_a_second(gate, token):
    """Asks on sixteen connections, spread over the workers, until all are refused; returns the seconds it took."""
    began, left = time.monotonic(), [gate.connect() for _ in range(16)]
    try:
        while left and time.monotonic() - began < 5 * SLOWNESS:
            left = [connection for connection in left
                    if connection.request("GET", "/", token=token).status != 401]
        assert not left, "some worker goes on taking it"
        return time.monotonic() - began
    finally:
        for connection in left:
            connection.close()


def test_token_revoke_reaches_a_running_gateway_within_a_second(gateway, upstream):
    gate = gateway(USERS + in_front_of(upstream()), users={"alice": PASSWORD, "bob": PASSWORD})

    def tokens():
        return gate.login("alice", PASSWORD), gate.login("bob", PASSWORD)["access_token"]

    for options in (lambda token: [token], lambda token: ["--jti", decode(token)[1]["jti"]],
                    lambda token: ["--sid", decode(token)[1]["sid"]],
                    lambda token: ["--sub", decode(token)[1]["sub"]],
                    lambda token: ["--sub", decode(token)[1]["sub"], "--iss", "gatewarden"]):
        session, other = tokens()
        token = session["access_token"]
        if options(token)[0] == "--sub":  # of the second before, so that the next login is not covered
            wait_until(lambda made=decode(token)[1]["iat"]: time.time() >= made + 1.01, "the next second")
        assert gate.get("/", token=token).status == 200
        done = gate.run("token", "revoke", *options(token))
        assert done.returncode == 0, done.stderr
        assert refusal_within_a_second(gate, token) < 1 * SLOWNESS
        assert gate.get("/", token=other).status == 200
        if options(token)[0] == "--sub":
            assert gate.refresh(session["refresh_token"]).status == 401
            wait_until(lambda revoked=time.time(): time.time() >= revoked + 1.01, "the next second")
    done = gate.run("token", "revoke", "--iss", "gatewarden")
    assert done.returncode == 0 and refusal_within_a_second(gate, other) < 1 * SLOWNESS
    gate.kill()
    gate.start()
    assert gate.get("/", token=other).code == "token_revoked", "it survives a crash"


def test_token_revoke_revokes_nothing_for_a_forged_token_or_another_issuer(gateway, upstream):
    gate = gateway(USERS + in_front_of(upstream()), users={"alice": PASSWORD})
    token = gate.login("alice", PASSWORD)["access_token"]
    done = gate.run("token", "revoke", with_another_signature(token))
    assert done.returncode == 3 and "token_signature" in done.stderr
    assert gate.run("token", "revoke", "--jti", decode(token)[1]["jti"], "--iss", "https://other.example").returncode == 0
    assert gate.run("token", "revoke").returncode == 1
    assert gate.run("token", "revoke", token, "--jti", "x").returncode == 1
    assert gate.run("token", "verify", token).returncode == 0
    assert gate.get("/", token=token).status == 200


def test_a_new_password_and_a_disabled_user_end_sessions_and_tokens_at_once(gateway, upstream):
    gate = gateway(USERS + in_front_of(upstream()), users={"alice": PASSWORD, "bob": PASSWORD, "carol": PASSWORD})
    for user, words, typed in (("alice", ("passwd", "alice", "--password-stdin"), "another-long-password\n"),
                               ("bob", ("disable", "bob"), ""), ("carol", ("remove", "carol"), "")):
        session = gate.login(user, PASSWORD)
        assert gate.get("/", token=session["access_token"]).status == 200
        done = gate.run("user", *words, stdin=typed)
        assert done.returncode == 0, done.stderr
        assert refusal_within_a_second(gate, session["access_token"]) < 1 * SLOWNESS
        assert gate.refresh(session["refresh_token"]).status == 401


def test_keys_are_listed_and_rotated_and_old_tokens_stay_good(gateway, upstream):
    gate = gateway(USERS + in_front_of(upstream()), users={"alice": PASSWORD}, started=False)
    assert gate.run("keys", "list").stdout == "", "there are none before the first start"
    old = gate.run("token", "issue", "--sub", "robot", "--ttl", "1h").stdout.strip()
    rotated = gate.run("keys", "rotate")
    assert rotated.returncode == 0, rotated.stderr
    new = gate.run("token", "issue", "--sub", "robot", "--ttl", "1h").stdout.strip()
    kids = [decode(token)[0]["kid"] for token in (old, new)]
    assert kids[0] != kids[1] and kids[1] in rotated.stdout
    listed = gate.run("keys", "list").stdout.splitlines()
    assert [line.split()[0] for line in listed] == [kids[1], kids[0]]
    assert "(signs)" in listed[0] and "(signs)" not in listed[1] and "PRIVATE" not in "".join(listed)
    gate.start()
    for token in (old, new):
        assert gate.get("/", token=token).status == 200
    assert {key["kid"] for key in gate.get("/.well-known/jwks.json").json()["keys"]} == set(kids)


def test_a_running_gateway_signs_with_a_rotated_key_after_its_reload(gateway, upstream):
    gate = gateway(USERS + in_front_of(upstream()), users={"alice": PASSWORD})
    before = gate.login("alice", PASSWORD)["access_token"]
    assert gate.run("keys", "rotate").returncode == 0
    gate.signal(signal.SIGHUP)
    kid = decode(before)[0]["kid"]
    after = wait_until(lambda: (token := gate.login("alice", PASSWORD)["access_token"])
                       and decode(token)[0]["kid"] != kid and token, "a token of the new key")
    for token in (before, after):
        assert gate.get("/", token=token).status == 200


def test_no_command_prints_a_private_key(idle):
    idle.run("token", "issue", "--sub", "robot", "--ttl", "1h")
    for words in (("check",), ("user", "list"), ("keys", "list"), ("keys", "rotate")):
        done = idle.run(*words)
        assert "PRIVATE KEY" not in done.stdout + done.stderr


def test_check_binds_nothing(gateway, upstream):
    gate = gateway(USERS + in_front_of(upstream()))
    assert gate.run("check").returncode == 0, "also while the ports are in use"
    assert gate.get("/").status == 401


def test_openssl_verifies_what_the_gateway_signs(idle, tmp_path):
    """An independent verifier: RS256 over the published key, by the openssl program."""
    idle.write_config("tokens: {algorithm: RS256}\n" + idle.config.read_text().partition("backends:")[1] +
                      idle.config.read_text().partition("backends:")[2])
    token = idle.run("token", "issue", "--sub", "robot", "--ttl", "1h").stdout.strip()
    idle.start()
    keys = idle.get("/.well-known/jwks.json").json()["keys"]
    key = next(key for key in keys if key["kid"] == decode(token)[0]["kid"])
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicNumbers
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
    from support.tokens import unb64
    numbers = RSAPublicNumbers(int.from_bytes(unb64(key["e"]), "big"), int.from_bytes(unb64(key["n"]), "big"))
    (tmp_path / "key.pem").write_bytes(
        numbers.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    signed, _, signature = token.rpartition(".")
    (tmp_path / "signature").write_bytes(unb64(signature))
    done = subprocess.run(["openssl", "dgst", "-sha256", "-verify", tmp_path / "key.pem", "-signature",
                           tmp_path / "signature"], input=signed.encode(), capture_output=True, check=False)
    assert done.returncode == 0, done.stdout
    assert json.dumps(keys).count('"d"') == 0
