# SPDX-License-Identifier: Apache-2.0
"""The metrics of the real binary: read by Prometheus' own tools, in both formats, and true."""
import re
import shutil
import socket
import ssl
import subprocess
import time

import pytest
from cryptography import x509
from prometheus_client.openmetrics.parser import text_string_to_metric_families as read_openmetrics
from prometheus_client.parser import text_string_to_metric_families as read_prometheus

from support.certificates import make_certificate
from support.gateway import ROOT, USERS, in_front_of
from support.ports import ReservedPort
from support.tokens import SHARED_ISSUER, good_token
from support.upstream import response
from support.waiting import wait_until

PASSWORD = "a-long-enough-password"
OPEN = "application/openmetrics-text"
# What Prometheus 2.42 sends.
PROMETHEUS = (f"{OPEN};version=1.0.0;q=0.75,{OPEN};version=0.0.1;q=0.5,text/plain;version=0.0.4;q=0.25,*/*;q=0.1")
FIXED = "routes:\n  - {name: fixed, path: /**, auth: none, respond: {status: 200, body: ok}}\n"


def scrape(gate, accept=None):
    from support.client import Connection
    with Connection(gate.admin_port) as connection:
        answer = connection.request("GET", "/metrics", [("Accept", accept)] if accept else [])
    assert answer.status == 200
    return answer


def samples(gate):
    """{(name without prefix, labels): value}, as the reader of OpenMetrics has it."""
    text = scrape(gate, OPEN).body.decode()
    return {(sample.name.removeprefix("gatewarden_"), tuple(sorted(sample.labels.items()))): sample.value
            for family in read_openmetrics(text) for sample in family.samples}


def value(gate, name, **labels):
    return samples(gate).get((name, tuple(sorted(labels.items()))), 0)


def busy_gateway(gateway, upstream):
    """Everything that is counted has happened at least once."""
    gate = gateway(USERS + SHARED_ISSUER + in_front_of(upstream()), users={"alice": PASSWORD})
    gate.login("alice", PASSWORD)
    assert gate.post("/login", {"username": "alice", "password": "a-wrong-password!"}).status == 401
    assert gate.get("/", tls=True, token=good_token()).status == 200
    assert gate.get("/").status == 401
    return gate


# -- the formats


def test_promtool_finds_nothing_to_complain_of(gateway, upstream):
    promtool = shutil.which("promtool")
    assert promtool, "promtool is missing: it comes with Debian's prometheus"
    gate = busy_gateway(gateway, upstream)
    checked = subprocess.run([promtool, "check", "metrics"], input=scrape(gate).body, capture_output=True, timeout=60, check=False)
    assert (checked.returncode, checked.stdout, checked.stderr) == (0, b"", b"")


def test_the_format_is_what_accept_asks_for(gateway):
    gate = gateway(FIXED)
    plain, opened = "text/plain; version=0.0.4; charset=utf-8", f"{OPEN}; version=1.0.0; charset=utf-8"
    for accept, wanted in [(None, plain), ("*/*", plain), ("text/plain", plain), (PROMETHEUS, opened), (OPEN, opened),
                           (f"{OPEN};q=0", plain), (f"{OPEN};q=0.5,text/plain;q=0.9", plain),
                           (f"text/plain;q=0.5, {OPEN}; q=0.6", opened), ("garbage;;;,=,", plain)]:
        answer = scrape(gate, accept)
        assert answer.header("Content-Type") == wanted, accept
        assert answer.body.endswith(b"# EOF\n") == (wanted == opened), accept


def test_both_formats_tell_the_same(gateway, upstream):
    gate = busy_gateway(gateway, upstream)
    first = {sample.name: family.type for family in read_prometheus(scrape(gate).body.decode()) for sample in family.samples}
    second = {sample.name: family.type for family in read_openmetrics(scrape(gate, OPEN).body.decode()) for sample in family.samples}
    assert set(first) == set(second)
    assert all(name.startswith("gatewarden_") for name in first)
    changed = {name for name in first if first[name] != second[name]}
    assert changed == {"gatewarden_build_info"}, changed  # a gauge there, an info here


