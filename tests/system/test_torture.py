# SPDX-License-Identifier: Apache-2.0
"""Clients and services that misbehave at random, all at once. Each answer still belongs to its own request."""
import random
import socket
import struct
import threading

import pytest
from support.gateway import in_front_of
from support.http1 import ConnectionEnded
from support.upstream import chunked, response
from support.waiting import SLOWNESS

OPEN = "{path: /**, auth: none, upstream: legacy}"
SERVICES = ["good", "good", "good", "chunked", "until-close", "reset", "close", "half", "early", "hints", "extra",
            "big", "bytewise"]


def misbehave(exchange):
    """Does what the target names; every body says which request it answers."""
    _, kind, number = exchange.request.target.split("/")
    body, stays = f"answer-{number}".encode(), True
    if kind != "early":
        received = b"".join(exchange.body())
        assert received == b"" or received.startswith(f"body-{number}-".encode()), received[:40]
    if kind == "chunked":
        exchange.send(chunked(body[:3], body[3:]))
    elif kind == "until-close":
        exchange.send(b"HTTP/1.0 200 OK\r\n\r\n" + body)
        stays = False
    elif kind == "reset":
        exchange.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        stays = False
    elif kind == "close":
        stays = False
    elif kind == "half":
        exchange.send(response(body)[:-3])
        stays = False
    elif kind == "early":
        exchange.send(response(body))
        stays = False
    elif kind == "hints":
        exchange.send(b"HTTP/1.1 103 Early Hints\r\n\r\n" + response(body))
    elif kind == "extra":
        exchange.send(response(body) + response("answer-none"))
    elif kind == "big":
        exchange.send(response(body + b"-" * 300_000))
    elif kind == "bytewise":
        for byte in response(body):
            exchange.send(bytes([byte]))
    else:
        exchange.send(response(body))
    return stays


class Client:
    """A random conversation; `seen` counts the answers that came whole."""

    def __init__(self, gate, seed):
        self._gate, self._random, self._number, self.seen = gate, random.Random(seed), seed * 1_000_000, 0

    def request(self, number):
        kind = self._random.choice(SERVICES)
        method = self._random.choice([b"GET", b"GET", b"POST", b"PUT", b"DELETE"])
        head = method + f" /{kind}/{number} HTTP/1.1\r\nHost: localhost\r\n".encode()
        if method in (b"GET", b"DELETE"):
            return head + b"\r\n"
        body = f"body-{number}-".encode() + b"x" * self._random.choice([0, 1, 100, 70_000])
        if self._random.random() < 0.5:
            return head + b"Content-Length: %d\r\n\r\n" % len(body) + body
        cut = self._random.randrange(1, len(body))
        pieces = (body[:cut], body[cut:])
        return head + b"Transfer-Encoding: chunked\r\n\r\n" + b"".join(
            b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"

    def converse(self):
        # Python's TLS cannot be read and written at once: there it is one request, sent before its answer is read.
        tls = self._random.random() < 0.3
        numbers = range(self._number, self._number + (1 if tls else self._random.randrange(1, 6)))
        self._number += 10
        data = b"".join(map(self.request, numbers))
        breaks_off = not tls and self._random.random() < 0.2
        if breaks_off:
            data = data[:self._random.randrange(len(data))]
        with self._gate.connect(tls=tls) as connection:
            connection.socket.settimeout(30 * SLOWNESS)
            sender = threading.Thread(target=self.send, args=(connection, data, breaks_off), daemon=True)
            sender.start()
            if tls:
                sender.join()
            try:
                for number in numbers[:self._random.randrange(len(numbers) + 1)]:
                    answer = connection.read_head()
                    body = answer.body = b"".join(connection.pieces(answer))
                    if answer.status == 200:
                        assert body.rstrip(b"-") == f"answer-{number}".encode(), (body[:60], number)
                    else:
                        assert answer.status == 502 and answer.code == "upstream_protocol", (answer.status, body)
                    self.seen += 1
            except (ConnectionEnded, ConnectionError):
                pass
            if self._random.random() < 0.3:
                connection.reset()
            else:
                connection.close()
            sender.join(30 * SLOWNESS)

    def send(self, connection, data, breaks_off):
        try:
            while data:
                size = self._random.choice([1, 10, 100, 20_000, 200_000])
                connection.send(data[:size])
                data = data[size:]
            if breaks_off:
                connection.finish_sending()
        except (OSError, ValueError):
            pass  # the connection has ended, here or there


@pytest.mark.parametrize("seed", [1, 2])
def test_no_answer_is_ever_another_ones(gateway, upstream, seed):
    gate = gateway(in_front_of(upstream(serve=misbehave, reads_body=False), OPEN))
    clients, faults = [Client(gate, seed * 100 + number) for number in range(6)], []

    def run(client):
        try:
            for _ in range(60):
                client.converse()
        except Exception as fault:  # a wrong answer, or none in time
            faults.append(fault)

    threads = [threading.Thread(target=run, args=(client,), daemon=True) for client in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(100 * SLOWNESS)
        assert not thread.is_alive(), "a conversation hangs"
    assert faults == []
    assert sum(client.seen for client in clients) > 100
    assert gate.get("/good/1").body == b"answer-1"
