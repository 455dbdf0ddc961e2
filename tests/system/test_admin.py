# SPDX-License-Identifier: Apache-2.0
"""The admin address: what it tells, what it does, and for whom it does nothing."""
import json
import re
import threading
import time

import pytest

from support.client import Connection
from support.gateway import USERS, in_front_of, in_parallel
from support.http1 import ConnectionEnded
from support.ports import accepts_connections
from support.tokens import SHARED_ISSUER, claims, decode, good_token, mint, Key
from support.upstream import response
from support.waiting import SLOWNESS, wait_until

PASSWORD = "a-long-enough-password"
FIXED = "routes:\n  - {name: fixed, path: /**, auth: none, respond: {status: 200, body: ok}}\n"
JSON = ("Content-Type", "application/json")


def act(gate, path, body=b"", headers=(), host="127.0.0.1"):
    """A POST to the admin address with exactly these headers."""
    body = json.dumps(body).encode() if isinstance(body, dict) else body
    with Connection(gate.admin_port) as connection:
        return connection.request("POST", path, headers, body, host=host)


def revoke(gate, **what):
    return act(gate, "/api/revoke", what, [JSON])


class Scrape:
    """Prometheus text, read line by line with no mercy."""

    NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
    LABEL = r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"'
    SAMPLE = re.compile(rf"({NAME})(?:\{{({LABEL}(?:,{LABEL})*)\}})? ([-+0-9.e]+)")

    def __init__(self, text):
        self.types, self.samples = {}, {}
        family = None
        assert text.endswith("\n")
        for line in text[:-1].split("\n"):
            if line.startswith("# HELP "):
                family, words = line.split(" ", 3)[2:]
                assert words and family not in self.types, line
                continue
            if line.startswith("# TYPE "):
                name, kind = line.split(" ")[2:]
                assert name == family and kind in ("counter", "gauge", "histogram"), line
                self.types[name] = kind
                continue
            match = self.SAMPLE.fullmatch(line)
            assert match, line
            name, labels, value = match.group(1), match.group(2) or "", float(match.group(7))
            assert name.startswith("gatewarden_") and family in self.types, line
            suffixes = ("_bucket", "_sum", "_count") if self.types[family] == "histogram" else ("",)
            assert name in [family + suffix for suffix in suffixes], line
            assert self.types[family] != "counter" or name.endswith("_total"), line
            key = (name, tuple(sorted(re.findall(self.LABEL, labels))))
            assert key not in self.samples, line
            self.samples[key] = value

    def __call__(self, name, **labels):
        return self.samples.get((f"gatewarden_{name}", tuple(sorted(labels.items()))), 0)


def scrape(gate):
    answer = gate.admin("GET", "/metrics")
    assert answer.status == 200
    assert answer.header("Content-Type") == "text/plain; version=0.0.4; charset=utf-8"
    return Scrape(answer.body.decode())


# -- what it tells


def test_a_scrape_is_strict_prometheus_text(gateway):
    metrics = scrape(gateway(FIXED))
    buckets = [(dict(labels)["le"], value) for (name, labels), value in metrics.samples.items()
               if name == "gatewarden_request_duration_seconds_bucket"]
    bounds = [float(bound) for bound, _ in buckets]
    assert bounds == sorted(bounds) and buckets[-1][0] == "+Inf"


def test_requests_count_over_all_workers(gateway):
    gate = gateway(FIXED)
    before = scrape(gate)
    for _ in range(40):
        assert gate.get("/").status == 200
    assert gate.get("/%00").status == 400
    after = scrape(gate)
    assert after("requests_total", code="2xx") - before("requests_total", code="2xx") == 40
    assert after("requests_total", code="4xx") - before("requests_total", code="4xx") == 1
    assert after("refusals_total", code="bad_path") == 1
    assert after("request_duration_seconds_count") == 41
    assert after("request_duration_seconds_bucket", le="+Inf") == 41


def test_the_admin_address_counts_nothing_of_itself(gateway):
    gate = gateway(FIXED)
    for _ in range(5):
        gate.admin("GET", "/nothing")
    metrics = scrape(gate)
    assert metrics("refusals_total", code="no_route") == 0
    assert metrics("request_duration_seconds_count") == 0
    assert metrics("connections") == 0


