# SPDX-License-Identifier: Apache-2.0
"""Upstreams by name, with a name server that the test speaks for."""
import threading
import time

import pytest
from support.h2_upstream import H2Answer, H2Upstream
from support.name_server import NameServer, can_be_asked
from support.upstream import Upstream, response
from support.waiting import SLOWNESS, wait_until

TTL = 2


@pytest.fixture
def names(tmp_path):
    if not can_be_asked():
        pytest.skip("mount namespaces are not allowed here")
    server = NameServer()
    yield server
    server.stop()


def service_at(version, text, address=None):
    if version == 2:
        return H2Upstream(lambda _: H2Answer(body=text), address=address)
    return Upstream(lambda _: response(text), address=address)


@pytest.mark.parametrize("version", [1, 2])
def test_requests_follow_a_name_that_moves(gateway, names, tmp_path, version):
    """Within its TTL, though the old server is still there and every connection to it is in constant use."""
    old = service_at(version, b"old")
    new = service_at(version, b"new", ("127.0.0.2", old.port))
    names.records["service.test"] = (["127.0.0.1"], TTL)
    try:
        gate = gateway(f"upstreams:\n  legacy: {{servers: ['http://service.test:{old.port}']"
                       f"{', http2: true' if version == 2 else ''}}}\n"
                       "routes: [{path: /**, auth: none, upstream: legacy}]", prefix=names.prefix(tmp_path))
        seen, errors, end = [], [], threading.Event()

        def ask():
            with gate.connect() as connection:
                while not end.is_set():
                    answer = connection.request("GET", "/")
                    if answer.status != 200:
                        errors.append((answer.status, answer.body))
                    seen.append((time.monotonic(), answer.body))

        clients = [threading.Thread(target=ask) for _ in range(6)]
        for client in clients:
            client.start()
        try:
            wait_until(lambda: len(seen) > 100, "answers")
            asked = len(names.queries)
            for addresses, text in ((["127.0.0.2"], b"new"), (["127.0.0.1"], b"old")):
                names.records["service.test"] = (addresses, TTL)
                moved = time.monotonic()

                def last_stranger():
                    return max((at for at, body in list(seen) if at > moved and body != text), default=moved)

                # For longer than any worker could still believe what it was told before.
                wait_until(lambda: time.monotonic() > last_stranger() + 1.5 * TTL, f"answers of the {text} one", 20)
                assert last_stranger() < moved + (TTL + 1) * SLOWNESS, "the TTL is over"
        finally:
            end.set()
            for client in clients:
                client.join()
        assert not errors, errors[:5]
        # Two workers, A and AAAA, once a TTL: not with each request.
        assert len(names.queries) - asked < 60, names.queries
    finally:
        old.stop()
        new.stop()
    assert not old.errors and not new.errors


def test_a_silent_name_server_holds_up_nobody_else(gateway, names, tmp_path):
    up = Upstream(lambda _: response(b"known"))
    names.records["known.test"] = (["127.0.0.1"], 1)
    names.silent = {"unknown.test"}
    try:
        gate = gateway(f"""
server: {{workers: 1, state_dir: state}}
upstreams:
  known: {{servers: ['http://known.test:{up.port}'], keepalive: 0}}
  unknown: {{servers: ['http://unknown.test:{up.port}'], connect_timeout: 3s}}
routes:
  - {{path: /known, auth: none, upstream: known}}
  - {{path: /unknown, auth: none, upstream: unknown}}
  - {{path: /own, auth: none, respond: {{status: 200, body: ok}}}}
""", prefix=names.prefix(tmp_path))
        assert gate.get("/known").body == b"known"
        names.silent = {"known.test", "unknown.test"}
        answers = []
        waiting = [threading.Thread(target=lambda: answers.append(gate.get("/unknown"))) for _ in range(8)]
        for one in waiting:
            one.start()
        slowest, others, known = 0.0, 0, 0
        with gate.connect() as connection:
            while len(answers) < 8:
                began = time.monotonic()
                assert connection.request("GET", "/own").body == b"ok"
                slowest, others = max(slowest, time.monotonic() - began), others + 1
                # What the name stood for goes on while nobody says anything else.
                if not known or others % 200 == 0:
                    assert gate.get("/known").body == b"known"
                    known += 1
        for one in waiting:
            one.join()
        assert {answer.status for answer in answers} <= {502, 504}, answers
        assert others > 20 and known, (others, known)
        assert slowest < 1 * SLOWNESS, "one loop serves all, and it waited"
        names.silent = set()
        names.records["unknown.test"] = (["127.0.0.1"], 1)
        wait_until(lambda: gate.get("/unknown").body == b"known", "the name, once the server speaks", 30)
    finally:
        up.stop()
    assert not up.errors
