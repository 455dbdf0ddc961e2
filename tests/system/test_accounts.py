# SPDX-License-Identifier: Apache-2.0
"""What users do with their accounts: another password, a forgotten one, an unlocked door. The mail server is a real
one, aiosmtpd."""
import email
import email.policy
import json
import re
import sqlite3
import ssl
import time
from urllib.parse import urlencode

import pytest
from aiosmtpd.controller import Controller
from support.certificates import make_certificate
from support.client import Connection
from support.gateway import USERS, in_front_of, in_parallel
from support.ports import ReservedPort
from support.tokens import decode
from support.waiting import wait_until

PASSWORD, ANOTHER = "a-long-enough-password", "another-long-password"
ALICE = {"alice": PASSWORD}
FORM = ("Content-Type", "application/x-www-form-urlencoded")
HTML = ("Accept", "text/html,*/*;q=0.8")
HERE = ("Origin", "https://localhost")
PATIENT = USERS.replace("backends: [users]", "backends: [users]\n  lockout: {failures: 1000}")


def submit(gate, target, *headers, **fields):
    return gate.post(target, urlencode(fields), headers=[FORM, HTML, HERE, *headers], tls=True)


def cookies_of(answer):
    pairs = [cookie.split(";")[0].partition("=") for cookie in answer.all("Set-Cookie")]
    return ("Cookie", "; ".join(f"{name}={value}" for name, _, value in pairs))


def can_log_in(gate, password, name="alice"):
    return gate.post("/login", {"username": name, "password": password}).status == 200


# -- a new password

def test_a_new_password_takes_the_old_one_and_ends_the_other_sessions(gateway, upstream):
    gate = gateway(PATIENT + in_front_of(upstream()), users={**ALICE, "bob": PASSWORD})
    own, other, foreign = (gate.login(name, PASSWORD) for name in ("alice", "alice", "bob"))
    token = own["access_token"]
    for body, field, text in (
            ({"current_password": "wrong", "password": ANOTHER}, "current_password", "is wrong"),
            ({"password": ANOTHER}, "current_password", "is missing"),
            ({"current_password": PASSWORD}, "password", "is missing"),
            ({"current_password": PASSWORD, "password": "short"}, "password", "too short"),
            ({"current_password": PASSWORD, "password": "x" * 2000}, "password", "too long")):
        answer = gate.post("/password", body, token=token)
        assert (answer.status, answer.code) == (422, "unprocessable_content")
        assert text in answer.json()["errors"][field]
    assert gate.post("/password", {"current_password": PASSWORD, "password": ANOTHER}).code == "token_missing"
    assert can_log_in(gate, PASSWORD)
    answer = gate.post("/password", {"current_password": PASSWORD, "password": ANOTHER}, token=token)
    assert answer.status == 204 and answer.body == b""
    assert can_log_in(gate, ANOTHER) and not can_log_in(gate, PASSWORD)
    assert gate.get("/", token=token).status == 200 and gate.refresh(own["refresh_token"]).status == 200
    assert gate.get("/", token=other["access_token"]).code == "token_revoked"
    assert gate.refresh(other["refresh_token"]).code == "token_revoked"
    assert gate.get("/", token=foreign["access_token"]).status == 200


def test_guesses_at_the_old_password_count_as_failed_logins(gateway, upstream):
    config = USERS.replace("backends: [users]", "backends: [users]\n  lockout: {failures: 3}")
    gate = gateway(config + in_front_of(upstream()), users=ALICE)
    token = gate.login("alice", PASSWORD)["access_token"]
    guess = {"current_password": "wrong", "password": ANOTHER}
    answers = in_parallel([lambda: gate.post("/password", guess, token=token)] * 8)
    assert [answer.status for answer in answers].count(422) <= 3
    answer = gate.post("/password", {"current_password": PASSWORD, "password": ANOTHER}, token=token)
    assert (answer.status, answer.code) == (429, "locked_out") and answer.header("Retry-After")
    assert gate.post("/login", {"username": "alice", "password": PASSWORD}).code == "locked_out", "one counter"


def test_a_browser_changes_its_password_by_a_form_of_this_site(gateway, upstream):
    gate = gateway(PATIENT + in_front_of(upstream()), users=ALICE)
    jar = cookies_of(submit(gate, "/login", username="alice", password=PASSWORD))
    change = {"current_password": PASSWORD, "password": ANOTHER}
    answer = gate.post("/password", urlencode(change), headers=[FORM, HTML, jar], tls=True)
    assert (answer.status, answer.code) == (403, "csrf") and can_log_in(gate, PASSWORD)
    page = submit(gate, "/password", jar, current_password="wrong", password=ANOTHER)
    assert page.status == 422 and b'id="current-problem"' in page.body and ANOTHER.encode() not in page.body
    answer = submit(gate, "/password", jar, **change)
    assert (answer.status, answer.header("Location")) == (303, "/sessions?done=password")
    assert can_log_in(gate, ANOTHER)


