# SPDX-License-Identifier: Apache-2.0
"""Load beside what a part's absence stops."""
import threading
import time

from .http1 import ConnectionEnded
from .waiting import SANITIZED


class Outage:
    """Asks an open route all the time: what does not need the part that is away must not feel it."""

    def __init__(self, gate):
        self._gate, self._end = gate, threading.Event()
        self.slowest, self.asked, self.failed = 0.0, 0, []
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self):
        try:
            with self._gate.connect() as connection:
                while not self._end.is_set():
                    begun = time.monotonic()
                    status = connection.request("GET", "/open/x").status
                    self.slowest = max(self.slowest, time.monotonic() - begun)
                    self.asked += 1
                    if status != 200:
                        self.failed.append(status)
        except (OSError, ConnectionEnded) as why:
            self.failed.append(repr(why))

    def stop(self):
        self._end.set()
        self._thread.join()
        assert not self.failed, self.failed
        assert self.asked > 20
        assert SANITIZED or self.slowest < 0.5, f"an open route took {self.slowest:.3f} s"

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        if kind is None:
            return self.stop()
        self._end.set()
        return self._thread.join()
