# SPDX-License-Identifier: Apache-2.0
"""A collector of spans: takes OTLP over HTTP in JSON, checks all of the protocol that it sees, and keeps the spans."""
import json
import re
import ssl
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from .waiting import wait_until

TYPES = {"stringValue": str, "boolValue": bool, "intValue": str, "doubleValue": (int, float)}
STRINGS = {"http.request.method", "url.scheme", "url.path", "url.query", "url.full", "http.route", "server.address",
           "client.address", "network.protocol.version", "error.type", "service.name", "service.version"}
NUMBERS = {"http.response.status_code", "server.port", "http.request.resend_count"}


def read_attributes(attributes, where):
    """A list of KeyValue as a dict; every name once, every value of its type."""
    read = {}
    for attribute in attributes:
        assert set(attribute) == {"key", "value"} and isinstance(attribute["key"], str) and attribute["key"], (where, attribute)
        assert attribute["key"] not in read, (where, attribute)
        (kind, value), = attribute["value"].items()
        assert isinstance(value, TYPES[kind]) and not (kind == "doubleValue" and isinstance(value, bool)), (where, attribute)
        if kind == "intValue":  # 64 bits are text in JSON
            assert re.fullmatch(r"-?(0|[1-9][0-9]{0,18})", value), (where, attribute)
            value = int(value)
        if attribute["key"] in STRINGS:
            assert isinstance(value, str), (where, attribute)
        if attribute["key"] in NUMBERS:
            assert isinstance(value, int), (where, attribute)
        read[attribute["key"]] = value
    return read


class Span:
    KEYS = {"traceId", "spanId", "parentSpanId", "name", "kind", "startTimeUnixNano", "endTimeUnixNano", "attributes", "status"}
    KINDS = {1: "internal", 2: "server", 3: "client"}

    def __init__(self, span, resource):
        assert set(span) <= self.KEYS and set(span) >= self.KEYS - {"parentSpanId", "status", "attributes"}, span
        assert re.fullmatch(r"[0-9a-f]{32}", span["traceId"]) and span["traceId"].strip("0"), span
        for name in ("spanId", "parentSpanId"):
            if name in span:
                assert re.fullmatch(r"[0-9a-f]{16}", span[name]) and span[name].strip("0"), span
        assert span["name"] and isinstance(span["kind"], int) and span["kind"] in self.KINDS, span
        for name in ("startTimeUnixNano", "endTimeUnixNano"):
            assert isinstance(span[name], str) and re.fullmatch(r"[1-9][0-9]{18}", span[name]), span
        status = span.get("status", {})
        assert set(status) <= {"code", "message"} and status.get("code", 0) in (0, 1, 2), span
        self.resource = resource
        self.trace, self.id, self.parent = span["traceId"], span["spanId"], span.get("parentSpanId")
        self.name, self.kind, self.failed = span["name"], self.KINDS[span["kind"]], status.get("code") == 2
        self.began, self.ended = int(span["startTimeUnixNano"]), int(span["endTimeUnixNano"])
        assert self.began <= self.ended, span
        self.attributes = read_attributes(span.get("attributes", []), span["name"])

    def __getitem__(self, name):
        return self.attributes.get(name)

    def __repr__(self):
        return f"{self.kind} {self.name!r} {self.attributes}"


class Collector:
    """`answers`: statuses of the first requests, or functions of the handler; afterwards everything is taken."""

    def __init__(self, answers=(), certificate=None):
        self.spans, self.errors, self.requests, self.bodies = [], [], [], []
        self._answers = list(answers)
        self._lock = threading.Lock()
        collector = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                with collector._lock:
                    collector.requests.append((self.path, dict(self.headers.items())))
                    answer = collector._answers.pop(0) if collector._answers else 200
                if callable(answer):
                    return answer(self)
                if answer == 200:
                    try:
                        collector._take(self, body)
                    except Exception as error:  # pylint: disable=broad-except
                        collector.errors.append(error)
                return self.reply(answer)

            def reply(self, status, body=b"{}", headers=()):
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                for name, value in headers:
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        scheme = "http"
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate.certificate, certificate.key)
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
            scheme = "https"
        self.url = f"{scheme}://localhost:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def _take(self, handler, body):
        assert handler.path == "/v1/traces", handler.path
        assert handler.headers["Content-Type"] == "application/json"
        document = json.loads(body)
        assert set(document) == {"resourceSpans"}
        read = []
        for resource_spans in document["resourceSpans"]:
            assert set(resource_spans) == {"resource", "scopeSpans"}
            resource = read_attributes(resource_spans["resource"]["attributes"], "resource")
            assert resource.get("service.name"), resource
            for scope_spans in resource_spans["scopeSpans"]:
                assert scope_spans["scope"]["name"] and scope_spans["spans"], scope_spans
                read += [Span(span, resource) for span in scope_spans["spans"]]
        with self._lock:
            if body in self.bodies:
                return  # at least once: a gateway that ends gives again what has no answer yet
            self.bodies.append(body)
            self.spans += read
            ids = [span.id for span in self.spans]
            assert len(set(ids)) == len(ids), "a span id came twice"

    def wait_for(self, count, seconds=10.0):
        """So many spans, checked; in the order in which they began, a span before its children."""
        wait_until(lambda: len(self.spans) >= count or self.errors, f"{count} spans, but {self.spans}", seconds)
        self.check()
        return sorted(self.spans, key=lambda span: span.began)  # keeps the order of equals

    def check(self):
        assert not self.errors, self.errors[0]

    def stop(self):
        self._server.shutdown()
        self._server.server_close()
