# SPDX-License-Identifier: Apache-2.0
"""gRPC: a real service and a real client (python3-grpcio) with the gateway between them."""
import subprocess
import threading
import time
from concurrent import futures

import grpc
import pytest
from support.gateway import in_front_of
from support.ports import ReservedPort
from support.tokens import SHARED_ISSUER, good_token
from support.waiting import SLOWNESS

TIMEOUT = 20 * SLOWNESS
BIG = 2 * 1024 * 1024
ROUTES = ("{path: /**, upstream: legacy}",
          "{path: /test.Echo/Unary, upstream: legacy, require: {scopes: [echo]}}")


class Handler(grpc.GenericRpcHandler):
    """/test.Echo/{Unary,Client,Server,Both,Fail,Wait} on plain bytes."""

    def __init__(self):
        self.metadata, self.waiting, self.cancelled = [], threading.Event(), threading.Event()

    def service(self, details):
        name = details.method.rpartition("/")[2]
        self.metadata.append((details.method, dict(details.invocation_metadata)))
        kinds = {"Unary": grpc.unary_unary_rpc_method_handler, "Client": grpc.stream_unary_rpc_method_handler,
                 "Server": grpc.unary_stream_rpc_method_handler, "Both": grpc.stream_stream_rpc_method_handler,
                 "Fail": grpc.unary_unary_rpc_method_handler, "Wait": grpc.unary_unary_rpc_method_handler}
        return kinds[name](getattr(self, name.lower())) if name in kinds else None

    def unary(self, request, context):
        context.set_trailing_metadata((("x-trailer", "yes"), ("x-bin-bin", b"\0\xff")))
        return request[::-1]

    def client(self, requests, context):
        return b",".join(requests)

    def server(self, request, context):
        for number in range(int(request)):
            yield b"%d" % number

    def both(self, requests, context):
        for request in requests:
            yield request.upper()

    def fail(self, request, context):
        context.abort(grpc.StatusCode.FAILED_PRECONDITION, "not now, 100 % sure")

    def wait(self, request, context):
        context.add_callback(self.cancelled.set)
        self.waiting.set()
        self.cancelled.wait(TIMEOUT)
        return b""


@pytest.fixture(scope="module")
def handler():
    handler = Handler()
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=16), options=[("grpc.max_receive_message_length", -1)])
    server.add_generic_rpc_handlers([handler])
    handler.port = server.add_insecure_port("127.0.0.1:0")
    handler.url = f"http://127.0.0.1:{handler.port}"
    server.start()
    yield handler
    server.stop(None).wait()


@pytest.fixture
def channel(gateway, handler):
    gate = gateway(SHARED_ISSUER + in_front_of(handler, *ROUTES, options="http2: true"),
                   limits="client_body_timeout: 1s")
    with open(gate.certificate.certificate, "rb") as file:
        credentials = grpc.ssl_channel_credentials(file.read())
    with grpc.secure_channel(f"localhost:{gate.tls_port}", credentials,
                             options=[("grpc.max_receive_message_length", -1)]) as made:
        made.gate = gate
        yield made


def call(channel, kind, name):
    return getattr(channel, kind)(f"/test.Echo/{name}")


def bearer(scope="echo", **claims):
    return [("authorization", f"Bearer {good_token(scope=scope, **claims)}")]


def test_all_four_kinds_of_calls_pass_with_a_token(channel, handler):
    handler.metadata.clear()
    reply, outcome = call(channel, "unary_unary", "Unary").with_call(b"abc", metadata=bearer(sub="alice"),
                                                                    timeout=TIMEOUT)
    assert reply == b"cba" and outcome.code() == grpc.StatusCode.OK
    assert {"x-trailer": "yes", "x-bin-bin": b"\0\xff"}.items() <= dict(outcome.trailing_metadata()).items()
    assert call(channel, "unary_unary", "Unary")(b"x" * BIG, metadata=bearer(), timeout=TIMEOUT) == b"x" * BIG
    assert call(channel, "stream_unary", "Client")(iter([b"a", b"b", b"c"]), metadata=bearer(),
                                                   timeout=TIMEOUT) == b"a,b,c"
    got = list(call(channel, "unary_stream", "Server")(b"500", metadata=bearer(), timeout=TIMEOUT))
    assert got == [b"%d" % number for number in range(500)]
    method, metadata = handler.metadata[0]
    assert method == "/test.Echo/Unary" and metadata["x-auth-subject"] == "alice" and "authorization" not in metadata


