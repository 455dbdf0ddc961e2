# SPDX-License-Identifier: Apache-2.0
"""Services that reset, stall, flood and say what nobody asked for. One client's answer is never another's."""
import socket
import struct
import threading
import time

import pytest
from support.gateway import in_front_of
from support.http1 import ConnectionEnded
from support.ports import ReservedPort
from support.upstream import chunked, response
from support.waiting import SLOWNESS, wait_until

OPEN = "{path: /**, auth: none, upstream: legacy}"
SMUGGLED = response("smuggled", headers=[("X-Smuggled", "1")])


def reset(exchange):
    exchange.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    return False


# -- resets

@pytest.mark.parametrize("ends_with", ["reset", "close"])
@pytest.mark.parametrize("data", [b"", b"HT", b"HTTP/1.1 200 OK\r\nX-A: b\r\n", b"HTTP/1.1 103 Hints\r\n\r\n"])
def test_an_end_before_the_head_is_502(gateway, upstream, data, ends_with):
    def serve(exchange):
        if data:
            exchange.send(data)
        return reset(exchange) if ends_with == "reset" else False

    service = upstream(serve=serve)
    gate = gateway(in_front_of(service, OPEN, options="retries: 0"))
    with gate.connect() as connection:
        for method, body in (("GET", None), ("POST", b"x" * 100)):
            answer = connection.request(method, "/", body=body)
            assert (answer.status, answer.code) == (502, "upstream_protocol")


