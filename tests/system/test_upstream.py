# SPDX-License-Identifier: Apache-2.0
"""Services that are away, slow, broken or gone, and how the gateway speaks to good ones."""
import threading

import pytest
from support.certificates import make_certificate
from support.gateway import in_front_of
from support.http1 import ConnectionEnded
from support.ports import ReservedPort
from support.upstream import chunked, response
from support.waiting import SLOWNESS, wait_until

OPEN = "{path: /**, auth: none, upstream: legacy}"


class Nowhere:
    """An upstream whose port refuses every connection."""

    def __init__(self):
        self._port = ReservedPort()
        self.url = f"http://127.0.0.1:{self._port.number}"


def test_a_service_that_is_down_is_502(gateway):
    nowhere = Nowhere()
    gate = gateway(in_front_of(nowhere, OPEN))
    with gate.connect() as connection:
        for method, body in (("GET", None), ("POST", b"x"), ("GET", None)):
            answer = connection.request(method, "/", body=body)
            assert (answer.status, answer.code) == (502, "upstream_refused")


def test_a_name_that_does_not_resolve_is_502_on_use_and_no_error_at_start(gateway):
    class Unknown:
        url = "http://no-such-host.invalid:80"

    gate = gateway(in_front_of(Unknown, OPEN))
    answer = gate.get("/")
    assert (answer.status, answer.code) == (502, "upstream_refused")


def test_a_service_that_says_nothing_is_504(gateway, upstream):
    service = upstream(serve=lambda exchange: not exchange.peer_is_gone())
    gate = gateway(in_front_of(service, OPEN, options=f"response_timeout: {300 * SLOWNESS:.0f}ms"))
    with gate.connect() as connection:
        answer = connection.request("GET", "/")
        assert (answer.status, answer.code) == (504, "upstream_timeout")
    assert len(service.requests) == 1, "a request that may have been acted on is not sent again"


def test_a_route_may_have_its_own_response_timeout(gateway, upstream):
    service = upstream(serve=lambda exchange: not exchange.peer_is_gone())
    gate = gateway(in_front_of(service, "{path: /**, auth: none, upstream: legacy, "
                                        f"response_timeout: {300 * SLOWNESS:.0f}ms}}"))
    assert gate.get("/").code == "upstream_timeout"


MALFORMED = [
    b"nonsense\r\n\r\n", b"HTTP/1.1 abc OK\r\n\r\n", b"HTTP/1.1 99 X\r\n\r\n", b"HTTP/1.1 2000 X\r\n\r\n",
    b"HTTP/3 200 OK\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
    b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nContent-Length: +2\r\n\r\nab", b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\nab",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nab", b"HTTP/1.1 200 OK\r\nX : y\r\nContent-Length: 0\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nX: a\x00b\r\nContent-Length: 0\r\n\r\n", b"HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nX: a\r\n folded\r\nContent-Length: 0\r\n\r\n",
    b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nX: " + b"y" * 2_000_000 + b"\r\n\r\n", b"", b"HTTP/1.1 200 OK\r\nX: y",
]


def test_a_malformed_answer_is_502(gateway, upstream):
    answers = iter(MALFORMED)

    def serve(exchange):
        exchange.send(next(answers))
        return False

    service = upstream(serve=serve)
    gate = gateway(in_front_of(service, OPEN, options="retries: 0"))
    with gate.connect() as connection:
        for data in MALFORMED:
            answer = connection.request("POST", "/", body=b"")
            assert (answer.status, answer.code) == (502, "upstream_protocol"), data[:80]


def test_bytes_behind_an_answer_are_no_answer_to_the_next_request(gateway, upstream):
    smuggled = response("smuggled")
    service = upstream(lambda request: response("good") + (smuggled if request.target == "/first" else b""))
    gate = gateway(in_front_of(service, OPEN))
    with gate.connect() as connection:
        assert connection.request("GET", "/first").body == b"good"
        for _ in range(5):
            assert connection.request("GET", "/next").body == b"good"


