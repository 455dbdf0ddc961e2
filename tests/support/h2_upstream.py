# SPDX-License-Identifier: Apache-2.0
"""An HTTP/2 service (python3-h2) that keeps its requests and answers by script; with TLS by ALPN, without by prior
knowledge."""
import hashlib
import socket
import ssl
import struct
import threading
from dataclasses import dataclass, field

import h2.config
import h2.connection
import h2.errors
import h2.events
import h2.exceptions
import h2.settings

from .http2 import GOAWAY, frame
from .ports import ReservedPort
from .waiting import SLOWNESS, wait_until

KEPT = 1024 * 1024  # bytes of a body; of more there is only the digest


@dataclass
class H2Request:
    connection: int
    stream: int
    headers: list
    trailers: list = field(default_factory=list)
    body: bytes = b""
    size: int = 0
    digest: object = field(default_factory=hashlib.sha256)
    reset: bool = False

    def header(self, name):
        found = [value for key, value in self.headers if key == name]
        return found[0] if found else None


@dataclass
class H2Answer:
    """`body` is bytes or an iterator of pieces; `reset` breaks off behind them with that error code."""
    status: int = 200
    headers: tuple = ()
    body: object = b""
    trailers: tuple = ()
    reset: int = None
    interim: tuple = ()
    goaway: bool = False  # behind the answer
    hang_up: bool = False
    disown: str = None  # no answer: "refused" (the stream), "goaway" (with a last stream before it) or "reset" (all)


class H2Upstream:
    def __init__(self, answer=lambda request: H2Answer(), certificate=None, alpn=("h2",), max_streams=100,
                 refuse=lambda headers: False, address=None,
                 lenient=False):
        self.answer, self._refuse, self._max_streams = answer, refuse, max_streams
        self.lenient = lenient  # takes fields that no peer may send
        self.requests, self.errors, self.connections, self.most_streams = [], [], 0, 0
        self._lock = threading.Lock()
        self._open = set()
        self._tls = None
        if certificate:
            self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self._tls.load_cert_chain(certificate.certificate, certificate.key)
            self._tls.set_alpn_protocols(list(alpn))
        self._port = None if address else ReservedPort()
        self.port = address[1] if address else self._port.number
        self._listener = socket.socket()
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        self._listener.bind(address or ("127.0.0.1", self.port))
        self._listener.listen(128)
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def url(self):
        return f"{'https' if self._tls else 'http'}://127.0.0.1:{self.port}"

    @property
    def last(self):
        assert self.requests, "nothing reached the upstream"
        return self.requests[-1]

    def wait_for_requests(self, count, seconds=10):
        wait_until(lambda: len(self.requests) >= count, f"request number {count} at the upstream", seconds)

    def close_connections(self):
        with self._lock:
            connections = list(self._open)
        for sock in connections:
            try:
                sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def stop(self):
        try:
            self._listener.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self._listener.close()
        self.close_connections()
        if self._port:
            self._port.release()

    def _accept(self):
        while True:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            with self._lock:
                number, self.connections = self.connections, self.connections + 1
            threading.Thread(target=self._run, args=(sock, number), daemon=True).start()

    def _run(self, sock, number):
        sock.settimeout(60 * SLOWNESS)
        try:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self._tls:
                sock = self._tls.wrap_socket(sock, server_side=True)
            with self._lock:
                self._open.add(sock)
            _Session(self, sock, number).serve()
        except (OSError, h2.exceptions.StreamClosedError):
            pass
        except Exception as error:  # a fault of the script, or frames that no gateway may send: shown by the fixture
            self.errors.append(error)
        finally:
            with self._lock:
                self._open.discard(sock)
            sock.close()


