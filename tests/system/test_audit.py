# SPDX-License-Identifier: Apache-2.0
"""The audit log: what stands in it, and that nothing in it can be changed without being found."""
import json
import os
import signal

from support.client import Connection
from support.gateway import USERS, in_front_of
from support.tokens import decode
from support.waiting import wait_until

PASSWORD = "a-long-enough-password"
AUDIT = "log: {level: debug, audit: {path: audit.log}}\n"


def events(gate, name="audit.log"):
    return [json.loads(line) for line in (gate.folder / name).read_text().splitlines()]


def of_kind(gate, kind):
    return [event for event in events(gate) if event["event"] == kind]


def test_logins_refusals_revocations_and_admin_acts_are_recorded_without_any_secret(gateway, upstream):
    gate = gateway(AUDIT + USERS + in_front_of(upstream(), "{name: all, path: /**, upstream: legacy}"), users={"alice": PASSWORD})
    session = gate.login("alice", PASSWORD)
    claims = decode(session["access_token"])[1]
    assert gate.post("/login", {"username": "alice", "password": "a-wrong-password!"}).status == 401
    assert gate.get("/x?token=secret-in-the-query").status == 401
    assert gate.get("/ok", token=session["access_token"]).status == 200
    with Connection(gate.admin_port) as admin:
        body = json.dumps({"jti": claims["jti"]}).encode()
        assert admin.request("POST", "/api/revoke", [("Content-Type", "application/json")], body).status == 204
    assert gate.admin("POST", "/api/reload").status == 200
    assert gate.post("/logout", {"refresh_token": session["refresh_token"]}).status == 204
    wait_until(lambda: of_kind(gate, "logout"), "the last event")
    kinds = ["started", "login", "login_failed", "refused", "revoked", "reload", "logout"]
    wait_until(lambda: len(events(gate)) == len(kinds), "the events of every worker")
    assert sorted(event["event"] for event in events(gate)) == sorted(kinds)
    login, failed, refused, revoked = (of_kind(gate, kind)[0] for kind in kinds[1:5])
    assert (login["sub"], login["sid"], login["client"]) == (claims["sub"], claims["sid"], "127.0.0.1")
    assert failed["code"] == "bad_credentials" and failed["client"] == "127.0.0.1"
    assert (refused["code"], refused["path"], refused["route"], refused["status"]) == ("token_missing", "/x", "all", 401)
    assert (revoked["kind"], revoked["value"]) == ("jti", claims["jti"])
    text = (gate.folder / "audit.log").read_text()
    for secret in (PASSWORD, "a-wrong-password!", "secret-in-the-query", session["access_token"], session["refresh_token"]):
        assert secret not in text
    assert (gate.folder / "audit.log").stat().st_mode & 0o077 == 0


def test_audit_verify_finds_a_changed_missing_or_reordered_line_also_over_rotations_and_crashes(gateway, upstream):
    gate = gateway(AUDIT + USERS + in_front_of(upstream()))
    log = gate.folder / "audit.log"

    def provoke(count, total):
        for _ in range(count):
            assert gate.get("/x").status == 401
        wait_until(lambda: log.exists() and log.read_text().count('"refused"') == total, "the events")

    provoke(3, 3)
    gate.kill()
    gate.start()
    provoke(2, 5)
    whole = gate.run("audit", "verify")
    assert whole.returncode == 0 and "whole: 7 lines" in whole.stdout, whole.stderr
    os.rename(log, gate.folder / "audit.log.1")
    gate.signal(signal.SIGUSR1)
    wait_until(log.exists, "a new file")
    provoke(2, 2)
    assert events(gate)[0]["event"] == "opened"
    gate.stop()
    old = gate.folder / "audit.log.1"
    both = gate.run("audit", "verify", old, log)
    assert both.returncode == 0 and "whole: 10 lines" in both.stdout, both.stderr
    assert gate.run("audit", "verify").returncode == 0, "the new one alone"
    assert gate.run("audit", "verify", log, old).returncode == 3, "in a wrong order"

    lines = old.read_text().splitlines(keepends=True)
    for change, place in (
            (lines[:2] + [lines[2].replace('"/x"', '"/y"')] + lines[3:], 3), (lines[:2] + lines[3:], 3), (lines[1:], 1),
            (lines[:1] + [lines[2], lines[1]] + lines[3:], 2), (lines[:3] + [lines[2]] + lines[3:], 4)):
        old.write_text("".join(change))
        done = gate.run("audit", "verify", old, log)
        assert done.returncode == 3 and f"{old}:{place}: " in done.stderr, done.stderr
    old.write_text("".join(lines[:-1]))
    assert gate.run("audit", "verify", old, log).returncode == 3, "the end of the file before is missing"
    old.write_text("".join(lines))
    log.write_text("".join(log.read_text().splitlines(keepends=True)[:-1]))
    done = gate.run("audit", "verify", old, log)
    assert done.returncode == 3 and "lines are missing at its end" in done.stderr, done.stderr
