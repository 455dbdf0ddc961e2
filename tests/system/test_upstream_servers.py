# SPDX-License-Identifier: Apache-2.0
"""Several servers of one upstream: which is asked, which is out, and what a client notices of it."""
import collections
import threading
import time

import pytest
from support.killable import KillableService
from support.upstream import Upstream, response
from support.waiting import SLOWNESS, wait_until

OPEN = "{path: /**, auth: none, upstream: legacy}"


def pool(servers, options="", *routes):
    lines = routes or (OPEN,)
    urls = ", ".join(server if isinstance(server, str) else server.url for server in servers)
    return (f"upstreams:\n  legacy: {{servers: [{urls}]{', ' + options if options else ''}}}\n"
            "routes:\n" + "".join(f"  - {line}\n" for line in lines))


@pytest.fixture
def services():
    made = []

    def make(*names):
        made.extend(KillableService(name) for name in names)
        return made[-len(names):]

    yield make
    for one in made:
        one.release()


def test_a_server_killed_in_a_loop_costs_no_idempotent_request(gateway, services):
    steady, dying = services("steady", "dying")
    gate = gateway(pool([steady, dying], "health_check: {path: /, interval: 200ms, timeout: 1s}, "
                                         "outlier: {failures: 3, eject: 300ms}"))
    answers, stop = collections.Counter(), threading.Event()

    def load(method):
        with gate.connect() as connection:
            while not stop.is_set():
                answer = connection.request(method, "/", body=b"x" if method == "PUT" else None)
                answers[(answer.status, answer.body if answer.status == 200 else answer.code)] += 1

    clients = [threading.Thread(target=load, args=(method,)) for method in ("GET", "GET", "GET", "PUT")]
    for client in clients:
        client.start()
    try:
        for _ in range(8):
            wait_for_another(answers, b"dying")
            dying.kill()
            wait_for_another(answers, b"steady")
            dying.start()
    finally:
        stop.set()
        for client in clients:
            client.join(60 * SLOWNESS)
    assert set(answers) == {(200, b"steady"), (200, b"dying")}, answers
    assert sum(answers.values()) > 100


def wait_for_another(answers, body):
    before = answers[(200, body)]
    wait_until(lambda: answers[(200, body)] > before + 5, f"more answers of {body}", 30)


def test_both_down_is_503_and_recovery_takes_one_interval(gateway, services):
    one, two = services("one", "two")
    gate = gateway(pool([one, two], "health_check: {path: /, interval: 500ms, timeout: 300ms, unhealthy: 1}"))
    assert gate.get("/").status == 200
    one.kill()
    two.kill()
    began = time.monotonic()
    answer = gate.get("/")
    assert answer.status in (502, 503) and time.monotonic() - began < 2 * SLOWNESS
    wait_until(lambda: gate.get("/").code == "no_healthy_upstream", "word of the health checks")
    assert gate.get("/").status == 503
    assert gate.metric("gatewarden_upstream_server_up") == 0
    assert gate.admin("GET", "/readyz").json()["upstreams_down"] == ["legacy"]
    two.start()
    began = time.monotonic()
    wait_until(lambda: gate.get("/").status == 200, "recovery")
    assert time.monotonic() - began < (0.5 + 1.0) * SLOWNESS, "one interval, and what a check and its confirmation take"
    servers = {server["url"]: server["up"] for server in
               gate.admin("GET", "/api/status").json()["upstreams"][0]["servers"]}
    assert servers == {one.url: False, two.url: True}
    assert "an upstream server is down" in gate.log() and "an upstream server is up" in gate.log()


def test_one_server_down_is_502_and_503_once_checks_know(gateway, services):
    (only,) = services("only")
    gate = gateway(pool([only], "outlier: {failures: 1, eject: 1h}"))
    only.kill()
    for _ in range(5):
        assert gate.get("/").code == "upstream_refused", "ejection never takes the last server"
    only.start()
    assert gate.get("/").status == 200


def test_health_checks_look_at_the_answer(gateway, upstream):
    status = {"well": 200, "ill": 200}

    def service(name):
        def answer(request):
            if request.target == "/health?deep=1":
                return response(status=status[name])
            return response(name)

        return upstream(answer)

    well, ill = service("well"), service("ill")
    gate = gateway(pool([well, ill], "health_check: {path: '/health?deep=1', interval: 50ms, timeout: 10s, "
                                     "healthy: 2, unhealthy: 2}"))
    seen = {gate.get("/").body for _ in range(6)}
    assert seen == {b"well", b"ill"}
    status["ill"] = 500
    wait_until(lambda: gate.metric("gatewarden_upstream_server_up") == 1, "word of the illness")
    assert {gate.get("/").body for _ in range(10)} == {b"well"}
    # A reload that keeps the server knows what was known.
    gate.write_config(pool([well, ill], "retries: 2, health_check: {path: '/health?deep=1', interval: 1h}"))
    assert gate.admin("POST", "/api/reload").status == 200
    assert {gate.get("/").body for _ in range(10)} == {b"well"}
    checks = [request for request in ill.requests if request.target.startswith("/health")]
    assert checks[0].header("User-Agent") == "gatewarden-health-check"
    assert checks[0].header("Host") == f"127.0.0.1:{ill.port}"


