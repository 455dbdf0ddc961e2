# SPDX-License-Identifier: Apache-2.0
"""An upstream that reads requests strictly, keeps their bytes and answers with bytes that a test made up."""
import re
import select
import socket
import ssl
import threading
import time
from dataclasses import dataclass, field

from .http1 import ConnectionEnded, Reader
from .ports import ReservedPort
from .waiting import SLOWNESS

# What the gateway adds to every request, together and in this order.
STAMP = re.compile(
    rb"X-Forwarded-For: 127\.0\.0\.1\r\nX-Forwarded-Proto: https?\r\n(?:X-Forwarded-Host: [^\r\n]+\r\n)?"
    rb"X-Forwarded-Port: \d+\r\nX-Request-Id: [0-9a-f]{32}\r\ntraceparent: 00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}\r\n")
CHUNK_SIZE = re.compile(rb"[1-9a-f][0-9a-f]*\r\n|0\r\n")


class NotOurs(Exception):
    """Bytes that no gateway may write."""


@dataclass
class Seen:
    """One request as it arrived. `raw` is its bytes, without what the gateway adds and with one chunk for all."""
    connection: int  # which one brought it, from 0
    raw: bytes
    trailers: list = field(default_factory=list)  # lines
    complete: bool = True

    @property
    def target(self):
        return self.raw.split(b" ", 2)[1].decode()


@dataclass
class Answer:
    """Bytes, and what becomes of the connection: "stay", "close" (FIN), "abort" (TLS: FIN alone), "reset"."""
    data: bytes
    then: str = "stay"
    in_bytes: bool = False  # one by one


def answer_with_target(seen):
    """200, and as body the target that was asked for: whose answer it is."""
    head, body = b"HTTP/1.1 200 OK\r\n", seen.target.encode()
    head += b"Content-Length: %d\r\n\r\n" % len(body)
    return Answer(head if seen.raw.startswith(b"HEAD ") else head + body)


