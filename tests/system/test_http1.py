# SPDX-License-Identifier: Apache-2.0
"""HTTP/1.1 on the clients' side, byte by byte."""
import ssl
import subprocess

import pytest
from support.certificates import make_certificate
from support.client import Connection
from support.gateway import in_front_of
from support.http1 import ConnectionEnded
from support.upstream import chunked
from support.waiting import SLOWNESS

OPEN = "{path: /**, auth: none, upstream: legacy}"


@pytest.fixture
def service(upstream):
    return upstream()


@pytest.fixture
def gate(gateway, service):
    return gateway(in_front_of(service, OPEN))


def test_curl_gets_through_over_tls(gate, service):
    answer = gate.curl("/hello?x=1", "--http1.1", data=b"some text", method="PUT")
    assert answer.status == 200
    assert (service.last.method, service.last.target, service.last.body) == ("PUT", "/hello?x=1", b"some text")


def test_one_connection_carries_many_requests(gate, service):
    with gate.connect(tls=True) as connection:
        for number in range(50):
            answer = connection.request("POST", f"/{number}", body=b"x" * number)
            assert answer.status == 200 and answer.json()["target"] == f"/{number}"
    assert len(service.requests) == 50
    assert service.connections <= 2, "the upstream's connections are used again"


def test_twenty_pipelined_requests_are_answered_in_order(gate):
    with gate.connect() as connection:
        connection.send(b"".join(b"GET /%d HTTP/1.1\r\nHost: localhost\r\n\r\n" % number for number in range(20)))
        targets = [connection.read_response().json()["target"] for _ in range(20)]
    assert targets == [f"/{number}" for number in range(20)]


def test_pipelined_bodies_end_where_they_say(gate):
    post = b"POST /%d HTTP/1.1\r\nHost: localhost\r\n"
    with gate.connect() as connection:
        connection.send(post % 1 + b"Content-Length: 3\r\n\r\nabc" + post % 2 + b"Transfer-Encoding: chunked\r\n\r\n"
                        b"3;ext=1\r\ndef\r\n0\r\nX-Trailer: 1\r\n\r\n" + post % 3 + b"Content-Length: 0\r\n\r\n")
        bodies = [connection.read_response().json()["body"] for _ in range(3)]
    assert bodies == ["abc", "def", ""]


def test_connection_close_is_kept_to(gate):
    with gate.connect() as connection:
        answer = connection.request("GET", "/", headers={"Connection": "close"})
        assert answer.status == 200 and answer.header("Connection").lower() == "close"
        assert connection.is_closed_by_peer()


def test_http_1_0_closes_unless_asked_to_stay(gate, service):
    with gate.connect() as connection:
        connection.send(b"GET / HTTP/1.0\r\n\r\n")
        assert connection.read_response().status == 200
        assert connection.is_closed_by_peer()
    assert service.last.header("Host"), "the upstream gets one"
    with gate.connect() as connection:
        for _ in range(2):
            connection.send(b"GET / HTTP/1.0\r\nHost: localhost\r\nConnection: keep-alive\r\n\r\n")
            assert connection.read_response().status == 200


def test_a_client_of_http_1_0_gets_no_chunks(gateway, upstream):
    gate = gateway(in_front_of(upstream(lambda request: chunked(b"ab", b"cd")), OPEN))
    with gate.connect() as connection:
        connection.send(b"GET / HTTP/1.0\r\nHost: localhost\r\n\r\n")
        answer = connection.read_head()
        assert answer.header("Transfer-Encoding") is None
        assert connection.reader.rest() == b"abcd"


def test_a_request_may_come_byte_by_byte(gate, service):
    request = (b"POST /slow HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\nX-A: b\r\n\r\n"
               b"5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n")
    with gate.connect() as connection:
        for byte in request:
            connection.send(bytes([byte]))
        assert connection.read_response().json()["body"] == "hello world"


def test_an_answer_may_come_byte_by_byte(gateway, upstream):
    def serve(exchange):
        for byte in chunked(b"hello", b" world"):
            exchange.send(bytes([byte]))
        return True

    gate = gateway(in_front_of(upstream(serve=serve), OPEN))
    with gate.connect() as connection:
        for _ in range(3):
            assert connection.request("GET", "/").body == b"hello world"


