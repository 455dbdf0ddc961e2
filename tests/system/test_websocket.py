# SPDX-License-Identifier: Apache-2.0
"""WebSocket: authenticated first, a tunnel only after the service's 101, and no longer than the token is good."""
import asyncio
import base64
import hashlib
import os
import signal
import struct
import threading
import time

import pytest
import websockets
from support.gateway import USERS, in_front_of
from support.ports import ReservedPort, accepts_connections
from support.tokens import SHARED_ISSUER, good_token
from support.upstream import response
from support.waiting import SLOWNESS, wait_until
from support.websocket_service import WebSocketService

ROUTES = ("{path: /**, upstream: legacy}", "{path: /open/**, auth: none, upstream: legacy}",
          "{path: /handshake/**, upstream: legacy, stream_auth: handshake}")
GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
MEBI = 1024 * 1024


def accept_of(key):
    return base64.b64encode(hashlib.sha1(key.encode() + GUID).digest()).decode()


def handshake(target="/open/", *lines, host="localhost"):
    key = base64.b64encode(os.urandom(16)).decode()
    head = [f"GET {target} HTTP/1.1", f"Host: {host}", "Connection: keep-alive, Upgrade", "Upgrade: WebSocket",
            f"Sec-WebSocket-Key: {key}", "Sec-WebSocket-Version: 13", *lines]
    return "\r\n".join(head).encode() + b"\r\n\r\n"


def switching(exchange, after=b""):
    accept = accept_of(exchange.request.header("Sec-WebSocket-Key"))
    exchange.send(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                  b"Sec-WebSocket-Accept: " + accept.encode() + b"\r\n\r\n" + after)


def echoing(exchange):
    """Switches, then sends back the bytes that come."""
    switching(exchange)
    while True:
        data = exchange.socket.recv(65536)
        if not data:
            return False
        exchange.send(data)


def bearer(**claims):
    return [("Authorization", f"Bearer {good_token(**claims)}")]


def test_a_real_client_talks_to_a_real_service_and_is_told_apart(gateway):
    with WebSocketService() as service:
        gate = gateway(SHARED_ISSUER + in_front_of(service, *ROUTES))

        async def talk():
            url = f"ws://127.0.0.1:{gate.port}/chat?room=1"
            async with websockets.connect(url, extra_headers=bearer(sub="alice"), max_size=None) as socket:
                for message in ("hello", b"\0" * 70000, "x" * MEBI, ""):
                    await socket.send(message)
                    assert await socket.recv() == message
                await (await socket.ping())
            with pytest.raises(websockets.InvalidStatusCode) as refused:
                await websockets.connect(url)
            assert refused.value.status_code == 401

        asyncio.run(asyncio.wait_for(talk(), 30 * SLOWNESS))
        assert len(service.paths) == 1
        path, headers = service.paths[0]
        assert path == "/chat?room=1" and headers["X-Auth-Subject"] == "alice"
        assert "Authorization" not in headers


def test_what_is_refused_never_reaches_the_service(gateway, upstream):
    service = upstream(serve=echoing)
    gate = gateway(SHARED_ISSUER + in_front_of(service, *ROUTES))
    assert gate.send_raw(handshake("/private")).code == "token_missing"
    assert gate.send_raw(handshake("/private", f"Authorization: Bearer {good_token(exp=int(time.time()) - 900)}")
                         ).code == "token_expired"
    assert service.requests == [] and service.connections == 0


def test_bytes_before_the_101_wait_and_are_a_request_when_there_is_none(gateway, upstream):
    def serve(exchange):
        if exchange.request.target == "/open/plain":
            exchange.send(response(b"no"))
            return True
        if exchange.request.target == "/open/426":
            exchange.send(response(b"", 426, [("Upgrade", "websocket"), ("Connection", "upgrade")], "Upgrade Required"))
            return True
        exchange.socket.settimeout(0.3)
        with pytest.raises(TimeoutError):  # nothing comes before our answer
            exchange.socket.recv(1)
        exchange.socket.settimeout(20)
        return echoing(exchange)

    service = upstream(serve=serve)
    gate = gateway(in_front_of(service, *ROUTES))
    with gate.connect() as connection:
        connection.send(handshake() + b"early bytes")
        assert connection.read_head().status == 101
        assert connection.reader.exactly(11) == b"early bytes"
    for target, status in (("/open/plain", 200), ("/open/426", 426)):
        with gate.connect() as connection:
            connection.send(handshake(target) + b"GET /private HTTP/1.1\r\nHost: localhost\r\n\r\n")
            answer = connection.read_response()
            assert answer.status == status and answer.header("Upgrade") is None
            assert connection.read_response().code == "token_missing", "the gateway has read it, not the service"
    assert [request.target for request in service.requests] == ["/open/", "/open/plain", "/open/426"]