# -- a forgotten one

class Mailbox:
    """What the mail server has taken."""

    def __init__(self):
        self.mails = []

    async def handle_DATA(self, _server, _session, envelope):  # noqa: N802
        mail = email.message_from_bytes(envelope.content, policy=email.policy.default)
        self.mails.append((envelope.mail_from, envelope.rcpt_tos, mail))
        return "250 OK"


@pytest.fixture
def mail_server():
    made = []

    def make(port=None, **options):
        box = Mailbox()
        reserved = None if port else ReservedPort()
        number = port or reserved.number
        controller = Controller(box, hostname="127.0.0.1", port=number, **options)
        controller.start()
        made.append((controller, reserved))
        box.port, box.stop = number, controller.stop
        return box

    yield make
    for controller, reserved in made:
        try:
            controller.stop()
        except (AssertionError, RuntimeError):
            pass  # stopped by the test
        if reserved:
            reserved.release()


def with_reset(port, more=""):
    return PATIENT.replace("backends: [users]", f"""backends: [users]
  page: {{title: Exämple API}}
  reset: {{url: "https://api.example.com/", smtp: {{url: "smtp://127.0.0.1:{port}", from: login@example.com{more}}}}}""")


def link_of(box, count=1):
    wait_until(lambda: len(box.mails) >= count, "the message")
    text = box.mails[count - 1][2].get_content()
    return re.search(r"https://api\.example\.com/reset\?token=([A-Za-z0-9_-]{43})\s", text).group(1)


def test_a_link_by_mail_gives_a_new_password_once(gateway, upstream, mail_server):
    box = mail_server()
    gate = gateway(with_reset(box.port) + in_front_of(upstream()), users=ALICE)
    before = gate.login("alice", PASSWORD)
    evil = [("Host", "evil.example.com"), ("X-Forwarded-Host", "evil.example.com"), ("Accept-Language", "de")]
    answer = gate.post("/reset", {"email": "ALICE@example.com"}, headers=evil)
    assert answer.status == 202
    token = link_of(box)
    sender, recipients, mail = box.mails[0]
    assert (sender, recipients) == ("login@example.com", ["alice@example.com"])
    assert mail["To"].addresses[0].addr_spec == "alice@example.com" and "Exämple API" in mail["Subject"] and mail["Message-ID"]
    assert "30 Minuten" in mail.get_content() and "evil" not in mail.as_string()
    assert token not in gate.log()
    raw = b"".join(path.read_bytes() for path in (gate.folder / "state").glob("store.db*"))
    assert token.encode() not in raw, "kept as a hash"
    for body, field in (({"token": token, "password": "short"}, "password"), ({"token": token}, "password"),
                        ({"token": token[:-1] + "x", "password": ANOTHER}, "token"),
                        ({"token": "x", "password": ANOTHER}, "token")):
        refused = gate.post("/reset", body)
        assert refused.status == 422 and list(refused.json()["errors"]) == [field], body
    answers = in_parallel([lambda: gate.post("/reset", {"token": token, "password": ANOTHER})] * 6)
    assert sorted(answer.status for answer in answers) == [204] + [422] * 5
    assert can_log_in(gate, ANOTHER) and not can_log_in(gate, PASSWORD)
    assert gate.get("/", token=before["access_token"]).code == "token_revoked"
    assert gate.refresh(before["refresh_token"]).code == "token_revoked"


@pytest.mark.parametrize("way", ["reset", "everywhere", "operator", "command"])
def test_who_has_ended_everything_until_now_may_sign_in_at_once(gateway, upstream, mail_server, way):
    box = mail_server()
    gate = gateway(with_reset(box.port) + in_front_of(upstream()), users=ALICE)
    old = gate.login("alice", PASSWORD)["access_token"]
    subject, password = decode(old)[1]["sub"], PASSWORD
    if way == "reset":
        assert gate.post("/reset", {"email": "alice@example.com"}).status == 202
        change = {"token": link_of(box), "password": ANOTHER}
    wait_until(lambda: time.time() % 1 < 0.3, "beginning of a second")
    if way == "reset":
        password = ANOTHER
        assert gate.post("/reset", change).status == 204
    elif way == "everywhere":
        assert gate.request("DELETE", "/sessions", token=old).status == 204
    elif way == "operator":
        with Connection(gate.admin_port) as connection:
            assert connection.request("POST", "/api/revoke", [("Content-Type", "application/json")],
                                      json.dumps({"sub": subject}).encode(), host="127.0.0.1").status == 204
    else:
        assert gate.run("token", "revoke", "--sub", subject).returncode == 0
    new = gate.login("alice", password)
    wait_until(lambda: gate.get("/", token=old).code == "token_revoked", "end of the old token")
    assert gate.get("/", token=new["access_token"]).status == 200
    assert gate.refresh(new["refresh_token"]).status == 200


