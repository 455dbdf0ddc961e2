# SPDX-License-Identifier: Apache-2.0
"""HTTP/2 frame by frame (RFC 9113), for what no real client would send. Field blocks are literals without a table."""
import struct

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS, PUSH_PROMISE, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION = range(10)
END_STREAM, ACK, END_HEADERS = 0x1, 0x1, 0x4
NO_ERROR, PROTOCOL_ERROR, REFUSED_STREAM, CANCEL, ENHANCE_YOUR_CALM = 0x0, 0x1, 0x7, 0x8, 0xB


def frame(kind, flags=0, stream=0, payload=b""):
    return struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + payload


HELLO = PREFACE + frame(SETTINGS)


def _text(value):
    value = value.encode("latin-1") if isinstance(value, str) else value
    if len(value) < 127:
        return bytes([len(value)]) + value
    rest, out = len(value) - 127, bytearray([127])
    while rest >= 128:
        out.append(rest % 128 + 128)
        rest //= 128
    out.append(rest)
    return bytes(out) + value


def fields(*pairs):
    return b"".join(b"\x00" + _text(name) + _text(value) for name, value in pairs)


def head(stream, *extra, method="GET", path="/", authority="localhost", scheme="http", ends=True):
    """A request's HEADERS frame. None leaves a pseudo-field out."""
    pseudo = [(":method", method), (":scheme", scheme), (":path", path), (":authority", authority)]
    block = fields(*[pair for pair in pseudo if pair[1] is not None], *extra)
    return frame(HEADERS, END_HEADERS | (END_STREAM if ends else 0), stream, block)


class Frames:
    """Reads frames from a connection; acknowledges SETTINGS."""

    def __init__(self, connection):
        self.connection = connection

    def next(self):
        start = self.connection.reader.exactly(9)
        size, = struct.unpack(">I", b"\0" + start[:3])
        stream, = struct.unpack(">I", start[5:])
        return start[3], start[4], stream, self.connection.reader.exactly(size)

    def until(self, kind, stream=None):
        while True:
            found = self.next()
            if found[0] == SETTINGS and not found[1] & ACK:
                self.connection.send_if_open(frame(SETTINGS, ACK))
            if found[0] == kind and stream in (None, found[2]):
                return found


def error_code(payload):
    """Of RST_STREAM and, behind the last stream's number, of GOAWAY."""
    return struct.unpack(">I", payload[:4] if len(payload) == 4 else payload[4:8])[0]