class _Session:
    def __init__(self, service, sock, number):
        self.service, self.socket, self.number = service, sock, number
        self.connection = h2.connection.H2Connection(h2.config.H2Configuration(
            client_side=False, header_encoding="latin-1", validate_inbound_headers=not service.lenient,
            normalize_inbound_headers=not service.lenient))
        self.requests, self.sending = {}, {}

    def serve(self):
        self.connection.initiate_connection()
        self.connection.update_settings({h2.settings.SettingCodes.MAX_CONCURRENT_STREAMS: self.service._max_streams})
        self.flush()
        while True:
            data = self.socket.recv(256 * 1024)
            if not data:
                return
            for event in self.connection.receive_data(data):
                if not self.handle(event):
                    return self.flush()
            self.pump()
            self.flush()

    def flush(self):
        self.socket.sendall(self.connection.data_to_send())

    def handle(self, event):
        service = self.service
        if isinstance(event, h2.events.RequestReceived):
            if service._refuse(event.headers):
                self.connection.reset_stream(event.stream_id, h2.errors.ErrorCodes.REFUSED_STREAM)
                return True
            self.requests[event.stream_id] = H2Request(self.number, event.stream_id, list(event.headers))
            service.most_streams = max(service.most_streams, len(self.requests))
        elif isinstance(event, h2.events.DataReceived):
            request = self.requests.get(event.stream_id)
            if request is not None:
                request.size += len(event.data)
                request.digest.update(event.data)
                if request.size <= KEPT:
                    request.body += event.data
            self.connection.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
        elif isinstance(event, h2.events.TrailersReceived):
            self.requests[event.stream_id].trailers = list(event.headers)
        elif isinstance(event, h2.events.StreamEnded) and event.stream_id in self.requests:
            return self.begin_answer(event.stream_id)
        elif isinstance(event, h2.events.StreamReset):
            request = self.requests.pop(event.stream_id, None)
            if request is not None:
                request.reset = True
                service.requests.append(request)
            self.sending.pop(event.stream_id, None)
        return not isinstance(event, h2.events.ConnectionTerminated)

    def begin_answer(self, stream):
        request = self.requests[stream]
        self.service.requests.append(request)
        answer = self.service.answer(request)
        if answer is None:  # none: the stream stays open
            return True
        if answer.hang_up:
            return False
        if answer.disown:
            return self.disown(stream, answer.disown)
        for status, headers in answer.interim:
            self.connection.send_headers(stream, [(":status", str(status)), *headers])
        bare = answer.body == b"" and not answer.trailers and answer.reset is None
        self.connection.send_headers(stream, [(":status", str(answer.status)), *answer.headers], end_stream=bare)
        if bare:
            self.requests.pop(stream)
            if answer.goaway:
                self.say_goodbye()
            return True
        pieces = iter([answer.body]) if isinstance(answer.body, bytes) else iter(answer.body)
        self.sending[stream] = [pieces, b"", answer]
        return True

    def disown(self, stream, how):
        self.requests.pop(stream)
        if how == "reset":
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            return False
        if how == "refused":
            self.connection.reset_stream(stream, h2.errors.ErrorCodes.REFUSED_STREAM)
        else:
            self.flush()
            self.socket.sendall(frame(GOAWAY, 0, 0, struct.pack(">II", stream - 2, 0)))
        return True

    def pump(self):
        for stream in list(self.sending):
            self.pump_stream(stream)

    def pump_stream(self, stream):
        pieces, rest, answer = self.sending[stream]
        while True:
            if not rest:
                rest = next(pieces, None)
                if rest is None:
                    return self.finish(stream, answer)
                continue
            room = min(self.connection.local_flow_control_window(stream), self.connection.max_outbound_frame_size)
            if room <= 0:
                self.sending[stream][1] = rest
                return
            self.connection.send_data(stream, rest[:room])
            rest = rest[room:]
            self.flush()

    def finish(self, stream, answer):
        self.sending.pop(stream)
        self.requests.pop(stream, None)
        if answer.reset is not None:
            self.connection.reset_stream(stream, answer.reset)
        elif answer.trailers:
            self.connection.send_headers(stream, list(answer.trailers), end_stream=True)
        else:
            self.connection.end_stream(stream)
        if answer.goaway:
            self.say_goodbye()

    def say_goodbye(self):
        self.connection.close_connection()
        self.flush()
        self.socket.shutdown(socket.SHUT_WR)
        while self.socket.recv(65536):
            pass
        raise OSError("done")