def test_the_handshake_keeps_its_fields_and_only_websocket_is_asked_for(gateway, upstream):
    service = upstream(serve=echoing)
    gate = gateway(in_front_of(service, *ROUTES))
    with gate.connect() as connection:
        connection.send(handshake("/open/", "Sec-WebSocket-Protocol: chat", "Origin: https://a.test", "X-Gone: 1",
                                  "Connection: x-gone", "Keep-Alive: 5"))
        answer = connection.read_head()
        assert (answer.header("Upgrade"), answer.header("Connection")) == ("websocket", "Upgrade")
    seen = service.last
    assert (seen.all("Upgrade"), seen.all("Connection")) == (["websocket"], ["Upgrade"])
    assert seen.header("Sec-WebSocket-Protocol") == "chat" and seen.header("Origin") == "https://a.test"
    assert seen.header("X-Gone") is None and seen.header("Keep-Alive") is None


def test_other_upgrades_are_removed_and_the_request_goes_on(gateway, upstream):
    service = upstream()
    gate = gateway(in_front_of(service, *ROUTES))
    key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="
    others = [b"GET /open/ HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n"
              b"HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n\r\n",
              f"GET /open/ HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket, h2c\r\n{key}\r\n\r\n".encode(),
              f"GET /open/ HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n{key}\r\n\r\n".encode(),
              f"GET /open/ HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nUpgrade: h2c\r\n{key}\r\n\r\n"
              .encode(),
              f"POST /open/ HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n{key}\r\n"
              f"Content-Length: 0\r\n\r\n".encode(),
              f"GET /open/ HTTP/1.0\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n{key}\r\n\r\n".encode(),
              b"GET /open/ HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"]
    for raw in others:
        assert gate.send_raw(raw).status == 200, raw
        assert not {"upgrade", "http2-settings"} & set(service.last.names), raw