def test_chunks_pass_in_both_directions(gateway, upstream):
    service = upstream(lambda request: chunked(request.body[:3], request.body[3:]))
    gate = gateway(in_front_of(service, OPEN))
    head = b"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
    with gate.connect() as connection:
        connection.send(head + b"5\r\nhello\r\n1\r\n!\r\n0\r\n\r\n")
        answer = connection.read_response()
        assert answer.body == b"hello!" and answer.header("Transfer-Encoding") == "chunked"
        assert connection.request("GET", "/again").status == 200


def test_the_first_bytes_of_a_body_pass_before_its_end(gateway, upstream):
    def serve(exchange):
        exchange.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        for piece in exchange.body():
            exchange.send(b"%x\r\n%s\r\n" % (len(piece), piece))
        exchange.send(b"0\r\n\r\n")
        return True

    gate = gateway(in_front_of(upstream(serve=serve, reads_body=False), OPEN))
    with gate.connect() as connection:
        connection.send(b"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n")
        pieces = connection.pieces(connection.read_head())
        for word in (b"one", b"two", b"three"):  # each is answered before the next is sent
            connection.send(b"%x\r\n%s\r\n" % (len(word), word))
            got = b""
            while len(got) < len(word):
                got += next(pieces)
            assert got == word
        connection.send(b"0\r\n\r\n")
        assert list(pieces) == []


@pytest.mark.parametrize("status", [204, 304])
def test_answers_without_a_body_end_at_their_head(gateway, upstream, status):
    service = upstream(lambda request: f"HTTP/1.1 {status} X\r\nETag: \"a\"\r\n\r\n".encode())
    gate = gateway(in_front_of(service, OPEN))
    with gate.connect() as connection:
        for _ in range(3):
            answer = connection.request("GET", "/")
            assert (answer.status, answer.body, answer.header("ETag")) == (status, b"", '"a"')


def test_head_gets_the_length_and_no_body(gateway, upstream):
    service = upstream(lambda request: b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n" +
                       (b"" if request.method == "HEAD" else b"hello"))
    gate = gateway(in_front_of(service, OPEN))
    with gate.connect() as connection:
        answer = connection.request("HEAD", "/")
        assert (answer.header("Content-Length"), answer.body) == ("5", b"")
        assert connection.request("GET", "/").body == b"hello"


def test_an_answer_until_close_reaches_a_client_that_stays(gateway, upstream):
    def serve(exchange):
        exchange.send(b"HTTP/1.0 200 OK\r\n\r\nuntil the end")
        return False

    gate = gateway(in_front_of(upstream(serve=serve), OPEN))
    with gate.connect() as connection:
        for _ in range(2):
            assert connection.request("GET", "/").body == b"until the end"


# -- Expect

