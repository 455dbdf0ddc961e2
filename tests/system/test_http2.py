# SPDX-License-Identifier: Apache-2.0
"""HTTP/2 from clients: real ones, and frames that no real one would send."""
import hashlib
import re
import signal
import subprocess
import threading
import time

import pytest
from support.client import Connection
from support.floods import FLOODS, resets
from support.gateway import in_front_of
from support.http2 import (ACK, CONTINUATION, DATA, END_HEADERS, END_STREAM, ENHANCE_YOUR_CALM, GOAWAY, HEADERS,
                           HELLO, NO_ERROR, PING, PRIORITY, PROTOCOL_ERROR, RST_STREAM, SETTINGS, WINDOW_UPDATE, Frames,
                           error_code, fields, frame, head)
from support.tokens import SHARED_ISSUER, good_token
from support.upstream import response
from support.waiting import SLOWNESS, wait_until, wait_until_steady

HUFFMAN = {414: b'h-\x7f', 417: b'h.\xff', 431: b'i\x90\xff'}  # RFC 7541, appendix B
OPEN = "{path: /**, auth: none, upstream: legacy}"
MEBI = 1024 * 1024


def run(*command, data=None):
    done = subprocess.run(list(map(str, command)), input=data, capture_output=True, check=False, timeout=90 * SLOWNESS)
    assert done.returncode == 0, (done.returncode, done.stderr.decode()[-2000:])
    return done.stdout


def curl(gate, target, *arguments, tls=True, data=None):
    """(version, status, body) as curl's HTTP/2 sees them."""
    where = (["--http2", "--cacert", gate.certificate.certificate, f"https://localhost:{gate.tls_port}{target}"] if tls
             else ["--http2-prior-knowledge", f"http://localhost:{gate.port}{target}"])
    out = run("curl", "--silent", "--show-error", "--noproxy", "*", "--max-time", 60 * SLOWNESS,
              "--write-out", r"\n%{http_version} %{http_code}", *arguments, *where, data=data)
    body, _, facts = out.rpartition(b"\n")
    version, status = facts.decode().split()
    return version, int(status), body


def http2(gate):
    return Connection(gate.port)


@pytest.fixture
def gate(gateway, upstream):
    made = gateway(in_front_of(upstream(), OPEN))
    return made


# -- real clients

@pytest.mark.parametrize("tls", [True, False])
def test_curl_speaks_it_by_alpn_and_by_prior_knowledge(gateway, upstream, tls):
    service = upstream(lambda request: response(b"hello", headers=[("X-Up", "Yes")]))
    gate = gateway(in_front_of(service, OPEN))
    assert curl(gate, "/a?b=c", tls=tls) == ("2", 200, b"hello")
    assert service.last.target == "/a?b=c"
    assert service.last.header("Host").startswith("localhost:")
    assert curl(gate, "/", "--head", tls=tls)[:2] == ("2", 200)


def test_a_listener_without_http2_does_not_offer_it(gateway, upstream):
    gate = gateway(in_front_of(upstream(), OPEN), listener="http2: false")
    assert curl(gate, "/")[:2] == ("1.1", 200)
    with http2(gate) as connection:
        connection.send(HELLO)
        assert connection.read_response().status == 400


def test_http1_goes_on_beside_it(gate):
    assert gate.get("/").status == 200
    assert gate.get("/", tls=True).status == 200
    with gate.connect() as connection:
        for byte in b"PUT / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n":
            connection.send(bytes([byte]))
        assert connection.read_response().status == 200


def test_a_token_is_asked_for_and_its_identity_stamped(gateway, upstream):
    service = upstream()
    gate = gateway(SHARED_ISSUER + in_front_of(service))
    version, status, body = curl(gate, "/x")
    assert (version, status) == ("2", 401) and b"token_missing" in body
    assert not service.requests
    spoofed = ["-H", "X-Auth-Subject: root", "-H", "X_Auth_Subject: root", "-H", "x.auth.subject: root"]
    assert curl(gate, "/x", "-H", f"Authorization: Bearer {good_token(sub='alice')}", *spoofed)[:2] == ("2", 200)
    assert service.last.all("X-Auth-Subject") == ["alice"]
    assert not [value for _, value in service.last.headers if "root" in value]