def test_durations_fall_into_their_buckets(gateway, upstream):
    def slow(_):
        time.sleep(0.3)
        return response("late")

    gate = gateway(in_front_of(upstream(slow), "{path: /**, auth: none, upstream: legacy}"))
    assert gate.get("/").status == 200
    metrics = scrape(gate)
    assert metrics("request_duration_seconds_bucket", le="0.25") == 0
    assert metrics("request_duration_seconds_bucket", le="60") == 1
    assert 0.3 <= metrics("request_duration_seconds_sum") < 60


def test_open_connections_are_a_gauge(gateway):
    gate = gateway(FIXED)
    open_now = [gate.connect() for _ in range(10)]
    for connection in open_now:
        assert connection.request("GET", "/").status == 200
    assert scrape(gate)("connections") == 10
    assert gate.admin("GET", "/api/status").json()["connections"] == 10
    for connection in open_now:
        connection.close()
    wait_until(lambda: scrape(gate)("connections") == 0, "end of the connections")


def test_tokens_count_by_what_came_of_them(gateway, upstream):
    gate = gateway(SHARED_ISSUER + in_front_of(upstream()))
    token = good_token()
    with gate.connect() as connection:  # one worker, one cache
        for _ in range(3):
            assert connection.request("GET", "/", token=token).status == 200
        assert connection.request("GET", "/", token=good_token(exp=1)).status == 401
        assert connection.request("GET", "/").status == 401
    metrics = scrape(gate)
    assert metrics("refusals_total", code="token_expired") == 1
    assert metrics("refusals_total", code="token_missing") == 1
    assert metrics("token_cache_hits_total") == 2
    assert metrics("token_cache_misses_total") == 2
    assert metrics("token_cache_entries") == 1


def test_counters_outlive_a_reload(gateway, upstream):
    gate = gateway(SHARED_ISSUER + in_front_of(upstream()))
    token = good_token()
    with gate.connect() as connection:
        for _ in range(3):
            assert connection.request("GET", "/", token=token).status == 200
    assert act(gate, "/api/reload").status == 200
    metrics = scrape(gate)
    assert metrics("requests_total", code="2xx") == 3
    assert metrics("token_cache_hits_total") == 2
    assert metrics("token_cache_misses_total") == 1
    assert metrics("token_cache_entries") == 0


def test_what_enforce_false_lets_pass_is_counted(gateway, upstream):
    gate = gateway(SHARED_ISSUER + in_front_of(upstream(), "{path: /**, enforce: false, upstream: legacy}"))
    assert gate.get("/").status == 200
    assert scrape(gate)("unenforced_refusals_total") == 1


def test_logins_count_by_result(gateway, upstream):
    gate = gateway(USERS + in_front_of(upstream()), users={"alice": PASSWORD})
    gate.login("alice", PASSWORD)
    assert gate.post("/login", {"username": "alice", "password": "wrong"}).status == 401
    assert gate.post("/login", {"username": "", "password": ""}).status == 422
    metrics = scrape(gate)
    assert metrics("logins_total", result="success") == 1
    assert metrics("logins_total", result="bad_credentials") == 1
    assert metrics("logins_total", result="unprocessable_content") == 1


def test_failures_of_a_service_carry_its_name(gateway, upstream):
    broken = upstream(lambda request: b"no HTTP at all\r\n\r\n")
    gate = gateway(in_front_of(broken, "{path: /**, auth: none, upstream: legacy}"))
    for _ in range(3):
        assert gate.get("/").code == "upstream_protocol"
    metrics = scrape(gate)
    assert metrics("upstream_failures_total", upstream="legacy", code="upstream_protocol") == 3
    assert metrics("requests_total", code="5xx") == 3


def test_status_says_how_the_process_is(gateway, upstream):
    gate = gateway(USERS + in_front_of(upstream()), users={"alice": PASSWORD})
    status = gate.admin("GET", "/api/status").json()
    assert re.fullmatch(r"\d+\.\d+\.\d+", status["version"])
    assert status["uptime"] >= 0 and status["workers"] == 2 and status["ready"] is True
    assert status["config_file"] == str(gate.config) and status["last_reload"] is None
    assert status["listeners"] == [
        {"address": f"127.0.0.1:{gate.port}", "tls": False, "serves": "proxy"},
        {"address": f"127.0.0.1:{gate.tls_port}", "tls": True, "serves": "proxy"},
        {"address": f"127.0.0.1:{gate.admin_port}", "tls": False, "serves": "admin"}]
    header, _ = decode(gate.login("alice", PASSWORD)["access_token"])
    assert header["kid"] in status["keys"]
    assert scrape(gate)("build_info", version=status["version"]) == 1


