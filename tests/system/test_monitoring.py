# SPDX-License-Identifier: Apache-2.0
"""The Grafana dashboard and the alerts: what they ask for is what a real Prometheus has of a real gateway."""
import json
import re
import subprocess
from itertools import combinations

import pytest
import yaml

from support.collector import Collector
from support.gateway import ROOT, USERS, in_front_of
from support.idp import IdentityProvider
from support.ports import ReservedPort
from support.prometheus import Prometheus
from support.shared_redis import SharedRedis
from support.tokens import AUDIENCE, SHARED, claims, mint
from support.upstream import response
from support.waiting import wait_until

ALERTS = ROOT / "deploy/prometheus/alerts.yaml"
TESTS = ROOT / "deploy/prometheus/alerts_test.yaml"
DASHBOARD = json.loads((ROOT / "deploy/grafana/gatewarden.json").read_text())
PASSWORD = "a-long-enough-password"
SELECTOR = re.compile(r"\b(?:gatewarden_\w+|up(?=\{))(?:\{[^}]*\})?")
LABELS = re.compile(r"\{\{-?\s*(?:\$labels\.)?(\w+)\s*-?\}\}")


def rules():
    return [rule for group in yaml.safe_load(ALERTS.read_text())["groups"] for rule in group["rules"]]


def panels():
    return [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]


def promtool(*arguments):
    done = subprocess.run(["promtool", *arguments], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_alerts_fire_when_they_should():
    promtool("check", "rules", str(ALERTS))
    promtool("test", "rules", str(TESTS))
    shown = set(re.findall(r'alertname="(\w+)", alertstate="firing", severity', TESTS.read_text()))
    assert shown == {rule["alert"] for rule in rules()}, "each has a test in which it fires"
    for rule in rules():
        assert rule["labels"]["severity"] in ("critical", "warning") and set(rule["annotations"]) == {"summary", "description"}


def test_the_dashboard_is_whole():
    every = DASHBOARD["panels"]
    assert len({panel["id"] for panel in every}) == len(every)
    places = [panel["gridPos"] for panel in every]
    assert all(0 <= place["x"] and place["x"] + place["w"] <= 24 for place in places)
    for one, other in combinations(places, 2):
        assert (one["x"] + one["w"] <= other["x"] or other["x"] + other["w"] <= one["x"] or
                one["y"] + one["h"] <= other["y"] or other["y"] + other["h"] <= one["y"]), (one, other)
    variables = {each["name"]: each for each in DASHBOARD["templating"]["list"]}
    for panel in panels():
        assert panel["type"] in ("stat", "timeseries", "table") and panel["title"] and panel["targets"]
        for target in panel["targets"]:
            assert target["datasource"] == panel["datasource"] == {"type": "prometheus", "uid": "${datasource}"}
            used = set(re.findall(r"\$(\w+)", target["expr"])) - {"__rate_interval"}
            assert used == {"job", "instance"} and used <= set(variables), target["expr"]


@pytest.fixture
def watched(gateway, upstream, started, tmp_path):
    """A gateway of which every metric is told, after some traffic, and a Prometheus that has seen it."""
    redis, issuer, collector = started(SharedRedis(tmp_path)).start(), started(IdentityProvider()), started(Collector())
    nobody = ReservedPort()
    (tmp_path / "prometheus").mkdir()
    service = upstream(lambda _: response("ok"))
    gate = gateway(
        USERS + "issuers:\n"
        f"  corp: {{issuer: '{issuer.url}', jwks_uri: {issuer.url}/jwks, algorithms: [ES256], audiences: [{AUDIENCE}]}}\n"
        f"store: {{url: '{redis.url()}', encryption_key: {'k' * 43}=}}\n"
        f"tracing: {{otlp: '{collector.url}', sample: 1}}\n"
        "log: {level: debug, audit: {path: audit.log}}\n" +
        in_front_of(service, "{name: all, path: /**, upstream: legacy}", "{name: gone, path: /gone, auth: none, upstream: gone}",
                    options="health_check: {path: /, interval: 1s}").replace(
                        "routes:", f"  gone: {{servers: [http://127.0.0.1:{nobody.number}]}}\nroutes:"),
        users={"alice": PASSWORD})

    def traffic():
        token = gate.login("alice", PASSWORD)["access_token"]
        assert gate.post("/login", {"username": "alice", "password": "a-wrong-password!"}).status == 401
        assert gate.get("/", token=token, tls=True).status == 200
        assert gate.get("/", token=issuer.token()).status == 200
        assert gate.get("/", token=mint(SHARED, claims())).status == 401
        assert gate.get("/").status == 401 and gate.get("/gone").status == 502

    traffic()
    prometheus = started(Prometheus(tmp_path / "prometheus", f"127.0.0.1:{gate.admin_port}", ALERTS)).start()
    wait_until(lambda: prometheus.query('up{job="gatewarden"} == 1'), "scrape")
    traffic()
    wait_until(lambda: prometheus.query("rate(gatewarden_requests_total[10s])"), "second scrape", 20)
    yield prometheus
    nobody.release()


def filled(expression):
    """As Grafana sends it; without a last comparison that leaves out what is fine."""
    expression = expression.replace("$job", "gatewarden").replace("$instance", ".*").replace("$__rate_interval", "20s")
    return re.sub(r" > 0$", "", expression)


def test_every_expression_finds_what_it_asks_for(watched):
    for panel in panels():
        for target in panel["targets"]:
            found = watched.query(filled(target["expr"]))
            assert found, f"{panel['title']}: no data for {target['expr']}"
            named = set(LABELS.findall(target["legendFormat"]))
            assert all(named <= set(labels) for labels in found), f"{panel['title']}: {named} of {found}"
    for rule in rules():
        selectors = SELECTOR.findall(rule["expr"])
        assert selectors, rule["expr"]
        grouped = [set(names.replace(" ", "").split(",")) - {"le"} for names in re.findall(r"\bby \(([^)]*)\)", rule["expr"])]
        for selector in selectors:
            found = watched.query(selector)
            assert found, f"{rule['alert']}: there is no {selector}"
            for names in grouped:
                assert all(names <= set(labels) for labels in found), f"{rule['alert']}: {names} of {found}"
        told = set.intersection(*grouped) if grouped else set(watched.query(selectors[0])[0])
        used = set(LABELS.findall(" ".join(rule["annotations"].values()))) - {"value"}
        assert used <= told, f"{rule['alert']}: {used - told}"
    for variable in DASHBOARD["templating"]["list"]:
        if variable["type"] == "query":
            metric, label = re.fullmatch(r"label_values\((.*), (\w+)\)", variable["definition"]).groups()
            assert all(labels[label] for labels in watched.query(filled(metric)))
    health = {rule["name"]: rule["health"] for group in watched.ask("rules")["groups"] for rule in group["rules"]}
    assert set(health.values()) == {"ok"}, health
    # The certificate of the tests is good for two days: that is told.
    wait_until(lambda: {alert["labels"]["alertname"]: alert["state"] for alert in watched.ask("alerts")["alerts"]}
               .get("GatewardenCertificateExpires") == "firing", "alert")