def test_health_checks_of_https_servers_verify_them(gateway, certificate):
    service = Upstream(lambda request: response("ok"), certificate=certificate)
    try:
        good = f"health_check: {{path: /, interval: 50ms, unhealthy: 1}}, tls: {{ca: {certificate.certificate}}}"
        gate = gateway(pool([service], good))
        wait_until(lambda: service.requests, "a check over TLS")
        assert gate.get("/").body == b"ok"
        gate.write_config(pool([service], good.replace(", tls:", ", connect_timeout: 2s, tls:").replace(
            "tls: {", "tls: {server_name: other.test, ")))
        assert gate.admin("POST", "/api/reload").status == 200
        wait_until(lambda: gate.get("/").status == 503, "that the certificate is of another host")
    finally:
        service.stop()


def test_failing_requests_eject_a_server(gateway, upstream):
    broken = upstream(lambda request: response("no", status=503))
    good = upstream(lambda request: response("good"))
    gate = gateway(pool([broken, good], "retries: 0, outlier: {failures: 3, eject: 1h}"))

    def is_ejected():
        gate.get("/")
        return gate.metric("gatewarden_upstream_ejections_total") == 2

    wait_until(is_ejected, "ejection by both workers")
    before = len(broken.requests)
    assert {gate.get("/").body for _ in range(20)} == {b"good"}
    assert len(broken.requests) == before
    assert gate.metric("gatewarden_upstream_server_ejected") == 2
    servers = gate.admin("GET", "/api/status").json()["upstreams"][0]["servers"]
    assert {server["url"]: server["ejected_by"] for server in servers} == {broken.url: 2, good.url: 0}


def test_a_key_stays_with_its_server(gateway, upstream):
    names = [upstream(lambda request, name=name: response(name)) for name in ("a", "b", "c")]
    gate = gateway(pool(names, "balance: hash, hash_by: 'header:X-Tenant'"))

    def server_of(tenant):
        return gate.get("/", headers=[("x-tenant", tenant)]).body

    homes = {tenant: server_of(tenant) for tenant in (f"t{n}" for n in range(30))}
    assert set(homes.values()) == {b"a", b"b", b"c"}
    assert all(server_of(tenant) == home for tenant, home in homes.items()), "whatever the worker"
    assert {gate.get("/").body for _ in range(9)} == {b"a", b"b", b"c"}, "without a key they take turns"
    gate.write_config(pool(names, "balance: hash, hash_by: ip"))
    assert gate.admin("POST", "/api/reload").status == 200
    assert len({gate.get("/").body for _ in range(9)}) == 1


def test_a_unix_socket_may_be_an_upstream(gateway, socket_folder):
    import http.server
    import socketserver

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self):
            body = self.headers["Host"].encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def address_string(self):
            return "unix"

        def log_message(self, *_):
            pass

    path = str(socket_folder / "app.sock")
    with socketserver.ThreadingUnixStreamServer(path, Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        gate = gateway(pool([f"unix:{path}"], "host: rewrite"))
        assert gate.get("/").body == b"localhost"
        gate.stop()  # the service waits for its connections to end
        server.shutdown()


def test_what_a_kind_of_server_reads_differently_is_refused(gateway, upstream):
    service = upstream()
    routes = ("{path: /**, auth: none, upstream: legacy}",
              "{path: /Admin/**, auth: required, upstream: legacy}")

    def statuses(gate, *targets):
        return [gate.get(target).status for target in targets]

    gate = gateway(pool([service], "profile: tomcat", *routes))
    assert statuses(gate, "/a", "/a;x=y/b", "/a;jsessionid=0A1B", "/a%3bx") == [200, 400, 200, 400]
    gate.write_config(pool([service], "profile: node", *routes))
    assert gate.admin("POST", "/api/reload").status == 200
    assert statuses(gate, "/Admin/x", "/admin/x", "/ADMIN", "/adminx", "/b/", "/B") == [401, 400, 400, 200, 200, 200]
    gate.write_config(pool([service], "profile: iis", *routes))
    assert gate.admin("POST", "/api/reload").status == 200
    assert statuses(gate, "/admin./x", "/x%20", "/x::$DATA", "/LONGNA~1", "/aDMIN/", "/x") == [400] * 5 + [200]
    gate.write_config(pool([service], "profile: wsgi", *routes))
    assert gate.admin("POST", "/api/reload").status == 200
    assert gate.get("/", headers=[("X_Forwarded_Proto", "https"), ("X.Y", "1"), ("X-Kept", "1")]).status == 200
    assert "x_forwarded_proto" not in service.last.names and "x.y" not in service.last.names
    assert "x-kept" in service.last.names
    # Two routes that such a server cannot tell apart are a mistake.
    gate.write_config(pool([service], "profile: node", *routes, "{path: /admin/**, auth: none, upstream: legacy}"))
    answer = gate.admin("POST", "/api/reload")
    assert answer.status != 200 and b"ignores case" in answer.body


def test_a_name_that_does_not_resolve_is_a_warning(gateway):
    gate = gateway(pool(["http://no-such-host.invalid"]))
    answer = gate.get("/")
    assert (answer.status, answer.code) == (502, "upstream_refused")
    wait_until(lambda: "the name of an upstream server does not resolve" in gate.log(), "warning", 20)
