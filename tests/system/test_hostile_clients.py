# SPDX-License-Identifier: Apache-2.0
"""Clients that leave, stall, split and flood. Whatever they do, the next client is served as if nothing had been."""
import resource
import socket
import ssl
import subprocess
import threading

import pytest
from support.client import Connection
from support.gateway import in_front_of
from support.http1 import ConnectionEnded, Reader
from support.ports import ReservedPort
from support.tokens import SHARED_ISSUER, good_token
from support.upstream import response
from support.waiting import SLOWNESS, wait_until

OPEN = "{path: /**, auth: none, upstream: legacy}"
POST = b"POST /post HTTP/1.1\r\nHost: localhost\r\n"
ONE_WORKER = "server: {workers: 1, state_dir: state}\n"


@pytest.fixture
def service(upstream):
    return upstream()


@pytest.fixture
def gate(gateway, service):
    return gateway(in_front_of(service, OPEN))


def leave(connection, how):
    if how == "reset":
        connection.reset()
    else:
        connection.close()


# -- leaving

@pytest.mark.parametrize("how", ["close", "reset"])
def test_a_client_may_leave_after_any_byte(gate, service, how):
    whole = POST + b"Transfer-Encoding: chunked\r\nX-Long: " + b"x" * 40 + b"\r\n\r\n5\r\nhello\r\n0\r\nX-T: y\r\n\r\n"
    for cut in range(1, len(whole)):
        connection = gate.connect()
        connection.send(whole[:cut])
        leave(connection, how)
    assert gate.get("/after").status == 200
    wait_until(lambda: len(service._open) <= 2, "end of the cancelled requests' connections")
    assert [request.target for request in service.requests] == ["/after"], "no request that broke off is one"


@pytest.mark.parametrize("how", ["close", "reset"])
def test_a_client_may_leave_within_the_handshake(gate, how):
    hello = ssl.MemoryBIO()
    context = ssl.create_default_context()
    tls = context.wrap_bio(ssl.MemoryBIO(), hello, server_hostname="localhost")
    with pytest.raises(ssl.SSLWantReadError):
        tls.do_handshake()
    data = hello.read()
    for cut in [1, 4, 5, 6, 40, len(data) - 1, len(data)]:
        connection = Connection(gate.tls_port)
        connection.send(data[:cut])
        leave(connection, how)
    assert gate.get("/after", tls=True).status == 200


def test_a_client_may_leave_while_the_service_is_being_connected_to(gateway):
    # A queue of one that is full: whoever connects now gets no answer.
    port = ReservedPort()
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    listener.bind(("127.0.0.1", port.number))
    listener.listen(0)
    fillers = [socket.socket() for _ in range(3)]
    for filler in fillers:
        filler.setblocking(False)
        filler.connect_ex(("127.0.0.1", port.number))

    class Full:
        url = f"http://127.0.0.1:{port.number}"

    gate = gateway(in_front_of(Full, OPEN, "{path: /own, auth: none, respond: {status: 200, body: ok}}",
                               options="connect_timeout: 60s"))
    for how in ("close", "reset") * 5:
        connection = gate.connect()
        connection.send(POST + b"Content-Length: 5\r\n\r\nhello")
        leave(connection, how)
    assert gate.get("/own").body == b"ok"
    for one in (*fillers, listener):
        one.close()
    port.release()


