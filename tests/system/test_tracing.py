# SPDX-License-Identifier: Apache-2.0
"""Traces: what is handed on of them (W3C Trace Context), and the spans that a collector gets (OTLP over HTTP)."""
import json
import re
import socket
import time

import pytest

from support.collector import Collector
from support.gateway import USERS, in_front_of
from support.ports import ReservedPort
from support.tokens import SHARED_ISSUER, good_token
from support.upstream import response
from support.waiting import SLOWNESS, wait_until

PASSWORD = "a-long-enough-password"
TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
PARENT = f"00-{TRACE}-{SPAN}-01"
ANY = "{name: any, path: /**, auth: none, upstream: legacy}"
OUT = re.compile(r"00-([0-9a-f]{32})-([0-9a-f]{16})-(0[01])")


@pytest.fixture
def collector():
    made = []

    def make(*arguments, **options):
        made.append(Collector(*arguments, **options))
        return made[-1]

    yield make
    for one in made:
        one.stop()
    for one in made:
        one.check()


def tracing(url, sample=1, **options):
    rest = "".join(f", {name}: {value}" for name, value in options.items())
    return f"tracing: {{otlp: \"{url}\", sample: {sample}{rest}}}\n"


def handed_on(service):
    """(trace, span, flags) of the last request, and its tracestate fields."""
    match = OUT.fullmatch(service.last.header("traceparent"))
    assert match, service.last.headers
    return match.groups(), [value for name, value in service.last.headers if name.lower() == "tracestate"]


def of_kind(spans, kind):
    return [span for span in spans if span.kind == kind]


# -- the context


def test_a_good_parent_goes_on_with_a_span_of_the_gateways_own(gateway, upstream):
    service = upstream()
    gate = gateway(in_front_of(service, ANY))
    for flags, out in (("01", "01"), ("00", "00"), ("03", "01"), ("fe", "00")):
        gate.get("/", headers=[("traceparent", f"00-{TRACE}-{SPAN}-{flags}"), ("tracestate", "a=1, b@c=2")])
        (trace, span, sampled), state = handed_on(service)
        assert (trace, sampled, state) == (TRACE, out, ["a=1, b@c=2"]) and span != SPAN
    gate.get("/", headers=[("Traceparent", f"cc-{TRACE}-{SPAN}-01-what-the-future-brings"), ("Tracestate", "a=1")])
    assert handed_on(service)[0][::2] == (TRACE, "01") and handed_on(service)[1] == ["a=1"]


@pytest.mark.parametrize("parents", [
    [PARENT, PARENT], [PARENT, f"00-{'1' * 32}-{SPAN}-01"], [f"{PARENT}, {PARENT}"], [PARENT + "-x"], [f"ff-{TRACE}-{SPAN}-01"],
    [f"00-{'0' * 32}-{SPAN}-01"], [f"00-{TRACE}-{'0' * 16}-01"], [PARENT.upper()], ["garbage"], [""]])
def test_anything_else_begins_a_new_trace_without_the_state_of_the_old(gateway, upstream, parents):
    service = upstream()
    gate = gateway(in_front_of(service, ANY))
    gate.get("/", headers=[("traceparent", parent) for parent in parents] + [("tracestate", "a=1")])
    (trace, _, sampled), state = handed_on(service)
    assert trace != TRACE and sampled == "00" and state == []


@pytest.mark.parametrize("states, kept", [
    (["a=1", "b=2"], True), (["a=1,a=2"], False), (["A=1"], False), (["a=1", "nonsense"], False), (["a=" + "x" * 257], False),
    ([",".join(f"k{i}=1" for i in range(32))], True), ([",".join(f"k{i}=1" for i in range(33))], False),
    (["a=" + "x" * 200, "b=" + "x" * 200, "c=" + "x" * 200], False)])
def test_a_tracestate_that_is_not_good_goes_no_further_and_the_trace_does(gateway, upstream, states, kept):
    service = upstream()
    gate = gateway(in_front_of(service, ANY))
    gate.get("/", headers=[("traceparent", PARENT)] + [("tracestate", state) for state in states])
    (trace, _, _), state = handed_on(service)
    assert trace == TRACE and state == (states if kept else [])


# -- the spans


