# SPDX-License-Identifier: Apache-2.0
"""HTTP/2 to the services: multiplexed, by ALPN or prior knowledge, with trailers, and every body as it was sent."""
import hashlib
import socket
import subprocess
import threading

import pytest
from support.gateway import in_front_of, in_parallel
from support.h2_upstream import H2Answer, H2Upstream
from support.http1 import ConnectionEnded
from support.http2 import (CONTINUATION, DATA, END_HEADERS, END_STREAM, GOAWAY, HEADERS, HELLO, PING, PUSH_PROMISE,
                           SETTINGS, Frames, fields, frame, head)
from support.ports import ReservedPort
from support.upstream import Upstream, chunked, response
from support.waiting import SLOWNESS, wait_until

OPEN = "{path: /**, auth: none, upstream: legacy}"
HTTP2 = "http2: true"
KIBI, MEBI = 1024, 1024 * 1024


def over_tls(certificate):
    return f"{HTTP2}, tls: {{ca: {certificate.certificate}, server_name: legacy.internal}}"


def curl(gate, target, *arguments, http2=True, tls=True, data=None):
    where = (["--cacert", str(gate.certificate.certificate), f"https://localhost:{gate.tls_port}{target}"] if tls else
             [f"http://localhost:{gate.port}{target}"])
    version = ["--http2" if tls else "--http2-prior-knowledge"] if http2 else ["--http1.1"]
    done = subprocess.run(["curl", "--silent", "--show-error", "--noproxy", "*", "--max-time", str(60 * SLOWNESS),
                           "--write-out", r"\n%{http_code}", *version, *map(str, arguments), *where], input=data,
                          capture_output=True, check=False)
    body, _, status = done.stdout.rpartition(b"\n")
    return done.returncode, int(status), body


def test_a_request_arrives_as_http2_over_tls_and_in_the_clear(gateway, service, certificate):
    for up, options in ((service(lambda _: H2Answer(200, (("x-up", "yes"),), b"hello"), certificate=certificate),
                         over_tls(certificate)), (service(lambda _: H2Answer(200, (("x-up", "yes"),), b"hello")), HTTP2)):
        gate = gateway(in_front_of(up, OPEN, options=options))
        for number in range(3):
            answer = gate.request("POST", "/a?b=c", [("X-One", "1"), ("Connection", "close, X-Gone"), ("X-Gone", "1"),
                                                     ("TE", "trailers")], body=b"abc", host="api.test")
            assert (answer.status, answer.header("x-up"), answer.body) == (200, "yes", b"hello")
            assert len(up.requests) == number + 1
        seen = up.last
        pseudo = dict(seen.headers[:4])
        assert pseudo == {":method": "POST", ":path": "/a?b=c", ":authority": "api.test",
                          ":scheme": "https" if up.url.startswith("https") else "http"}
        assert (seen.header("x-one"), seen.header("te"), seen.header("content-length")) == ("1", "trailers", "3")
        assert seen.header("x-gone") is seen.header("connection") is seen.header("host") is None
        assert seen.header("x-forwarded-for") == "127.0.0.1"
        assert seen.body == b"abc"
        assert up.connections <= 2, "one a worker"


def test_a_tls_server_that_takes_only_http1_is_502(gateway, service, certificate):
    gate = gateway(in_front_of(service(certificate=certificate, alpn=("http/1.1",)), OPEN,
                               options=over_tls(certificate)))
    answer = gate.get("/")
    assert answer.status == 502, answer.body


def test_a_server_that_answers_in_http1_is_502(gateway, upstream):
    gate = gateway(in_front_of(upstream(lambda _: response(b"x")), OPEN, options=HTTP2))
    answer = gate.get("/")
    assert (answer.status, answer.json()["code"]) == (502, "upstream_protocol")


def test_many_requests_share_a_connection_and_wait_for_room_beyond_its_limit(gateway, service):
    up = service(lambda request: H2Answer(body=request.header(":path").encode()), max_streams=10)
    gate = gateway(in_front_of(up, OPEN, options=HTTP2 + ", max_connections: 1, connect_timeout: 10s"))
    done = subprocess.run(["h2load", "-n", "2000", "-c", "4", "-m", "25", f"http://127.0.0.1:{gate.port}/load"],
                          capture_output=True, text=True, check=False, timeout=60 * SLOWNESS)
    assert "2000 succeeded, 0 failed" in done.stdout, done.stdout
    assert up.connections <= 2 and up.most_streams <= 10, (up.connections, up.most_streams)


