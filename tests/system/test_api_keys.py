# SPDX-License-Identifier: Apache-2.0
"""API keys and Basic, for clients that cannot log in: only where a route allows them."""
import base64
import re

import pytest
from support.gateway import USERS, in_front_of, in_parallel
from support.tokens import decode  # noqa: F401
from support.waiting import SLOWNESS, wait_until

PASSWORD, ANOTHER = "a-long-enough-password", "another-long-password"
ALICE = {"alice": PASSWORD}
ROUTES = ("{path: /**, upstream: legacy}", "{path: /keys/**, api_keys: true, upstream: legacy}",
          "{path: /orders/**, api_keys: true, require: {scopes: [orders:read]}, upstream: legacy}",
          "{path: /basic/**, basic: true, upstream: legacy}",
          "{path: /open/**, auth: none, upstream: legacy}")
PATIENT = USERS.replace("backends: [users]", "backends: [users]\n  lockout: {failures: 1000}")


def issue(gate, *options):
    done = gate.run("key", "issue", "--name", "nightly job", *options)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip(), re.search(r"^key (\S+)", done.stderr).group(1)


def basic(name, password):
    pair = base64.b64encode(f"{name}:{password}".encode()).decode()
    return {"Authorization": f"Basic {pair}"}


def test_a_key_opens_the_routes_that_take_keys_and_no_other(gateway, upstream):
    service = upstream()
    gate = gateway(PATIENT + in_front_of(service, *ROUTES), users=ALICE)
    key, name = issue(gate, "--scope", "orders:read", "--role", "robot")
    other, _ = issue(gate, "--sub", "robot-7")
    assert re.fullmatch(r"gwk_[0-9A-Za-z]{8}_[0-9A-Za-z]{38}", key)
    answer = gate.get("/orders/1", token=key)
    assert answer.status == 200 and service.last.header("X-Auth-Subject") == f"key:{name}"
    assert service.last.header("X-Auth-Roles") == "robot" and service.last.header("X-Auth-Scope") == "orders:read"
    assert service.last.header("Authorization") is None
    assert gate.get("/keys/x", token=other).status == 200 and service.last.header("X-Auth-Subject") == "robot-7"
    assert gate.get("/orders/1", token=other).code == "insufficient_scope"
    assert gate.get("/x", token=key).code == "token_malformed", "this route takes none"
    seen = len(service.requests)
    for wrong in (key[:-1] + ("A" if key[-1] != "A" else "B"), key[:20] + ("x" if key[20] != "x" else "y") + key[21:], key + "x", key[:-1], "gwk_",
                  "gwk_" + "A" * 47, key.lower(), key.replace("gwk_", "gwk-")):
        assert gate.get("/keys/x", token=wrong).code == "token_malformed", wrong
    for target, headers in (("/sessions", {}), ("/userinfo", {}), (f"/keys/x?access_token={key}", {"X": "y"})):
        answer = gate.get(target, headers=headers, token=None if headers else key)
        assert answer.status == 401, target
    assert gate.refresh(key).code == "token_malformed"
    assert len(service.requests) == seen
    raw = b"".join(path.read_bytes() for path in (gate.folder / "state").glob("store.db*"))
    assert key.encode() not in raw and key not in gate.log(), "kept as a hash"


def test_keys_are_listed_revoked_and_expire(gateway, upstream):
    gate = gateway(PATIENT + in_front_of(upstream(), *ROUTES), users=ALICE)
    (key, name), (short, _) = issue(gate), issue(gate, "--ttl", f"{2 * SLOWNESS:.0f}s")
    listed = gate.run("key", "list").stdout
    assert f"{name}  key:{name}" in listed and listed.count("nightly job") == 2 and key not in listed
    assert gate.get("/keys/x", token=key).status == gate.get("/keys/x", token=short).status == 200
    wait_until(lambda: gate.get("/keys/x", token=short).code == "token_revoked" if
               gate.get("/keys/x", token=short).status != 200 else False, "the end of a short key")
    assert gate.run("key", "revoke", name).returncode == 0
    wait_until(lambda: gate.get("/keys/x", token=key).status == 401, "the end of a revoked key", 15)
    assert gate.run("key", "list").stdout == "" and gate.run("key", "revoke", name).returncode == 1
    for options in (("--ttl", "soon"), ("--scope", "two words"), ("--role", "a,b\n"), ("--sub", "a b"), ("--name", "")):
        done = gate.run("key", "issue", "--name", "x", *options)
        assert done.returncode == 1 and done.stdout == "", options