def test_an_upgrade_that_nobody_asked_for_or_that_is_another_is_502(gateway, upstream):
    heads = [b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n",
             b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\n\r\n",
             b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n",
             b"HTTP/1.0 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
             b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nUpgrade: h2c\r\n\r\n"]
    service = upstream(lambda request: heads[int(request.target.rpartition("/")[2])])
    gate = gateway(in_front_of(service, *ROUTES))
    for number in range(len(heads)):
        assert gate.send_raw(handshake(f"/open/{number}")).code == "upstream_protocol", heads[number]
    service.answer = lambda _: b"HTTP/1.1 101 Switching\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"
    assert gate.get("/open/").code == "upstream_protocol"


def close_frame(connection):
    """(code, reason) of the close frame that comes next, and then the end."""
    start = connection.reader.exactly(2)
    assert start[0] == 0x88, start
    payload = connection.reader.exactly(start[1])
    assert connection.is_closed_by_peer()
    return struct.unpack(">H", payload[:2])[0], payload[2:].decode()


def test_the_tunnel_ends_with_its_token(gateway, upstream):
    service = upstream(serve=echoing)
    gate = gateway(SHARED_ISSUER + in_front_of(service, *ROUTES), limits="client_body_timeout: 1s")
    with gate.connect() as ends, gate.connect() as amid, gate.connect() as stays, gate.connect() as opened:
        def line():
            return f"Authorization: Bearer {good_token(exp=int(time.time()) + 3)}"
        for connection, target in ((ends, "/x"), (amid, "/x"), (stays, "/handshake/x"), (opened, "/open/x")):
            connection.send(handshake(target, *([] if connection is opened else [line()])))
            assert connection.read_head().status == 101
        ends.send(b"\x81\x02hi")  # echoed: a whole frame towards the client
        assert ends.reader.exactly(4) == b"\x81\x02hi"
        amid.send(b"\x81\x05he")
        assert amid.reader.exactly(4) == b"\x81\x05he"
        assert close_frame(ends) == (4401, "token expired")
        assert amid.is_closed_by_peer(), "no frame within a frame"
        for connection in (stays, opened):  # also longer than any timeout of bodies
            connection.send(b"\x81\x02hi")
            assert connection.reader.exactly(4) == b"\x81\x02hi"


def test_a_logout_ends_the_tunnels_of_its_session(gateway, upstream):
    service = upstream(serve=echoing)
    gate = gateway(USERS + in_front_of(service, *ROUTES), users={"alice": "a long password"})
    tokens, others = gate.login("alice", "a long password"), gate.login("alice", "a long password")
    with gate.connect() as ends, gate.connect() as stays:
        for connection, session in ((ends, tokens), (stays, others)):
            connection.send(handshake("/x", f"Authorization: Bearer {session['access_token']}"))
            assert connection.read_head().status == 101
        assert gate.post("/logout", token=tokens["access_token"]).status == 204
        assert close_frame(ends) == (4401, "token revoked")
        stays.send(b"\x81\x02hi")
        assert stays.reader.exactly(4) == b"\x81\x02hi"


def test_a_handshake_with_a_cookie_needs_an_origin_of_this_site(gateway, upstream):
    service = upstream(serve=echoing)
    gate = gateway(USERS + in_front_of(service, *ROUTES), users={"alice": "a long password"})
    cookie = f"Cookie: __Host-gatewarden={gate.login('alice', 'a long password')['access_token']}"
    for lines, status in (((), 403), (("Origin: https://evil.test",), 403), (("Origin: null",), 403),
                          ((f"Origin: http://localhost:{gate.port}",), 101), (("Sec-Fetch-Site: same-origin",), 101),
                          ((f"Origin: http://localhost:{gate.port}", "Sec-Fetch-Site: cross-site"), 403)):
        with gate.connect() as connection:
            connection.send(handshake("/x", cookie, *lines, host=f"localhost:{gate.port}"))
            assert connection.read_head().status == status, lines
    assert len(service.requests) == 2
    assert all("__Host-gatewarden" not in (request.header("Cookie") or "") for request in service.requests)


def test_the_end_of_either_side_is_the_end_of_the_other(gateway, upstream):
    gone = threading.Event()

    def serve(exchange):
        if exchange.request.target == "/open/ends":
            switching(exchange, b"\x81\x02hi")
            return False
        switching(exchange)
        assert exchange.peer_is_gone()
        gone.set()
        return False

    gate = gateway(in_front_of(upstream(serve=serve), *ROUTES))
    with gate.connect() as connection:
        connection.send(handshake("/open/ends"))
        assert connection.read_head().status == 101
        assert connection.reader.rest() == b"\x81\x02hi"
    with gate.connect() as connection:
        connection.send(handshake("/open/stays"))
        assert connection.read_head().status == 101
    assert gone.wait(10 * SLOWNESS)


def test_tunnels_outlive_a_reload_and_a_drain_says_goodbye(gateway, upstream):
    service = upstream(serve=echoing)
    gate = gateway(in_front_of(service, *ROUTES))
    with gate.connect() as connection:
        connection.send(handshake())
        assert connection.read_head().status == 101
        assert gate.admin("POST", "/api/reload").status == 200
        connection.send(b"\x81\x02hi")
        assert connection.reader.exactly(4) == b"\x81\x02hi"
        gate.signal(signal.SIGTERM)
        assert close_frame(connection) == (1001, "going away")
    assert gate.process.wait(20 * SLOWNESS) == 0
    gate.process = None


def test_tunnels_stay_while_the_gateway_is_not_ready(gateway, upstream):
    nobody = ReservedPort()
    try:
        issuer = (f"issuers:\n  corp: {{issuer: 'http://127.0.0.1:{nobody.number}', jwks_uri: 'http://127.0.0.1:{nobody.number}/jwks', "
                  "algorithms: [ES256], audiences: [api]}\n")
        gate = gateway(issuer + in_front_of(upstream(serve=echoing), *ROUTES), started=False)
        gate.launch()
        wait_until(lambda: accepts_connections(gate.admin_port) and gate.admin("GET", "/readyz").status == 503, "503 from /readyz")
        with gate.connect() as connection:
            connection.send(handshake())
            assert connection.read_head().status == 101
            assert gate.metric("gatewarden_ready") == 0
            until = time.monotonic() + 2.5 * SLOWNESS  # tunnels are looked after each second
            while time.monotonic() < until:
                connection.send(b"\x81\x02hi")
                assert connection.reader.exactly(4) == b"\x81\x02hi"
                time.sleep(0.05)
    finally:
        nobody.release()


def test_a_side_that_does_not_read_holds_the_other_back(gateway, upstream):
    def serve(exchange):
        switching(exchange)
        exchange.socket.settimeout(2)
        sent = 0
        try:
            while sent < 256 * MEBI:
                sent += exchange.socket.send(bytes(MEBI))
        except TimeoutError:
            pass
        stuck.append(sent)
        return False

    stuck = []
    gate = gateway(in_front_of(upstream(serve=serve), *ROUTES))
    before = gate.resident_bytes()
    with gate.connect(receive_buffer=128 * 1024) as connection:
        connection.send(handshake())
        assert connection.read_head().status == 101
        wait_until(lambda: stuck, "service that can send no more", 20)
    assert stuck[0] < 32 * MEBI
    assert gate.resident_bytes() - before < 4 * MEBI
