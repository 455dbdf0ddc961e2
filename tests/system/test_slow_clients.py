# SPDX-License-Identifier: Apache-2.0
"""Clients that hold on without need: slow heads, bodies and readers, and more of them than there are descriptors.

The gateway's own processor time and memory are measured, while a client that behaves is served beside them.
"""
import os
import socket
import time

import pytest
from support.gateway import in_front_of
from support.prober import Prober, p99
from support.upstream import response
from support.waiting import SANITIZED, wait_until

OPEN = "{path: /**, auth: none, upstream: legacy}"
BIG = b"x" * (8 << 20)

ROOM = 32 << 20


def processor_seconds(gate):
    fields = open(f"/proc/{gate.process.pid}/stat", encoding="ascii").read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def crowd(gate, count, receive_buffer=None):
    clients = []
    for _ in range(count):
        sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        if receive_buffer:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        sock.connect(("127.0.0.1", gate.port))
        sock.setblocking(False)
        clients.append(sock)
    return clients


def send_to_all(clients, data):
    for client in clients:
        try:
            client.send(data)
        except OSError:
            pass


def is_over(client):
    """The gateway has ended the connection; what it said before is thrown away."""
    try:
        while client.recv(65536):
            pass
        return True
    except BlockingIOError:
        return False
    except OSError:
        return True


SLOW_HEAD = b"GET / HTTP/1.1\r\nHost: localhost\r\n"
SLOW_BODY = b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000\r\n\r\n"


@pytest.mark.parametrize("beginning, drop", [(SLOW_HEAD, b"X-A: b\r\n"), (SLOW_BODY, b"x")], ids=["heads", "bodies"])
def test_slow_senders_are_ended_and_cost_little(gateway, upstream, beginning, drop):
    service = upstream(lambda request: response("small"))
    gate = gateway(in_front_of(service, OPEN), limits="client_header_timeout: 2s, client_body_timeout: 2s")
    with Prober(gate.port, "/small") as good, good.spell(busy=True):
        memory, used, began = gate.resident_bytes(), processor_seconds(gate), time.monotonic()
        clients = crowd(gate, 300)
        send_to_all(clients, beginning)
        left = set(clients)

        # Each sends a little now and then: often enough for every timer between two reads, too little for the pace.
        def all_are_over():
            send_to_all(left, drop)
            left.difference_update([client for client in left if is_over(client)])
            time.sleep(0.2)
            return not left

        wait_until(all_are_over, "end of the slow senders", 12)
        spent, passed = processor_seconds(gate) - used, time.monotonic() - began
        assert gate.resident_bytes() - memory < ROOM
        assert SANITIZED or spent < 0.6 * passed, f"{spent:.2f} s of processor time in {passed:.1f} s"
    assert good.statuses() == {200}
    slowest = p99(good.times(busy=True))
    assert SANITIZED or slowest < 0.05, f"p99 is {slowest * 1000:.1f} ms"
    for client in clients:
        client.close()


def test_slow_readers_are_ended_and_hold_little(gateway, upstream):
    service = upstream(lambda request: response(BIG if request.target == "/big" else "small"))
    gate = gateway(in_front_of(service, OPEN), limits="client_body_timeout: 2s, client_min_rate: 64KiB")
    with Prober(gate.port, "/small") as good, good.spell(busy=True):
        memory, used, began = gate.resident_bytes(), processor_seconds(gate), time.monotonic()
        clients = crowd(gate, 60, receive_buffer=4096)
        send_to_all(clients, b"GET /big HTTP/1.1\r\nHost: localhost\r\n\r\n")

        def read_a_drop_each():
            for client in clients:
                try:
                    client.recv(512)
                except OSError:
                    pass
            time.sleep(0.1)
            return gate.metric("gatewarden_connections") <= 1

        wait_until(read_a_drop_each, "end of the slow readers", 15)
        spent, passed = processor_seconds(gate) - used, time.monotonic() - began
        # At most a watermark, a piece and two connections' state for each.
        assert gate.resident_bytes() - memory < 60 * (512 << 10)
        assert SANITIZED or spent < 0.6 * passed, f"{spent:.2f} s of processor time in {passed:.1f} s"
    assert good.statuses() == {200}
    slowest = p99(good.times(busy=True))
    assert SANITIZED or slowest < 0.05, f"p99 is {slowest * 1000:.1f} ms"
    for client in clients:
        client.close()


def test_a_reader_that_keeps_the_pace_gets_all_of_it(gateway, upstream):
    service = upstream(lambda request: response(BIG))
    gate = gateway(in_front_of(service, OPEN), limits="client_body_timeout: 500ms, client_min_rate: 64KiB")
    with gate.connect(receive_buffer=8192) as connection:
        connection.send(b"GET /big HTTP/1.1\r\nHost: localhost\r\n\r\n")
        answer = connection.read_head()
        got = 0
        began = time.monotonic()
        for piece in connection.pieces(answer):
            got += len(piece)
            # About 3 MiB/s: several windows long.
            while got > (time.monotonic() - began) * (3 << 20):
                time.sleep(0.005)
        assert got == len(BIG)


def test_more_clients_than_descriptors_wait_without_spinning(gateway, upstream):
    service = upstream(lambda request: response("ok"))
    gate = gateway(in_front_of(service, OPEN), started=False, limits="client_header_timeout: 30s, idle_timeout: 60s")
    gate.launch(files=160)
    gate.wait_until_ready()
    assert "allows fewer connections" in gate.log()
    clients = crowd(gate, 300)
    wait_until(lambda: gate.metric("gatewarden_connections") >= 40, "a full gateway")
    used, began = processor_seconds(gate), time.monotonic()
    while time.monotonic() - began < 1:
        time.sleep(0.05)
    spent = processor_seconds(gate) - used
    assert spent < 0.3, f"{spent:.2f} s of processor time in a second of nothing to do"
    assert gate.admin("GET", "/healthz").status == 200, "the admin address has room of its own"
    for client in clients:
        client.close()
    for _ in range(10):
        assert gate.get("/").status == 200
    assert gate.log().count("cannot accept") <= 4