def test_basic_is_taken_where_a_route_allows_it(gateway, upstream):
    service = upstream()
    gate = gateway(PATIENT + in_front_of(service, *ROUTES), users=ALICE)
    for name in ("alice", "ALICE@example.com"):
        assert gate.get("/basic/x", headers=basic(name, PASSWORD)).status == 200
        assert service.last.header("X-Auth-Email") == "alice@example.com"
        assert service.last.header("Authorization") is None
    answers = in_parallel([lambda: gate.get("/basic/x", headers=basic("alice", PASSWORD))] * 20)
    assert {answer.status for answer in answers} == {200}
    for headers in (basic("alice", "wrong"), basic("nobody", PASSWORD), basic("", PASSWORD), basic("alice", ""),
                    {"Authorization": "Basic"}, {"Authorization": "Basic !!!!"}, {"Authorization": "Basic YWxpY2U="},
                    basic("alice\n", PASSWORD), {"Authorization": basic("alice", PASSWORD)["Authorization"] + "="}):
        answer = gate.get("/basic/x", headers=headers)
        assert answer.status == 401 and answer.code in ("bad_credentials", "token_missing"), headers
        assert any(value.startswith("Basic realm=") for value in answer.all("WWW-Authenticate"))
    assert gate.get("/x", headers=basic("alice", PASSWORD)).code == "token_missing", "this route takes none"
    assert gate.get("/open/x", headers=basic("other", "service")).status == 200
    assert service.last.header("Authorization") == basic("other", "service")["Authorization"], "the service's own"
    jar = {**basic("alice", PASSWORD), "Cookie": "__Host-gatewarden=x"}
    assert gate.get("/basic/x", headers=jar).code == "ambiguous_credentials"
    token = gate.login("alice", PASSWORD)["access_token"]
    assert gate.get("/basic/x", token=token).status == 200
    assert gate.run("user", "disable", "alice").returncode == 0
    assert gate.get("/basic/x", headers=basic("Alice", PASSWORD)).code == "bad_credentials"


@pytest.mark.parametrize("way", ["password", "reset", "command", "disable", "remove"])
def test_a_password_that_is_over_is_not_remembered(gateway, upstream, way):
    """By each worker: what they have verified a moment ago ends with the change, not with its minute."""
    service, hook = upstream(), upstream()
    reset = f"""backends: [users]
  reset: {{url: "https://api.example.com", webhook: {{url: "{hook.url}/"}}}}"""
    gate = gateway(PATIENT.replace("backends: [users]", reset) + in_front_of(service, *ROUTES),
                   users={**ALICE, "bob": PASSWORD})

    def status(password, name="alice"):
        return {answer.status for answer in
                in_parallel([lambda: gate.get("/basic/x", headers=basic(name, password))] * 8)}

    token = gate.login("alice", PASSWORD)["access_token"]
    assert status(PASSWORD) == status(PASSWORD, "bob") == {200}
    if way == "password":
        change = {"current_password": PASSWORD, "password": ANOTHER}
        assert gate.post("/password", change, token=token).status == 204
    elif way == "reset":
        assert gate.post("/reset", {"email": "alice@example.com"}).status == 202
        wait_until(lambda: hook.requests, "the link")
        link = hook.last.json()["link"].rpartition("=")[2]
        assert gate.post("/reset", {"token": link, "password": ANOTHER}).status == 204
    else:
        command = {"command": ("passwd", "alice", "--password-stdin")}.get(way, (way, "alice"))
        done = gate.run("user", *command, stdin=ANOTHER + "\n")
        assert done.returncode == 0, done.stderr
        wait_until(lambda: status(PASSWORD) == {401}, "end of the old password", 3)  # the store is asked each second
    assert status(PASSWORD) == {401}
    assert status(ANOTHER) == ({401} if way in ("disable", "remove") else {200}), "in the same second, too"
    assert status(PASSWORD, "bob") == {200}
    if way == "password":
        assert gate.get("/", token=token).status == 200, "the session that changed it goes on"


def test_a_session_that_ends_everywhere_ends_no_password(gateway, upstream):
    gate = gateway(PATIENT + in_front_of(upstream(), *ROUTES), users=ALICE)
    token = gate.login("alice", PASSWORD)["access_token"]
    assert gate.get("/basic/x", headers=basic("alice", PASSWORD)).status == 200
    assert gate.request("DELETE", "/sessions", token=token).status == 204
    assert gate.get("/", token=token).code == "token_revoked"
    for _ in range(20):
        assert gate.get("/basic/x", headers=basic("alice", PASSWORD)).status == 200


def test_guesses_by_basic_count_as_failed_logins(gateway, upstream):
    config = USERS.replace("backends: [users]", "backends: [users]\n  lockout: {failures: 3}")
    gate = gateway(config + in_front_of(upstream(), *ROUTES), users=ALICE)
    answers = in_parallel([lambda: gate.get("/basic/x", headers=basic("alice", "wrong"))] * 8)
    assert [answer.code for answer in answers].count("bad_credentials") <= 3
    assert gate.get("/basic/x", headers=basic("alice", PASSWORD)).code == "locked_out"
    assert gate.post("/login", {"username": "alice", "password": PASSWORD}).code == "locked_out", "one counter"
    assert gate.run("user", "unlock", "alice").returncode == 0
    # The stranger's address is still locked: somebody else may try from another, which this test has not.
    assert gate.get("/basic/x", headers=basic("alice", PASSWORD)).code == "locked_out"