@pytest.mark.parametrize("way", ["reset", "password", "command"])
def test_a_new_password_ends_every_other_link_of_the_account_and_of_no_other(gateway, upstream, mail_server, way):
    box = mail_server()
    gate = gateway(with_reset(box.port) + in_front_of(upstream()), users={**ALICE, "bob": PASSWORD})
    for number, name in enumerate(("alice", "alice", "bob"), 1):
        assert gate.post("/reset", {"email": f"{name}@example.com"}).status == 202
        link_of(box, number)
    first, other, foreign = (link_of(box, number) for number in (1, 2, 3))
    if way == "reset":
        assert gate.post("/reset", {"token": first, "password": ANOTHER}).status == 204
    elif way == "password":
        token = gate.login("alice", PASSWORD)["access_token"]
        change = {"current_password": PASSWORD, "password": ANOTHER}
        assert gate.post("/password", change, token=token).status == 204
    else:
        assert gate.run("user", "passwd", "alice", "--password-stdin", stdin=ANOTHER + "\n").returncode == 0
    for link in (first, other):
        answer = gate.post("/reset", {"token": link, "password": "a-thief-s-own-password"})
        assert (answer.status, list(answer.json()["errors"])) == (422, ["token"])
    assert can_log_in(gate, ANOTHER)
    assert gate.post("/reset", {"token": foreign, "password": ANOTHER}).status == 204
    assert gate.post("/reset", {"email": "alice@example.com"}).status == 202
    assert gate.post("/reset", {"token": link_of(box, 4), "password": PASSWORD}).status == 204, "a later one is good"


def test_of_several_links_used_at_once_one_counts(gateway, upstream, mail_server):
    box = mail_server()
    gate = gateway(with_reset(box.port) + in_front_of(upstream()), users=ALICE)
    for number in range(1, 5):
        assert gate.post("/reset", {"email": "alice@example.com"}).status == 202
    links = [link_of(box, number) for number in range(1, 5)]
    passwords = [f"password-number-{number}" for number in range(4)]
    answers = in_parallel([lambda pair=pair: gate.post("/reset", {"token": pair[0], "password": pair[1]})
                           for pair in zip(links, passwords)])
    assert sorted(answer.status for answer in answers) == [204] + [422] * 3
    winner = [answer.status for answer in answers].index(204)
    assert [can_log_in(gate, password) for password in passwords] == [number == winner for number in range(4)]


def test_a_link_that_has_expired_is_of_no_use(gateway, upstream, mail_server):
    box = mail_server()
    gate = gateway(with_reset(box.port) + in_front_of(upstream()), users=ALICE)
    assert gate.post("/reset", {"email": "alice@example.com"}).status == 202
    link = link_of(box)
    with sqlite3.connect(gate.folder / "state" / "store.db", timeout=10) as store:  # half an hour later
        assert store.execute("UPDATE records SET until = until - 1800 - 1").rowcount == 1
    answer = gate.post("/reset", {"token": link, "password": ANOTHER})
    assert (answer.status, list(answer.json()["errors"])) == (422, ["token"])
    assert can_log_in(gate, PASSWORD) and not can_log_in(gate, ANOTHER)


def test_nobody_learns_from_a_reset_who_has_an_account(gateway, upstream, mail_server):
    box = mail_server()
    gate = gateway(with_reset(box.port) + in_front_of(upstream()), users={**ALICE, "bob": PASSWORD})
    assert gate.run("user", "disable", "bob").returncode == 0
    answers = [gate.post("/reset", {"email": address}) for address in
               ("alice@example.com", "nobody@example.com", "bob@example.com")]
    assert {(answer.status, answer.body) for answer in answers} == {(202, answers[0].body)}
    pages = [submit(gate, "/reset", email=address) for address in ("alice@example.com", "nobody@example.com")]
    assert {(page.status, page.header("Location")) for page in pages} == {(303, "/reset?sent=1")}
    link_of(box, 2)
    assert [mail[1] for mail in box.mails] == [["alice@example.com"]] * 2
    for bad in ("", "x", "a@b@c", "alice@example.com\r\nBcc: eve@example.com", "<alice@example.com>"):
        assert gate.post("/reset", {"email": bad}).status == 422, bad