def test_interim_answers_are_no_end(gateway, upstream):
    service = upstream(lambda request: b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" * 3 + response("final"))
    gate = gateway(in_front_of(service, OPEN))
    with gate.connect() as connection:
        for _ in range(2):
            assert connection.request("GET", "/").body == b"final"


BROKEN_OFF = [b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly this",
              b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nonly this\r\n",
              b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nonly this\r\nzz\r\n"]


def test_a_body_that_breaks_off_is_seen_to_break_off(gateway, upstream):
    for data in BROKEN_OFF:
        head_is_out = threading.Event()

        def serve(exchange, data=data, head_is_out=head_is_out):
            head, _, rest = data.partition(b"\r\n\r\n")
            exchange.send(head + b"\r\n\r\n")
            head_is_out.wait(10 * SLOWNESS)
            exchange.send(rest)
            return False

        gate = gateway(in_front_of(upstream(serve=serve), OPEN))
        with gate.connect() as connection:
            connection.send(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
            answer = connection.read_head()
            assert answer.status == 200
            head_is_out.set()
            with pytest.raises(ConnectionEnded):
                list(connection.pieces(answer))
        gate.stop()


def test_a_dead_idle_connection_costs_no_client_its_request(gateway, upstream):
    service = upstream()
    gate = gateway(in_front_of(service, OPEN))
    with gate.connect() as connection:
        for number in range(10):
            assert connection.request("GET", f"/{number}").status == 200
            service.close_idle_connections()
            # The very next request may meet the connection before the gateway has seen its end.
            assert connection.request("PUT", f"/{number}", body=b"again").status == 200
    assert [request.target for request in service.requests if request.method == "PUT"] == [f"/{n}" for n in range(10)]


def test_a_request_with_effects_is_not_sent_twice(gateway, upstream):
    def serve(exchange):
        if exchange.request.method == "POST":
            return False  # read it, perhaps did it, died
        exchange.send(response("ok"))
        return True

    service = upstream(serve=serve)
    gate = gateway(in_front_of(service, OPEN))
    with gate.connect() as connection:
        assert connection.request("GET", "/").status == 200
        answer = connection.request("POST", "/pay", body=b"x")
        assert (answer.status, answer.code) == (502, "upstream_protocol")
    assert [request.method for request in service.requests].count("POST") == 1


def test_a_client_that_leaves_cancels_the_request_upstream(gateway, upstream):
    gone = threading.Event()

    def serve(exchange):
        if exchange.peer_is_gone():
            gone.set()
        return False

    service = upstream(serve=serve)
    gate = gateway(in_front_of(service, OPEN))
    connection = gate.connect()
    connection.send(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
    service.wait_for_requests(1)
    connection.close()
    assert gone.wait(10 * SLOWNESS)


def test_an_upstream_speaks_tls_and_is_verified(gateway, upstream, certificate, tmp_path):
    service = upstream(certificate=certificate)
    stranger = make_certificate(tmp_path, "stranger")
    for options, status in ((f"tls: {{ca: {certificate.certificate}}}", 200),
                            (f"tls: {{ca: {certificate.certificate}, server_name: legacy.internal}}", 200),
                            (f"tls: {{ca: {certificate.certificate}, server_name: other.internal}}", 502),
                            (f"tls: {{ca: {stranger.certificate}}}", 502), ("", 502)):
        gate = gateway(in_front_of(service, OPEN, options=options))
        answer = gate.get("/")
        assert answer.status == status, options
        assert status == 200 or answer.code == "upstream_refused"
        gate.stop()
    assert len(service.requests) == 2, "no request is sent to somebody who is not who they should be"


def test_several_servers_take_turns_and_a_dead_one_is_passed_over(gateway, upstream):
    one, two, nowhere = upstream(), upstream(), Nowhere()
    config = ("upstreams:\n  legacy: {servers: [%s, %s, %s], retries: 1}\nroutes:\n  - %s\n"
              % (one.url, two.url, nowhere.url, OPEN))
    gate = gateway(config)
    with gate.connect() as connection:
        statuses = [connection.request("GET", "/").status for _ in range(30)]
    assert statuses == [200] * 30
    assert len(one.requests) >= 8 and len(two.requests) >= 8


def test_the_host_is_preserved_or_rewritten(gateway, upstream):
    service = upstream()
    for option, host in (("host: preserve", "api.example.com"), ("host: rewrite", service.url.removeprefix("http://"))):
        gate = gateway(in_front_of(service, OPEN, options=option))
        gate.get("/", host="api.example.com")
        assert service.last.all("Host") == [host]
        assert service.last.header("X-Forwarded-Host") == "api.example.com"
        gate.stop()


def test_one_slow_request_holds_up_nobody_else(gateway, upstream):
    release = threading.Event()

    def answer(request):
        if request.target == "/slow":
            release.wait(30 * SLOWNESS)
        return response("ok")

    service = upstream(answer)
    gate = gateway(in_front_of(service, OPEN))
    with gate.connect() as slow:
        slow.send(b"GET /slow HTTP/1.1\r\nHost: localhost\r\n\r\n")
        service.wait_for_requests(1)
        for _ in range(20):
            assert gate.get("/fast").status == 200
        release.set()
        assert slow.read_response().body == b"ok"


def test_an_answer_before_the_end_of_the_body_reaches_the_client(gateway, upstream):
    def serve(exchange):
        exchange.send(response("enough", status=413))
        return False

    gate = gateway(in_front_of(upstream(serve=serve, reads_body=False), OPEN))
    with gate.connect() as connection:
        connection.send(b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000\r\n\r\n" + b"x" * 1000)
        answer = connection.read_response()
        assert (answer.status, answer.body) == (413, b"enough")


def test_answers_of_every_shape_come_through_curl(gateway, upstream):
    shapes = {"/length": response(b"x" * 100_000), "/chunks": chunked(b"a" * 70_000, b"b", b"c" * 5),
              "/empty": response(b""), "/created": response(b"made", status=201, headers=[("Location", "/x")])}
    gate = gateway(in_front_of(upstream(lambda request: shapes[request.target]), OPEN))
    assert gate.curl("/length").body == b"x" * 100_000
    assert gate.curl("/chunks").body.endswith(b"bccccc")
    assert gate.curl("/empty").body == b""
    created = gate.curl("/created", data=b"x", method="POST")
    assert (created.status, created.header("Location")) == (201, "/x")


def test_connections_to_the_service_are_bounded(gateway, upstream):
    """`keepalive: 1` on two workers: whatever the clients do, few connections stay."""
    service = upstream()
    gate = gateway(in_front_of(service, OPEN, options="keepalive: 1"))
    for _ in range(20):
        assert gate.get("/").status == 200
    wait_until(lambda: len(service._open) <= 2, "at most one idle connection a worker")
