# SPDX-License-Identifier: Apache-2.0
"""The disk under the store is full, under load: what must be remembered is refused, the rest goes on, and nothing
that was acknowledged is lost."""
import contextlib
import subprocess

import pytest

from support.gateway import USERS, in_front_of
from support.outage import Outage
from support.sessions import PASSWORD, Sessions, log_in
from support.upstream import response
from support.waiting import wait_until


class SmallDisk:
    """Larger than the store's log grows, 4 MiB: else the store alone fills it."""

    def __init__(self, path):
        self.path, self.filler = path, path / "filler"
        path.mkdir(mode=0o700)
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=16m,mode=700", "none", path], capture_output=True, text=True,
                              check=False)
        if done.returncode:
            pytest.skip(f"no file system can be mounted here: {done.stderr.strip()}")

    def fill(self):
        with contextlib.suppress(OSError), open(self.filler, "wb", buffering=0) as file:
            for size in (65536, 4096, 1):
                with contextlib.suppress(OSError):
                    while file.write(b"\0" * size):
                        pass

    def release(self):
        self.filler.unlink(missing_ok=True)

    def close(self):
        subprocess.run(["umount", "--lazy", self.path], check=True)


@pytest.fixture
def disk():
    made = []

    def make(path):
        made.append(SmallDisk(path))
        return made[-1]

    yield make
    for one in made:
        one.close()


def test_a_full_disk_refuses_what_must_be_remembered_and_no_more(gateway, upstream, disk, tmp_path):
    service = upstream(lambda _: response("ok"))
    gate = gateway(USERS.replace("path: users.db", f"path: {tmp_path}/users.db") + in_front_of(
        service, "{path: /open/**, auth: none, upstream: legacy}", "{path: /**, upstream: legacy}"), started=False)
    state = disk(gate.folder / "state")
    gate.add_user("alice", PASSWORD, email="alice@example.com")
    gate.start()

    def refused(ask):
        answer = wait_until(lambda: (got := ask()).status != 200 and got, "refusal", 30)
        assert (answer.status, answer.code) == (503, "store_unavailable"), answer.body

    def until_it_works(ask):
        return wait_until(lambda: (got := ask()).status != 503 and got, "the way back", 30)

    session, ended = log_in(gate), log_in(gate)
    sessions = Sessions([gate], 4)
    try:
        with Outage(gate):
            for _ in range(3):
                state.fill()
                refused(lambda: gate.post("/login", {"username": "alice", "password": PASSWORD}))
                refused(lambda: gate.refresh(session["refresh_token"]))
                refused(lambda: gate.post("/logout", {"refresh_token": ended["refresh_token"]}))
                for known in (session, ended):
                    assert gate.get("/", token=known["access_token"]).status == 200, "tokens need no disk"
                state.release()
                session = until_it_works(lambda: gate.refresh(session["refresh_token"])).json()
                assert gate.get("/", token=session["access_token"]).status == 200
    finally:
        sessions.stop()
    assert not sessions.refused and sessions.refreshed > 4, "who was told a token must be able to use it"
    for token in sessions.tokens:
        assert gate.refresh(token).status == 200
    assert until_it_works(lambda: gate.post("/logout", {"refresh_token": ended["refresh_token"]})).status == 204
    assert gate.get("/", token=ended["access_token"]).status == 401