def test_nobodys_mailbox_is_filled(gateway, upstream, mail_server):
    box = mail_server()
    gate = gateway(with_reset(box.port) + in_front_of(upstream()), users=ALICE)
    answers = [gate.post("/reset", {"email": "alice@example.com"}) for _ in range(14)]
    assert [answer.status for answer in answers].count(202) == 10
    assert answers[-1].code == "locked_out" and answers[-1].header("Retry-After")
    link_of(box, 10)
    assert can_log_in(gate, PASSWORD), "her login is not locked"


def test_a_mail_server_that_is_away_keeps_nobody_waiting(gateway, upstream, mail_server):
    port = ReservedPort()
    gate = gateway(with_reset(port.number) + in_front_of(upstream()), users=ALICE)
    began = time.monotonic()
    assert gate.post("/reset", {"email": "alice@example.com"}).status == 202
    assert can_log_in(gate, PASSWORD) and time.monotonic() - began < 5
    wait_until(lambda: "could not be handed on" in gate.log(), "a warning")
    port.release()
    box = mail_server(port.number)
    link_of(box)
    assert "alice" not in "".join(line for line in gate.log().splitlines() if "handed on" in line)


def test_mail_goes_with_starttls_and_a_password(gateway, upstream, mail_server, tmp_path):
    from aiosmtpd.smtp import AuthResult
    made = make_certificate(tmp_path, "localhost", ("localhost",))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(made.certificate, made.key)
    seen = []

    def check(server, session, _envelope, _mechanism, data):
        seen.append((session.ssl is not None, data.login, data.password))
        return AuthResult(success=data.password == b"mail-secret")

    box = mail_server(tls_context=context, require_starttls=True, authenticator=check, auth_required=True)
    more = f", username: gw, password: mail-secret, ca: {made.certificate}"
    config = with_reset(box.port, more).replace("smtp://127.0.0.1", "smtp://localhost")
    gate = gateway(config + in_front_of(upstream()), users=ALICE)
    assert gate.post("/reset", {"email": "alice@example.com"}).status == 202
    link_of(box)
    assert seen == [(True, b"gw", b"mail-secret")] and "mail-secret" not in gate.log()


def test_a_webhook_may_carry_the_link(gateway, upstream):
    hook = upstream()
    config = PATIENT.replace("backends: [users]", f"""backends: [users]
  reset: {{url: "https://api.example.com", webhook: {{url: "{hook.url}/messages", token: hook-secret}}}}""")
    gate = gateway(config + in_front_of(upstream()), users=ALICE)
    assert gate.post("/reset", {"email": "alice@example.com"}).status == 202
    wait_until(lambda: hook.requests, "the call")
    import json
    said = json.loads(hook.last.body)
    assert hook.last.header("Authorization") == "Bearer hook-secret" and said["to"] == "alice@example.com"
    token = said["link"].removeprefix("https://api.example.com/reset?token=")
    assert gate.post("/reset", {"token": token, "password": ANOTHER}).status == 204
    assert can_log_in(gate, ANOTHER)


def test_a_reset_opens_what_was_locked(gateway, upstream, mail_server):
    box = mail_server()
    config = with_reset(box.port).replace("failures: 1000", "failures: 3")
    gate = gateway(config + in_front_of(upstream()), users=ALICE)
    assert can_log_in(gate, PASSWORD)
    for _ in range(3):
        assert not can_log_in(gate, "wrong")
    assert gate.post("/login", {"username": "alice", "password": PASSWORD}).code == "locked_out"
    assert gate.post("/reset", {"email": "alice@example.com"}).status == 202
    assert gate.post("/reset", {"token": link_of(box), "password": ANOTHER}).status == 204
    assert can_log_in(gate, ANOTHER)


# -- registration