@pytest.mark.parametrize("how", ["close", "reset"])
def test_a_client_may_leave_while_it_is_being_answered(gateway, upstream, how):
    gone = threading.Semaphore(0)

    def serve(exchange):
        exchange.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        try:
            while True:
                exchange.send(b"400\r\n" + b"x" * 1024 + b"\r\n")
        except OSError:
            gone.release()
        return False

    gate = gateway(in_front_of(upstream(serve=serve), OPEN))
    for reads in (0, 100, 100_000):
        connection = gate.connect()
        connection.send(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        connection.read_head()
        if reads:
            connection.reader.exactly(reads)
        leave(connection, how)
        assert gone.acquire(timeout=20 * SLOWNESS), "the service is told"


@pytest.mark.parametrize("how", ["close", "reset"])
def test_a_client_may_leave_while_its_body_is_held_back(gateway, upstream, how):
    blocked, gone = threading.Event(), threading.Event()

    def serve(exchange):
        blocked.wait(60 * SLOWNESS)  # reads nothing
        while exchange.socket.recv(65536):
            pass
        gone.set()
        return False

    gate = gateway(in_front_of(upstream(serve=serve, reads_body=False, receive_buffer=8192), OPEN))
    connection = gate.connect()
    connection.send(POST + b"Content-Length: 90000000\r\n\r\n")
    sent = connection.send_until_blocked(b"x" * 65536)
    assert sent < 32_000_000, "what nobody reads is not taken in"
    leave(connection, how)
    assert gate.connect().send(b"GET / HTTP/1.1\r\n") is None
    blocked.set()
    assert gone.wait(20 * SLOWNESS)


def test_a_half_closed_client_harms_nobody(gate, service):
    """It has gone, or it gets its whole answer: never half of one."""
    for data in (b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", POST + b"Content-Length: 5\r\n\r\nhello"):
        with gate.connect() as connection:
            connection.send(data)
            connection.finish_sending()
            try:
                assert connection.read_response().status == 200
            except ConnectionEnded as ended:
                assert ended.received == b""
    assert gate.get("/after").status == 200


# -- one head that costs much

def test_connection_may_name_few_fields_only(gate, service):
    named = ", ".join(f"X-{number}" for number in range(64))
    answer = gate.get("/", headers=[("Connection", named), ("X-7", "dropped"), ("X-64", "kept")])
    assert answer.status == 200
    assert "x-7" not in service.last.names and service.last.header("X-64") == "kept"
    for lines in ([("Connection", "a," * 15_000)], [("Connection", named), ("Connection", "one-more")]):
        answer = gate.get("/", headers=lines)
        assert (answer.status, answer.code) == (400, "bad_request")
    assert len(service.requests) == 1


def test_a_train_of_tiny_chunks_arrives_whole(gate, service):
    count = 30_000
    with gate.connect() as connection:
        connection.send(POST + b"Transfer-Encoding: chunked\r\n\r\n" + b"1\r\nx\r\n" * count + b"0\r\n\r\n")
        assert connection.read_response().status == 200
        assert connection.request("GET", "/after").status == 200
    assert service.requests[0].body == b"x" * count


# -- pipelines

def test_a_post_in_the_middle_of_a_pipeline_keeps_its_bytes(gate):
    body = b"GET /smuggled HTTP/1.1\r\nHost: localhost\r\n\r\n" * 2000
    get = b"GET /%d HTTP/1.1\r\nHost: localhost\r\n\r\n"
    with gate.connect() as connection:
        connection.send(get % 1 + POST + b"Content-Length: %d\r\n\r\n" % len(body) + body + get % 2 + get % 3)
        answers = [connection.read_response().json() for _ in range(4)]
    assert [answer["target"] for answer in answers] == ["/1", "/post", "/2", "/3"]
    assert answers[1]["body"].encode() == body


@pytest.mark.parametrize("tls", [False, True])
def test_a_pipeline_is_not_read_far_ahead(gateway, upstream, tls):
    release = threading.Event()

    def answer(request):
        release.wait(60 * SLOWNESS)
        return response("ok")

    gate = gateway(in_front_of(upstream(answer), OPEN))
    with gate.connect(tls=tls) as connection:
        connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 65536)
        request = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"
        connection.send(request)
        connection.socket.settimeout(1 * SLOWNESS)
        sent = 0
        try:
            for _ in range(1000):
                connection.send(request * 1000)
                sent += 1000 * len(request)
        except (TimeoutError, ssl.SSLError):
            pass
        assert sent < 16_000_000
        release.set()


def test_answers_that_nobody_reads_stop_the_pipeline(gateway, upstream):
    service = upstream(lambda request: response(b"x" * 100_000))
    gate = gateway(in_front_of(service, OPEN))
    with gate.connect(receive_buffer=4096) as connection:
        connection.send_until_blocked(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n" * 100, patience=0.5)
        seen = len(service.requests)
        assert seen < 1000, "the gateway goes on asking for what it cannot deliver"
    assert gate.get("/").status == 200


# -- TLS in pieces

def tls_records(gate, pieces):
    """Sends each piece as a TLS record of its own, all of them at once; the connection's answers in plain text."""
    context = ssl.create_default_context(cafile=str(gate.certificate.certificate))
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = context.wrap_bio(incoming, outgoing, server_hostname="localhost")
    sock = socket.create_connection(("127.0.0.1", gate.tls_port), timeout=20 * SLOWNESS)

    def pump(action):
        while True:
            try:
                return action()
            except ssl.SSLWantReadError:
                sock.sendall(outgoing.read())
                data = sock.recv(65536)
                if not data:
                    return b""
                incoming.write(data)

    pump(tls.do_handshake)
    for piece in pieces:
        tls.write(piece)
    sock.sendall(outgoing.read())

    class Plain:
        @staticmethod
        def recv(size):
            return pump(lambda: tls.read(size))

    connection = Connection.__new__(Connection)
    connection.socket, connection.reader = sock, Reader(Plain)
    return connection


def test_records_of_one_byte_are_read_like_any(gate):
    data = (b"GET /1 HTTP/1.1\r\nHost: localhost\r\n\r\n" + POST + b"Content-Length: 5\r\n\r\nhello"
            b"GET /2 HTTP/1.1\r\nHost: localhost\r\n\r\n")
    with tls_records(gate, [bytes([byte]) for byte in data]) as connection:
        assert [connection.read_response().json()["target"] for _ in range(3)] == ["/1", "/post", "/2"]


@pytest.mark.parametrize("size", [7, 50, 61, 1000, 16384])
def test_a_pipeline_in_records_of_any_size_is_answered_to_its_end(gate, size):
    data = b"".join(b"GET /%d HTTP/1.1\r\nHost: localhost\r\nX-Pad: %s\r\n\r\n" % (n, b"x" * n) for n in range(100))
    pieces = [data[at:at + size] for at in range(0, len(data), size)]
    with tls_records(gate, pieces) as connection:
        assert [connection.read_response().json()["target"] for _ in range(100)] == [f"/{n}" for n in range(100)]


def test_a_body_may_begin_in_the_record_of_its_head(gate):
    for count in (1, 2, 20):
        body = b"x" * (count * 1000 + 3)
        head = POST + b"Content-Length: %d\r\n\r\n" % len(body)
        pieces = [head + body[:3]] + [body[at:at + 1000] for at in range(3, len(body), 1000)]
        with tls_records(gate, pieces) as connection:
            assert connection.read_response().json()["body"] == body.decode()


def s_client(gate, commands, *options):
    return subprocess.run(["openssl", "s_client", "-connect", f"127.0.0.1:{gate.tls_port}", *options], input=commands,
                          capture_output=True, text=True, check=False, timeout=60 * SLOWNESS)


def test_nobody_may_renegotiate(gate):
    done = s_client(gate, "R\n", "-tls1_2", "-legacy_renegotiation")
    assert "no renegotiation" in done.stderr.lower(), done.stderr
    assert gate.get("/after", tls=True).status == 200


def test_a_flood_of_key_updates_harms_nobody(gate):
    done = s_client(gate, "K\n" * 2000, "-tls1_3")
    assert "KEYUPDATE" in done.stdout + done.stderr
    assert gate.get("/after", tls=True).status == 200


# -- trailers

def test_trailers_tell_the_service_nothing(gateway, upstream):
    service = upstream()
    gate = gateway(SHARED_ISSUER + in_front_of(service))
    head = ("POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n"
            "Trailer: X-Auth-Subject, Content-Length\r\n"
            f"Authorization: Bearer {good_token(sub='alice')}\r\n\r\n").encode()
    trailers = (b"X-Auth-Subject: mallory\r\nx_auth_subject: mallory\r\nX-Forwarded-For: 6.6.6.6\r\nHost: mallory\r\n"
                b"Authorization: mallory\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n")
    with gate.connect() as connection:
        connection.send(head + b"2\r\nhi\r\n0\r\n" + trailers + b"\r\n")
        assert connection.read_response().status == 200
        assert connection.request("GET", "/after", token=good_token()).status == 200
    first = service.requests[0]
    assert first.header("X-Auth-Subject") == "alice" and first.body == b"hi" and first.trailers == []
    assert b"mallory" not in first.raw_head and b"6.6.6.6" not in first.raw_head


# -- Expect

EXPECT = POST + b"Content-Length: 4\r\nExpect: 100-continue\r\n\r\n"


def test_a_body_that_does_not_wait_for_100_is_taken(gate):
    with gate.connect() as connection:
        connection.send(EXPECT + b"body")
        assert connection.read_response().json()["body"] == "body"
        assert connection.request("GET", "/after").status == 200


def test_the_gateway_says_100_when_the_service_does_not(gateway, upstream):
    def serve(exchange):
        body = b"".join(exchange.body())
        exchange.send(response(body))
        return True

    gate = gateway(in_front_of(upstream(serve=serve, reads_body=False), OPEN))
    with gate.connect() as connection:
        for name in (b"100-continue", b"100-Continue"):
            connection.send(EXPECT.replace(b"100-continue", name))
            assert connection.reader.until(b"\r\n\r\n").startswith(b"HTTP/1.1 100 ")
            connection.send(b"body")
            assert connection.read_response().body == b"body"


def test_a_service_that_refuses_the_body_is_heard_and_nothing_is_mistaken_for_a_request(gateway, upstream):
    def serve(exchange):
        exchange.send(response("no", status=403))
        return True

    service = upstream(serve=serve, reads_body=False)
    gate = gateway(in_front_of(service, OPEN))
    with gate.connect() as connection:
        connection.send(EXPECT)
        answer = connection.read_response()
        assert (answer.status, answer.interim) == (403, [])
        assert answer.header("Connection") == "close", "whether the body comes is anybody's guess"
        connection.send_if_open(b"GET ")
        assert connection.is_closed_by_peer()
    assert len(service.requests) == 1


def test_an_old_client_is_not_sent_100(gate):
    with gate.connect() as connection:
        connection.send(EXPECT.replace(b"HTTP/1.1", b"HTTP/1.0") + b"body")
        answer = connection.read_response()
        assert (answer.status, answer.interim, answer.json()["body"]) == (200, [], "body")


def test_expect_without_a_body_waits_for_nothing(gate):
    with gate.connect() as connection:
        for request in (b"GET / HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\n\r\n",
                        POST + b"Content-Length: 0\r\nExpect: 100-continue\r\n\r\n"):
            connection.send(request)
            assert connection.read_response().status == 200


def test_a_client_that_expects_and_leaves_cancels_its_request(gateway, upstream):
    gone = threading.Event()

    def serve(exchange):
        if exchange.peer_is_gone():
            gone.set()
        return False

    service = upstream(serve=serve, reads_body=False)
    gate = gateway(in_front_of(service, OPEN))
    connection = gate.connect()
    connection.send(EXPECT)
    service.wait_for_requests(1)
    connection.reset()
    assert gone.wait(20 * SLOWNESS)


# -- HTTP/1.0 and HEAD

def test_an_old_client_may_keep_its_connection_and_pipeline(gate):
    request = b"POST /%d HTTP/1.0\r\nHost: localhost\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nhi"
    with gate.connect() as connection:
        connection.send(b"".join(request % number for number in range(5)) + b"GET /end HTTP/1.0\r\n\r\n")
        answers = [connection.read_response() for _ in range(6)]
        assert connection.is_closed_by_peer()
    assert [answer.json()["target"] for answer in answers] == ["/0", "/1", "/2", "/3", "/4", "/end"]
    assert [answer.header("Connection") for answer in answers] == ["keep-alive"] * 5 + ["close"]


def test_a_refusal_of_head_has_a_length_and_no_body(gate):
    with gate.connect() as connection:
        answer = connection.request("HEAD", "/a%2fb")
        assert answer.status == 400 and int(answer.header("Content-Length")) > 0
        if answer.header("Connection") is None:
            assert connection.request("GET", "/after").status == 200


# -- more than there is room for

def test_connections_over_the_limit_wait_for_their_turn(gateway, upstream):
    gate = gateway(ONE_WORKER + "limits: {connections: 4}\n" + in_front_of(upstream(), OPEN))
    kept = [gate.connect() for _ in range(4)]
    for connection in kept:
        assert connection.request("GET", "/").status == 200
    waiting = gate.connect()
    waiting.send(b"GET /late HTTP/1.1\r\nHost: localhost\r\n\r\n")
    for connection in kept:
        assert connection.request("GET", "/").status == 200
    assert gate.admin("GET", "/readyz").status == 200, "the admin address has room of its own"
    waiting.socket.settimeout(0.2)
    with pytest.raises(TimeoutError):
        waiting.socket.recv(1)
    waiting.socket.settimeout(20 * SLOWNESS)
    kept.pop().close()
    assert waiting.read_response().json()["target"] == "/late"


@pytest.mark.skipif(SLOWNESS > 1, reason="a sanitizer wants descriptors itself, to look whether memory is an object")
def test_out_of_descriptors_is_no_crash_and_passes(gateway, upstream):
    service = upstream()
    gate = gateway(in_front_of(service, OPEN))
    assert gate.get("/").status == 200
    soft, hard = resource.prlimit(gate.process.pid, resource.RLIMIT_NOFILE)
    resource.prlimit(gate.process.pid, resource.RLIMIT_NOFILE, (40, hard))
    crowd = [gate.connect() for _ in range(60)]
    for connection in crowd:
        connection.send_if_open(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
    wait_until(lambda: "cannot accept" in gate.log(), "complaint of the listener")
    for connection in crowd[:30]:
        connection.reset()
    resource.prlimit(gate.process.pid, resource.RLIMIT_NOFILE, (soft, hard))
    for connection in crowd[30:]:
        try:
            assert connection.read_response().status in (200, 502)
        except ConnectionEnded:
            pass
    assert gate.get("/after").status == 200


def test_many_clients_that_say_nothing_do_not_hold_up_one_that_does(gate):
    silent = [gate.connect() for _ in range(200)]
    half = [gate.connect() for _ in range(200)]
    for connection in half:
        connection.send(b"GET / HT")
    assert gate.get("/").status == 200
    for connection in silent + half:
        connection.reset()
    assert gate.get("/").status == 200
