# SPDX-License-Identifier: Apache-2.0
"""Signing keys that change while the gateway serves: the next one is published before it signs, the last one verifies
until its tokens have expired, and no request with a valid token is refused in between."""
import stat
import threading
import time

from support.gateway import USERS, in_front_of
from support.tokens import decode
from support.waiting import SANITIZED, SLOWNESS, wait_until

PASSWORD = "a-long-enough-password"


def published(gate):
    return {key["kid"] for key in gate.get("/.well-known/jwks.json").json()["keys"]}


class Load:
    """Clients that log in and use each token to its end, on every worker, and keep what was refused."""

    def __init__(self, gate, life):
        self.refused, self.signed_unpublished, self.kids, self.used = [], [], set(), 0
        self._gate, self._life, self._ends = gate, life, threading.Event()
        self._threads = [threading.Thread(target=self._call) for _ in range(4)]

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self._ends.set()
        for thread in self._threads:
            thread.join()

    def _call(self):
        tokens = []
        while not self._ends.is_set():
            before = published(self._gate)
            token = self._gate.login("alice", PASSWORD)["access_token"]
            kid = decode(token)[0]["kid"]
            self.kids.add(kid)
            if kid not in before:
                self.signed_unpublished.append(kid)
            tokens = [(one, end) for one, end in [*tokens, (token, decode(token)[1]["exp"])] if end > time.time() + 0.5]
            with self._gate.connect() as connection:
                for one, end in tokens:
                    answer = connection.request("GET", "/", token=one)
                    if answer.status != 200 and time.time() < end:
                        self.refused.append((answer.status, answer.code))
                    self.used += 1


def test_rotation_by_the_clock_and_by_hand_refuses_no_valid_token_under_load(gateway, upstream):
    gate = gateway("tokens: {rotate_every: 10s, access_ttl: 3s}\n" + USERS + in_front_of(upstream()), users={"alice": PASSWORD})
    first = published(gate)
    assert len(first) == 2, "the one that signs, and the next"
    with Load(gate, 3) as load:
        assert gate.run("keys", "rotate").returncode == 0
        wait_until(lambda: len(load.kids) >= 2, "tokens of the key that was rotated to", 10)
        wait_until(lambda: len(load.kids) >= 3, "tokens of the key whose time has come", 20)
    assert load.refused == [] and load.signed_unpublished == [], (load.refused[:5], load.used)
    assert load.used > (5 if SANITIZED else 50)
    assert first <= published(gate) and len(published(gate)) >= 4, "the old ones still verify"
    listed = gate.run("keys", "list").stdout
    assert listed.count("(signs)") == 1 and listed.count("(will sign from ") == 1


def test_a_rotation_takes_effect_without_a_reload_and_survives_a_crash(gateway, upstream):
    gate = gateway(USERS + in_front_of(upstream()), users={"alice": PASSWORD})
    old = gate.login("alice", PASSWORD)["access_token"]
    rotated = gate.run("keys", "rotate")
    kid = rotated.stdout.split()[0]
    new = wait_until(lambda: (token := gate.login("alice", PASSWORD)["access_token"])
                     and decode(token)[0]["kid"] == kid and token, "a token of the new key", 3)
    for _ in range(2):
        for token in (old, new):
            assert gate.get("/", token=token).status == 200
        gate.kill()
        gate.start()


def test_a_key_may_be_published_for_a_while_before_it_signs(gateway, upstream):
    gate = gateway(USERS + in_front_of(upstream()), users={"alice": PASSWORD})
    done = gate.run("keys", "rotate", "--in", "1h")
    assert done.returncode == 0 and "will sign from" in done.stdout
    kid = done.stdout.split()[0]
    wait_until(lambda: kid in published(gate), "the new key in the JWK set", 3 * SLOWNESS)
    assert decode(gate.login("alice", PASSWORD)["access_token"])[0]["kid"] != kid
    assert gate.run("keys", "rotate", "--in", "soon").returncode == 1


def test_key_files_are_private_and_encrypted_with_a_passphrase(gateway, upstream):
    gate = gateway("tokens: {key_passphrase: {file: phrase}}\n" + USERS + in_front_of(upstream()),
                   users={"alice": PASSWORD}, files={"phrase": "correct horse battery staple\n"})
    token = gate.login("alice", PASSWORD)["access_token"]
    files = list((gate.folder / "state/keys").iterdir())
    assert files and all(stat.S_IMODE(file.stat().st_mode) == 0o600 for file in files)
    assert all("BEGIN ENCRYPTED PRIVATE KEY" in file.read_text() for file in files)
    gate.stop()
    gate.start()
    assert gate.get("/", token=token).status == 200
    (gate.folder / "phrase").write_text("another one\n")
    assert gate.run("check").returncode == 1
    assert "passphrase" in gate.run("check").stderr