def test_registration_may_keep_to_itself_who_has_an_account(gateway, upstream):
    gate = gateway(PATIENT.replace("backends: [users]", "backends: [users]\n  register: {reveal: false}") +
                   in_front_of(upstream()), users=ALICE)
    bob = {"name": "Bob", "email": " Bob@EXAMPLE.com ", "password": ANOTHER}
    answers = [gate.post("/register", bob), gate.post("/register", bob),
               gate.post("/register", {**bob, "email": "alice@example.com"})]
    assert {(answer.status, answer.body) for answer in answers} == {(202, answers[0].body)}
    assert b"token" not in answers[0].body and answers[0].all("Set-Cookie") == []
    assert can_log_in(gate, ANOTHER, "bob@example.com") and can_log_in(gate, PASSWORD)
    assert not can_log_in(gate, ANOTHER, "alice@example.com"), "nobody is overwritten"
    pages = [submit(gate, "/register", name="C", email=address, password=ANOTHER)
             for address in ("carol@example.com", "alice@example.com")]
    assert {(page.status, page.header("Location")) for page in pages} == {(303, "/login?done=registered")}
    assert all(page.all("Set-Cookie") == [] for page in pages)


def test_an_address_has_one_at_sign_and_is_normalised(gateway, upstream):
    gate = gateway(PATIENT.replace("backends: [users]", "backends: [users]\n  register: true") + in_front_of(upstream()))
    for bad in ("a@b@example.com", "@example.com", "a@", "a b@example.com", "a@example..com", "a@.example.com",
                "a@-example.com", "\"a\"@example.com", "a@example.com\u0000", "a@ex ample.com", "a" * 65 + "@example.com"):
        answer = gate.post("/register", {"name": "A", "email": bad, "password": PASSWORD})
        assert answer.status in (400, 422), bad
        assert answer.status == 400 or list(answer.json()["errors"]) == ["email"], bad
    answer = gate.post("/register", {"name": "A", "email": "  Ann.Lee@Example.COM ", "password": PASSWORD})
    assert answer.status == 201
    assert decode(answer.json()["access_token"])[1]["email"] == "Ann.Lee@example.com"
    assert gate.post("/register", {"name": "A", "email": "ann.lee@example.com", "password": PASSWORD}).code == "taken"


def test_no_new_password_is_one_that_strangers_have(gateway, upstream, mail_server):
    import hashlib
    box, leaked = mail_server(), "correct horse battery staple"
    digest = hashlib.sha1(leaked.encode()).hexdigest().upper()
    config = with_reset(box.port).replace("backends: [users]", "backends: [users]\n  register: true").replace(
        "password: {", "password: {breached: list, ")
    gate = gateway(config + in_front_of(upstream()), started=False)
    (gate.folder / "list").mkdir()
    gate.add_user("alice", PASSWORD, email="alice@example.com")
    (gate.folder / "list" / f"{digest[:5]}.txt").write_text(f"{'0' * 35}:1\r\n{digest[5:].lower()}:37\r\n")
    gate.start()
    token = gate.login("alice", PASSWORD)["access_token"]
    assert gate.post("/reset", {"email": "alice@example.com"}).status == 202
    reset = link_of(box)
    for target, body, options in (
            ("/register", {"name": "B", "email": "bob@example.com"}, {}),
            ("/password", {"current_password": PASSWORD}, {"token": token}), ("/reset", {"token": reset}, {})):
        answer = gate.post(target, {**body, "password": leaked}, **options)
        assert answer.status == 422 and list(answer.json()["errors"]) == ["password"], target
        assert "leak" in answer.json()["errors"]["password"]
    assert gate.post("/reset", {"token": reset, "password": ANOTHER}).status == 204, "the refusal did not use it up"


# -- locks

def test_an_operator_unlocks_an_account_while_the_gateway_runs(gateway, upstream):
    config = USERS.replace("backends: [users]", "backends: [users]\n  lockout: {failures: 3, lock: 1h}")
    gate = gateway(config + in_front_of(upstream()), users={**ALICE, "bob": PASSWORD})
    assert can_log_in(gate, PASSWORD) and can_log_in(gate, PASSWORD, "bob")
    for name in ("alice", "bob"):
        for _ in range(3):
            assert not can_log_in(gate, "wrong", name)
        assert gate.post("/login", {"username": name, "password": PASSWORD}).code == "locked_out"
    gate.stop()
    gate.start()
    assert gate.post("/login", {"username": "alice", "password": PASSWORD}).code == "locked_out", "it outlives a restart"
    done = gate.run("user", "unlock", "alice@example.com")
    assert (done.returncode, done.stdout) == (0, 'unlocked "alice@example.com"\n'), done.stderr
    assert can_log_in(gate, PASSWORD)
    assert gate.post("/login", {"username": "bob", "password": PASSWORD}).code == "locked_out"
    assert gate.run("user", "unlock", "nobody").returncode == 1
