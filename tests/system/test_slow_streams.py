# SPDX-License-Identifier: Apache-2.0
"""HTTP/2 clients that hold on without need: each stream has to keep the pace, and none pays for another."""
import struct
import threading
import time

import h2.config
import h2.connection
import h2.events
import pytest
from support.gateway import in_front_of
from support.http2 import CANCEL, DATA, HELLO, RST_STREAM, WINDOW_UPDATE, Frames, error_code, frame, head
from support.upstream import response
from support.waiting import SLOWNESS, wait_until

OPEN = "{path: /**, auth: none, upstream: legacy}"
KIBI, MEBI = 1024, 1024 * 1024
MUCH = 0x7FFFFFFF - 65535


def window(stream, size):
    return frame(WINDOW_UPDATE, 0, stream, struct.pack(">I", size))


def wide_open():
    """A client whose connection has all the room there can be: only the streams' windows count."""
    return HELLO + window(0, MUCH)


class Client:
    """python3-h2 on a socket: reads and writes what there is, and keeps what it hears of each stream."""

    def __init__(self, gate):
        self.socket = gate.connect().socket
        self.h2 = h2.connection.H2Connection(h2.config.H2Configuration(client_side=True, header_encoding="utf-8"))
        self.h2.initiate_connection()
        self.status, self.ended, self.reset = {}, set(), {}
        self.flush()

    def open(self, method, path, ends=False):
        stream = self.h2.get_next_available_stream_id()
        self.h2.send_headers(stream, [(":method", method), (":scheme", "http"), (":path", path),
                                      (":authority", "localhost")], end_stream=ends)
        self.flush()
        return stream

    def room(self, stream):
        return min(self.h2.local_flow_control_window(stream), self.h2.max_outbound_frame_size)

    def flush(self):
        data = self.h2.data_to_send()
        self.socket.settimeout(20 * SLOWNESS)
        if data:
            self.socket.sendall(data)

    def listen(self, seconds=0.02):
        self.socket.settimeout(seconds)
        try:
            data = self.socket.recv(MEBI)
        except TimeoutError:
            return
        assert data, "the connection has ended"
        for event in self.h2.receive_data(data):
            if isinstance(event, h2.events.ResponseReceived):
                self.status[event.stream_id] = int(dict(event.headers)[":status"])
            elif isinstance(event, h2.events.StreamEnded):
                self.ended.add(event.stream_id)
            elif isinstance(event, h2.events.StreamReset):
                self.reset[event.stream_id] = event.error_code
            elif isinstance(event, h2.events.DataReceived):
                self.h2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
        self.flush()


def test_a_body_that_trickles_ends_its_stream_and_no_other(gateway, upstream):
    gate = gateway(in_front_of(upstream(lambda _: response("ok")), OPEN),
                   limits="client_body_timeout: 1s, client_min_rate: 64KiB")
    client = Client(gate)
    slow = client.open("POST", "/slow")
    others = 0
    began = time.monotonic()
    while slow not in client.status:
        assert time.monotonic() - began < 15 * SLOWNESS, "the trickle is taken on and on"
        client.h2.send_data(slow, b"x")
        other = client.open("GET", "/other", ends=True)
        wait_until(lambda: client.listen() or other in client.ended, "answer on another stream")
        assert client.status[other] == 200
        others += 1
    assert client.status[slow] == 408
    wait_until(lambda: client.listen() or slow in client.reset, "end of the slow stream")
    other = client.open("GET", "/other", ends=True)
    wait_until(lambda: client.listen() or other in client.ended, "answer on another stream")
    assert others > 3
    client.socket.close()


@pytest.mark.parametrize("drop", [0, 512], ids=["nothing", "drops"])
def test_a_stream_that_is_read_too_slowly_is_reset_beside_one_that_is_read(gateway, upstream, drop):
    """The windows of the streams differ: one is opened far, the other not or by drops, four times too slowly."""
    body = b"x" * (24 * MEBI)
    service = upstream(lambda request: response(body if request.target == "/big" else "small"))
    gate = gateway(in_front_of(service, OPEN), limits="client_body_timeout: 2s, client_min_rate: 32KiB")
    with gate.connect(timeout=20 * SLOWNESS, receive_buffer=65536) as connection:
        connection.send(wide_open() + head(1, path="/big") + head(3, path="/big") + window(3, MUCH))
        frames, got, began, last = Frames(connection), {1: 0, 3: 0}, time.monotonic(), time.monotonic()
        while True:
            kind, _, stream, payload = frames.next()
            if kind == DATA:
                got[stream] += len(payload)
            if kind == RST_STREAM:
                break
            if time.monotonic() - last > 0.06:
                last = time.monotonic()
                if drop:
                    connection.send(window(1, drop))
            # About 3 MiB/s, so that it is still being read when the other is over.
            while got[3] > (time.monotonic() - began) * (3 * MEBI):
                time.sleep(0.002)
        assert (stream, error_code(payload)) == (1, CANCEL), got
        assert got[1] < 200 * KIBI and got[3] < len(body), got
        while got[3] < len(body):
            kind, _, stream, payload = frames.next()
            assert kind != RST_STREAM
            if kind == DATA:
                got[stream] += len(payload)
        connection.send(head(7, path="/small"))
        assert frames.until(DATA, 7)[3] == b"small"