def test_a_request_has_spans_of_itself_the_decision_and_the_service(gateway, upstream, collector):
    def slow(_):
        time.sleep(0.1)
        return response("late", status=201)

    service, spans = upstream(slow), collector()
    gate = gateway(tracing(spans.url) + SHARED_ISSUER + in_front_of(service, "{name: orders, path: '/orders/{id}', upstream: legacy}"))
    before = time.time_ns()
    answer = gate.get("/orders/7?page=2", token=good_token(), headers=[("traceparent", PARENT)])
    assert answer.status == 201
    server, decision, client = spans.wait_for(3)
    after = time.time_ns()
    assert {span.trace for span in (server, decision, client)} == {TRACE}
    assert (server.kind, server.parent, server.name) == ("server", SPAN, "GET /orders/{id}")
    assert (decision.kind, decision.parent, decision.name) == ("internal", server.id, "decide")
    assert (client.kind, client.parent, client.name) == ("client", server.id, "GET")
    # The service is told the span of the try that reached it.
    assert handed_on(service)[0] == (TRACE, client.id, "01")
    assert before - 1e6 <= server.began <= decision.began <= decision.ended <= client.began <= client.ended <= server.ended <= after + 1e6
    assert client.ended - client.began > 0.09e9
    assert server.attributes == {
        "http.request.method": "GET", "url.scheme": "http", "url.path": "/orders/7", "url.query": "page=2",
        "http.route": "/orders/{id}", "server.address": "localhost", "client.address": "127.0.0.1",
        "network.protocol.version": "1.1", "http.response.status_code": 201,
        "gatewarden.request_id": answer.header("X-Request-Id")}
    assert decision.attributes == {"gatewarden.decision": "allowed", "gatewarden.route": "orders",
                                   "gatewarden.credential": "bearer", "gatewarden.issuer": "corp"}
    assert client.attributes == {
        "http.request.method": "GET", "url.full": f"{service.url}/orders/7?page=2", "server.address": "127.0.0.1",
        "server.port": service.port, "http.response.status_code": 201, "gatewarden.upstream": "legacy"}
    assert not any(span.failed for span in (server, decision, client))
    assert server.resource["service.name"] == "gatewarden" and server.resource["service.version"]


def test_a_refusal_has_a_decision_that_says_why_and_no_span_of_a_service(gateway, upstream, collector):
    spans = collector()
    gate = gateway(tracing(spans.url) + in_front_of(upstream(), "{name: all, path: /api/**, upstream: legacy}"))
    assert gate.get("/api/x").status == 401
    server, decision = spans.wait_for(2)
    assert server.parent is None and not server.failed and server["http.response.status_code"] == 401
    assert server["gatewarden.code"] == decision["gatewarden.code"] == "token_missing"
    assert decision["gatewarden.decision"] == "refused" and decision["gatewarden.credential"] == "none"
    assert gate.get("/nowhere").status == 404
    assert gate.get("/%00").status == 400
    more = spans.wait_for(5)[2:]
    assert [(span.name, span["http.response.status_code"]) for span in of_kind(more, "server")] == [("GET", 404), ("GET", 400)]
    assert [span["gatewarden.code"] for span in of_kind(more, "internal")] == ["no_route"]


def test_each_try_of_a_server_has_a_span(gateway, upstream, collector):
    closed, service, spans = ReservedPort(), upstream(), collector()
    try:
        gate = gateway(tracing(spans.url) + f"upstreams:\n  legacy: {{servers: [http://127.0.0.1:{closed.number}, {service.url}], retries: 1}}\n"
                       f"routes:\n  - {ANY}\n")
        for _ in range(4):
            assert gate.get("/").status == 200
        taken = spans.wait_for(13)
    finally:
        closed.release()
    tries = of_kind(taken, "client")
    failed = [span for span in tries if span.failed]
    assert failed and {span["server.port"] for span in failed} == {closed.number}
    assert {span["error.type"] for span in failed} == {"upstream_refused"}
    again = [span for span in tries if span["http.request.resend_count"] == 1]
    assert {span.trace for span in again} == {span.trace for span in failed}
    for span in again:
        first = next(one for one in failed if one.trace == span.trace)
        assert first.parent == span.parent and first.ended <= span.began
    reached = {OUT.fullmatch(request.header("traceparent")).group(2) for request in service.requests}
    assert reached == {span.id for span in tries if not span.failed}


