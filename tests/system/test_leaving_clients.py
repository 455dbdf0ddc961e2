# SPDX-License-Identifier: Apache-2.0
"""Clients that leave while nobody reads what they send: the exchange and its upstream connection end at once, not when
reading goes on."""
import socket
import time

import pytest
from support.gateway import in_front_of
from support.ports import ReservedPort
from support.waiting import SLOWNESS, wait_until, wait_until_steady

OPEN = "{path: /**, auth: none, upstream: legacy}"
MEBI = 1024 * 1024


def leave(connection, how):
    if how == "reset":
        connection.reset()
    else:
        connection.close()


def waiting_bytes(gate, connection):
    """What the gateway's kernel has received on that connection and the gateway has not read."""
    local, remote = f":{gate.port:04X}", f":{connection.socket.getsockname()[1]:04X}"
    for line in open("/proc/net/tcp", encoding="ascii"):
        fields = line.split()
        if fields[1].endswith(local) and fields[2].endswith(remote):
            return int(fields[4].split(":")[1], 16)
    return 0


def send_until_held_back(gate, connection):
    """Until the gateway reads no more; not until the kernels are full: an end of the stream must get through."""
    sent = 0
    while sent < 80 * MEBI:
        connection.send(b"x" * 65536)
        sent += 65536
        if waiting_bytes(gate, connection) and wait_until_steady(lambda: waiting_bytes(gate, connection), "wait", 0.3):
            return
    raise AssertionError("the gateway takes all of it")


@pytest.mark.parametrize("how", ["close", "reset"])
def test_an_upload_that_is_held_back_ends_with_its_client(gateway, upstream, how):
    def serve(exchange):
        while gate.process:
            time.sleep(0.05)
        return False

    service = upstream(serve=serve, reads_body=False, receive_buffer=4096)
    gate = gateway(in_front_of(service, OPEN))
    idle = gate.metric("gatewarden_connections")
    connection = gate.connect()
    connection.send(b"POST /held HTTP/1.1\r\nHost: localhost\r\nContent-Length: 90000000\r\n\r\n")
    send_until_held_back(gate, connection)
    assert '"path":"/held"' not in gate.log()
    leave(connection, how)
    wait_until(lambda: '"path":"/held"' in gate.log(), "end of the exchange", 5)
    wait_until(lambda: gate.metric("gatewarden_connections") <= idle, "end of the connection", 5)


@pytest.fixture
def silent_server():
    """Its queue is full, so that connecting to it takes for ever."""
    port = ReservedPort()
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    listener.bind(("127.0.0.1", port.number))
    listener.listen(0)
    fillers = [socket.socket() for _ in range(3)]
    for filler in fillers:
        filler.setblocking(False)
        filler.connect_ex(("127.0.0.1", port.number))
    yield f"http://127.0.0.1:{port.number}"
    for one in (*fillers, listener):
        one.close()
    port.release()


@pytest.mark.parametrize("how", ["close", "reset"])
@pytest.mark.parametrize("retried", [False, True])
def test_a_body_that_waits_for_a_server_ends_with_its_client(gateway, upstream, silent_server, how, retried):
    """For the first one, or for the next after the first has died within the body."""
    def serve(exchange):
        next(iter(exchange.body()), b"")
        return False

    service = upstream(serve=serve, reads_body=False)
    servers = f"[{service.url}, {silent_server}]" if retried else f"[{silent_server}]"
    config = in_front_of(service, OPEN, options="connect_timeout: 60s, retries: 1")
    gate = gateway(config.replace(f"[{service.url}]", servers))
    connection = gate.connect()
    connection.send(b"PUT /held HTTP/1.1\r\nHost: localhost\r\nContent-Length: 8000\r\n\r\n" + bytes(2000))
    if retried:
        wait_until(lambda: service.connections and not service._open, "end of the first server's connection")
    connection.send(bytes(2000))
    began = time.monotonic()
    leave(connection, how)
    wait_until(lambda: '"path":"/held"' in gate.log(), "end of the exchange", 5)
    assert time.monotonic() - began < 20 * SLOWNESS