def test_every_family_is_documented_and_nothing_else(gateway, upstream):
    gate = busy_gateway(gateway, upstream)
    shown = set(re.findall(r"^# TYPE (\S+)", scrape(gate).body.decode(), re.M))
    page = (ROOT / "docs/operations.md").read_text()
    table = page[page.index("## Metrics"):]
    documented = {name for line in table.splitlines() if line.startswith("| `gatewarden_")
                  for name in re.findall(r"`(gatewarden_\w+)`", line.split("|")[1])}
    assert shown - documented == set()
    # Those that take a log, an issuer, tracing or a shared store of their own.
    rare = {name for name in documented - shown
            if not re.match(r"gatewarden_(audit_log|issuer|trace|store_reconnects|revocation_lag)_", name)}
    assert rare == set()


# -- what they tell


def test_decisions_are_told_by_route_and_code_and_end_with_their_route(gateway, upstream):
    service = upstream()
    gate = gateway(SHARED_ISSUER + in_front_of(service, "{name: a, path: /a, upstream: legacy}", "{name: b, path: /b, auth: none, upstream: legacy}"))
    assert [gate.get(path, token=token).status for path, token in
            [("/a", None), ("/a", good_token()), ("/b", None), ("/nowhere", None)]] == [401, 200, 200, 404]
    assert value(gate, "decisions_total", route="a", code="allowed") == 1
    assert value(gate, "decisions_total", route="a", code="token_missing") == 1
    assert value(gate, "decisions_total", route="b", code="allowed") == 1
    assert value(gate, "decisions_total", route="(none)", code="no_route") == 1
    gate.write_config(SHARED_ISSUER + in_front_of(service, "{name: a, path: /a, upstream: legacy}"))
    assert gate.admin("POST", "/api/reload").status == 200
    assert value(gate, "decisions_total", route="a", code="allowed") == 1
    assert not [key for key in samples(gate) if ("route", "b") in key[1]]


def test_a_browser_that_is_sent_to_the_login_page_was_not_allowed(gateway, upstream):
    gate = gateway(USERS + in_front_of(upstream(), "{name: all, path: /**, upstream: legacy}"))
    assert gate.get("/", headers=[("Accept", "text/html")]).status == 303
    assert value(gate, "decisions_total", route="all", code="token_missing") == 1
    assert value(gate, "decisions_total", route="all", code="allowed") == 0


def test_handshakes_are_counted_by_version_and_kind(gateway):
    gate = gateway(FIXED)
    for version, name in ((ssl.TLSVersion.TLSv1_2, "1.2"), (ssl.TLSVersion.TLSv1_3, "1.3")):
        context = ssl.create_default_context(cafile=gate.certificate.certificate)
        context.minimum_version = context.maximum_version = version
        session = None
        for _ in range(2):
            with socket.create_connection(("127.0.0.1", gate.tls_port), timeout=10) as plain, \
                    context.wrap_socket(plain, server_hostname="localhost", session=session) as secure:
                secure.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
                while secure.recv(4096):
                    pass
                session = secure.session
        assert value(gate, "tls_handshakes_total", version=name, kind="full") == 1
        assert value(gate, "tls_handshakes_total", version=name, kind="resumed") == 1
    assert value(gate, "tls_handshake_failures_total") == 0
    with socket.create_connection(("127.0.0.1", gate.tls_port), timeout=10) as plain:
        plain.sendall(b"this is no ClientHello\r\n\r\n")
        while plain.recv(4096):
            pass
    wait_until(lambda: value(gate, "tls_handshake_failures_total") == 1, "the failure to be counted")


def test_the_end_of_each_certificate_is_told_and_follows_a_renewal(gateway):
    gate = gateway(FIXED)

    def end_of(path):
        return x509.load_pem_x509_certificate(open(path, "rb").read()).not_valid_after.timestamp() - time.timezone

    path = str(gate.certificate.certificate)
    assert value(gate, "certificate_expiry_timestamp_seconds", certificate=path) == end_of(path)
    other = make_certificate(gate.certificate.certificate.parent, "renewed", ("localhost",))
    gate.write_config(f"listeners:\n  - {{address: 127.0.0.1:{gate.port}}}\n  - {{address: 127.0.0.1:{gate.tls_port}, "
                      f"tls: {{certificate: {other.certificate}, key: {other.key}}}}}\n" + FIXED)
    assert gate.admin("POST", "/api/reload").status == 200
    told = {dict(labels)["certificate"]: at for (name, labels), at in samples(gate).items() if name.startswith("certificate_")}
    assert told == {str(other.certificate): end_of(other.certificate)}