def test_both_sides_stream_at_once_and_may_be_silent_for_long(channel):
    answered = threading.Semaphore(0)

    def messages():
        for number in range(20):
            yield b"m%d" % number
            assert answered.acquire(timeout=TIMEOUT), "each is answered before the next is sent"
            if number == 10:
                time.sleep(2.5)  # longer than client_body_timeout

    for number, reply in enumerate(call(channel, "stream_stream", "Both")(messages(), metadata=bearer(),
                                                                          timeout=TIMEOUT)):
        assert reply == b"M%d" % number
        answered.release()
    assert number == 19


def test_a_refusal_is_a_status_that_grpc_knows(channel, handler):
    handler.metadata.clear()
    unary = call(channel, "unary_unary", "Unary")

    def status(metadata, name="Unary", kind="unary_unary", request=b"x"):
        with pytest.raises(grpc.RpcError) as refused:
            list(call(channel, kind, name)(request, metadata=metadata, timeout=TIMEOUT) or [])
        return refused.value.code(), refused.value.details()

    Code = grpc.StatusCode
    assert status([]) == (Code.UNAUTHENTICATED, "token_missing")
    assert status([("authorization", "Bearer a.b.c")]) == (Code.UNAUTHENTICATED, "token_malformed")
    assert status(bearer(exp=int(time.time()) - 900)) == (Code.UNAUTHENTICATED, "token_expired")
    assert status(bearer(scope="other")) == (Code.PERMISSION_DENIED, "insufficient_scope")
    assert status([], "Both", "stream_stream", iter([b"x"])) == (Code.UNAUTHENTICATED, "token_missing")
    assert handler.metadata == [], "none of it reached the service"
    assert status(bearer(), "Fail") == (Code.FAILED_PRECONDITION, "not now, 100 % sure")
    assert status(bearer(), "Nothing")[0] == Code.UNIMPLEMENTED
    assert unary(b"ok", metadata=bearer(), timeout=TIMEOUT) == b"ko", "the connection goes on"


def test_a_call_that_is_cancelled_is_cancelled_at_the_service(channel, handler):
    handler.cancelled.clear()
    waiting = call(channel, "unary_unary", "Wait").future(b"", metadata=bearer(), timeout=TIMEOUT)
    assert handler.waiting.wait(TIMEOUT)  # a call that is cancelled earlier never runs
    waiting.cancel()
    assert handler.cancelled.wait(TIMEOUT)


def test_a_service_that_is_away_is_unavailable(gateway):
    class Nobody:
        port = ReservedPort()
        url = f"http://127.0.0.1:{port.number}"

    gate = gateway(in_front_of(Nobody, "{path: /**, auth: none, upstream: legacy}", options="http2: true"))
    with grpc.insecure_channel(f"127.0.0.1:{gate.port}") as channel:
        with pytest.raises(grpc.RpcError) as refused:
            call(channel, "unary_unary", "Unary")(b"x", timeout=TIMEOUT)
    assert (refused.value.code(), refused.value.details()) == (grpc.StatusCode.UNAVAILABLE, "upstream_refused")


def test_a_proxy_that_asks_for_a_decision_goes_by_the_status(gateway, handler):
    """/auth/verify: to 200 with a grpc-status the call would be let through."""
    gate = gateway("server: {workers: 1, state_dir: state, forward_auth: {trusted: [127.0.0.1]}}\n" + SHARED_ISSUER
                   + in_front_of(handler, *ROUTES, options="http2: true"))
    for path in ("/test.Echo/Unary", "/%zz", ""):
        done = subprocess.run(["curl", "--silent", "--noproxy", "*", "--http2-prior-knowledge", "--output", "/dev/null",
                               "--write-out", "%{http_code}", "-H", "Content-Type: application/grpc", "-H",
                               "X-Forwarded-Method: POST", "-H", f"X-Forwarded-Uri: {path}", "-H", "X-Forwarded-Host: x",
                               f"http://127.0.0.1:{gate.port}/auth/verify"], capture_output=True, text=True, check=True)
        assert done.stdout in ("400", "401"), (path, done.stdout)