def test_a_stream_that_was_refused_is_asked_again_and_a_connection_that_ends_is_replaced(gateway, service):
    refused = []

    def refuse(headers):
        if (":path", "/refused") in headers and not refused:
            refused.append(1)
            return True
        return False

    up = service(lambda request: H2Answer(body=b"ok", goaway=request.header(":path") == "/goaway",
                                          hang_up=request.header(":path") == "/gone"), refuse=refuse)
    gate = gateway(in_front_of(up, OPEN, options=HTTP2))
    assert gate.post("/refused").status == 200 and refused
    for _ in range(20):  # each is the last of its connection
        assert gate.get("/goaway").status == 200
    assert up.connections >= 10
    gone = gate.post("/gone", body=b"x")
    assert (gone.status, gone.json()["code"]) == (502, "upstream_protocol")
    up.close_connections()
    for _ in range(4):
        assert gate.get("/").status == 200


def test_what_breaks_off_upstream_is_seen_as_broken(gateway, service):
    def answer(request):
        path = request.header(":path")
        if path == "/reset":
            return H2Answer(body=b"half", reset=2)
        if path == "/early":
            return H2Answer(headers=(("content-length", "100"),), body=b"half", reset=0)
        return H2Answer(headers=(("content-length", "4"),), body=b"whole?"[:4])

    gate = gateway(in_front_of(service(answer), OPEN, options=HTTP2))
    for http2 in (True, False):
        for target in ("/reset", "/early"):
            code, status, _ = curl(gate, target, http2=http2)
            # A reset may overtake the head that it breaks off.
            assert status in (0, 200) and code != 0, (target, http2, code)
        assert curl(gate, "/whole", http2=http2) == (0, 200, b"whol")


def test_a_client_that_leaves_cancels_its_stream_and_no_other(gateway, service):
    up = service(lambda request: None if request.header(":path") == "/wait" else H2Answer(body=b"ok"))
    gate = gateway("server: {workers: 1, state_dir: state}\n" + in_front_of(up, OPEN, options=HTTP2))
    with gate.connect() as leaving:
        leaving.send(b"GET /wait HTTP/1.1\r\nHost: x\r\n\r\n")
        up.wait_for_requests(1)
        assert gate.get("/other").status == 200
    wait_until(lambda: any(request.reset for request in up.requests), "the reset of the stream")
    assert gate.get("/other").status == 200
    assert up.connections == 1


def test_a_server_that_does_not_answer_is_504_and_its_connection_is_replaced(gateway, service):
    up = service(lambda request: None if request.header(":path") == "/wait" else H2Answer(body=b"ok"))
    gate = gateway(in_front_of(up, OPEN, options=HTTP2 + ", response_timeout: 1500ms"))
    assert gate.get("/wait").json()["code"] == "upstream_timeout"
    assert gate.get("/other").status == 200


# -- trailers

def test_trailers_of_answers_reach_who_can_take_them(gateway, service, upstream):
    trailers = (("x-sum", "1"), ("grpc-status", "0"), ("content-type", "text/html"), ("set-cookie", "a=b"),
                ("server", "x"), ("location", "/"))
    route = "{path: /**, auth: none, upstream: legacy, response_headers: {remove: [Server]}}"
    h2 = gateway(in_front_of(service(lambda _: H2Answer(body=b"hi", trailers=trailers)), route, options=HTTP2))
    h1 = gateway(in_front_of(upstream(lambda _: chunked(b"hi", trailers=trailers)), route))
    for gate in (h1, h2):
        shown = subprocess.run(["nghttp", "-v", f"http://127.0.0.1:{gate.port}/"], capture_output=True, text=True,
                               check=True).stdout
        recv = [line.split("] ")[-1] for line in shown.splitlines() if "recv (stream_id" in line]
        assert any("x-sum: 1" in line for line in recv) and any("grpc-status: 0" in line for line in recv), shown
        assert not any(name in line for line in recv for name in ("set-cookie", "server:", "location", "text/html"))
        asked = gate.get("/", headers=[("TE", "trailers"), ("Connection", "TE")])
        assert asked.body == b"hi" and ("x-sum", "1") in asked.trailers and len(asked.trailers) == 2, asked.trailers
        assert gate.get("/").trailers == []


