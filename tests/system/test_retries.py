# SPDX-License-Identifier: Apache-2.0
"""A server dies at every moment of a request: what may be sent again arrives once and whole at the next, however slow that
one is to be reached; what may have had an effect is never sent twice."""
import socket
import subprocess
import threading

import pytest
from support.gateway import in_front_of
from support.http1 import ConnectionEnded
from support.ports import ReservedPort
from support.upstream import response
from support.waiting import SLOWNESS, wait_until

OPEN = "{path: /**, auth: none, upstream: legacy}"
KIBI = 1024
MOMENTS = ("head", "within", "end")


def dying(moment):
    """Serves /well; any other request that meets a connection in use dies with it, at that moment of its body. With
    reads_body=False: a body that arrives whole is told by the answer."""
    def serve(exchange):
        request = exchange.request
        if request.target == "/well":
            exchange.send(response("well"))
            return True
        if request.connection == 0:
            if moment == "within":
                next(iter(exchange.body()), b"")
            if moment == "end":
                b"".join(exchange.body())
            return False
        request.body = b"".join(exchange.body())
        exchange.send(response(str(len(request.body))))
        return True
    return serve


def seen(service, method):
    return [request for request in service.requests if request.method == method]


@pytest.mark.parametrize("moment", MOMENTS)
@pytest.mark.parametrize("chunks", [False, True])
def test_a_short_body_is_sent_again_whole_and_once(gateway, upstream, moment, chunks):
    body = bytes(range(256)) * 32  # 8 KiB
    service = upstream(serve=dying(moment), reads_body=False)
    gate = gateway(in_front_of(service, OPEN))
    framing = b"Transfer-Encoding: chunked" if chunks else b"Content-Length: %d" % len(body)

    def wire(piece):
        return b"%x\r\n%s\r\n" % (len(piece), piece) if chunks else piece

    with gate.connect() as connection:
        assert connection.request("GET", "/well").status == 200
        connection.send(b"PUT /x HTTP/1.1\r\nHost: localhost\r\n%s\r\n\r\n" % framing + wire(body[:100]))
        if moment != "end":  # the connection is gone by now, and the next one has the head
            service.wait_for_requests(3)
        connection.send(wire(body[100:]) + (b"0\r\n\r\n" if chunks else b""))
        answer = connection.read_response()
        assert (answer.status, answer.body) == (200, b"%d" % len(body))
        assert connection.request("GET", "/well").body == b"well", "in step"
    puts = seen(service, "PUT")
    assert len(puts) == 2 and puts[1].body == body


@pytest.mark.parametrize("moment", MOMENTS)
def test_what_may_have_had_an_effect_or_was_not_kept_is_a_502(gateway, upstream, moment):
    for method, size in (("POST", 100), ("PATCH", 100), ("PUT", 17 * KIBI)):
        if (method, moment) == ("PUT", "head"):
            continue  # how much has gone by then is for the kernel to say
        service = upstream(serve=dying(moment), reads_body=False)
        gate = gateway(in_front_of(service, OPEN))
        with gate.connect() as connection:
            assert connection.request("GET", "/well").status == 200
            connection.send(b"%s /x HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n" % (method.encode(), size))
            connection.send_if_open(bytes(size if moment == "end" or method == "PUT" else 50))
            answer = connection.read_response()
            assert (answer.status, answer.code) == (502, "upstream_protocol"), (method, moment)
        assert len(seen(service, method)) == 1, (method, moment)


@pytest.mark.parametrize("version", ["1.1", "2"])
def test_a_body_waits_while_the_next_server_is_slow_to_accept(gateway, upstream, version, tmp_path):
    """The first server dies within the body; the second's queue is full, so that connecting to it takes a while."""
    second = ReservedPort()
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    listener.bind(("127.0.0.1", second.number))
    listener.listen(0)
    fillers = [socket.socket() for _ in range(3)]
    for filler in fillers:
        filler.setblocking(False)
        filler.connect_ex(("127.0.0.1", second.number))
    begun = threading.Event()

    def serve(exchange):
        next(iter(exchange.body()), b"")
        begun.set()
        return False

    first = upstream(serve=serve, reads_body=False)
    config = in_front_of(first, OPEN, options="connect_timeout: 60s, retries: 1").replace(
        f"[{first.url}]", f"[{first.url}, http://127.0.0.1:{second.number}]")
    gate = gateway(config)
    body = bytes(range(251)) * 60  # 15,060 B: kept
    got, failed = [], []

    def accept_late():
        try:
            assert begun.wait(20 * SLOWNESS)
            wait_until(lambda: not first._open, "end of the first")
            listener.settimeout(20 * SLOWNESS)
            while True:
                sock, _ = listener.accept()
                sock.settimeout(20 * SLOWNESS)
                data = b""
                while not data.endswith(body[-300:]):
                    piece = sock.recv(65536)
                    if not piece:
                        break
                    data += piece
                if data.startswith(b"PUT"):
                    got.append(data)
                    sock.sendall(response("done"))
                    return sock.close()
                sock.close()  # one of those that filled the queue
        except Exception as error:  # noqa: BLE001
            failed.append(error)

    late = threading.Thread(target=accept_late)
    late.start()
    for filler in fillers:
        filler.setblocking(True)
        filler.settimeout(20)
    try:
        if version == "1.1":
            with gate.connect() as connection:
                connection.send(b"PUT /x HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n" % len(body) + body[:1000])
                assert begun.wait(20 * SLOWNESS)
                for filler in fillers:
                    filler.close()
                connection.send(body[1000:])
                answer = connection.read_response()
                assert (answer.status, answer.body) == (200, b"done")
        else:
            for filler in fillers:
                filler.close()
            (tmp_path / "body").write_bytes(body)
            done = subprocess.run(["curl", "--silent", "--noproxy", "*", "--http2-prior-knowledge", "--max-time", "60", "-T",
                                   tmp_path / "body", f"http://127.0.0.1:{gate.port}/x"], capture_output=True, check=False)
            assert done.stdout == b"done", done
    finally:
        late.join()
        listener.close()
        second.release()
    assert not failed, failed
    assert len(got) == 1 and got[0].partition(b"\r\n\r\n")[2] == body


def test_a_truncated_answer_is_never_asked_for_again(gateway, upstream):
    def serve(exchange):
        exchange.send(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
        return False

    service = upstream(serve=serve)
    gate = gateway(in_front_of(service, OPEN, options="retries: 3"))
    with gate.connect() as connection:
        connection.send(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        answer = connection.read_head()
        with pytest.raises(ConnectionEnded):
            list(connection.pieces(answer))
    assert len(service.requests) == 1
