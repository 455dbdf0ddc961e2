# SPDX-License-Identifier: Apache-2.0
"""Forms and scripts of other sites, sent by a browser that is signed in here: nothing happens. And identity headers that
a client makes up, beside credentials that are good."""
import base64
import re
from urllib.parse import urlencode

import pytest
from support.gateway import USERS, in_front_of
from support.waiting import wait_until

PASSWORD, ANOTHER = "a-long-enough-password", "another-long-password"
FORM = ("Content-Type", "application/x-www-form-urlencoded")
HTML = ("Accept", "text/html,*/*;q=0.8")
HERE = ("Origin", "https://localhost")
FOREIGN = [
    [], [("Origin", "https://evil.example")], [("Origin", "null")], [("Origin", "http://localhost")],
    [("Origin", "https://localhost.evil.example")], [("Origin", "https://localhost:444")], [("Origin", "")],
    [("Sec-Fetch-Site", "cross-site")], [("Sec-Fetch-Site", "same-site")], [("Sec-Fetch-Site", "Same-Origin")],
    [HERE, ("Sec-Fetch-Site", "cross-site")], [("Origin", "https://evil.example"), ("Sec-Fetch-Site", "same-origin")],
    [HERE, ("Origin", "https://evil.example")], [("Referer", "https://localhost/password")],
]


@pytest.fixture
def site(gateway, upstream):
    hook = upstream()
    config = USERS.replace("backends: [users]", f"""backends: [users]
  lockout: {{failures: 1000}}
  register: true
  reset: {{url: "https://localhost", webhook: {{url: "{hook.url}/"}}}}""")
    gate = gateway(config + in_front_of(upstream()), users={"alice": PASSWORD})
    gate.hook = hook
    return gate


def jar_of(answer):
    pairs = [cookie.split(";")[0].partition("=") for cookie in answer.all("Set-Cookie")]
    return ("Cookie", "; ".join(f"{name}={value}" for name, _, value in pairs))


def sign_in(gate):
    answer = gate.post("/login", urlencode({"username": "alice", "password": PASSWORD}), headers=[FORM, HTML, HERE],
                       tls=True)
    assert answer.status == 303, answer.body
    return jar_of(answer)


def can_log_in(gate, name, password):
    return gate.post("/login", {"username": name, "password": password}).status == 200


@pytest.mark.parametrize("target, fields", [
    ("/register", {"name": "Eve", "email": "eve@example.com", "password": ANOTHER}),
    ("/reset", {"email": "alice@example.com"}),
    ("/reset", {"token": "A" * 43, "password": ANOTHER}),
    ("/password", {"current_password": PASSWORD, "password": ANOTHER}),
    ("/sessions", {"end": "all"}),
], ids=["register", "reset", "new_password", "password", "sessions"])
def test_a_form_of_another_site_does_nothing(site, target, fields):
    jar = sign_in(site)
    for headers in FOREIGN:
        answer = site.post(target, urlencode(fields), headers=[FORM, HTML, jar, *headers], tls=True)
        assert (answer.status, answer.code) == (403, "csrf"), headers
        assert answer.all("Set-Cookie") == []
    assert not site.hook.requests and not can_log_in(site, "eve@example.com", ANOTHER)
    assert can_log_in(site, "alice", PASSWORD) and site.get("/userinfo", headers=[jar], tls=True).status == 200
    own = site.post(target, urlencode(fields), headers=[FORM, HTML, jar, HERE], tls=True)
    assert own.status == (422 if "token" in fields else 303), "the same form of this site"