def test_a_reset_within_the_body_is_no_clean_end(gateway, upstream):
    for head in (b"Content-Length: 100", b"Transfer-Encoding: chunked", b"Connection: close"):
        go_on = threading.Event()

        def serve(exchange, head=head, go_on=go_on):
            exchange.send(b"HTTP/1.1 200 OK\r\n" + head + b"\r\n\r\n")
            go_on.wait(20 * SLOWNESS)
            return reset(exchange)

        gate = gateway(in_front_of(upstream(serve=serve), OPEN))
        with gate.connect() as connection:
            connection.send(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
            answer = connection.read_head()
            go_on.set()
            with pytest.raises(ConnectionEnded):
                list(connection.pieces(answer))
                assert answer.header("Transfer-Encoding") is None, "an end of chunks would look clean"
        gate.stop()


def test_a_service_that_resets_an_upload_ends_it(gateway, upstream):
    service = upstream(serve=reset, reads_body=False)
    gate = gateway(in_front_of(service, OPEN))
    with gate.connect() as connection:
        connection.send(b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 50000000\r\n\r\n")
        connection.socket.settimeout(20 * SLOWNESS)
        try:
            for _ in range(500):
                connection.send(b"x" * 100_000)
        except OSError:
            pass
        try:
            assert connection.read_response().code == "upstream_protocol"
        except ConnectionEnded:
            pass  # the answer may be lost to the reset of an upload that went on
    assert len(service.requests) == 1


# -- answers before their time

def test_an_early_answer_leaves_the_connection_usable_or_closed(gateway, upstream):
    service = upstream(lambda request: response("early"), reads_body=False)
    gate = gateway(in_front_of(service, OPEN))
    for size in (10, 60_000, 200_000):
        with gate.connect() as connection:
            connection.send(b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n" % size)
            answer = connection.read_response()
            assert answer.body == b"early"
            connection.send_if_open(b"x" * size)
            if answer.header("Connection") == "close":
                assert connection.is_closed_by_peer()
            else:
                assert connection.request("GET", "/after").body == b"early"


def test_an_endless_upload_ends_soon_after_the_answer(gateway, upstream):
    gate = gateway(in_front_of(upstream(lambda request: response("enough"), reads_body=False), OPEN))
    with gate.connect() as connection:
        connection.send(b"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n")
        assert connection.read_response().body == b"enough"
        began = time.monotonic()
        try:
            for _ in range(10_000):
                connection.send(b"2000\r\n" + b"x" * 8192 + b"\r\n")
            pytest.fail("eighty megabytes were taken for nothing")
        except OSError:
            pass
        assert time.monotonic() - began < 10 * SLOWNESS


def test_an_answer_before_the_request_is_not_believed(gateway, upstream):
    """Bytes that were there before anything was asked belong to nobody."""
    service = upstream(lambda request: response("asked"))
    gate = gateway(in_front_of(service, OPEN))
    with gate.connect() as connection:
        for _ in range(20):
            assert connection.request("GET", "/").body == b"asked"
            for sock in list(service._open):
                sock.sendall(SMUGGLED)
            wait_until(lambda: not service._open, "end of the connection that spoke unasked")


@pytest.mark.parametrize("tls", [False, True])
@pytest.mark.parametrize("first", [
    response("asked"), chunked(b"as", b"ked"), b"HTTP/1.1 204 No\r\n\r\n", b"HTTP/1.1 304 Not\r\n\r\n"])
def test_bytes_behind_an_answer_reach_nobody(gateway, upstream, certificate, tls, first):
    def serve(exchange):
        if exchange.request.target == "/first":
            # In one segment, and in two records when there is TLS: all of it is there with the answer.
            exchange.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_CORK, 1)
            exchange.send(first)
            exchange.send(SMUGGLED)
            exchange.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_CORK, 0)
        else:
            exchange.send(response("asked"))
        return True

    service = upstream(serve=serve, certificate=certificate if tls else None)
    gate = gateway(in_front_of(service, OPEN, options=f"tls: {{ca: {certificate.certificate}}}" if tls else ""))
    with gate.connect() as connection:
        for _ in range(20):
            assert connection.request("GET", "/first").header("X-Smuggled") is None
            answer = connection.request("GET", "/next")
            assert answer.body == b"asked" and answer.header("X-Smuggled") is None


def test_a_body_after_head_is_no_answer(gateway, upstream):
    service = upstream(lambda request: response("x" * 100 if request.method == "HEAD" else "asked"))
    gate = gateway(in_front_of(service, OPEN))
    with gate.connect() as connection:
        for _ in range(5):
            answer = connection.request("HEAD", "/")
            assert (answer.status, answer.header("Content-Length")) == (200, "100")
            assert connection.request("GET", "/").body == b"asked"


def test_a_body_where_none_may_be_is_refused(gateway, upstream):
    for head in (b"HTTP/1.1 204 No\r\nContent-Length: 5\r\n\r\nhello",
                 b"HTTP/1.1 204 No\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"):
        gate = gateway(in_front_of(upstream(lambda request, head=head: head), OPEN))
        assert gate.get("/").code == "upstream_protocol"
        gate.stop()


def test_304_tells_the_length_that_200_would_have(gateway, upstream):
    gate = gateway(in_front_of(upstream(lambda request: b"HTTP/1.1 304 Not\r\nContent-Length: 5\r\n\r\n"), OPEN))
    with gate.connect() as connection:
        for _ in range(3):
            answer = connection.request("GET", "/")
            assert (answer.status, answer.header("Content-Length"), answer.body) == (304, "5", b"")


# -- floods

def test_a_storm_of_interim_answers_ends(gateway, upstream):
    service = upstream(lambda request: b"HTTP/1.1 102 Processing\r\n\r\n" * 1000 + response("late"))
    gate = gateway(in_front_of(service, OPEN))
    with gate.connect() as connection:
        answer = connection.request("GET", "/")
        assert (answer.status, answer.code) == (502, "upstream_protocol")
        assert len(answer.interim) <= 64


def test_a_connection_field_with_thousands_of_names_is_refused(gateway, upstream):
    service = upstream(lambda request: response("x", headers=[("Connection", "a," * 10_000)]))
    gate = gateway(in_front_of(service, OPEN))
    assert gate.get("/").code == "upstream_protocol"


def test_fields_that_would_split_an_answer_are_refused(gateway, upstream):
    for value in (b"/x\rSet-Cookie: a=b", b"/x\nSet-Cookie: a=b", b"/x\x00"):
        data = b"HTTP/1.1 302 Found\r\nLocation: " + value + b"\r\nContent-Length: 0\r\n\r\n"
        gate = gateway(in_front_of(upstream(lambda request, data=data: data), OPEN))
        answer = gate.get("/")
        assert answer.code == "upstream_protocol" and b"Set-Cookie" not in answer.raw_head
        gate.stop()


# -- slowness

def test_a_slow_reader_does_not_spoil_the_connection_for_the_next(gateway, upstream):
    """The service is held back to the client's pace, and not held back once the answer is out."""
    service = upstream(lambda request: response(b"x" * int(request.target[1:])))
    gate = gateway(in_front_of(service, OPEN, options="response_timeout: 5s"))
    for size in range(4_000_000, 4_130_000, 16_000):
        with gate.connect(receive_buffer=4096) as connection:
            connection.send(b"GET /%d HTTP/1.1\r\nHost: localhost\r\n\r\n" % size)
            answer = connection.read_head()
            assert sum(map(len, connection.pieces(answer))) == size
            assert connection.request("GET", "/5").body == b"xxxxx"


def test_bytes_before_tls_are_no_answer(gateway, upstream, certificate):
    port = ReservedPort()
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        listener.bind(("127.0.0.1", port.number))
        listener.listen()

        def speak():
            sock, _ = listener.accept()
            sock.sendall(SMUGGLED)
            sock.recv(65536)
            sock.close()

        threading.Thread(target=speak, daemon=True).start()

        class Plain:
            url = f"https://127.0.0.1:{port.number}"

        gate = gateway(in_front_of(Plain, OPEN, options=f"tls: {{ca: {certificate.certificate}}}, retries: 0"))
        answer = gate.get("/")
        assert (answer.status, answer.code) == (502, "upstream_refused")
    port.release()


def test_a_handshake_that_never_ends_is_cut_off(gateway, certificate):
    port = ReservedPort()
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        listener.bind(("127.0.0.1", port.number))
        listener.listen()

        class Silent:
            url = f"https://127.0.0.1:{port.number}"

        options = f"tls: {{ca: {certificate.certificate}}}, connect_timeout: {300 * SLOWNESS:.0f}ms"
        gate = gateway(in_front_of(Silent, OPEN, options=options))
        answer = gate.get("/")
        assert answer.status in (502, 504) and answer.code in ("upstream_refused", "upstream_timeout")
    port.release()


def test_who_waits_for_a_connection_waits_no_longer_because_others_come(gateway, upstream):
    service = upstream(serve=lambda exchange: not exchange.peer_is_gone())
    gate = gateway("server: {workers: 1, state_dir: state}\n" +
                   in_front_of(service, OPEN, options=f"max_connections: 1, connect_timeout: {500 * SLOWNESS:.0f}ms"))
    holder = gate.connect()
    holder.send(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
    service.wait_for_requests(1)
    first, others = gate.connect(), []
    first.send(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
    first.socket.settimeout(0.05)
    deadline = time.monotonic() + 5 * SLOWNESS
    while time.monotonic() < deadline:
        others.append(gate.connect())
        others[-1].send(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        try:
            answer = first.read_response()
            break
        except TimeoutError:
            continue
    else:
        pytest.fail("others that came later kept the first one waiting")
    assert (answer.status, answer.code) == (503, "overloaded")
    for connection in (holder, first, *others):
        connection.close()


def test_who_waits_is_served_when_a_connection_becomes_free(gateway, upstream):
    release = threading.Event()

    def answer(request):
        release.wait(20 * SLOWNESS)
        return response(request.target)

    service = upstream(answer)
    gate = gateway("server: {workers: 1, state_dir: state}\n" +
                   in_front_of(service, OPEN, options="max_connections: 1, connect_timeout: 60s"))
    clients = [gate.connect() for _ in range(5)]
    for number, client in enumerate(clients):
        client.send(b"GET /%d HTTP/1.1\r\nHost: localhost\r\n\r\n" % number)
    service.wait_for_requests(1)
    clients.pop().reset()  # one of them does not wait
    release.set()
    assert sorted(client.read_response().body for client in clients) == [b"/0", b"/1", b"/2", b"/3"]
    assert service.connections <= 2


def test_interim_answers_reach_new_clients_and_no_old_ones(gateway, upstream):
    service = upstream(lambda request: b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + response("final"))
    gate = gateway(in_front_of(service, OPEN))
    with gate.connect() as connection:
        answer = connection.request("GET", "/")
        assert [one.header("Link") for one in answer.interim] == ["</a>"]
    with gate.connect() as connection:
        connection.send(b"GET / HTTP/1.0\r\nHost: localhost\r\n\r\n")
        answer = connection.read_response()
        assert (answer.interim, answer.body) == ([], b"final")


def test_connections_that_the_service_ends_are_all_given_up(gateway, upstream):
    service = upstream()
    gate = gateway(in_front_of(service, OPEN))
    clients = [gate.connect() for _ in range(20)]
    for client in clients:
        client.send(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
    for client in clients:
        assert client.read_response().status == 200
    service.close_idle_connections()
    for client in clients:
        assert client.request("POST", "/", body=b"x").status in (200, 502)
        client.close()
    wait_until(lambda: gate.get("/").status == 200, "a good answer")
