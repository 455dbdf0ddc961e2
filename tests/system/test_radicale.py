# SPDX-License-Identifier: Apache-2.0
"""A real application that takes identity from a header, unmodified: Radicale behind the gateway."""
import re
import subprocess
import sys

import pytest
from support.client import Connection
from support.gateway import USERS
from support.ports import ReservedPort, accepts_connections
from support.waiting import SLOWNESS, wait_until

PASSWORDS = {"alice": "the-password-of-alice", "bob": "the-password-of-bob"}
CONFIG = """
tokens:
  claims: {email: email, login: username}
identity:
  headers: {X-Remote-User: login}
""" + USERS

EVENT = """BEGIN:VCALENDAR\r
VERSION:2.0\r
PRODID:-//Gatewarden//tests//EN\r
BEGIN:VEVENT\r
UID:%(uid)s\r
DTSTAMP:20260101T000000Z\r
DTSTART:20260102T090000Z\r
DTEND:20260102T100000Z\r
SUMMARY:%(summary)s\r
END:VEVENT\r
END:VCALENDAR\r
"""
QUERY = b"""<?xml version="1.0"?>
<C:calendar-query xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav">
  <D:prop><D:getetag/><C:calendar-data/></D:prop>
  <C:filter><C:comp-filter name="VCALENDAR"><C:comp-filter name="VEVENT"/></C:comp-filter></C:filter>
</C:calendar-query>"""
PROPERTIES = b'<?xml version="1.0"?><D:propfind xmlns:D="DAV:"><D:prop><D:getetag/></D:prop></D:propfind>'

# Every name that WSGI, CGI or a careless reader could take for X-Remote-User.
SPELLINGS = ["X-Remote-User", "x-remote-user", "X-REMOTE-USER", "X_Remote_User", "x_remote_user", "X-Remote_User",
             "X_Remote-User", "X.Remote.User", "X-Remote.User", "X~Remote~User", "X!Remote!User", "X+Remote+User",
             "X|Remote|User", "X^Remote`User", "X*Remote'User", "X#Remote$User", "X%Remote&User"]


class Radicale:
    """Debian's server, as it is, told only to believe X-Remote-User."""

    def __init__(self, folder):
        self._port = ReservedPort()
        self.port = self._port.number
        self.url = f"http://127.0.0.1:{self.port}"
        self._log = folder / "radicale.log"
        config = folder / "radicale.config"
        config.write_text(f"[server]\nhosts = 127.0.0.1:{self.port}\n[auth]\ntype = http_x_remote_user\n"
                          f"[rights]\ntype = owner_only\n[storage]\nfilesystem_folder = {folder / 'collections'}\n"
                          "[logging]\nlevel = info\n")
        with open(self._log, "wb") as log:
            self._process = subprocess.Popen([sys.executable, "-m", "radicale", "--config", str(config)],
                                             stdin=subprocess.DEVNULL, stdout=log, stderr=log)

        def up():
            assert self._process.poll() is None, self._log.read_text()
            return accepts_connections(self.port)

        wait_until(up, "Radicale", 20)

    def requests(self):
        """(method, path) of all that it has seen, from its own log."""
        return re.findall(r"(\w+) request for '([^']*)' received", self._log.read_text())

    def stop(self):
        self._process.terminate()
        self._process.wait(timeout=20 * SLOWNESS)
        self._port.release()


@pytest.fixture
def radicale(tmp_path):
    server = Radicale(tmp_path)
    yield server
    server.stop()


@pytest.fixture
def gate(gateway, radicale):
    return gateway(CONFIG + f"upstreams:\n  radicale: {{servers: [{radicale.url}]}}\n"
                   "routes:\n  - {path: /**, upstream: radicale}\n", users=PASSWORDS)


class CalendarClient:
    """One user's CalDAV calls, with the real curl over TLS."""

    def __init__(self, gate, name):
        self._gate, self.name = gate, name
        self.token = gate.login(name, PASSWORDS[name])["access_token"]

    def call(self, method, path, data=None, headers=()):
        arguments = ["--header", f"Authorization: Bearer {self.token}"]
        for name, value in headers:
            arguments += ["--header", f"{name}: {value}"]
        return self._gate.curl(path, *arguments, method=method, data=data)

    def make_calendar(self):
        assert self.call("MKCALENDAR", f"/{self.name}/diary/").status == 201
        answer = self.call("PUT", f"/{self.name}/diary/first.ics", self.event("first"))
        assert answer.status == 201, answer.body

    def event(self, uid):
        return (EVENT % {"uid": uid, "summary": f"{uid} of {self.name}"}).encode()