def test_a_client_that_waits_for_100_gets_it(gateway, upstream):
    service = upstream()
    gate = gateway(in_front_of(service, OPEN))
    with gate.connect() as connection:
        connection.send(b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n")
        assert connection.reader.until(b"\r\n\r\n").startswith(b"HTTP/1.1 100 ")
        connection.send(b"body")
        assert connection.read_response().json()["body"] == "body"


def test_refusals_come_before_100(gateway, upstream):
    service = upstream()
    gate = gateway("limits: {body: 10}\n" + in_front_of(service, "{path: /**, upstream: legacy}",
                                                        "{path: /open, auth: none, upstream: legacy}"))
    for target, length, status in (("/", 4, 401), ("/open", 11, 413)):
        with gate.connect() as connection:
            connection.send(f"POST {target} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {length}\r\n"
                            "Expect: 100-continue\r\n\r\n".encode())
            answer = connection.read_response()
            assert answer.status == status and answer.interim == []
    assert service.requests == []


def test_an_unknown_expectation_fails(gate, service):
    answer = gate.request("POST", "/", headers={"Expect": "200-ok"}, body=b"x")
    assert (answer.status, answer.code) == (417, "expectation_failed")
    assert service.requests == []


# -- limits

def test_limits_of_the_head_have_their_codes(gateway, upstream):
    service = upstream()
    gate = gateway("limits: {header_bytes: 4KiB, headers: 20, uri_bytes: 1KiB}\n" + in_front_of(service, OPEN))
    head = b"GET %s HTTP/1.1\r\nHost: localhost\r\n"
    for request, status, code in (
            (head % (b"/" + b"x" * 1100) + b"\r\n", 414, "uri_too_long"),
            (head % b"/" + b"X: " + b"y" * 4100 + b"\r\n\r\n", 431, "header_too_large"),
            (head % b"/" + b"X: y\r\n" * 21 + b"\r\n", 431, "header_too_large"),
            (head % b"/" + b"X" * 5000, 431, "header_too_large"),
            (b"GET /" + b"x" * 5000, 414, "uri_too_long")):
        with gate.connect() as connection:
            connection.send_if_open(request)
            answer = connection.read_response()
            assert (answer.status, answer.code) == (status, code), request[:40]
            assert connection.is_closed_by_peer()
    assert service.requests == []
    assert gate.send_raw(head % (b"/" + b"x" * 1000) + b"X: y\r\n" * 18 + b"\r\n").status == 200


def test_a_body_over_the_limit_is_refused_by_its_length_and_cut_by_its_chunks(gateway, upstream):
    service = upstream()
    gate = gateway("limits: {body: 1KiB}\n" + in_front_of(service, OPEN))
    assert gate.post("/", b"x" * 1024).status == 200
    assert gate.post("/", b"x" * 1025).code == "content_too_large"
    with gate.connect() as connection:
        connection.send(b"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n")
        connection.send_if_open(b"400\r\n" + b"x" * 1024 + b"\r\n1\r\nx\r\n0\r\n\r\n")
        answer = connection.read_response()
        assert (answer.status, answer.code) == (413, "content_too_large")
    assert len(service.requests) == 1 or service.requests[-1].body != b"x" * 1025
    assert [len(request.body) for request in service.requests if request.body] == [1024]


def test_a_head_that_does_not_end_in_time_is_refused(gateway, upstream):
    service = upstream()
    gate = gateway(f"limits: {{client_header_timeout: {300 * SLOWNESS:.0f}ms}}\n" + in_front_of(service, OPEN))
    with gate.connect() as connection:
        connection.send(b"GET / HTTP/1.1\r\nHost: loc")
        answer = connection.read_response()
        assert (answer.status, answer.code) == (408, "request_timeout")
        assert connection.is_closed_by_peer()
    assert service.requests == [] and service.partial == []


def test_a_body_that_stops_is_refused(gateway, upstream):
    gate = gateway(f"limits: {{client_body_timeout: {300 * SLOWNESS:.0f}ms}}\n" + in_front_of(upstream(), OPEN))
    with gate.connect() as connection:
        connection.send(b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\nhalf")
        answer = connection.read_response()
        assert (answer.status, answer.code) == (408, "request_timeout")
        assert connection.is_closed_by_peer()


def test_an_idle_connection_is_closed_without_a_word(gateway, upstream):
    gate = gateway(f"limits: {{idle_timeout: {300 * SLOWNESS:.0f}ms}}\n" + in_front_of(upstream(), OPEN))
    with gate.connect() as connection:
        assert connection.request("GET", "/").status == 200
        assert connection.is_closed_by_peer()
    with gate.connect() as connection:
        assert connection.is_closed_by_peer(), "also one that never said anything"


# -- malformed input: 400, an end, and nothing behind it is ever read as a request

GET = b"GET / HTTP/1.1\r\n"
HOST = b"Host: localhost\r\n"
POST = b"POST / HTTP/1.1\r\nHost: localhost\r\n"
MALFORMED = [
    b"GET / HTTP/1.1\nHost: localhost\n\n",
    b"GET / HTTP/1.1\r\nHost: localhost\n\r\n",
    GET + b"Host: localhost\r\nX: a\rb\r\n\r\n",
    GET + HOST + b"X: a\r\n folded\r\n\r\n",
    GET + HOST + b"X: a\r\n\tfolded\r\n\r\n",
    GET + b" X: a\r\n" + HOST + b"\r\n",
    GET + HOST + b"X: a\x00b\r\n\r\n",
    GET + HOST + b"X: a\x01b\r\n\r\n",
    GET + HOST + b"X: a\x7fb\r\n\r\n",
    GET + HOST + b"X : a\r\n\r\n",
    GET + HOST + b": a\r\n\r\n",
    GET + HOST + b"no colon\r\n\r\n",
    GET + HOST + b"X\x80: a\r\n\r\n",
    GET + b"\r\n",
    GET + HOST + HOST + b"\r\n",
    GET + HOST + b"Host: other\r\n\r\n",
    GET + b"Host: a@b\r\n\r\n",
    GET + b"Host: a/b\r\n\r\n",
    GET + b"Host: a b\r\n\r\n",
    GET + b"Host: a,b\r\n\r\n",
    b"GET  / HTTP/1.1\r\n" + HOST + b"\r\n",
    b"GET / HTTP/1.1 \r\n" + HOST + b"\r\n",
    b" GET / HTTP/1.1\r\n" + HOST + b"\r\n",
    b"GET /a b HTTP/1.1\r\n" + HOST + b"\r\n",
    b"G\x01T / HTTP/1.1\r\n" + HOST + b"\r\n",
    b"GET\t/ HTTP/1.1\r\n" + HOST + b"\r\n",
    b"GET / http/1.1\r\n" + HOST + b"\r\n",
    b"GET / HTTP/1.10\r\n" + HOST + b"\r\n",
    b"GET / HTTP/01.1\r\n" + HOST + b"\r\n",
    b"GET / HTTP/2.0\r\n" + HOST + b"\r\n",
    b"GET /\r\n\r\n",
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
    POST + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    POST + b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
    POST + b"Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello",
    POST + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
    POST + b"Content-Length: 5, 5\r\n\r\nhello",
    POST + b"Content-Length: +5\r\n\r\nhello",
    POST + b"Content-Length: -5\r\n\r\nhello",
    POST + b"Content-Length: 0x5\r\n\r\nhello",
    POST + b"Content-Length: 5 5\r\n\r\nhello",
    POST + b"Content-Length: \r\n\r\nhello",
    POST + b"Content-Length: 5e0\r\n\r\nhello",
    POST + b"Content-Length: 18446744073709551616\r\n\r\nhello",
    POST + b"Content-Length: 99999999999999999999999\r\n\r\nhello",
    POST + b"Content_Length: 5\r\nTransfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n",
    POST + b"Transfer-Encoding: identity\r\n\r\n",
    POST + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    POST + b"Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
    POST + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    POST + b"Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n",
    POST + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    POST + b"Transfer-Encoding: \"chunked\"\r\n\r\n0\r\n\r\n",
    POST + b"Transfer-Encoding: chunked;q=1\r\n\r\n0\r\n\r\n",
    POST + b"Transfer-Encoding:\r\n\r\n0\r\n\r\n",
    b"POST / HTTP/1.0\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
]
CHUNKED = POST + b"Transfer-Encoding: chunked\r\n\r\n"
MALFORMED_CHUNKS = [
    b"x\r\n", b"-1\r\n", b"+1\r\nx\r\n", b"0x1\r\nx\r\n", b" 1\r\nx\r\n", b"1 \r\nx\r\n", b"\r\n",
    b"1\nx\r\n", b"1\r\nxy\r\n", b"1\r\nx\n", b"ffffffffffffffffff\r\n", b"10000000000000001\r\nx",
    b"1;" + b"e" * 70000 + b"\r\nx\r\n",
    b"1;a\rb\r\nx\r\n", b"1;a\nb\r\nx\r\n",
    b"0\r\nX : y\r\n\r\n", b"0\r\nno colon\r\n\r\n", b"0\r\nX: a\x00\r\n\r\n", b"0\n\r\n",
]
MARKER = b"GET /smuggled HTTP/1.1\r\nHost: localhost\r\n\r\n"


def test_malformed_heads_get_400_and_an_end(gate, service):
    for data in MALFORMED:
        with gate.connect() as connection:
            connection.send_if_open(data + MARKER)
            answer = connection.read_response()
            assert answer.status == 400 and answer.code == "bad_request", (data, answer.status)
            assert answer.header("Connection").lower() == "close", data
            assert connection.is_closed_by_peer(), data
    assert service.requests == [] and service.partial == []


def test_malformed_chunks_end_the_connection(gate, service):
    for data in MALFORMED_CHUNKS:
        with gate.connect() as connection:
            connection.send_if_open(CHUNKED + data + MARKER)
            answer = connection.read_response()
            assert answer.status == 400, (data[:60], answer.status)
            assert connection.is_closed_by_peer(), data[:60]
    assert [request.target for request in service.requests if "smuggled" in request.target] == []
    assert not any(b"smuggled" in partial for partial in service.partial)


def test_a_body_that_breaks_off_is_no_request(gate, service):
    for data in (POST + b"Content-Length: 10\r\n\r\nhalf", CHUNKED + b"5\r\nhel", CHUNKED + b"5\r\nhello\r\n"):
        with gate.connect() as connection:
            connection.send(data)
            connection.finish_sending()
            try:
                assert connection.read_response().status == 400
            except ConnectionEnded:
                pass  # an end without an answer is one too
    assert [request for request in service.requests if request.body] == []


def test_bytes_behind_a_refusal_are_never_a_request(gate, service):
    """A refused body's bytes must not be taken for the next request, whether the connection stays or not."""
    refused = b"POST /..%2f HTTP/1.1\r\nHost: localhost\r\nContent-Length: " + str(len(MARKER)).encode() + b"\r\n\r\n"
    with gate.connect() as connection:
        connection.send_if_open(refused + MARKER)
        assert connection.read_response().code == "bad_path"
        try:
            answer = connection.request("GET", "/after")
            assert answer.json()["target"] == "/after"
        except (ConnectionEnded, OSError):
            pass
    assert all(request.target == "/after" for request in service.requests)


# -- TLS

def test_tls_1_2_and_1_3_are_spoken_and_nothing_older(gate):
    for version, works in ((ssl.TLSVersion.TLSv1_2, True), (ssl.TLSVersion.TLSv1_3, True),
                           (ssl.TLSVersion.TLSv1_1, False)):
        context = ssl.create_default_context(cafile=str(gate.certificate.certificate))
        context.set_ciphers("DEFAULT:@SECLEVEL=0")
        context.minimum_version = context.maximum_version = version
        with Connection(gate.tls_port) as plain:
            if works:
                assert context.wrap_socket(plain.socket, server_hostname="localhost").version() == version.name.replace(
                    "_", ".")
            else:
                with pytest.raises((ssl.SSLError, OSError)):
                    context.wrap_socket(plain.socket, server_hostname="localhost")


def test_the_certificate_is_chosen_by_name(gateway, service, tmp_path, certificate):
    other = make_certificate(tmp_path, "other", ("other.example.com",))
    gate = gateway("routes:\n  - {path: /**, auth: none, respond: {status: 200, body: ok}}\n", started=False)
    gate.write_config(f"""
listeners:
  - address: 127.0.0.1:{gate.tls_port}
    tls:
      certificates:
        - {{certificate: {certificate.certificate}, key: {certificate.key}}}
        - {{certificate: {other.certificate}, key: {other.key}}}
routes:
  - {{path: /**, auth: none, respond: {{status: 200, body: ok}}}}
""")
    gate.start()

    def subject(*name):
        done = subprocess.run(["openssl", "s_client", "-connect", f"127.0.0.1:{gate.tls_port}", *name],
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
        return next(line for line in done.stdout.splitlines() if line.startswith("subject="))

    assert "other.example.com" in subject("-servername", "other.example.com")
    assert "other.example.com" in subject("-servername", "OTHER.example.com")
    assert "localhost" in subject("-servername", "localhost")
    assert "localhost" in subject("-servername", "unknown.example.com")
    assert "localhost" in subject("-noservername")


def test_alpn_without_anything_in_common_is_an_alert(gate):
    with pytest.raises(ssl.SSLError):
        gate.connect(tls=True, alpn=("smtp",))
    with gate.connect(tls=True, alpn=("http/1.0", "http/1.1")) as connection:
        assert connection.socket.selected_alpn_protocol() == "http/1.1"
        assert connection.request("GET", "/").status == 200
    with gate.connect(tls=True, alpn=()) as connection:
        assert connection.request("GET", "/").status == 200


def test_plain_http_on_the_tls_port_harms_nobody(gate, service):
    with Connection(gate.tls_port) as connection:
        connection.send(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        connection.reader.rest()
    assert service.requests == []
    assert gate.get("/", tls=True).status == 200


def test_a_plain_listener_may_send_everybody_to_https(gateway, certificate):
    gate = gateway("routes: []\n", started=False)
    gate.write_config(f"""
listeners:
  - {{address: 127.0.0.1:{gate.port}, redirect_to_https: true}}
  - {{address: 127.0.0.1:{gate.tls_port}, tls: {{certificate: {certificate.certificate}, key: {certificate.key}}}}}
routes:
  - {{path: /**, auth: none, respond: {{status: 200, body: ok}}}}
""")
    gate.start()
    answer = gate.get("/a/b?c=d", host="api.example.com:8080")
    assert answer.status in (301, 308)
    location = answer.header("Location")
    assert location.startswith("https://api.example.com") and location.endswith("/a/b?c=d")
