# SPDX-License-Identifier: Apache-2.0
"""The pages in a real browser: Chromium, driven by the scripts of tests/browser. Screenshots are kept beside the logs
of the build, in tests/browser."""
import fcntl
import hashlib
import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from support.gateway import BINARY, ROOT, USERS, in_front_of
from support.ports import ReservedPort
from support.tokens import decode
from support.upstream import Upstream, chunked, response
from support.waiting import SLOWNESS
from support.websocket_service import WebSocketService

PASSWORD = "a-long-enough-password"
SCRIPTS = ROOT / "tests" / "browser"
SCREENSHOTS = Path(BINARY).resolve().parents[1] / "tests" / "browser"
PATIENT = USERS.replace("backends: [users]", "backends: [users]\n  register: true\n  lockout: {failures: 1000}\n"
                        "  page: {title: Example API, logo: logo.svg}")
LOGO = ('<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="8" fill="#2749c9"/>'
        '<path d="M16 7l8 4v6c0 5-4 8-8 9-4-1-8-4-8-9v-6z" fill="#fff"/></svg>')


@pytest.fixture(scope="module")
def packages():
    """The packages of tests/browser/package-lock.json, installed once."""
    installed, wanted = SCRIPTS / "node_modules" / ".package-lock.json", SCRIPTS / "package-lock.json"
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    with open(SCREENSHOTS / "install.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not installed.exists() or installed.stat().st_mtime < wanted.stat().st_mtime:
            subprocess.run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=SCRIPTS, check=True)
            os.utime(installed)


def drive(gate, script, env=None, url=None):
    url = url or f"https://localhost:{gate.tls_port}"
    done = subprocess.run(["node", SCRIPTS / f"{script}.mjs"], capture_output=True, text=True, check=False,
                          timeout=110 * SLOWNESS,
                          env={**os.environ, "GATEWARDEN_URL": url, "GATEWARDEN_SCREENSHOTS": str(SCREENSHOTS),
                               "CHROMIUM": shutil.which("chromium"), **(env or {})})
    assert done.returncode == 0, done.stdout + done.stderr


def test_people_find_their_way_through_the_pages(packages, gateway, upstream):
    hook = ReservedPort()
    config = PATIENT.replace("backends: [users]", f"""backends: [users]
  reset: {{url: "https://api.example.com", webhook: {{url: "http://127.0.0.1:{hook.number}/"}}}}""")
    gate = gateway(config + in_front_of(upstream()), users={"alice": PASSWORD, "bob": PASSWORD}, files={"logo.svg": LOGO})
    try:
        drive(gate, "journey", {"GATEWARDEN_HOOK_PORT": str(hook.number)})
    finally:
        hook.release()


def test_a_locked_account_says_how_long_to_wait(packages, gateway, upstream):
    config = PATIENT.replace("failures: 1000", "failures: 3")
    gate = gateway(config + in_front_of(upstream()), users={"alice": PASSWORD}, files={"logo.svg": LOGO})
    drive(gate, "locked")


def test_an_operator_looks_at_the_dashboard(packages, gateway, upstream):
    """Live figures, policy, sessions and decisions, with a path in them that would be markup."""
    config = PATIENT + """issuers:
  corp:
    issuer: https://idp.example.com
    algorithms: [ES256]
    audiences: [api]
    introspection: {url: "https://idp.example.com/introspect", client_id: gate, client_secret: the-secret-of-the-client}
""" + in_front_of(upstream(), "{path: /**, upstream: legacy}",
                  "{name: open, path: /open/**, auth: none, upstream: legacy}",
                  "{name: clerks, path: /clerks/**, upstream: legacy, require: {roles: [clerk]}}")
    gate = gateway(config, users={"alice": PASSWORD}, files={"logo.svg": LOGO})
    token = gate.login("alice", PASSWORD)["access_token"]
    evil = "/open/%3Cimg%20src=x%20onerror=taken=1%3E"
    for _ in range(3):
        assert gate.get(evil).status == 200 and gate.get("/", token=token).status == 200
        assert gate.get("/").code == "token_missing"
    refused = gate.get("/clerks/1", token=token)
    assert refused.code == "forbidden"
    drive(gate, "dashboard", {"GATEWARDEN_SUBJECT": decode(token)[1]["sub"], "GATEWARDEN_EVIL": evil,
                              "GATEWARDEN_ID": refused.header("X-Request-Id")}, url=f"http://127.0.0.1:{gate.admin_port}")


def test_a_browser_is_a_client_of_the_api(packages, gateway):
    """fetch with uploads, server-sent events and a WebSocket, over HTTP/2 where browsers speak it, with the session's
    cookie."""
    def serve(exchange):
        request = exchange.request
        if request.target.startswith("/api/upload"):
            digest, size = hashlib.sha256(), 0
            for piece in exchange.body():
                digest.update(piece)
                size += len(piece)
            seen = {"sha256": digest.hexdigest(), "size": size, "sub": request.header("X-Auth-Subject"),
                    "cookie": request.header("Cookie")}
            exchange.send(response(json.dumps(seen), headers=[("Content-Type", "application/json")]))
            return True
        request.body = b"".join(exchange.body())
        if request.target.startswith("/api/events"):
            exchange.send(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")
            for number in range(20):
                event = b"id: %d\ndata: event %d\n\n" % (number, number)
                exchange.send(b"%x\r\n%s\r\n" % (len(event), event))
            exchange.peer_is_gone()  # until the page closes it
            return False
        if request.target.startswith("/api/download"):
            exchange.send(chunked(*[b"x" * 65536] * 64))
            return True
        exchange.send(response("<!doctype html><title>app</title><h1>app</h1>",
                               headers=[("Content-Type", "text/html")]))
        return True

    up = Upstream(serve=serve, reads_body=False)
    try:
        with WebSocketService() as talk:
            gate = gateway(PATIENT + f"""
upstreams:
  app: {{servers: [{up.url}]}}
  talk: {{servers: [{talk.url}]}}
routes:
  - {{path: /**, upstream: app}}
  - {{path: /talk, upstream: talk}}
""", users={"alice": PASSWORD}, files={"logo.svg": LOGO})
            drive(gate, "wire")
            assert [path for path, _ in talk.paths] == ["/talk"]
            assert talk.paths[0][1]["X-Auth-Subject"]
    finally:
        up.stop()
    assert not up.errors
