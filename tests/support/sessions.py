# SPDX-License-Identifier: Apache-2.0
"""Sessions that go on while something is killed."""
import threading

from .http1 import ConnectionEnded
from .waiting import wait_until

PASSWORD = "correct horse battery staple"


def log_in(gate):
    """Also when a busy machine makes the store late for once."""
    answer = wait_until(lambda: (made := gate.post("/login", {"username": "alice", "password": PASSWORD})).status != 503
                        and made, "login", 30)
    assert answer.status == 200, answer.body
    return answer.json()


class Sessions:
    """Clients that log in once and refresh again and again, on any of the gates, as real clients do: a refresh
    that had no answer is tried again with the same token."""

    def __init__(self, gates, clients):
        self.gates = list(gates)
        self.tokens = [log_in(gates[i % len(gates)])["refresh_token"] for i in range(clients)]
        self.refused = []
        self.refreshed = 0
        self._end = threading.Event()
        self._threads = [threading.Thread(target=self._run, args=(i,)) for i in range(clients)]
        for thread in self._threads:
            thread.start()

    def _run(self, i):
        turn = i
        while not self._end.is_set():
            turn += 1
            try:
                answer = self.gates[turn % len(self.gates)].refresh(self.tokens[i])
            except (OSError, ConnectionEnded):
                continue  # killed amid it
            if answer.status == 200:
                self.tokens[i] = answer.json()["refresh_token"]
                self.refreshed += 1
            elif answer.status != 503:
                self.refused.append((answer.status, answer.body))
                return

    def stop(self):
        self._end.set()
        for thread in self._threads:
            thread.join()