@pytest.mark.parametrize("size", [0, 1, 16 * 1024, 64 * MEBI])
@pytest.mark.parametrize("tls", [True, False])
def test_bodies_arrive_whole_both_ways(gateway, upstream, tmp_path, size, tls):
    block = hashlib.sha256(b"seed").digest() * 2048
    content = (block * (size // len(block) + 1))[:size]
    service = upstream(lambda request: response(request.body))
    gate = gateway(in_front_of(service, OPEN))
    (tmp_path / "up").write_bytes(content)
    version, status, body = curl(gate, "/", "-X", "POST", "--data-binary", f"@{tmp_path}/up", tls=tls)
    assert (version, status) == ("2", 200)
    assert hashlib.sha256(service.last.body).digest() == hashlib.sha256(content).digest()
    assert hashlib.sha256(body).digest() == hashlib.sha256(content).digest()


def test_a_body_without_a_length_goes_in_chunks(gateway, upstream):
    service = upstream(lambda request: response(request.body))
    gate = gateway(in_front_of(service, OPEN))
    assert curl(gate, "/", "-T", "-", "-X", "POST", data=b"x" * 300000)[1:] == (200, b"x" * 300000)
    assert service.last.header("Transfer-Encoding") == "chunked"


def test_a_body_that_is_too_large_is_refused(gateway, upstream, tmp_path):
    gate = gateway(in_front_of(upstream(), OPEN), limits="body: 1MiB")
    (tmp_path / "up").write_bytes(b"x" * 8 * MEBI)
    assert curl(gate, "/", "-X", "POST", "--data-binary", f"@{tmp_path}/up")[1] == 413


def h2load(gate, requests, parallel, clients=1):
    out = run("h2load", "-n", requests, "-m", parallel, "-c", clients, f"https://localhost:{gate.tls_port}/").decode()
    return int(re.search(r"(\d+) succeeded", out).group(1)), int(re.search(r"(\d+) 2xx", out).group(1))


def test_a_thousand_requests_one_after_the_other_and_a_hundred_at_once(gate):
    assert h2load(gate, 1000, 1) == (1000, 1000)
    assert h2load(gate, 1000, 100) == (1000, 1000)


def test_nghttp_gets_many_at_once(gateway, upstream):
    gate = gateway(in_front_of(upstream(lambda request: response(b"y" * 100000)), OPEN))
    urls = [f"https://localhost:{gate.tls_port}/{number}" for number in range(20)]
    assert run("nghttp", *urls) == b"y" * 2000000


# -- syntax

@pytest.mark.parametrize("target, extra", [
    ({"path": "x"}, ()), ({"path": ""}, ()), ({"path": None}, ()), ({"method": None}, ()), ({"scheme": None}, ()),
    ({"scheme": "ftp"}, ()), ({"authority": None}, ()), ({"authority": "a@b"}, ()), ({"path": "*"}, ()),
    ({"method": "get"}, ()), ({"path": "/a b"}, ()), ({"path": "/a\r\nX: y"}, ()), ({"path": "/a#b"}, ()),
    ({}, [("host", "other")]), ({}, [("Upper", "x")]), ({}, [("connection", "close")]),
    ({}, [("transfer-encoding", "chunked")]), ({}, [("upgrade", "websocket")]), ({}, [("te", "gzip")]),
    ({}, [("keep-alive", "1")]), ({}, [("proxy-connection", "1")]), ({}, [("a", "b\r\nc: d")]), ({}, [("a", "b\0c")]),
    ({}, [("a", "b\nc")]), ({}, [("a:b", "c")]), ({}, [("a b", "c")]), ({}, [("", "c")]), ({}, [("content_length", "3")]),
    ({}, [("content-length", "3")]), ({}, [("content-length", "1"), ("content-length", "1")]), ({}, [(":path", "/b")]),
    ({}, [(":status", "200")]), ({}, [("a", "b"), (":method", "GET")]), ({}, [("transfer.encoding", "x")]),
    ({"method": "CONNECT"}, ()), ({"method": "CONNECT", "path": None, "scheme": None}, ()), ({"method": "TRACE"}, ()),
])
def test_a_malformed_head_is_refused_and_the_connection_goes_on(gateway, upstream, target, extra):
    service = upstream()
    gate = gateway(in_front_of(service, OPEN))
    with http2(gate) as connection:
        frames = Frames(connection)
        connection.send(HELLO + head(1, *extra, **target))
        while True:
            kind, _, stream, payload = frames.next()
            if stream == 1 and kind in (HEADERS, RST_STREAM):
                break
        assert kind == HEADERS or error_code(payload) == PROTOCOL_ERROR
        connection.send(head(3, path="/marker"))
        frames.until(HEADERS, 3)
    assert [request.target for request in service.requests] == ["/marker"]


def test_cookie_crumbs_become_one_field(gateway, upstream):
    service = upstream()
    gate = gateway(in_front_of(service, OPEN))
    with http2(gate) as connection:
        connection.send(HELLO + head(1, ("cookie", "a=1"), ("x", "y"), ("cookie", "b=2"), ("cookie", "c=3")))
        Frames(connection).until(HEADERS, 1)
    assert service.last.all("Cookie") == ["a=1; b=2; c=3"]


@pytest.mark.parametrize("status, target, extra", [
    (414, {"path": "/" + "x" * 5000}, ()), (431, {}, [("x", "y" * 9000)]),
    (431, {}, [(f"x{number}", "y") for number in range(60)]), (417, {}, [("expect", "more")])])
def test_limits_of_a_head_are_those_of_http1(gateway, upstream, status, target, extra):
    gate = gateway(in_front_of(upstream(), OPEN), limits="header_bytes: 8KiB, uri_bytes: 4KiB, headers: 50")
    with http2(gate) as connection:
        connection.send(HELLO + head(1, *extra, **target))
        # Fields without a table: the status stands in plain text, or packed by Huffman's code.
        block = Frames(connection).until(HEADERS, 1)[3]
        assert str(status).encode() in block or HUFFMAN[status] in block
    assert gate.get("/").status == 200


# -- abuse: the connection ends, others do not notice

@pytest.mark.parametrize("kind", FLOODS)
def test_a_flood_ends_its_connection_while_another_client_is_served(gate, kind):
    for _ in range(3):
        gate.get("/warm")
    before = gate.resident_bytes()
    with http2(gate) as other, http2(gate) as connection:
        frames = Frames(other)
        other.send(HELLO + head(1))
        frames.until(HEADERS, 1)
        connection.send(HELLO)
        start, ended = time.monotonic(), False
        for count, piece in enumerate(FLOODS[kind]()):
            try:
                connection.socket.sendall(piece)
            except OSError:
                ended = True
                break
            if count % 20 == 0:
                began = time.monotonic()
                other.send(head(3 + 2 * count))
                frames.until(HEADERS, 3 + 2 * count)
                assert time.monotonic() - began < 1 * SLOWNESS
            if time.monotonic() - start > 20 * SLOWNESS:
                break
        assert ended, "the flood was taken for 20 seconds"
    assert gate.resident_bytes() - before < 24 * MEBI
    assert gate.get("/after").status == 200


def test_who_takes_back_too_many_requests_is_told_to_calm_down(gate):
    with http2(gate) as connection:
        connection.send(HELLO)
        pieces = resets()
        for _ in range(8):
            connection.send_if_open(next(pieces))
        assert error_code(Frames(connection).until(GOAWAY)[3]) == ENHANCE_YOUR_CALM


# -- time and endings

def test_a_slow_reader_holds_the_upstream_back(gateway, upstream):
    sent = [0]

    def serve(exchange):
        exchange.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (256 * MEBI))
        for _ in range(256):
            exchange.send(b"z" * MEBI)
            sent[0] += MEBI
        return True

    service = upstream(serve=serve, reads_body=False)
    gate = gateway(in_front_of(service, OPEN))
    before = gate.resident_bytes()
    with http2(gate) as connection:
        connection.send(HELLO + head(1))
        Frames(connection).until(DATA, 1)
        wait_until_steady(lambda: sent[0], "what the service could send")
        assert sent[0] < 64 * MEBI
        assert gate.resident_bytes() - before < 16 * MEBI
        connection.reset()
    service.errors.clear()


def test_a_drain_lets_requests_end_and_says_goodbye(gateway, upstream):
    go = threading.Event()

    def answer(request):
        go.wait(20 * SLOWNESS)
        return response(b"late")

    service = upstream(answer)
    gate = gateway(in_front_of(service, OPEN))
    with http2(gate) as connection:
        frames = Frames(connection)
        connection.send(HELLO + head(1))
        service.wait_for_requests(1)
        gate.signal(signal.SIGTERM)
        assert error_code(frames.until(GOAWAY)[3]) == NO_ERROR
        go.set()
        frames.until(HEADERS, 1)
        assert frames.until(DATA, 1)[3] == b"late"
    assert gate.process.wait(20 * SLOWNESS) == 0
    gate.process = None


@pytest.mark.parametrize("how", ["reset", "close", "cancel"])
def test_a_client_that_leaves_cancels_the_request(gateway, upstream, how):
    gone = []

    def serve(exchange):
        wait_until(exchange.peer_is_gone, "the gateway hangs up", 10)
        gone.append(1)
        return False

    service = upstream(serve=serve)
    gate = gateway(in_front_of(service, OPEN))
    connection = http2(gate)
    connection.send(HELLO + head(1) + head(3))
    service.wait_for_requests(2)
    if how == "cancel":
        for stream in (1, 3):
            connection.send(frame(RST_STREAM, 0, stream, b"\0\0\0\x08"))
    elif how == "reset":
        connection.reset()
    else:
        connection.close()
    wait_until(lambda: len(gone) == 2, "both requests cancelled", 10)
    connection.close()


def test_a_truncated_answer_is_a_reset_stream(gateway, upstream):
    def serve(exchange):
        exchange.send(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf")
        return False

    gate = gateway(in_front_of(upstream(serve=serve), OPEN))
    with http2(gate) as connection:
        connection.send(HELLO + head(1))
        frames = Frames(connection)
        frames.until(HEADERS, 1)
        assert error_code(frames.until(RST_STREAM, 1)[3]) != NO_ERROR


def test_a_head_or_a_preface_that_does_not_end_ends_the_connection(gateway, upstream):
    gate = gateway(in_front_of(upstream(), OPEN), limits="client_header_timeout: 1s")
    for data in (HELLO[:10], HELLO[:20], HELLO + frame(HEADERS, 0, 1, fields((":method", "GET")))):
        with http2(gate) as connection:
            connection.send(data)
            connection.reader.rest()


def test_an_idle_connection_is_closed(gateway, upstream):
    gate = gateway(in_front_of(upstream(), OPEN), limits="idle_timeout: 1s")
    with http2(gate) as connection:
        connection.send(HELLO + head(1))
        frames = Frames(connection)
        frames.until(HEADERS, 1)
        assert error_code(frames.until(GOAWAY)[3]) == NO_ERROR
        connection.reader.rest()