def test_the_store_tells_its_requests_by_kind(gateway, upstream):
    gate = busy_gateway(gateway, upstream)
    assert value(gate, "store_up") == 1
    assert value(gate, "store_request_duration_seconds_count", operation="open_family") == 1
    assert value(gate, "store_request_duration_seconds_count", operation="reserve_attempt") == 2
    assert value(gate, "store_request_duration_seconds_sum", operation="open_family") > 0
    assert value(gate, "store_errors_total", operation="open_family") == 0


def test_logins_are_timed(gateway, upstream):
    gate = busy_gateway(gateway, upstream)
    assert value(gate, "login_duration_seconds_count") == 2
    assert value(gate, "logins_total", result="success") == 1


def test_connections_to_a_service_are_told_as_they_are(gateway, upstream):
    def slow(_):
        time.sleep(0.2)
        return response("late")

    service = upstream(slow)
    gate = gateway(in_front_of(service, "{path: /**, auth: none, upstream: legacy}"))
    assert gate.get("/").status == 200
    where = {"upstream": "legacy", "server": service.url}
    assert value(gate, "upstream_connections", **where) == 1
    assert value(gate, "upstream_connections_idle", **where) == 1
    assert value(gate, "upstream_connects_total", **where) == 1
    assert value(gate, "upstream_requests_waiting", **where) == 0
    assert value(gate, "upstream_response_seconds_count", upstream="legacy") == 1
    assert 0.15 < value(gate, "upstream_response_seconds_sum", upstream="legacy")


def test_connections_that_cannot_be_made_are_counted(gateway):
    closed = ReservedPort()
    try:
        gate = gateway(f"upstreams:\n  legacy: {{servers: [http://127.0.0.1:{closed.number}]}}\n"
                       "routes:\n  - {path: /**, auth: none, upstream: legacy}\n")
        assert gate.get("/").code == "upstream_refused"
        assert value(gate, "upstream_connect_failures_total", upstream="legacy", server=f"http://127.0.0.1:{closed.number}") >= 1
    finally:
        closed.release()


def test_a_reload_tells_whether_it_was_good(gateway):
    gate = gateway(FIXED)
    began = value(gate, "config_timestamp_seconds")
    assert abs(began - time.time()) < 60 and value(gate, "config_last_reload_successful") == 1
    gate.write_config("nonsense: 1\n" + FIXED)
    assert gate.admin("POST", "/api/reload").status == 422
    assert value(gate, "config_last_reload_successful") == 0
    assert value(gate, "config_timestamp_seconds") == began
    gate.write_config(FIXED)
    assert gate.admin("POST", "/api/reload").status == 200
    assert value(gate, "config_last_reload_successful") == 1


def test_the_process_tells_what_it_takes(gateway):
    gate = gateway(FIXED)
    told = samples(gate)
    assert told[("process_resident_memory_bytes", ())] > 1e6
    assert 5 < told[("process_open_fds", ())] < told[("process_max_fds", ())]
    assert told[("process_cpu_seconds_total", ())] > 0
    assert abs(told[("process_start_time_seconds", ())] - time.time()) < 600
    assert told[("loop_lag_seconds_count", ())] > 0


@pytest.mark.parametrize("accept", [OPEN, "text/plain"])
def test_names_of_the_configuration_cannot_break_a_line(gateway, upstream, accept):
    route = '{name: "a\\"b\\\\c\\nd", path: /**, auth: none, upstream: legacy}'
    gate = gateway(in_front_of(upstream(), route))
    gate.get("/")
    read = read_openmetrics if accept == OPEN else read_prometheus
    routes = {sample.labels["route"] for family in read(scrape(gate, accept).body.decode()) for sample in family.samples
              if sample.name == "gatewarden_decisions_total"}
    assert routes == {'a"b\\c\nd'}
