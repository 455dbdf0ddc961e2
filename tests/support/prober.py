# SPDX-License-Identifier: Apache-2.0
"""How long answers take, measured from a process of its own while something else goes on now and then: quiet and busy
spells take turns, so that whatever else the machine does falls on both."""
import contextlib
import http.client
import multiprocessing
import time

from .waiting import SLOWNESS

CONTEXT = multiprocessing.get_context("spawn")


def _ask(port, target, headers, stop, begun, times):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60 * SLOWNESS)
    told = []
    while not stop.is_set():
        began = time.monotonic()
        connection.request("GET", target, headers=headers)
        answer = connection.getresponse()
        answer.read()
        told.append((began, time.monotonic() - began, answer.status))
        begun.set()
        time.sleep(0.003)
    times.put(told)


def p99(times):
    return sorted(times)[len(times) * 99 // 100]


class Prober:
    """Some 250 requests a second between __enter__ and __exit__."""

    def __init__(self, port, target, token=None):
        self._stop, self._begun, self._times = CONTEXT.Event(), CONTEXT.Event(), CONTEXT.Queue()
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._process = CONTEXT.Process(target=_ask, daemon=True, args=(port, target, headers, self._stop, self._begun,
                                                                        self._times))
        self._spells = []  # (begin, end, busy?)
        self.told = []

    def __enter__(self):
        self._process.start()
        assert self._begun.wait(60 * SLOWNESS), "no answer yet"
        return self

    def __exit__(self, *_):
        self._stop.set()
        self.told = self._times.get(timeout=60 * SLOWNESS)
        self._process.join(10)

    @contextlib.contextmanager
    def spell(self, busy):
        begin = time.monotonic()
        yield
        self._spells.append((begin, time.monotonic(), busy))

    def times(self, busy):
        return [spent for begin, end, was_busy in self._spells if was_busy == busy
                for at, spent, _ in self.told if begin <= at < end]

    def statuses(self):
        return {status for _, _, status in self.told}