def test_failures_of_a_service_are_failures_of_its_spans(gateway, upstream, collector):
    spans = collector()
    service = upstream(lambda request: response("x", status=503 if request.target == "/ill" else 404, reason="No"))
    gate = gateway(tracing(spans.url) + in_front_of(service, ANY))
    assert gate.get("/ill").status == 503 and gate.get("/nothing").status == 404
    taken = spans.wait_for(6)
    told = {(span.kind, span["http.response.status_code"], span.failed, span["error.type"]) for span in taken if span.kind != "internal"}
    assert told == {("server", 503, True, "503"), ("client", 503, True, "503"),
                    ("server", 404, False, None), ("client", 404, True, "404")}
    assert all(span["gatewarden.decision"] == "allowed" for span in of_kind(taken, "internal"))


def test_no_span_holds_a_secret(gateway, upstream, collector):
    spans = collector()
    gate = gateway(tracing(spans.url, headers="{Authorization: Bearer hush-collector}")
                   + USERS + in_front_of(upstream()), users={"alice": PASSWORD})
    session = gate.login("alice", PASSWORD)
    token = session["access_token"]
    target = f"/a;jsessionid=hush-session?access_token={token}&password={PASSWORD}&page=2"
    assert gate.request("GET", target, [("X-Api-Key", "hush-key")], token=token).status == 200
    assert gate.request("GET", target, [("Cookie", f"__Host-gatewarden={token}; other=hush-cookie")]).status == 200
    gate.request("GET", target, [("Authorization", "Basic aHVzaA==")])
    assert gate.refresh(session["refresh_token"]).status == 200
    gate.stop()
    text = b"".join(spans.bodies).decode()
    assert "page=2" in text and "alice" not in text
    for secret in (PASSWORD, "hush", "aHVzaA", token, token.rsplit(".", 1)[1], session["refresh_token"]):
        assert secret not in text, secret
    assert "hush" not in gate.log()


def test_what_a_proxy_asks_about_is_a_decision_too(gateway, upstream, collector):
    spans = collector()
    gate = gateway(tracing(spans.url) + SHARED_ISSUER + in_front_of(upstream(), "{name: all, path: /**, upstream: legacy}"),
                   server="forward_auth: {trusted: [127.0.0.1]}")
    asked = [("X-Forwarded-Method", "GET"), ("X-Forwarded-Proto", "http"), ("X-Forwarded-Host", "a.example"), ("X-Forwarded-Uri", "/x")]
    assert gate.get("/auth/verify", headers=asked).status == 401
    assert gate.get("/auth/verify", headers=asked, token=good_token()).status == 200
    refused, allowed = of_kind(spans.wait_for(4), "internal")
    assert (refused["gatewarden.decision"], refused["gatewarden.code"]) == ("refused", "token_missing")
    assert allowed["gatewarden.decision"] == "allowed" and not of_kind(spans.spans, "client")


# -- the sampling


def test_the_parent_decides_and_else_the_share(gateway, upstream, collector):
    service, spans = upstream(), collector()
    gate = gateway(tracing(spans.url, sample=0) + in_front_of(service, ANY))
    gate.get("/")
    assert handed_on(service)[0][2] == "00"
    gate.get("/", headers=[("traceparent", f"00-{TRACE}-{SPAN}-00")])
    assert handed_on(service)[0][2] == "00"
    gate.get("/", headers=[("traceparent", PARENT)])
    gate.stop()
    assert {span.trace for span in spans.spans} == {TRACE} and len(spans.spans) == 3


def test_about_that_share_of_the_traces_that_begin_here_is_sampled(gateway, upstream, collector):
    service, spans = upstream(), collector()
    gate = gateway(tracing(spans.url, sample=0.25) + in_front_of(service, ANY))
    with gate.connect() as connection:
        for _ in range(400):
            assert connection.request("GET", "/").status == 200
    gate.stop()
    told = {match.group(1) for match in (OUT.fullmatch(request.header("traceparent")) for request in service.requests)
            if match.group(3) == "01"}
    assert 50 < len(told) < 150  # 100 expected; beyond that once in a million runs
    assert {span.trace for span in of_kind(spans.spans, "server")} == told


# -- the collector


def test_it_is_asked_with_its_headers_and_only_by_its_own_authority(gateway, upstream, collector, certificate):
    spans = collector(certificate=certificate)
    with_ca = tracing(spans.url, ca=certificate.certificate, service="front", headers="{Authorization: Bearer hush, X-Scope: a}")
    service = in_front_of(upstream(), ANY)
    gate = gateway(with_ca + service)
    gate.get("/")
    taken = spans.wait_for(3)
    assert taken[0].resource["service.name"] == "front"
    path, headers = spans.requests[0]
    assert path == "/v1/traces" and headers["Authorization"] == "Bearer hush" and headers["X-Scope"] == "a"
    gate.write_config(tracing(spans.url) + service)  # the system's authorities do not know it
    assert gate.admin("POST", "/api/reload").status == 200
    gate.get("/")
    wait_until(lambda: gate.metric("gatewarden_trace_export_failures_total") >= 1, "the failure")
    assert len(spans.spans) == 3


