# SPDX-License-Identifier: Apache-2.0
"""A server dies at every moment of a request: what may be sent again arrives once and whole at the next, however slow that
one is to be reached; what may have had an effect is never sent twice."""
import socket
import subprocess
import threading

import pytest
from support.gateway import in_front_of
from support.h2_upstream import H2Answer
from support.http1 import ConnectionEnded
from support.http2 import DATA, END_STREAM, HELLO, Frames, frame, head
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


# -- with a body that is held back, and with trailers

def expecting(moment):
    """Serves /well, dies of the first other request that meets the connection: before it has said "go on", or after."""
    def serve(exchange):
        request = exchange.request
        if request.target == "/well":
            exchange.send(response("well"))
            return True
        if request.connection == 0 and moment == "before":
            return False
        exchange.send(b"HTTP/1.1 100 Continue\r\n\r\n")
        if request.connection == 0:
            return False
        request.body = b"".join(exchange.body())
        exchange.send(response(str(len(request.body))))
        return True
    return serve


@pytest.mark.parametrize("method, moment, status", [
    ("PUT", "before", 200), ("DELETE", "before", 200), ("POST", "before", 502), ("PATCH", "before", 502),
    ("PUT", "after", 502), ("POST", "after", 502)])
def test_a_body_that_waits_to_be_asked_for(gateway, upstream, method, moment, status):
    """Whoever has said "go on" has begun to answer; before that, nothing but a head has been lost."""
    service = upstream(serve=expecting(moment), reads_body=False)
    gate = gateway(in_front_of(service, OPEN))
    body = bytes(range(256)) * 16
    with gate.connect() as connection:
        assert connection.request("GET", "/well").status == 200
        connection.send(f"{method} /x HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\n"
                        f"Content-Length: {len(body)}\r\n\r\n".encode())
        if status == 200:
            assert connection.reader.until(b"\r\n\r\n").startswith(b"HTTP/1.1 100 ")
            connection.send(body)
        answer = connection.read_response()
        assert (answer.status, [interim.status for interim in answer.interim]) == (
            status, [100] if moment == "after" else [])
        if status == 200:
            assert answer.body == b"%d" % len(body)
            assert connection.request("GET", "/well").body == b"well", "in step"
        else:
            assert answer.code == "upstream_protocol"
    assert len(seen(service, method)) == (2 if status == 200 else 1)
    assert status != 200 or seen(service, method)[1].body == body


CHUNKED = b"%s /x HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n"


@pytest.mark.parametrize("moment", MOMENTS)
def test_trailers_are_no_reason_to_send_less(gateway, upstream, moment):
    """To HTTP/1 they do not go on, so that there is nothing of them to send again."""
    service = upstream(serve=dying(moment), reads_body=False)
    gate = gateway(in_front_of(service, OPEN))
    with gate.connect() as connection:
        assert connection.request("GET", "/well").status == 200
        connection.send(CHUNKED % b"PUT" + b"64\r\n" + bytes(100) + b"\r\n")
        if moment != "end":
            service.wait_for_requests(3)
        connection.send(b"64\r\n" + bytes(100) + b"\r\n0\r\nX-Sum: 1\r\n\r\n")
        answer = connection.read_response()
        assert (answer.status, answer.body) == (200, b"200")
    puts = seen(service, "PUT")
    assert len(puts) == 2 and puts[1].body == bytes(200) and puts[1].trailers == []


# -- HTTP/2: a stream that was disowned, a connection that dies

def disowning(how, once=False):
    """Serves /well; disowns every other request, or the first of them."""
    disowned = []

    def answer(request):
        if request.header(":path") == "/well" or (once and disowned):
            return H2Answer(body=b"%d" % request.size)
        disowned.append(request)
        return H2Answer(disown=how)
    return answer


DEATHS = ("goaway", "refused", "reset")


@pytest.mark.parametrize("how", DEATHS)
@pytest.mark.parametrize("version", ["1.1", "2"])
def test_an_idempotent_request_goes_again_when_its_stream_dies(gateway, service, how, version):
    up = service(disowning(how, once=True))
    gate = gateway(in_front_of(up, OPEN, options="http2: true"))
    body = bytes(range(251)) * 32
    with gate.connect() as connection:
        if version == "1.1":
            assert connection.request("GET", "/well").status == 200
            answer = connection.request("PUT", "/x", body=body)
            assert (answer.status, answer.body) == (200, b"8032")
        else:
            frames = Frames(connection)
            connection.send(HELLO + head(1, path="/well"))
            frames.until(DATA, 1)
            connection.send(head(3, method="PUT", path="/x", ends=False) + frame(DATA, END_STREAM, 3, body))
            assert frames.until(DATA, 3)[3] == b"8032"
    puts = [request for request in up.requests if request.header(":method") == "PUT"]
    assert [request.body for request in puts] == [body, body]
    assert puts[0].connection == 0 and (puts[1].connection != 0 or how == "refused")


@pytest.mark.parametrize("how", DEATHS)
def test_any_other_request_is_a_502_when_its_stream_dies(gateway, service, how):
    for method, size in (("POST", 100), ("PATCH", 100), ("PUT", 17 * KIBI)):
        up = service(disowning(how))
        gate = gateway(in_front_of(up, OPEN, options="http2: true"))
        with gate.connect() as connection:
            assert connection.request("GET", "/well").status == 200
            answer = connection.request(method, "/x", body=bytes(size))
            assert (answer.status, answer.code) == (502, "upstream_protocol"), (method, how)
            assert connection.request("GET", "/well").status == 200
        assert len([request for request in up.requests if request.header(":method") == method]) == 1, (method, how)


@pytest.mark.parametrize("how", ("goaway", "refused"))
def test_what_a_server_has_not_begun_goes_again_whatever_it_is(gateway, service, how):
    """It says that it has done nothing with the stream; without a body there is nothing else to lose."""
    up = service(disowning(how, once=True))
    gate = gateway(in_front_of(up, OPEN, options="http2: true"))
    with gate.connect() as connection:
        assert connection.request("GET", "/well").status == 200
        answer = connection.request("POST", "/x", [("Content-Length", "0")])
        assert (answer.status, answer.body) == (200, b"0")


@pytest.mark.parametrize("how", DEATHS)
def test_trailers_that_have_gone_on_are_not_sent_again(gateway, service, how):
    """They are not kept: a request without them would be another."""
    up = service(disowning(how))
    gate = gateway(in_front_of(up, OPEN, options="http2: true"))
    with gate.connect() as connection:
        assert connection.request("GET", "/well").status == 200
        connection.send(CHUNKED % b"PUT" + b"2\r\nhi\r\n0\r\nX-Sum: 1\r\n\r\n")
        assert connection.read_response().code == "upstream_protocol"
    puts = [request for request in up.requests if request.header(":method") == "PUT"]
    assert [(request.body, request.trailers) for request in puts] == [(b"hi", [("x-sum", "1")])]


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
