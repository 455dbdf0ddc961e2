# SPDX-License-Identifier: Apache-2.0
"""An HTTP/1.1 service that keeps every request byte for byte and answers by script."""
import json
import socket
import ssl
import threading

from .http1 import ConnectionEnded, Reader, Request, body_pieces, read_head
from .ports import ReservedPort
from .waiting import SLOWNESS, wait_until


def response(body=b"", status=200, headers=(), reason="OK"):
    """A whole response with Content-Length, as bytes."""
    body = body.encode() if isinstance(body, str) else body
    lines = [f"HTTP/1.1 {status} {reason}"] + [f"{name}: {value}" for name, value in headers]
    lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body


def chunked(*pieces, headers=(), trailers=()):
    """A whole chunked response, one chunk a piece."""
    lines = ["HTTP/1.1 200 OK", "Transfer-Encoding: chunked"] + [f"{name}: {value}" for name, value in headers]
    encoded = b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces)
    ending = "".join(f"{name}: {value}\r\n" for name, value in trailers).encode()
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + encoded + b"0\r\n" + ending + b"\r\n"


def echo(request):
    """What the service saw, as JSON."""
    seen = {"method": request.method, "target": request.target, "headers": request.headers,
            "body": request.body.decode("latin-1")}
    return response(json.dumps(seen), headers=[("Content-Type", "application/json")])


class Exchange:
    """One request on one connection, for answers that are more than bytes."""

    def __init__(self, sock, reader, request):
        self.socket, self.reader, self.request = sock, reader, request

    def send(self, data):
        self.socket.sendall(data)

    def body(self):
        """The request's body in pieces, when the upstream was made with reads_body=False."""
        return body_pieces(self.reader, self.request)

    def peer_is_gone(self):
        """Blocks until the gateway ends this connection."""
        try:
            return self.socket.recv(1) == b""
        except OSError:
            return True


class Upstream:
    """`answer(request)` returns bytes; or `serve(exchange)` does what it likes and returns True to go on."""

    def __init__(self, answer=echo, serve=None, certificate=None, reads_body=True, receive_buffer=None,
                 address=None):
        self.answer = answer
        self._serve = serve
        self._reads_body = reads_body
        self.requests = []
        self.partial = []  # bytes of heads that broke off
        self.errors = []
        self.connections = 0
        self._open = set()
        self._lock = threading.Lock()
        self._tls = None
        if certificate:
            self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self._tls.load_cert_chain(certificate.certificate, certificate.key)
        self._port = None if address else ReservedPort()
        self.port = address[1] if address else self._port.number
        self._listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        if receive_buffer:
            self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self._listener.bind(address or ("127.0.0.1", self.port))
        self._listener.listen(128)
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def url(self):
        return f"{'https' if self._tls else 'http'}://127.0.0.1:{self.port}"

    @property
    def last(self):
        """The only request, or the latest one."""
        assert self.requests, "nothing reached the upstream"
        return self.requests[-1]

    def wait_for_requests(self, count, seconds=10):
        wait_until(lambda: len(self.requests) >= count, f"request number {count} at the upstream", seconds)

    def close_idle_connections(self):
        """Ends every connection from this side, as a service does with idle ones."""
        with self._lock:
            connections = list(self._open)
        for connection in connections:
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def stop(self):
        try:
            self._listener.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self._listener.close()
        self.close_idle_connections()
        if self._port:
            self._port.release()

    def _accept(self):
        while True:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            with self._lock:
                number = self.connections
                self.connections += 1
            threading.Thread(target=self._run, args=(sock, number), daemon=True).start()

    def _run(self, sock, number):
        sock.settimeout(60 * SLOWNESS)
        try:
            if self._tls:
                sock = self._tls.wrap_socket(sock, server_side=True)
            with self._lock:
                self._open.add(sock)
            self._converse(sock, number)
        except (ConnectionEnded, OSError):
            pass  # the peer left, which is its right; tests look at what arrived
        except Exception as error:  # a fault of the test's own script: shown by the fixture
            self.errors.append(error)
        finally:
            with self._lock:
                self._open.discard(sock)
            sock.close()

    def _converse(self, sock, number):
        reader = Reader(sock)
        while True:
            try:
                request = read_head(reader, Request)
            except ConnectionEnded as ended:
                if ended.received:
                    self.partial.append(ended.received)
                return
            request.connection = number
            if self._reads_body:
                if request.header("Expect"):
                    sock.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
                request.body = b"".join(body_pieces(reader, request))
            with self._lock:
                self.requests.append(request)
            if self._serve:
                if not self._serve(Exchange(sock, reader, request)):
                    return
            else:
                sock.sendall(self.answer(request))