def test_routes_are_listed(gateway, upstream):
    gate = gateway(SHARED_ISSUER + in_front_of(
        upstream(),
        "{name: orders, host: api.example.com, path: '/orders/{id}/**', methods: [GET], issuers: [corp], "
        "upstream: legacy, require: {scopes: [a], roles: [b, c], claims: {tenant: acme}}}",
        "{name: rest, path: /**, auth: none, enforce: false, respond: {status: 204}}"))
    routes = {route["name"]: route for route in gate.admin("GET", "/api/routes").json()["routes"]}
    assert routes == {
        "orders": {"name": "orders", "host": "api.example.com", "path": "/orders/{id}/**", "methods": ["GET"],
                   "auth": "required", "issuers": ["corp"], "enforce": True, "upstream": "legacy",
                   "require": {"scopes": ["a"], "roles": ["b", "c"], "claims": {"tenant": "acme"},
                               "when": None, "bound": [], "client_certificate": False}},
        "rest": {"name": "rest", "host": None, "path": "/**", "methods": [], "auth": "none", "issuers": [],
                 "enforce": False, "upstream": None, "require": {"scopes": [], "roles": [], "claims": {},
                                                                            "when": None, "bound": [], "client_certificate": False}}}


# -- what it does


def test_a_reload_is_done_when_it_is_answered(gateway):
    gate = gateway(FIXED)
    connections = [gate.connect() for _ in range(16)]
    for turn in range(5):
        gate.write_config(FIXED.replace("body: ok", f"body: turn-{turn}"))
        answer = act(gate, "/api/reload")
        assert (answer.status, answer.json()["result"]) == (200, "reloaded")
        for connection in connections:
            assert connection.request("GET", "/").body.decode() == f"turn-{turn}"
    assert scrape(gate)("config_reloads_total") == 5
    last = gate.admin("GET", "/api/status").json()["last_reload"]
    assert last["result"] == "reloaded" and abs(last["at"] - time.time()) < 60 * SLOWNESS


def test_a_broken_configuration_is_told_with_its_places_and_changes_nothing(gateway):
    gate = gateway(FIXED)
    gate.write_config("routes:\n  - {path: /**, auth: none, respond: {status: 200}, upstrem: legacy}\n  - {path: 7x}\n")
    answer = act(gate, "/api/reload")
    assert (answer.status, answer.code) == (422, "unprocessable_content")
    errors = [line for line in answer.json()["errors"] if ": error: " in line]
    assert len(errors) >= 2
    for line in errors:
        assert re.match(re.escape(str(gate.config)) + r":\d+:\d+: error: .", line), line
    assert gate.get("/").body == b"ok"
    metrics = scrape(gate)
    assert metrics("config_reload_failures_total") == 1 and metrics("config_reloads_total") == 0
    last = gate.admin("GET", "/api/status").json()["last_reload"]
    assert last["result"] == "refused" and last["issues"] == answer.json()["errors"]


def test_what_needs_a_restart_is_refused(gateway):
    gate = gateway(FIXED)
    gate.config.write_text(gate.config.read_text().replace("workers: 2", "workers: 1"))
    answer = act(gate, "/api/reload")
    assert answer.status == 422 and "restart" in answer.json()["errors"][0]
    assert gate.admin("GET", "/api/status").json()["workers"] == 2


def test_reloads_scrapes_and_requests_get_along(gateway):
    gate = gateway(FIXED)

    def many(call):
        def run():
            return [call().status for _ in range(20)]
        return run

    results = in_parallel([many(lambda: act(gate, "/api/reload")), many(lambda: gate.admin("GET", "/metrics")),
                           many(lambda: gate.admin("GET", "/api/status")), many(lambda: gate.get("/"))])
    assert all(status == 200 for statuses in results for status in statuses)
    metrics = scrape(gate)
    assert metrics("config_reloads_total") == 20 and metrics("requests_total", code="2xx") == 20


