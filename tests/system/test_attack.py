# SPDX-License-Identifier: Apache-2.0
"""`gatewarden attack`: nothing gets through a gateway, much gets through what is none, and the exit status tells."""
import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from support.gateway import USERS, in_front_of
from support.h2_upstream import H2Answer, H2Upstream
from support.ports import ReservedPort
from support.tokens import SHARED_ISSUER

ROUTES = ["{name: open, path: /public/**, auth: none, upstream: legacy}",
          "{name: admin, path: /admin/**, methods: [GET, POST], require: {roles: [admin]}, upstream: legacy}",
          "{name: orders, host: shop.example.com, path: '/orders/{id}', upstream: legacy}"]


class Echo(BaseHTTPRequestHandler):
    """Believes everybody, and says what it was told: what stands behind no gateway."""
    protocol_version = "HTTP/1.1"

    def answer(self):
        body = str(self.headers).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = do_HEAD = do_OPTIONS = answer

    def log_message(self, *_):
        pass


@contextmanager
def echo_server():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Echo)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()


def report_of(done):
    assert done.stdout, done.stderr
    return json.loads(done.stdout)


def through(report):
    return [(one["kind"], one["name"], one["happened"]) for one in report["results"] if one["verdict"] == "got through"]


def test_nothing_gets_through_a_gateway_that_issues_tokens(gateway, upstream):
    gate = gateway(USERS + in_front_of(upstream(), *ROUTES), started=False)
    done = gate.run("attack", "--json")
    report = report_of(done)
    assert through(report) == [] and done.returncode == 0, done.stderr
    assert report["attempts"] == report["held"] + report["got_through"] + report["skipped"]
    assert report["held"] >= 560 and report["skipped"] <= 5, report["skipped"]
    kinds = {one["kind"] for one in report["results"]}
    assert kinds == {"credentials", "path", "request line", "smuggling", "identity", "method", "token", "oversize", "http2"}
    assert sum("(HTTP/2)" in one["name"] or one["kind"] == "http2" for one in report["results"]) >= 200
    assert all(one["source"] and one["expected"] and one["happened"] for one in report["results"])
    assert {one["route"] for one in report["results"]} >= {"open", "admin", "orders"}


def test_nothing_gets_through_a_gateway_that_takes_another_issuers_tokens(gateway, upstream):
    # Every path has an open route: what an upstream may read as another path must not count as a way in.
    routes = ["{name: all, path: /**, auth: none, upstream: legacy}", *ROUTES[1:]]
    gate = gateway(SHARED_ISSUER + in_front_of(upstream(), *routes), started=False)
    done = gate.run("attack")
    assert done.returncode == 0, done.stdout[:4000] + done.stderr
    assert "got through" in done.stdout and "0 got through" in done.stdout


def test_a_deployed_gateway_holds_over_http_and_https(gateway, upstream):
    gate = gateway(USERS + in_front_of(upstream(), *ROUTES))
    for options in ([f"http://127.0.0.1:{gate.port}"],
                    [f"https://localhost:{gate.tls_port}", "--ca", gate.certificate.certificate]):
        done = gate.run("attack", "--json", "--url", *options)
        report = report_of(done)
        assert through(report) == [] and done.returncode == 0, done.stderr
        assert report["held"] >= 500
        assert not [one["name"] for one in report["results"] if "does not speak HTTP/2" in one["happened"]]


def test_a_service_without_a_gateway_lets_much_through(gateway, upstream):
    gate = gateway(USERS + in_front_of(upstream(), *ROUTES), started=False)
    with echo_server() as url:
        done = gate.run("attack", "--json", "--url", url)
        report = report_of(done)
        assert done.returncode == 1
        found = {(kind, name) for kind, name, _ in through(report)}
        assert {("credentials", "no credential at all"), ("path", "up and down"), ("token", 'alg "none", no signature'),
                ("identity", "the subject header"), ("method", "X-HTTP-Method-Override")} <= found
        assert {kind for kind, _ in found} >= {"credentials", "path", "token", "identity", "method", "request line",
                                               "smuggling"}
        done = gate.run("attack", "--url", url)
        assert done.returncode == 1
        assert "got through: token: alg \"none\", no signature  (CVE-2015-9235)" in done.stdout
        assert "expected  refused before the upstream" in done.stdout


def test_a_service_that_believes_every_frame_lets_much_through(gateway, upstream):
    gate = gateway(USERS + in_front_of(upstream(), *ROUTES), started=False)

    def answer(request):
        text = "".join(f"{name}: {value}\n" for name, value in request.headers + request.trailers)
        return H2Answer(body=text.encode("latin-1", "replace"))

    # Plain with prior knowledge; what is asked in HTTP/1 finds no answer, which is none that got through.
    up = H2Upstream(answer, lenient=True)
    try:
        report = report_of(gate.run("attack", "--json", "--url", up.url))
        found = {name for kind, name, _ in through(report) if kind == "http2"}
        assert {"two paths", "a field in a value", "connection: close", "transfer-encoding: chunked", "te: gzip",
                "a host that differs from the authority", "a request line in the method"} <= found, found
        assert ("identity", "the subject header (HTTP/2)") in {(kind, name) for kind, name, _ in through(report)}
    finally:
        up.stop()


def test_an_open_route_where_a_guarded_one_is_meant_is_found(gateway, upstream):
    """The gateway that runs has another configuration than the one that says what is guarded."""
    service = upstream()
    deployed = gateway(in_front_of(service, "{path: /**, auth: none, upstream: legacy}"))
    meant = gateway(in_front_of(service, *ROUTES), started=False)
    done = meant.run("attack", "--json", "--url", f"http://127.0.0.1:{deployed.port}")
    assert done.returncode == 1
    assert ("credentials", "no credential at all") in {(kind, name) for kind, name, _ in through(report_of(done))}


def test_what_cannot_be_run_is_told_by_another_status(gateway, upstream, tmp_path):
    gate = gateway(USERS + in_front_of(upstream(), *ROUTES), started=False)
    port = ReservedPort()
    try:
        for wrong in (["--url", f"http://127.0.0.1:{port.number}"], ["--url", "ftp://x"], ["--url", "http://"],
                      ["--url", "http://x:y"], ["--nonsense"], ["-c", tmp_path / "missing.yaml"]):
            done = gate.run("attack", *wrong)
            assert done.returncode == 2 and done.stderr, (wrong, done)
    finally:
        port.release()