def test_what_it_cannot_take_now_it_is_given_again(gateway, upstream, collector):
    spans = collector(answers=[503, lambda handler: handler.reply(429, headers=[("Retry-After", "1")])])
    gate = gateway(tracing(spans.url) + in_front_of(upstream(), ANY))
    gate.get("/")
    spans.wait_for(3, 20)
    assert len(spans.requests) == 3
    wait_until(lambda: gate.metric("gatewarden_trace_spans_exported_total") == 3, "the spans to be counted")
    assert gate.metric("gatewarden_trace_export_failures_total") == 2
    assert gate.metric("gatewarden_trace_spans_failed_total") == 0


def test_what_it_refuses_is_counted_and_not_given_again(gateway, upstream, collector):
    partial = json.dumps({"partialSuccess": {"rejectedSpans": "2", "errorMessage": "no"}}).encode()
    spans = collector(answers=[400, lambda handler: handler.reply(200, partial)])
    gate = gateway(tracing(spans.url) + in_front_of(upstream(), ANY))
    gate.get("/")
    wait_until(lambda: gate.metric("gatewarden_trace_spans_failed_total") == 3, "the refusal to be counted")
    gate.get("/")
    wait_until(lambda: gate.metric("gatewarden_trace_spans_failed_total") == 5, "the partial refusal")
    assert gate.metric("gatewarden_trace_spans_exported_total") == 1 and len(spans.requests) == 2


def test_a_collector_that_hangs_or_is_away_holds_up_no_request_and_costs_bounded_memory(gateway, upstream):
    with socket.create_server(("127.0.0.1", 0)) as hangs:  # takes connections and says nothing
        url = f"http://127.0.0.1:{hangs.getsockname()[1]}"
        gate = gateway(tracing(url, timeout="60s") + in_front_of(upstream(), ANY))
        longest = 0
        with gate.connect() as connection:
            for _ in range(3200):
                began = time.monotonic()
                assert connection.request("GET", "/x").status == 200
                longest = max(longest, time.monotonic() - began)
        wait_until(lambda: gate.metric("gatewarden_trace_spans_dropped_total") > 0, "spans to be dropped")
        if SLOWNESS == 1:
            assert longest < 1
        began = time.monotonic()
        gate.stop()
        if SLOWNESS == 1:
            assert time.monotonic() - began < 8


def test_the_last_spans_are_sent_before_the_end_and_a_reload_may_turn_them_off(gateway, upstream, collector):
    spans, service = collector(), in_front_of(upstream(), ANY)
    gate = gateway(tracing(spans.url) + service)
    gate.get("/")
    gate.write_config(service)
    assert gate.admin("POST", "/api/reload").status == 200
    gate.get("/")
    assert gate.metric("gatewarden_trace_spans_exported_total") == 0  # and the metric is gone
    gate.write_config(tracing(spans.url) + service)
    assert gate.admin("POST", "/api/reload").status == 200
    gate.get("/last")
    gate.stop()
    assert "/last" in [span["url.path"] for span in of_kind(spans.spans, "server")]


def test_the_access_log_names_the_trace(gateway, upstream, collector):
    spans = collector()
    gate = gateway(tracing(spans.url) + "log: {access: {path: access.log}}\n" + in_front_of(upstream(), ANY))
    gate.get("/traced", headers=[("traceparent", PARENT)])
    spans.wait_for(3)
    gate.stop()
    lines = [json.loads(line) for line in (gate.folder / "access.log").read_text().splitlines()]
    assert [line["trace_id"] for line in lines if line["path"] == "/traced"] == [TRACE]


def test_requests_over_http2_and_to_the_admin_address(gateway, upstream, collector):
    spans = collector()
    gate = gateway(tracing(spans.url) + in_front_of(upstream(), ANY))
    gate.admin("GET", "/healthz")
    gate.curl("/h2", "--http2", "-H", f"traceparent: {PARENT}")
    server = spans.wait_for(3)[0]
    assert (server.trace, server["network.protocol.version"], server["url.scheme"]) == (TRACE, "2", "https")
    gate.stop()
    assert "/healthz" not in [span["url.path"] for span in spans.spans]