def test_a_client_that_leaves_in_the_middle_of_an_act_harms_nothing(gateway):
    gate = gateway(FIXED)
    for path, head in (("/metrics", b"GET"), ("/api/reload", b"POST"), ("/api/status", b"GET")):
        for _ in range(10):
            with Connection(gate.admin_port) as connection:
                connection.send(head + b" " + path.encode() + b" HTTP/1.1\r\nHost: localhost\r\n\r\n")
                connection.reset()
    assert scrape(gate)("config_reload_failures_total") == 0


def test_drain_answers_202_and_ends_like_sigterm(gateway, upstream):
    release = threading.Event()

    def answer(_):
        release.wait(30 * SLOWNESS)
        return response("done")

    service = upstream(answer)
    gate = gateway(in_front_of(service, "{path: /**, auth: none, upstream: legacy}"))
    with gate.connect() as connection:
        connection.send(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        service.wait_for_requests(1)
        assert act(gate, "/api/drain").status == 202
        wait_until(lambda: not accepts_connections(gate.port), "end of listening")
        assert gate.admin("GET", "/readyz").status == 503
        assert gate.admin("GET", "/api/status").json()["ready"] is False
        assert act(gate, "/api/drain").status == 202, "again is no harm"
        refused = act(gate, "/api/reload")
        assert (refused.status, refused.code) == (409, "conflict")
        release.set()
        assert connection.read_response().body == b"done"
    assert gate.process.wait(timeout=20 * SLOWNESS) == 0


def test_drain_of_an_idle_gateway_still_answers(gateway):
    gate = gateway(FIXED)
    assert act(gate, "/api/drain").status == 202
    assert gate.process.wait(timeout=20 * SLOWNESS) == 0


@pytest.mark.parametrize("claim", ["jti", "sid", "sub"])
def test_what_is_revoked_is_refused_at_once_on_every_worker(gateway, upstream, claim):
    gate = gateway(USERS + in_front_of(upstream()), users={"alice": PASSWORD, "bob": PASSWORD})
    session, other = gate.login("alice", PASSWORD), gate.login("bob", PASSWORD)
    token = session["access_token"]
    connections = [gate.connect() for _ in range(16)]
    for connection in connections:
        assert connection.request("GET", "/", token=token).status == 200
    assert revoke(gate, **{claim: decode(token)[1][claim]}).status == 204
    for connection in connections:
        assert connection.request("GET", "/", token=token).code == "token_revoked"
        assert connection.request("GET", "/", token=other["access_token"]).status == 200
    assert gate.refresh(session["refresh_token"]).status == (200 if claim == "jti" else 401)


def test_a_revocation_may_name_the_issuer_or_all_of_it(gateway, upstream):
    gate = gateway(USERS + SHARED_ISSUER + in_front_of(upstream()), users={"alice": PASSWORD})
    own, foreign = gate.login("alice", PASSWORD), mint(Key("HS256"), claims(jti="named"))
    assert revoke(gate, jti="named", iss="https://other.example").status == 204
    assert revoke(gate, sub=decode(own["access_token"])[1]["sub"], iss=claims()["iss"]).status == 204
    for token in (own["access_token"], foreign):
        assert gate.get("/", token=token).status == 200
    assert revoke(gate, iss=claims()["iss"]).status == 204
    assert gate.get("/", token=foreign).code == "token_revoked"
    assert gate.get("/", token=own["access_token"]).status == 200
    assert gate.refresh(own["refresh_token"]).status == 200, "the epoch of another issuer ends no session here"
    assert revoke(gate, iss="gatewarden").status == 204
    assert gate.get("/", token=own["access_token"]).code == "token_revoked"


def test_a_revocation_outlives_a_crash(gateway, upstream):
    gate = gateway(USERS + SHARED_ISSUER + in_front_of(upstream()))
    token = mint(Key("HS256"), claims(jti="named"))
    assert gate.get("/", token=token).status == 200
    assert revoke(gate, jti="named").status == 204
    gate.kill()
    gate.start()
    assert gate.get("/", token=token).code == "token_revoked"


@pytest.mark.parametrize("body", [
    b"", b"{}", b"[]", b"null", b"{", b'{"jti":""}', b'{"jti":1}', b'{"jti":null}', b'{"jti":["a"]}', b'{"JTI":"a"}',
    b'{"jti":"a","sid":"b"}', b'{"jti":"a","x":1}', b'{"jti":"a","jti":"b"}', b'{"jti":"\xff"}', b'{"kid":"a"}'])
def test_a_revocation_that_names_nothing_is_422(gateway, upstream, body):
    gate = gateway(USERS + in_front_of(upstream()))
    assert act(gate, "/api/revoke", body, [JSON]).code == "unprocessable_content"


def test_without_a_store_nothing_can_be_revoked(gateway):
    answer = revoke(gateway(FIXED), jti="a")
    assert (answer.status, answer.code) == (503, "store_unavailable")


# -- for whom it does nothing

ACTS = [("/api/reload", b""), ("/api/drain", b""), ("/api/revoke", b'{"sub":"users:alice"}')]


@pytest.mark.parametrize("headers, host, code", [
    ([("Origin", "https://evil.example")], "127.0.0.1", "csrf"),
    ([("Origin", "null")], "127.0.0.1", "csrf"),
    ([("Origin", "https://evil.example"), JSON], "127.0.0.1", "csrf"),
    ([("Sec-Fetch-Site", "cross-site"), JSON], "127.0.0.1", "csrf"),
    ([("Sec-Fetch-Site", "same-site"), JSON], "127.0.0.1", "csrf"),
    ([("Sec-Fetch-Site", "same-origin"), ("Sec-Fetch-Site", "cross-site"), JSON], "127.0.0.1", "csrf"),
    ([("Origin", "http://rebound.example:9901"), JSON], "rebound.example:9901", "csrf"),
    ([("Origin", "http://127.0.0.1:9901")], "127.0.0.1:9901", "unsupported_media_type"),
])
@pytest.mark.parametrize("path, body", ACTS)
def test_a_page_of_another_site_makes_nothing_happen(gateway, headers, host, code, path, body):
    gate = gateway(FIXED)
    assert act(gate, path, body, headers, host).code == code
    assert gate.admin("GET", "/readyz").status == 200
    assert gate.admin("GET", "/api/status").json()["last_reload"] is None


@pytest.mark.parametrize("media_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", None])
def test_what_a_form_could_send_is_415(gateway, media_type):
    gate = gateway(FIXED)
    for path in ("/api/reload", "/api/drain", "/api/revoke"):
        headers = [("Content-Type", media_type)] if media_type else []
        assert act(gate, path, b'{"jti":"a"}', headers).code == "unsupported_media_type"
    assert gate.admin("GET", "/readyz").status == 200