def test_a_stream_that_keeps_the_pace_gets_all_of_it(gateway, upstream):
    body = b"x" * (512 * KIBI)
    gate = gateway(in_front_of(upstream(lambda _: response(body)), OPEN),
                   limits="client_body_timeout: 500ms, client_min_rate: 32KiB")
    with gate.connect(timeout=20 * SLOWNESS) as connection:
        connection.send(wide_open() + head(1))
        frames, got = Frames(connection), 0
        began = time.monotonic()
        while got < len(body):
            kind, _, _, payload = frames.next()
            assert kind != RST_STREAM
            if kind == DATA:
                got += len(payload)
                # About 200 KiB/s: several windows of time long.
                while got > (time.monotonic() - began) * (200 * KIBI):
                    time.sleep(0.005)
                connection.send(window(1, len(payload)))


def test_a_connection_that_is_read_in_drops_is_ended(gateway, upstream):
    """All windows are open; it is the socket that is not read."""
    body = b"x" * (8 * MEBI)
    gate = gateway(in_front_of(upstream(lambda _: response(body)), OPEN),
                   limits="client_body_timeout: 1s, client_min_rate: 64KiB")
    with gate.connect(receive_buffer=4096) as connection:
        connection.send(wide_open() + b"".join(head(stream) + window(stream, MUCH) for stream in (1, 3, 5)))

        def read_a_drop():
            try:
                connection.socket.recv(256)
            except OSError:
                pass
            time.sleep(0.02)
            return gate.metric("gatewarden_connections") <= 1

        wait_until(read_a_drop, "end of the connection", 15)


def test_a_reader_of_the_socket_that_is_fast_enough_gets_all_of_it(gateway, upstream):
    """The kernel holds seconds' worth of bytes and takes more of them in large steps."""
    body = b"x" * (6 * MEBI)
    gate = gateway(in_front_of(upstream(lambda _: response(body)), OPEN),
                   limits="client_body_timeout: 500ms, client_min_rate: 240KiB")
    with gate.connect(receive_buffer=16384, timeout=20 * SLOWNESS) as connection:
        connection.send(wide_open() + head(1) + window(1, MUCH))
        frames, got, began = Frames(connection), 0, time.monotonic()
        while got < len(body):
            kind, _, _, payload = frames.next()
            assert kind != RST_STREAM, f"after {got} bytes"
            got += len(payload) if kind == DATA else 0
            while got > (time.monotonic() - began) * (1 * MEBI):
                time.sleep(0.002)


def test_a_service_that_takes_its_time_is_no_fault_of_the_client(gateway, upstream):
    """It reads the body late, and answers in drops."""
    go = threading.Event()

    def serve(exchange):
        go.wait(20 * SLOWNESS)
        size = sum(len(piece) for piece in exchange.body())
        exchange.send(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n")
        for _ in range(10):
            time.sleep(0.15)
            exchange.send(b"%d" % (size % 7))
        return True

    service = upstream(serve=serve, reads_body=False, receive_buffer=4096)
    gate = gateway(in_front_of(service, OPEN), limits="client_body_timeout: 500ms, client_min_rate: 64KiB")
    client = Client(gate)
    stream, left, still = client.open("POST", "/"), 16 * MEBI, time.monotonic()
    while left:
        room = min(client.room(stream), left)
        if room > 0:
            client.h2.send_data(stream, b"x" * room, end_stream=room == left)
            client.flush()
            left, still = left - room, time.monotonic()
        client.listen(0.0001 if room > 0 else 0.02)
        assert not left or stream not in client.status
        if time.monotonic() - still > 1.6:  # held back for three windows of time
            go.set()
    assert go.is_set(), "the service has taken all of it at once"
    wait_until(lambda: client.listen() or stream in client.ended, "answer")
    assert client.status[stream] == 200
    client.socket.close()


def test_a_body_that_other_bodies_hold_back_is_no_fault_of_the_client(gateway, upstream):
    """Streams that a service does not read use up the window of the connection; another cannot send meanwhile."""
    go = threading.Event()

    def serve(exchange):
        if exchange.request.target == "/held":
            go.wait(30 * SLOWNESS)
        size = sum(len(piece) for piece in exchange.body())
        exchange.send(response(str(size)))
        return True

    service = upstream(serve=serve, reads_body=False, receive_buffer=4096)
    gate = gateway(in_front_of(service, OPEN), limits="client_body_timeout: 500ms, client_min_rate: 1KiB")
    client = Client(gate)
    held = [client.open("POST", "/held") for _ in range(24)]
    since = time.monotonic()
    while client.h2.outbound_flow_control_window >= 16384 or time.monotonic() - since < 0.3:
        for stream in held:
            room = client.room(stream)
            if room > 0:
                client.h2.send_data(stream, b"x" * room)
                since = time.monotonic()
        client.flush()
        client.listen(0.001)
    other = client.open("POST", "/free")
    began = time.monotonic()
    while time.monotonic() - began < 1.6:
        client.listen()
        assert other not in client.status, client.status
    go.set()
    left = 100_000
    while left:
        room = min(client.room(other), left)
        if room > 0:
            client.h2.send_data(other, b"x" * room, end_stream=room == left)
            client.flush()
            left -= room
        client.listen(0.001)
        assert other not in client.status or not left, client.status
    wait_until(lambda: client.listen() or other in client.ended, "answer")
    assert client.status[other] == 200
    client.socket.close()
