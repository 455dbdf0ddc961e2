# SPDX-License-Identifier: Apache-2.0
"""Logins that go on while their directory is killed and started again."""
import os
import threading

from .waiting import wait_until

# Attempts that the directory did not answer count as attempts; here they must not lock anybody out.
NO_LOCKOUT = "lockout: {failures: 1000}"


class Logins:
    """Several clients that log in as one user, again and again, until stop(); `seen` counts the answers."""

    def __init__(self, gate, username, password, clients=4):
        self._gate, self._body = gate, {"username": username, "password": password}
        self._lock = threading.Lock()
        self._end = threading.Event()
        self.seen = {}
        self.errors = []
        self._threads = [threading.Thread(target=self._run) for _ in range(clients)]
        for thread in self._threads:
            thread.start()

    def _run(self):
        while not self._end.is_set():
            try:
                answer = self._gate.post("/login", self._body)
                code = "ok" if answer.status == 200 else f"{answer.status} {answer.json()['code']}"
            except Exception as error:  # noqa: BLE001  (told by the test)
                self.errors.append(repr(error))
                return
            with self._lock:
                self.seen[code] = self.seen.get(code, 0) + 1

    def count(self, code):
        with self._lock:
            return self.seen.get(code, 0)

    def stop(self):
        self._end.set()
        for thread in self._threads:
            thread.join()


def threads_of(gate):
    return len(os.listdir(f"/proc/{gate.process.pid}/task"))


def sockets_of(gate):
    folder = f"/proc/{gate.process.pid}/fd"
    links = []
    for name in os.listdir(folder):
        try:
            links.append(os.readlink(f"{folder}/{name}"))
        except FileNotFoundError:
            pass
    return sum(link.startswith("socket:") for link in links)


def survives_a_restart(gate, server, username, password, rounds=2):
    """Kills and starts `server` under logins: 503 while it is away, 200 again after it, and nothing is lost."""
    away = "503 backend_unavailable"
    logins = Logins(gate, username, password)
    try:
        wait_until(lambda: logins.count("ok") > 20, "logins", 30)
        threads, sockets = threads_of(gate), sockets_of(gate)
        for _ in range(rounds):
            before = logins.count(away)
            server.kill()
            wait_until(lambda: logins.count(away) > before + 10, "503 backend_unavailable", 30)
            server.start()
            good = logins.count("ok")
            wait_until(lambda: logins.count("ok") > good + 20, "logins after the restart", 30)
    finally:
        logins.stop()
    assert not logins.errors, logins.errors
    assert set(logins.seen) == {"ok", away}, logins.seen
    # One more of each is a call that began while the other was ending.
    wait_until(lambda: threads_of(gate) <= threads + 2, f"{threads} threads and no more", 10)
    wait_until(lambda: sockets_of(gate) <= sockets + 4, f"{sockets} sockets and no more", 10)