@pytest.mark.parametrize("kind", ["text/plain", "multipart/form-data; boundary=x", "application/x-www-form-urlencoded", None])
def test_what_a_form_can_send_elsewhere_is_no_json(site, kind):
    """Bodies that need no preflight, with the cookie: JSON in another coat, and forms without a browser's Accept."""
    jar = sign_in(site)
    for headers in FOREIGN:
        for target in ("/password", "/sessions"):
            body = f'{{"current_password": "{PASSWORD}", "password": "{ANOTHER}", "end": "all", "x": "="}}'
            sent = [jar, *headers] + ([("Content-Type", kind)] if kind else [])
            answer = site.post(target, body.encode(), headers=sent, tls=True)
            assert answer.status in (400, 403, 415), (target, headers, answer.body)
    assert can_log_in(site, "alice", PASSWORD) and site.get("/userinfo", headers=[jar], tls=True).status == 200


def test_a_script_of_another_site_ends_no_session(site):
    jar = sign_in(site)
    sessions = site.get("/sessions", headers=[jar], tls=True).json()["sessions"]
    for headers in FOREIGN:
        for target in [f"/sessions/{session['id']}" for session in sessions] + ["/sessions"]:
            answer = site.request("DELETE", target, headers=[jar, *headers], tls=True)
            assert (answer.status, answer.code) == (403, "csrf"), (target, headers)
    assert site.get("/userinfo", headers=[jar], tls=True).status == 200
    assert site.request("DELETE", "/sessions", headers=[jar, HERE], tls=True).status == 204
    assert site.get("/userinfo", headers=[jar], tls=True).status == 401


FORGED = [(name, value) for name in ("X-Auth-Subject", "x_auth_subject", "X.Auth.Subject", "X-AUTH_subject", "X-Auth-Roles",
                                     "X_Auth_Roles", "X-Auth-Email", "X-Auth-Scope", "X-Auth-Name", "X-Forwarded-User")
          for value in ("root", "admin")]


@pytest.mark.parametrize("kind", ["key", "basic"])
def test_made_up_identities_beside_a_good_credential_go_no_further(gateway, upstream, kind):
    service = upstream()
    gate = gateway(USERS + in_front_of(service, "{path: /**, api_keys: true, basic: true, upstream: legacy}"),
                   users={"alice": PASSWORD})
    issued = gate.run("key", "issue", "--name", "job", "--sub", "robot-7", "--scope", "orders:read")
    pair = base64.b64encode(f"alice:{PASSWORD}".encode()).decode()
    credential = f"Bearer {issued.stdout.strip()}" if kind == "key" else f"Basic {pair}"
    forged = [header for header in FORGED if header[0] != "X-Forwarded-User"]
    named = ("Connection", "X-Auth-Subject, x_auth_subject, close")
    for headers in ([*forged], [*forged, named], [*reversed(forged)]):
        answer = gate.request("GET", "/x", headers=[*headers, ("Authorization", credential)])
        assert answer.status == 200
        seen = service.last
        spelt = [(name, value) for name, value in seen.headers
                 if re.sub(r"[^a-z0-9]", "-", name.lower()).startswith("x-auth-")]
        assert not [value for _, value in spelt if value in ("root", "admin")], spelt
        assert all("_" not in name and "." not in name for name, _ in spelt), spelt
        subjects = seen.all("X-Auth-Subject")
        assert len(subjects) == 1 and (subjects == ["robot-7"] if kind == "key" else subjects[0].startswith("users:"))
        assert seen.all("X-Auth-Scope") == (["orders:read"] if kind == "key" else [])
        assert seen.header("Authorization") is None
    # In trailers they may not stand either, whatever the service reads of those.
    with gate.connect() as connection:
        connection.send(b"POST /x HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\nTrailer: X-Auth-Subject\r\n"
                        b"Authorization: " + credential.encode() + b"\r\n\r\n1\r\nx\r\n0\r\nX-Auth-Subject: root\r\n\r\n")
        assert connection.read_response().status == 200
    assert "root" not in str(service.last.headers) and service.last.trailers == []
    bad = gate.request("GET", "/x", headers=[*forged, ("Authorization", credential[:-2] + "xx")])
    assert bad.status == 401
    wait_until(lambda: len(service.requests) == 4, "four requests, and not the bad one")
