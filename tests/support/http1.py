# SPDX-License-Identifier: Apache-2.0
"""Reading HTTP/1.1 messages byte by byte, hiding nothing: for the client and the upstream of the tests."""
import json
from dataclasses import dataclass, field


class ConnectionEnded(Exception):
    """The peer closed (or reset) before the message was complete; `received` is what had come."""

    def __init__(self, received=b""):
        super().__init__(f"connection ended after {bytes(received)[:200]!r}")
        self.received = bytes(received)


class Reader:
    """A socket with a buffer."""

    def __init__(self, sock):
        self._socket = sock
        self._buffer = bytearray()

    def _fill(self):
        try:
            data = self._socket.recv(65536)
        except (ConnectionResetError, BrokenPipeError):
            data = b""
        except OSError as error:  # TLS: an end without close_notify
            if type(error).__name__ not in ("SSLEOFError", "SSLZeroReturnError"):
                raise
            data = b""
        self._buffer += data
        return bool(data)

    def until(self, mark):
        while mark not in self._buffer:
            if not self._fill():
                raise ConnectionEnded(self._buffer)
        end = self._buffer.index(mark) + len(mark)
        taken = bytes(self._buffer[:end])
        del self._buffer[:end]
        return taken

    def has_more(self):
        return bool(self._buffer)

    def some(self, limit=65536):
        """At least one byte, or b"" at the end."""
        if not self._buffer and not self._fill():
            return b""
        taken = bytes(self._buffer[:limit])
        del self._buffer[:limit]
        return taken

    def exactly(self, count):
        while len(self._buffer) < count:
            if not self._fill():
                raise ConnectionEnded(self._buffer)
        taken = bytes(self._buffer[:count])
        del self._buffer[:count]
        return taken

    def rest(self):
        while self._fill():
            pass
        taken = bytes(self._buffer)
        self._buffer.clear()
        return taken


@dataclass
class Message:
    start_line: str
    headers: list  # of (name, value), in order, as sent
    raw_head: bytes
    body: bytes = b""
    trailers: list = field(default_factory=list)

    def all(self, name):
        return [value for key, value in self.headers if key.lower() == name.lower()]

    def header(self, name, default=None):
        values = self.all(name)
        assert len(values) <= 1, f"{name} came {len(values)} times: {values}"
        return values[0] if values else default

    @property
    def names(self):
        return [key.lower() for key, _ in self.headers]

    def json(self):
        return json.loads(self.body)


@dataclass
class Request(Message):
    connection: int = 0  # which of the upstream's connections brought it, from 0

    @property
    def method(self):
        return self.start_line.split(" ")[0]

    @property
    def target(self):
        return self.start_line.split(" ")[1]


@dataclass
class Response(Message):
    interim: list = field(default_factory=list)  # the 1xx answers before it

    @property
    def status(self):
        return int(self.start_line.split(" ")[1])

    @property
    def code(self):
        """The `code` of the gateway's own problem document."""
        assert self.header("Content-Type") == "application/problem+json", self.headers
        problem = self.json()
        assert problem["status"] == self.status and problem["title"] and problem["request_id"], problem
        return problem["code"]


def parse_head(kind, raw):
    lines = raw.decode("latin-1").split("\r\n")
    headers = [(name, value.strip(" \t")) for name, _, value in (line.partition(":") for line in lines[1:] if line)]
    return kind(lines[0], headers, raw)


def read_head(reader, kind):
    return parse_head(kind, reader.until(b"\r\n\r\n"))


def body_pieces(reader, message, has_body=True):
    """The body, piece by piece, decoded; fills message.trailers. Raises ConnectionEnded when it breaks off."""
    if not has_body:
        return
    if "chunked" in ",".join(message.all("Transfer-Encoding")).lower():
        while size := int(reader.until(b"\r\n").split(b";")[0], 16):
            while size:
                piece = reader.some(size)
                if not piece:
                    raise ConnectionEnded()
                size -= len(piece)
                yield piece
            assert reader.exactly(2) == b"\r\n", "a chunk ends with CRLF"
        while (line := reader.until(b"\r\n")) != b"\r\n":
            name, _, value = line.decode("latin-1").partition(":")
            message.trailers.append((name, value.strip()))
        return
    length = message.header("Content-Length")
    if length is None:
        if isinstance(message, Response):  # until the connection closes
            while piece := reader.some():
                yield piece
        return
    left = int(length)
    while left:
        piece = reader.some(left)
        if not piece:
            raise ConnectionEnded()
        left -= len(piece)
        yield piece


def format_request(method, target, headers, body=None):
    """A request with exactly these header lines; Host is the caller's, Content-Length is added for a body."""
    lines = [f"{method} {target} HTTP/1.1"] + [f"{name}: {value}" for name, value in headers]
    if body is not None:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join(lines).encode("utf-8") + b"\r\n\r\n" + (body or b"")
