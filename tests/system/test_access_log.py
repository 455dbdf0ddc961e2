# SPDX-License-Identifier: Apache-2.0
"""The access log of the real binary: its formats, its rotation, what it never tells, and what it loses."""
import json
import os
import re
import signal

import pytest

from support.gateway import USERS, in_front_of
from support.waiting import wait_until, whole_lines

PASSWORD = "a-long-enough-password"
COMBINED = re.compile(r'^(\S+) - (\S+) \[(\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d \+0000)\] "([^"]*)" (\d{3}) (\d+) "([^"]*)" "([^"]*)"$')
ANY = "{name: all, path: /**, auth: none, upstream: legacy}"


def access(log_format, **options):
    rest = "".join(f", {name}: {value}" for name, value in options.items())
    return f"log: {{level: info, access: {{path: access.log, format: {log_format}{rest}}}}}\n"


def lines(gate, name="access.log"):
    """Those of clients; the harness asks the admin address, too."""
    path = gate.folder / name
    admin = ("/readyz", "/metrics", "/api/reload")
    return [line for line in whole_lines(path) if not any(one in line for one in admin)] if path.exists() else []


def wait_for_lines(gate, count, name="access.log"):
    wait_until(lambda: len(lines(gate, name)) >= count, f"{count} lines in {name}")
    return lines(gate, name)


@pytest.mark.parametrize("log_format", ["json", "text", "ecs", "common", "combined"])
def test_no_format_tells_a_token_a_password_or_a_cookie(gateway, upstream, log_format):
    gate = gateway(access(log_format) + USERS + in_front_of(upstream()), users={"alice": PASSWORD})
    session = gate.login("alice", PASSWORD)
    headers = [("User-Agent", "tester"), ("X-Api-Key", "hush-key"),
               ("Referer", f"https://alice:{PASSWORD}@a.example/?access_token={session['access_token']}")]
    target = f"/a;jsessionid=hush-session?access_token={session['access_token']}&password={PASSWORD}&page=2"
    assert gate.request("GET", target, headers, token=session["access_token"]).status == 200
    cookie = [("Cookie", f"__Host-gatewarden={session['access_token']}; other=hush-cookie"), *headers]
    assert gate.request("GET", target, cookie).status == 200
    gate.request("GET", target, [("Authorization", "Basic aHVzaC1iYXNpYw=="), *headers])
    assert gate.refresh(session["refresh_token"]).status == 200
    wait_for_lines(gate, 5)
    gate.stop()
    text = (gate.folder / "access.log").read_text()
    assert "page=2" in text
    for secret in (PASSWORD, "hush", "aHVzaC1iYXNpYw", session["access_token"], session["refresh_token"],
                   session["access_token"].rsplit(".", 1)[1]):
        assert secret not in text, secret


def test_combined_lines_are_read_by_what_reads_those_of_nginx(gateway, upstream):
    gate = gateway(access("combined") + in_front_of(upstream(), ANY))
    gate.request("GET", "/a%20b?x=1", [("Referer", "https://a.example/"), ("User-Agent", 'a "b"\\c')])
    assert gate.get("/%zz").status == 400
    first, second = (COMBINED.match(line) for line in wait_for_lines(gate, 2))
    assert first and second, lines(gate)
    by_status = {line.group(5): line.groups() for line in (first, second)}
    assert by_status["200"][3] == "GET /a%20b?x=1 HTTP/1.1"
    assert by_status["200"][6:] == ("https://a.example/", r"a \x22b\x22\x5Cc")
    assert by_status["400"][3] == "GET - HTTP/1.1"


def test_ecs_lines_are_json_of_the_schema(gateway, upstream):
    gate = gateway(access("ecs") + in_front_of(upstream(), ANY))
    gate.request("GET", "/x?page=2", [("User-Agent", "tester")])
    line = json.loads(wait_for_lines(gate, 1)[0])
    assert list(line)[:3] == ["@timestamp", "log.level", "message"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", line["@timestamp"])
    assert line["http"]["response"]["status_code"] == 200 and line["http"]["request"]["method"] == "GET"
    assert line["client"]["ip"] == "127.0.0.1" and line["rule"]["name"] == "all"
    assert line["url"] == {"domain": "localhost", "path": "/x", "query": "page=2"}
    assert line["event"]["duration"] > 0 and line["event"]["outcome"] == "success"


def test_sigusr1_makes_the_new_file_before_anything_is_written(gateway, upstream):
    gate = gateway(access("common") + in_front_of(upstream(), ANY))
    gate.get("/before")
    wait_for_lines(gate, 1)
    os.rename(gate.folder / "access.log", gate.folder / "access.log.1")
    gate.signal(signal.SIGUSR1)
    wait_until(lambda: (gate.folder / "access.log").exists(), "the new file")
    assert lines(gate) == []
    gate.get("/after")
    assert "/after" in wait_for_lines(gate, 1)[0]
    assert len(lines(gate, "access.log.1")) == 1


def test_a_reload_takes_up_another_format_and_path_or_says_why_not(gateway, upstream):
    service = in_front_of(upstream(), ANY)
    gate = gateway(access("common") + service)
    gate.get("/one")
    wait_for_lines(gate, 1)
    gate.write_config((access("json") + service).replace("path: access.log", "path: other.log"))
    assert gate.admin("POST", "/api/reload").status == 200
    gate.get("/two")
    assert json.loads(wait_for_lines(gate, 1, "other.log")[0])["path"] == "/two"
    gate.write_config((access("json") + service).replace("path: access.log", "path: absent/x.log"))
    refused = gate.admin("POST", "/api/reload")
    assert refused.status == 422 and "absent/x.log cannot be opened" in refused.body.decode()
    gate.get("/three")
    assert json.loads(wait_for_lines(gate, 2, "other.log")[1])["path"] == "/three"
    assert len(lines(gate)) == 1


def test_a_sample_is_the_share_that_it_says(gateway, upstream):
    gate = gateway(access("common", sample=0.25) + in_front_of(upstream(), ANY))
    with gate.connect() as connection:
        for _ in range(200):
            assert connection.request("GET", "/x").status == 200
    gate.stop()
    assert 48 <= len(lines(gate)) <= 52  # requests to the admin address shift it a little


def test_a_full_disk_loses_lines_that_are_counted_and_no_request(gateway, upstream):
    config = access("json").replace("path: access.log", "path: /dev/full") + in_front_of(upstream(), ANY)
    gate = gateway(config)
    for _ in range(7):
        assert gate.get("/x").status == 200
    wait_until(lambda: gate.metric("gatewarden_access_log_dropped_total") >= 7, "every line to be counted")


def test_a_reader_that_is_stuck_holds_up_no_request(gateway, upstream):
    gate = gateway(access("json").replace("path: access.log", "path: pipe") + in_front_of(upstream(), ANY), started=False)
    os.mkfifo(gate.folder / "pipe")
    reader = os.open(gate.folder / "pipe", os.O_RDONLY | os.O_NONBLOCK)  # who never reads
    try:
        gate.start()
        with gate.connect() as connection:
            for _ in range(1000):
                assert connection.request("GET", "/" + "x" * 1000).status == 200
        assert gate.metric("gatewarden_access_log_dropped_total") == 0
        gate.stop()
    finally:
        os.close(reader)