def test_trailers_of_requests_go_on_in_http2_filtered(gateway, service, upstream):
    up, old = service(), upstream()
    route = "{path: /**, auth: none, upstream: legacy, request_headers: {remove: [X-Debug]}}"
    sent = [("x-sum", "1"), ("x-auth-subject", "root"), ("x_auth_roles", "admin"), ("authorization", "Bearer x"),
            ("x-debug", "1"), ("content-type", "a/b"), ("x-forwarded-for", "6.6.6.6"), ("cookie", "a=b")]
    for up_is_h2, target in ((True, up), (False, old)):
        gate = gateway(in_front_of(target, route, options=HTTP2 if up_is_h2 else ""))
        with gate.connect() as connection:
            lines = "".join(f"{name}: {value}\r\n" for name, value in sent)
            connection.send(b"POST /h1 HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n"
                            + lines.encode() + b"\r\n")
            assert connection.read_response().status == 200
        with gate.connect() as connection:
            connection.send(HELLO + head(1, method="POST", path="/h2", ends=False) + frame(DATA, 0, 1, b"hi")
                            + frame(HEADERS, END_HEADERS | END_STREAM, 1, fields(*sent)))
            Frames(connection).until(HEADERS, 1)
        if up_is_h2:
            assert [request.trailers for request in up.requests] == [[("x-sum", "1")]] * 2
            assert all(request.body == b"hi" and request.header("x-sum") is None for request in up.requests)
        else:
            assert all(request.trailers == [] and request.header("X-Sum") is None for request in old.requests)


# -- bodies

SIZES = (0, 1, 16 * KIBI, 5 * MEBI)