def test_two_users_keep_their_own_calendars(gate):
    for name in PASSWORDS:
        user = CalendarClient(gate, name)
        user.make_calendar()
        home = f"/{name}/diary/"
        assert user.call("PUT", home + "second.ics", user.event("second")).status == 201
        listing = user.call("PROPFIND", home, PROPERTIES, [("Depth", "1")])
        assert listing.status == 207
        events = sorted(re.findall(rb"<href>([^<]*\.ics)</href>", listing.body))
        assert events == [f"{home}{event}.ics".encode() for event in ("first", "second")]
        report = user.call("REPORT", home, QUERY, [("Depth", "1")])
        assert report.status == 207
        assert f"first of {name}".encode() in report.body and f"second of {name}".encode() in report.body
        got = user.call("GET", home + "first.ics")
        assert got.status == 200 and f"SUMMARY:first of {name}".encode() in got.body
        assert user.call("DELETE", home + "second.ics").status == 200
        assert user.call("GET", home + "second.ics").status == 404


def test_without_a_token_nothing_is_reached(gate, radicale):
    for method, path in (("GET", "/"), ("PROPFIND", "/alice/"), ("PUT", "/alice/diary/x.ics"), ("OPTIONS", "/"),
                         ("MKCALENDAR", "/alice/diary/"), ("GET", "/.web/"), ("GET", "/.well-known/caldav")):
        for name in [None, *SPELLINGS]:
            answer = gate.request(method, path, headers={name: "alice"} if name else {}, tls=True)
            assert (answer.status, answer.code) == (401, "token_missing"), (method, path, name)
    assert radicale.requests() == []


def test_the_header_is_what_radicale_believes(radicale):
    """The attack is real: whoever reaches Radicale itself is whom the header says, also as X_Remote_User."""
    for name in ("X-Remote-User", "X_Remote_User"):
        with Connection(radicale.port) as direct:
            answer = direct.request("PROPFIND", "/bob/", {name: "bob", "Depth": "0"}, PROPERTIES)
            assert answer.status == 207
    with Connection(radicale.port) as direct:
        assert direct.request("PROPFIND", "/bob/", {"Depth": "0"}, PROPERTIES).status in (401, 403)


def test_nobody_reaches_anothers_calendar_by_calling_himself_so(gate, radicale):
    alice, bob = CalendarClient(gate, "alice"), CalendarClient(gate, "bob")
    bob.make_calendar()
    attacks = [[(name, "bob")] for name in SPELLINGS]
    attacks += [[("X-Remote-User", "bob"), ("Connection", "X-Remote-User")],
                [("X-Remote-User", "bob"), ("x_remote_user", "bob"), ("X-Remote-User", "bob")],
                [("Connection", "X_Remote_User, close"), ("X_Remote_User", "bob")],
                [("Remote-User", "bob"), ("Remote_User", "bob"), ("X-Forwarded-User", "bob")]]
    for headers in attacks:
        for method, path, data in (("PROPFIND", "/bob/diary/", PROPERTIES), ("GET", "/bob/diary/first.ics", None),
                                   ("REPORT", "/bob/diary/", QUERY), ("DELETE", "/bob/diary/first.ics", None),
                                   ("PUT", "/bob/diary/evil.ics", alice.event("evil"))):
            answer = gate.request(method, path, headers=headers, body=data, token=alice.token)
            assert answer.status == 403, (method, headers, answer.status)
            assert b"of bob" not in answer.body
    chunked = (f"PUT /bob/diary/evil.ics HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {alice.token}\r\n"
               "Transfer-Encoding: chunked\r\nTrailer: X-Remote-User\r\n\r\n2\r\nhi\r\n0\r\nX-Remote-User: bob\r\n\r\n")
    assert gate.send_raw(chunked.encode()).status >= 400
    mine = bob.call("REPORT", "/bob/diary/", QUERY, [("Depth", "1")])
    assert b"first of bob" in mine.body and b"evil" not in mine.body


def test_no_path_of_many_spellings_leads_to_anothers_calendar(gate):
    alice, bob = CalendarClient(gate, "alice"), CalendarClient(gate, "bob")
    bob.make_calendar()
    for path in ("/alice/../bob/diary/first.ics", "/alice/%2e%2e/bob/diary/first.ics", "/alice/..%2fbob/diary/first.ics",
                 "//bob/diary/first.ics", "/alice/..;/bob/diary/first.ics", "/bob%2fwork/first.ics"):
        answer = gate.get(path, token=alice.token)
        assert answer.status in (400, 403), path
        assert b"of bob" not in answer.body


def test_a_logged_out_user_reaches_nothing(gate, radicale):
    alice = CalendarClient(gate, "alice")
    alice.make_calendar()
    assert gate.post("/logout", token=alice.token).status == 204
    before = len(radicale.requests())
    answer = alice.call("PROPFIND", "/alice/diary/", PROPERTIES)
    assert (answer.status, answer.code) == (401, "token_revoked")
    assert len(radicale.requests()) == before