class Recorder:
    """`answer(seen)` -> Answer. Everything that was received stands in `log`, in order."""

    def __init__(self, answer=answer_with_target, certificate=None):
        self.answer = answer
        self.log = []
        self.faults = []  # of what was received; a test looks at them at its end
        self.connections = 0
        self._unfinished = set()  # connections within a request
        self._open = {}
        self._changed = threading.Condition()
        self._tls = None
        if certificate:
            self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self._tls.load_cert_chain(certificate.certificate, certificate.key)
        self._port = ReservedPort()
        self.port = self._port.number
        self.url = f"{'https' if certificate else 'http'}://127.0.0.1:{self.port}"
        self._listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        self._listener.bind(("127.0.0.1", self.port))
        self._listener.listen(128)
        threading.Thread(target=self._accept, daemon=True).start()

    def is_open(self, connection):
        with self._changed:
            return connection in self._open

    def wait_until_closed(self, connection):
        """The gateway has ended this connection."""
        self._wait(lambda: connection not in self._open, f"end of connection {connection}")

    def wait_until_settled(self):
        """No connection is within a request and nothing waits to be read: what broke off stands in the log."""
        deadline = time.monotonic() + 20 * SLOWNESS
        with self._changed:
            while self._unfinished or self._has_more():
                assert time.monotonic() < deadline, "there is still no end of unfinished requests"
                self._changed.wait(0.005)

    def _has_more(self):
        """Bytes or an end that no thread has taken yet, or a connection."""
        sockets = [one for one in (self._listener, *self._open.values()) if one.fileno() >= 0]
        return bool(select.select(sockets, [], [], 0)[0])

    def say(self, connection, data):
        """Bytes that nobody asked for."""
        with self._changed:
            sock = self._open[connection]
        sock.sendall(data)

    def stop(self):
        try:
            self._listener.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self._listener.close()
        with self._changed:
            connections = list(self._open.values())
        for connection in connections:
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
        self._port.release()

    def _wait(self, condition, what):
        with self._changed:
            assert self._changed.wait_for(condition, 20 * SLOWNESS), f"there is still no {what}"

    def _accept(self):
        while True:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self._changed:
                number = self.connections
                self.connections += 1
                self._open[number] = sock
            threading.Thread(target=self._run, args=(sock, number), daemon=True).start()

    def _run(self, sock, number):
        sock.settimeout(60 * SLOWNESS)
        try:
            if self._tls:
                sock = self._tls.wrap_socket(sock, server_side=True)
            self._converse(sock, number)
        except OSError:
            pass  # the gateway may leave when it likes
        except Exception as error:  # noqa: BLE001 - shown by the test
            self.faults.append(f"connection {number}: {error!r}")
        finally:
            with self._changed:
                sock.close()
                self._open.pop(number, None)
                self._unfinished.discard(number)
                self._changed.notify_all()

    def _converse(self, sock, number):
        reader = Reader(sock)
        while True:
            first = b""
            if self._tls:
                if not (first := reader.some(1)):
                    return
            elif not reader.has_more():
                sock.recv(1, socket.MSG_PEEK)  # taken by the reader only when everybody can know of it
            with self._changed:
                self._unfinished.add(number)
            if not (first := first or reader.some(1)):
                return
            seen = self._receive(first, reader, number)
            with self._changed:
                self.log.append(seen)
                self._unfinished.discard(number)
                self._changed.notify_all()
            if not seen.complete or not self._send(sock, self.answer(seen)):
                return

    def _send(self, sock, answer):
        if answer.in_bytes:
            for byte in answer.data:
                sock.sendall(bytes([byte]))
        else:
            sock.sendall(answer.data)
        if answer.then == "stay":
            return True
        if answer.then == "reset":
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        elif answer.then == "close" and self._tls:
            try:
                sock.unwrap()
            except OSError:
                pass
        return False

    def _receive(self, first, reader, number):
        seen = Seen(number, first, complete=False)
        try:
            head = first + reader.until(b"\r\n\r\n")
        except ConnectionEnded as ended:
            seen.raw = first + ended.received
            return seen
        seen.raw, stamps = STAMP.subn(b"", head)
        if stamps != 1:
            raise NotOurs(f"{stamps} stamps in {head!r}")
        try:
            for piece in self._body(head, reader, seen):
                seen.raw += piece
            seen.complete = True
        except ConnectionEnded:
            pass
        return seen

    def _body(self, head, reader, seen):
        lines = head.lower().split(b"\r\n")
        lengths = [line for line in lines if line.startswith(b"content-length:")]
        encodings = [line for line in lines if line.startswith(b"transfer-encoding:")]
        if len(lengths) + len(encodings) > 1:
            raise NotOurs(f"two lengths in {head!r}")
        if lengths:
            left = int(lengths[0].split(b":")[1])
            while left and (piece := reader.some(left)):
                left -= len(piece)
                yield piece
            if left:
                raise ConnectionEnded()
        if encodings:
            yield from self._chunks(encodings[0], reader, seen)

    def _chunks(self, encoding, reader, seen):
        if encoding != b"transfer-encoding: chunked":
            raise NotOurs(f"{encoding!r}")
        body = b""
        try:
            while True:
                line = reader.until(b"\r\n")
                if not CHUNK_SIZE.fullmatch(line):
                    raise NotOurs(f"chunk size {line!r}")
                size = int(line, 16)
                if size == 0:
                    break
                body += reader.exactly(size)
                if reader.exactly(2) != b"\r\n":
                    raise NotOurs("a chunk without its line end")
            while (line := reader.until(b"\r\n")) != b"\r\n":
                seen.trailers.append(line.removesuffix(b"\r\n"))
        except ConnectionEnded:
            seen.raw += b"%x\r\n%s" % (len(body), body) if body else b""
            raise
        yield b"%x\r\n%s\r\n" % (len(body), body) if body else b""
        yield b"0\r\n\r\n"