def content(size):
    return (hashlib.sha256(b"seed").digest() * (size // 32 + 1))[:size]


def h1_service():
    def serve(exchange):
        digest = hashlib.sha256()
        for piece in exchange.body():
            digest.update(piece)
        size = int(exchange.request.target.rpartition("=")[2])
        exchange.send(response(content(size), headers=[("X-Digest", digest.hexdigest())]))
        return True
    return Upstream(serve=serve, reads_body=False)


def h2_service():
    return H2Upstream(lambda request: H2Answer(headers=(("x-digest", request.digest.hexdigest()),), body=content(
        int(request.header(":path").rpartition("=")[2]))))


@pytest.mark.parametrize("up_is_h2", [True, False])
def test_bodies_of_every_size_pass_between_every_pair_of_versions(gateway, up_is_h2):
    up = h2_service() if up_is_h2 else h1_service()
    try:
        gate = gateway(in_front_of(up, OPEN, options=HTTP2 if up_is_h2 else ""))

        def both_ways(size, http2, tls):
            sent = (bytes(range(256)) * (size // 256 + 1))[:size]
            code, status, body = curl(gate, f"/?size={size}", "--data-binary", "@-", "--dump-header", "/dev/stderr",
                                      http2=http2, tls=tls, data=sent)
            assert (code, status) == (0, 200) and hashlib.sha256(body).digest() == hashlib.sha256(content(size)).digest()
            return hashlib.sha256(sent).hexdigest()

        wanted = in_parallel([lambda size=size, http2=http2: both_ways(size, http2, False)
                              for size in SIZES for http2 in (True, False)])
        both_ways(5 * MEBI, True, True)
        if up_is_h2:
            assert set(wanted) <= {request.digest.hexdigest() for request in up.requests}
    finally:
        up.stop()


# -- back-pressure

def test_a_service_that_takes_no_body_holds_the_client_back(gateway, raw_service):
    options = f"{HTTP2}, response_timeout: {3 * SLOWNESS:.0f}s"
    gate = gateway("limits: {body: 1000MiB}\n" + in_front_of(raw_service, OPEN, options=options))
    assert gate.admin("GET", "/healthz").status == 200
    before = gate.resident_bytes()
    with gate.connect() as connection:  # the service gives no window beyond the first 64 KiB
        connection.send(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 500000000\r\n\r\n")
        taken = connection.send_until_blocked(bytes(64 * KIBI))
    assert taken < 16 * MEBI, taken
    assert gate.resident_bytes() - before < 4 * MEBI


def test_clients_that_do_not_read_hold_up_nobody_on_the_connection_that_they_share(gateway, service):
    """Each slow one may hold a window and a watermark, and no more; what it reads at last is whole."""
    size, large, slow_ones = 4 * MEBI, 12 * MEBI, 24  # more than the kernel takes
    piece = content(64 * KIBI)
    wanted, all_wanted = (hashlib.sha256(piece * (total // len(piece))).hexdigest() for total in (size, large))

    def answer(request):
        if request.header(":path") == "/small":
            return H2Answer(body=b"small")
        total = large if request.header(":path") == "/large" else size
        return H2Answer(headers=(("content-length", str(total)),), body=(piece for _ in range(total // len(piece))))

    up = service(answer)
    gate = gateway("server: {workers: 1, state_dir: state}\n" + in_front_of(up, OPEN, options=HTTP2))

    def whole(connection):
        digest = hashlib.sha256()
        for part in connection.pieces(connection.read_head()):
            digest.update(part)
        return digest.hexdigest()

    with gate.connect() as good:
        good.send(b"GET /big HTTP/1.1\r\nHost: x\r\n\r\n")
        assert whole(good) == wanted
        before = gate.resident_bytes()
        slow = [gate.connect(receive_buffer=4096, timeout=60) for _ in range(slow_ones)]
        for number, connection in enumerate(slow):
            if number % 2:
                connection.send(b"GET /large HTTP/1.1\r\nHost: x\r\n\r\n")
            else:  # its own window, and not the socket, is what holds it up
                connection.send(HELLO + head(1, path="/large"))
        wait_until(lambda: len(up.requests) == 1 + slow_ones, "all requests at the service")
        for _ in range(3):
            good.send(b"GET /big HTTP/1.1\r\nHost: x\r\n\r\n")
            assert whole(good) == wanted
            assert good.request("GET", "/small").body == b"small"
        grown = gate.resident_bytes() - before
        assert grown < slow_ones * 320 * KIBI, f"{grown / MEBI:.1f} MiB"
        assert gate.log().count('"path":"/large"') == 0, "they are still being answered"
        for number, connection in enumerate(slow):
            if number % 2:
                assert whole(connection) == all_wanted
            connection.close()
        assert good.request("GET", "/small").body == b"small"
    assert up.connections == 1 and up.most_streams > slow_ones


# -- services that break the rules

def answer_head(*pairs, stream=1, ends=True):
    return frame(HEADERS, END_HEADERS | (END_STREAM if ends else 0), stream, fields(*pairs))


OK = (":status", "200")
BROKEN = {
    "no status": answer_head(("x-a", "1")),
    "a status of letters": answer_head((":status", "2x0")),
    "a status of four digits": answer_head((":status", "2000")),
    "101": answer_head((":status", "101")),
    "two statuses": answer_head(OK, OK),
    "a pseudo-field of requests": answer_head(OK, (":path", "/")),
    "a pseudo-field behind others": answer_head(("x-a", "1"), OK),
    "a name in upper case": answer_head(OK, ("X-A", "1")),
    "a field of the connection": answer_head(OK, ("connection", "close")),
    "transfer-encoding": answer_head(OK, ("transfer-encoding", "chunked")),
    "a line end in a value": answer_head(OK, ("x-a", "1\r\nx-b: 2")),
    "NUL in a value": answer_head(OK, ("x-a", "1\0")),
    "a name that is no token": answer_head(OK, ("x(a", "1")),
    "an empty name": answer_head(OK, ("", "1")),
    "two lengths": answer_head(OK, ("content-length", "5"), ("content-length", "6"), ends=False),
    "a length with a sign": answer_head(OK, ("content-length", "+0")),
    "a length and no body": answer_head(OK, ("content-length", "5")),
    "a body to 204": answer_head((":status", "204"), ("content-length", "5"), ends=False),
    "a head too large": answer_head(OK, ("x-a", "a" * 9000)),
    "too many fields": answer_head(OK, *[(f"x-{number}", "1") for number in range(40)]),
    "an interim answer that ends": answer_head((":status", "103")),
    "a body without a head": frame(DATA, END_STREAM, 1, b"hello"),
    "a push": frame(PUSH_PROMISE, END_HEADERS, 1, b"\0\0\0\2" + fields((":method", "GET"))),
    "a stream that nobody opened": answer_head(OK, stream=7),
    "a frame too large": b"\xff\xff\xff\0\0\0\0\0\1",
    "a goodbye in error": frame(GOAWAY, 0, 0, b"\0\0\0\0\0\0\0\2"),
    "another protocol": b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n" * 3,
    "no table entry": frame(HEADERS, END_HEADERS | END_STREAM, 1, b"\xff\xff\x7f"),
}


class RawService:
    """Answers every connection's first request with these bytes, over and over if they are a flood."""

    def __init__(self):
        self.data, self.endless = b"", False
        self._port = ReservedPort()
        self.url = f"http://127.0.0.1:{self._port.number}"
        self._listener = socket.socket()
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        self._listener.bind(("127.0.0.1", self._port.number))
        self._listener.listen(16)
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(sock,), daemon=True).start()

    def _serve(self, sock):
        with sock:
            sock.settimeout(20 * SLOWNESS)
            try:
                sock.sendall(frame(SETTINGS))
                received = b""
                while b"\0\0\0\1" not in received[-4000:] or len(received) < 100:  # the HEADERS of stream 1
                    received += sock.recv(65536)
                first, _, rest = self.data if isinstance(self.data, tuple) else (self.data, None, b"")
                sock.sendall(first)
                while self.endless:
                    sock.sendall(rest)
                while sock.recv(65536):
                    pass
            except OSError:
                pass

    def stop(self):
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._port.release()


@pytest.fixture
def raw_service():
    made = RawService()
    yield made
    made.stop()


def test_an_answer_that_breaks_the_rules_is_502_and_its_fields_go_nowhere(gateway, raw_service):
    gate = gateway(in_front_of(raw_service, OPEN, options=HTTP2 + ", response_timeout: 1s, retries: 0"),
                   limits="header_bytes: 4KiB, headers: 30")
    no_more = frame(GOAWAY, 0, 0, b"\x7f\xff\xff\xff\0\0\0\0")  # so that the next has a connection of its own
    for name, data in BROKEN.items():
        raw_service.data = data + no_more
        answer = gate.post("/", body=b"")
        # It is refused, and a server that has not acknowledged our settings may try; the answer never comes.
        expected = (504, "upstream_timeout") if name == "a push" else (502, "upstream_protocol")
        assert (answer.status, answer.code) == expected, (name, answer)
        assert "x-a" not in answer.names and "x-b" not in answer.names, name


def test_a_service_that_floods_is_left(gateway, raw_service):
    gate = gateway(in_front_of(raw_service, OPEN, options=HTTP2 + ", response_timeout: 20s, retries: 0"))
    assert gate.admin("GET", "/healthz").status == 200
    raw_service.endless = True
    before = gate.resident_bytes()
    for name, first, rest in (("settings", b"", frame(SETTINGS) * 100), ("ping", b"", frame(PING, 0, 0, b"12345678") * 100),
                              ("empty data", answer_head(OK, ends=False), frame(DATA, 0, 1) * 100),
                              ("continuation", frame(HEADERS, 0, 1, fields(OK)),
                               frame(CONTINUATION, 0, 1, fields(("a", "b" * 100)))),
                              ("interim", b"", answer_head((":status", "103"), ends=False) * 100)):
        raw_service.data = (first, None, rest)
        try:
            answer = gate.get("/")
            assert answer.code == "upstream_protocol", (name, answer)
        except ConnectionEnded:
            assert name == "empty data", "its head has gone out"
    assert gate.resident_bytes() - before < 16 * MEBI