def test_our_own_page_may_act(gateway):
    gate = gateway(FIXED)
    host = f"127.0.0.1:{gate.admin_port}"
    own = [("Origin", f"http://{host}"), ("Sec-Fetch-Site", "same-origin"), JSON]
    assert act(gate, "/api/reload", b"", own, host).status == 200
    assert act(gate, "/api/reload", b"{}", own, host).status == 200
    local = f"localhost:{gate.admin_port}"
    assert act(gate, "/api/reload", b"", [("Origin", f"http://{local}"), JSON], local).status == 200


def test_only_the_right_methods_act(gateway):
    gate = gateway(FIXED)
    for path in ("/api/reload", "/api/drain", "/api/revoke"):
        for method in ("GET", "PUT", "DELETE"):
            answer = gate.admin(method, path)
            assert (answer.status, answer.header("Allow")) == (405, "POST")
    for path in ("/metrics", "/api/status", "/api/routes"):
        assert act(gate, path).status == 405
        assert gate.admin("HEAD", path).status == 200
    assert gate.admin("GET", "/readyz").status == 200


def test_nothing_of_it_is_on_a_public_listener(gateway, upstream):
    service = upstream()
    gate = gateway(USERS + in_front_of(service, "{path: /**, auth: none, upstream: legacy}"))
    for tls in (False, True):
        for path in ("/healthz", "/readyz", "/metrics", "/api/status", "/api/routes"):
            assert gate.get(path, tls=tls).json()["target"] == path, "the service's own"
        for path, body in ACTS:
            assert gate.post(path, body, headers=[JSON], tls=tls).json()["target"] == path
    assert gate.admin("GET", "/readyz").status == 200
    assert gate.admin("GET", "/api/status").json()["last_reload"] is None
