# SPDX-License-Identifier: Apache-2.0
"""Login, refresh and logout under attack: other sites, races, broken clients, odd bodies, storms."""
import json
import socket
import sqlite3
import subprocess
import threading
from urllib.parse import urlencode

import pytest
from support.gateway import USERS, in_front_of, in_parallel
from support.http1 import format_request
from support.tokens import SHARED_ISSUER, decode, good_token
from support.waiting import wait_until

PASSWORD = "a-long-enough-password"
ALICE = {"alice": PASSWORD}
FORM = ("Content-Type", "application/x-www-form-urlencoded")
HTML = ("Accept", "text/html,application/xhtml+xml,*/*;q=0.8")
HERE = ("Origin", "https://localhost")
REGISTER = USERS.replace("backends: [users]", "backends: [users]\n  register: true")
PATIENT = USERS.replace("backends: [users]", "backends: [users]\n  lockout: {failures: 1000}")


@pytest.fixture
def gate(gateway, upstream):
    return gateway(PATIENT + in_front_of(upstream()), users=ALICE)


def submit_login(gate, *headers, **extra):
    form = urlencode({"username": "alice", "password": PASSWORD, **extra})
    return gate.post("/login", form, headers=[FORM, *headers], tls=True)


def cookies_of(answer):
    """{name: value} of what an answer sets."""
    pairs = [cookie.split(";")[0].partition("=") for cookie in answer.all("Set-Cookie")]
    return {name: value for name, _, value in pairs}


def as_cookie(jar, *names):
    return ("Cookie", "; ".join(f"{name}={jar[name]}" for name in names or jar))


ACCESS, REFRESH = "__Host-gatewarden", "__Host-gatewarden-refresh"


@pytest.fixture
def jar(gate):
    """The cookies of a browser in which alice has logged in."""
    answer = submit_login(gate, HTML, HERE)
    assert answer.status == 303
    jar = cookies_of(answer)
    assert set(jar) == {ACCESS, REFRESH}
    return jar


# -- other sites

OTHER_SITES = [
    [],
    [("Origin", "https://evil.example.com")],
    [("Origin", "null")],
    [("Origin", "")],
    [("Origin", "http://localhost")],
    [("Origin", "https://localhost:8443")],
    [("Origin", "https://localhost.evil.example.com")],
    [("Origin", "https://evil.example.com/https://localhost")],
    [("Origin", "https://localhost https://evil.example.com")],
    [("Origin", "https://localhost"), ("Origin", "https://evil.example.com")],
    [("Origin", "https://evil.example.com"), ("Origin", "https://localhost")],
    [("Sec-Fetch-Site", "cross-site")],
    [("Sec-Fetch-Site", "same-site")],
    [("Sec-Fetch-Site", "same-origin"), ("Sec-Fetch-Site", "cross-site")],
    [("Origin", "https://localhost"), ("Sec-Fetch-Site", "cross-site")],
    [("Origin", "https://evil.example.com"), ("Sec-Fetch-Site", "same-origin")],
    [("Referer", "https://localhost/")],
    [("X-Forwarded-Host", "evil.example.com"), ("Origin", "https://evil.example.com")],
]


def test_another_site_cannot_log_a_browser_in(gate):
    for origin in OTHER_SITES:
        answer = submit_login(gate, HTML, *origin)
        assert (answer.status, answer.code) == (403, "csrf"), origin
        assert answer.all("Set-Cookie") == [], origin
    for origin in ([HERE], [("Origin", "https://LOCALHOST")], [("Sec-Fetch-Site", "same-origin")],
                   [HERE, ("Sec-Fetch-Site", "same-origin")]):
        assert submit_login(gate, HTML, *origin).status == 303, origin


def test_another_site_cannot_use_the_cookies(gate, jar):
    for origin in OTHER_SITES:
        for path, names in (("/refresh", [REFRESH]), ("/refresh", [ACCESS, REFRESH]), ("/logout", [ACCESS]),
                            ("/logout", [REFRESH]), ("/logout", [ACCESS, REFRESH])):
            answer = gate.post(path, headers=[as_cookie(jar, *names), *origin], tls=True)
            assert (answer.status, answer.code) == (403, "csrf"), (path, names, origin)
            assert answer.all("Set-Cookie") == []
    assert gate.get("/", headers=[as_cookie(jar)], tls=True).status == 200, "the session goes on"


def test_only_a_browsers_form_gets_cookies(gate):
    body = {"username": "alice", "password": PASSWORD}
    for answer in (gate.post("/login", body, headers=[HTML, HERE], tls=True),
                   submit_login(gate, HERE), submit_login(gate, HERE, ("Accept", "application/json")),
                   submit_login(gate, HERE, ("Accept", "text/htmlx, text/*"))):
        assert answer.status == 200 and answer.all("Set-Cookie") == [] and answer.json()["refresh_token"]


def test_with_cookies_off_a_browsers_form_gets_json(gateway, upstream):
    config = USERS.replace("backends: [users]", "backends: [users]\n  cookie: {enabled: false}")
    gate = gateway(config + in_front_of(upstream()), users=ALICE)
    answer = submit_login(gate, HTML, HERE)
    assert answer.status == 200 and answer.all("Set-Cookie") == []
    token = answer.json()["access_token"]
    assert gate.get("/", headers={"Cookie": f"{ACCESS}={token}"}, tls=True).code == "token_missing"


# -- the session of a browser

def test_a_browser_refreshes_by_cookie_and_no_script_sees_a_token(gate, jar):
    answer = gate.post("/refresh", headers=[as_cookie(jar), HERE], tls=True)
    assert answer.status == 200 and answer.header("Cache-Control") == "no-store"
    renewed = cookies_of(answer)
    assert set(renewed) == {ACCESS, REFRESH} and renewed[REFRESH] != jar[REFRESH]
    assert set(answer.json()) == {"token_type", "expires_in", "scope"}
    for secret in renewed.values():
        assert secret.encode() not in answer.body
    assert gate.get("/", headers=[as_cookie(renewed, ACCESS)], tls=True).status == 200
    for cookie in answer.all("Set-Cookie"):
        age = int(cookie.partition("Max-Age=")[2].split(";")[0])
        longest = 14 * 24 * 3600 if cookie.startswith(REFRESH) else 900
        assert longest - 60 <= age <= longest and "; Domain" not in cookie


def test_a_form_refreshes_by_cookie_and_is_sent_on(gate, jar):
    answer = gate.post("/refresh", urlencode({"next": "/orders"}), headers=[FORM, HTML, HERE, as_cookie(jar)], tls=True)
    assert (answer.status, answer.header("Location"), answer.body) == (303, "/orders", b"")
    assert set(cookies_of(answer)) == {ACCESS, REFRESH}


def test_logout_by_cookie_takes_the_cookies_away(gate, jar):
    answer = gate.post("/logout", headers=[as_cookie(jar), HERE], tls=True)
    assert answer.status == 204
    assert cookies_of(answer) == {ACCESS: "", REFRESH: ""}
    assert all("Max-Age=0;" in cookie for cookie in answer.all("Set-Cookie"))
    assert gate.get("/", headers=[as_cookie(jar, ACCESS)], tls=True).code == "token_revoked"
    assert gate.post("/refresh", headers=[as_cookie(jar), HERE], tls=True).code == "token_revoked"


def test_a_login_never_takes_up_a_session_that_was_there(gate, jar):
    answer = submit_login(gate, HTML, HERE, as_cookie(jar))
    assert answer.status == 303
    again = cookies_of(answer)
    assert decode(again[ACCESS])[1]["sid"] != decode(jar[ACCESS])[1]["sid"]


def test_more_than_one_credential_is_refused(gate, jar):
    tokens = gate.login("alice", PASSWORD)
    bearer = ("Authorization", f"Bearer {tokens['access_token']}")
    twice = ("Cookie", f"{REFRESH}={jar[REFRESH]}; {REFRESH}={tokens['refresh_token']}")
    requests = [
        ("GET", "/userinfo", [bearer, as_cookie(jar, ACCESS)], None),
        ("GET", "/userinfo", [bearer, bearer], None),
        ("POST", "/logout", [bearer, as_cookie(jar, ACCESS), HERE], None),
        ("POST", "/logout", [as_cookie(jar, ACCESS), as_cookie(jar, ACCESS), HERE], None),
        ("POST", "/logout", [as_cookie(jar, REFRESH), HERE], {"refresh_token": tokens["refresh_token"]}),
        ("POST", "/logout", [twice, HERE], None),
        ("POST", "/refresh", [as_cookie(jar, REFRESH), HERE], {"refresh_token": tokens["refresh_token"]}),
        ("POST", "/refresh", [twice, HERE], None),
        ("POST", "/refresh", [as_cookie(jar, REFRESH), as_cookie(jar, REFRESH), HERE], None),
    ]
    for method, path, headers, body in requests:
        answer = gate.request(method, path, headers=headers, body=body if body else (None if method == "GET" else b""),
                              tls=True)
        assert (answer.status, answer.code) == (400, "ambiguous_credentials"), (path, headers)
    assert gate.get("/", token=tokens["access_token"]).status == 200
    assert gate.get("/", headers=[as_cookie(jar, ACCESS)], tls=True).status == 200


def test_one_class_of_token_never_stands_for_another(gate, jar):
    tokens = gate.login("alice", PASSWORD)
    assert gate.get("/userinfo", token=tokens["refresh_token"]).code == "token_malformed"
    assert gate.refresh(tokens["access_token"]).code == "token_malformed"
    swapped = {ACCESS: jar[REFRESH], REFRESH: jar[ACCESS]}
    assert gate.get("/", headers=[as_cookie(swapped, ACCESS)], tls=True).code == "token_malformed"
    assert gate.post("/refresh", headers=[as_cookie(swapped), HERE], tls=True).code == "token_malformed"
    for target in (f"/userinfo?access_token={tokens['access_token']}", f"/?access_token={tokens['access_token']}"):
        assert gate.get(target).code == "token_missing"
    assert gate.post(f"/refresh?refresh_token={tokens['refresh_token']}").code == "token_missing"


def test_a_cookie_of_a_similar_name_is_nobody(gate, jar):
    for name in ("__host-gatewarden", "__Host-gatewarden2", "gatewarden", "__Host-Gatewarden", " gatewarden"):
        assert gate.get("/", headers={"Cookie": f"{name}={jar[ACCESS]}"}, tls=True).code == "token_missing", name


# -- bodies

JSON_TRICKS = [
    (b"{", 400), (b"[]", 400), (b"null", 400), (b'"alice"', 400), (b"[{}]", 400), (b" ", 400),
    (b'{"username":"alice","password":"x"} trailing', 400),
    (b'{"username":"alice","password":"x","password":"%s"}' % PASSWORD.encode(), 400),
    (b'{"username":"alice","pass\\u0077ord":"x","password":"x"}', 400),
    (b'\xef\xbb\xbf{"username":"alice","password":"x"}', 400),
    (b'{"username":"ali\xffce","password":"x"}', 400),
    (b'{"username":"\xc0\xaf","password":"x"}', 400),
    (b'{"username":"\\ud800","password":"x"}', 400),
    (b'{"username":["alice"],"password":"x"}', 400),
    (b'{"username":{"$ne":""},"password":{"$ne":""}}', 400),
    (b'{"username":true,"password":"x"}', 400),
    (b'{"username":"alice","password":0}', 400),
    (b'{"username":"alice","email":["x"],"password":"x"}', 400),
    (b"{'username':'alice','password':'x'}", 400),
    (b'{"username":"alice","password":"x",}', 400),
    (b'{"username":"alice",/**/"password":"x"}', 400),
    (b'{"a":' + b"[" * 5000 + b"]" * 5000 + b"}", 400),
    (b"{}", 422),
    (b'{"username":"","password":""}', 422),
    (b'{"username":null,"password":null}', 422),
    (b'{"username":"alice"}', 422),
    (b'{"password":"x"}', 422),
    (b'{"Username":"alice","Password":"x"}', 422),
    (b'{"username":"alice","email":"alice@example.com","password":"x"}', 422),
    (b'{"username":"alice\\u0000","password":"%s"}' % PASSWORD.encode(), 401),
    (b'{"username":"alice","password":"%s\\u0000"}' % PASSWORD.encode(), 401),
    (b'{"username":"alice ","password":"x"}', 401),
    (b'{"username":"alice\' OR 1=1 --","password":"x"}', 401),
    (b'{"username":"*","password":"x"}', 401),
    (b'{"username":"%","password":"x"}', 401),
]


def test_odd_json_is_refused_with_its_status(gate):
    for body, status in JSON_TRICKS:
        answer = gate.post("/login", body, headers={"Content-Type": "application/json"})
        codes = {400: "bad_request", 401: "bad_credentials", 422: "unprocessable_content"}
        assert (answer.status, answer.code) == (status, codes[status]), body[:80]
        if status == 422:
            assert answer.json()["errors"] and set(answer.json()["errors"]) <= {"username", "email", "password"}


def test_odd_forms_are_refused(gate):
    for body, status in ((b"username=alice&username=bob&password=x", 400), (b"username=%zz&password=x", 400),
                         (b"username=%ff&password=x", 400), (b"&".join(b"a%d=1" % i for i in range(65)), 400),
                         (b"username=alice", 422), (b"=&&&==", 400), (b"username=alice%00&password=x", 401)):
        assert gate.post("/login", body, headers=[FORM]).status == status, body


def test_the_media_type_decides_and_there_is_one(gate):
    body = json.dumps({"username": "alice", "password": PASSWORD}).encode()
    for types in ([], ["text/plain"], ["application/xml"], ["multipart/form-data; boundary=x"], [""],
                  ["application/json", "application/json"], ["application/x-www-form-urlencoded, application/json"]):
        answer = gate.post("/login", body, headers=[("Content-Type", one) for one in types])
        assert (answer.status, answer.code) == (415, "unsupported_media_type"), types
    for one in ("application/json; charset=utf-8", "APPLICATION/JSON", "application/json;"):
        assert gate.post("/login", body, headers={"Content-Type": one}).status == 200, one


def test_refusals_come_before_the_body_is_asked_for(gate):
    for headers in ([("Content-Type", "text/plain"), ("Content-Length", "10")],
                    [("Content-Type", "application/json"), ("Content-Length", "1000000")]):
        with gate.connect() as connection:
            connection.send(format_request("POST", "/login", [("Host", "localhost"), ("Expect", "100-continue"),
                                                              *headers]))
            answer = connection.read_response("POST")
            assert answer.status in (413, 415) and answer.interim == []
    with gate.connect() as connection:
        body = json.dumps({"username": "alice", "password": PASSWORD}).encode()
        connection.send(format_request("POST", "/login", [
            ("Host", "localhost"), ("Expect", "100-continue"), ("Content-Type", "application/json"),
            ("Content-Length", str(len(body)))]))
        assert connection.reader.until(b"\r\n\r\n").startswith(b"HTTP/1.1 100 ")
        connection.send(body)
        assert connection.read_response("POST").status == 200


def test_huge_fields_hurt_nobody(gate):
    megabyte = "x" * 1_000_000
    for body in ({"username": megabyte, "password": "x"}, {"username": "alice", "password": megabyte}):
        answer = gate.post("/login", body)
        assert (answer.status, answer.code) == (413, "content_too_large")
    with gate.connect() as connection:
        connection.send_if_open(b"POST /login HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                                b"Transfer-Encoding: chunked\r\n\r\n" + b"10000\r\n" + b" " * 65536 + b"\r\n" +
                                b"1\r\n \r\n0\r\n\r\n")
        assert connection.read_response("POST").code == "content_too_large"
    long = "y" * 60_000
    for body in ({"username": long, "password": "x"}, {"username": "alice", "password": long}):
        assert gate.post("/login", body).code == "bad_credentials"
    assert gate.refresh(long).code == "token_malformed"
    assert gate.login("alice", PASSWORD)


# -- races

def test_after_a_logout_nothing_of_the_session_lives_whatever_ran_beside_it(gate):
    for _ in range(5):
        tokens = gate.login("alice", PASSWORD)
        refresh = lambda: gate.refresh(tokens["refresh_token"])  # noqa: E731
        logout = lambda: gate.post("/logout", token=tokens["access_token"])  # noqa: E731
        answers = in_parallel([refresh] * 8 + [logout] + [refresh] * 8)
        assert answers[8].status == 204
        refreshed = [answer for index, answer in enumerate(answers) if index != 8]
        assert {answer.status for answer in refreshed} <= {200, 401}
        for answer in refreshed:
            if answer.status == 200:
                assert gate.get("/", token=answer.json()["access_token"]).code == "token_revoked"
                assert gate.refresh(answer.json()["refresh_token"]).code == "token_revoked"
        assert gate.refresh(tokens["refresh_token"]).code == "token_revoked"


def test_a_logout_is_known_to_every_worker_when_it_is_answered(gateway, upstream):
    config = PATIENT + in_front_of(upstream())
    gate = gateway(config, users=ALICE, server="")
    for _ in range(10):
        token = gate.login("alice", PASSWORD)["access_token"]
        connections = [gate.connect() for _ in range(8)]
        for connection in connections:
            assert connection.request("GET", "/", token=token).status == 200
        assert gate.post("/logout", token=token).status == 204
        for connection in connections:
            assert connection.request("GET", "/", token=token).code == "token_revoked"
            connection.close()


def test_parallel_logouts_of_one_session_all_succeed_or_find_it_ended(gate):
    tokens = gate.login("alice", PASSWORD)
    answers = in_parallel([lambda: gate.post("/logout", {"refresh_token": tokens["refresh_token"]})] * 10)
    assert {answer.status for answer in answers} == {204}
    assert gate.get("/", token=tokens["access_token"]).code == "token_revoked"


def test_a_user_who_is_disabled_meanwhile_gets_nothing_more(gate):
    tokens = gate.login("alice", PASSWORD)
    stop = threading.Event()
    seen = []

    def keep_trying():
        while not stop.is_set():
            seen.append(gate.post("/login", {"username": "alice", "password": PASSWORD}).status)

    workers = [threading.Thread(target=keep_trying) for _ in range(4)]
    for worker in workers:
        worker.start()
    wait_until(lambda: seen.count(200) > 3, "a few logins")
    assert gate.run("user", "disable", "alice").returncode == 0
    after = gate.post("/login", {"username": "alice", "password": PASSWORD})
    stop.set()
    for worker in workers:
        worker.join()
    assert after.code == "bad_credentials" and set(seen) <= {200, 401}
    assert gate.refresh(tokens["refresh_token"]).code == "token_revoked"
    # What another process revokes, a worker hears of within a second.
    wait_until(lambda: gate.get("/", token=tokens["access_token"]).status == 401, "end of the session", 3)
    assert gate.get("/", token=tokens["access_token"]).code == "token_revoked"


def test_one_address_is_registered_once_however_many_try(gateway, upstream):
    gate = gateway(REGISTER + in_front_of(upstream()))
    spellings = ["bob@example.com", "Bob@Example.com", "BOB@EXAMPLE.COM"] * 4
    answers = in_parallel([
        lambda email=email: gate.post("/register", {"name": "Bob", "email": email, "password": PASSWORD})
        for email in spellings])
    assert sorted(answer.status for answer in answers) == [201] + [409] * 11


def test_nobody_registers_in_the_way_of_another(gateway, upstream):
    line = subprocess.run(["htpasswd", "-n", "-b", "-B", "carol", PASSWORD], capture_output=True, text=True,
                          check=True).stdout
    config = REGISTER.replace("users.db}", "users.db}\n  file: {plugin: file, path: users.htpasswd}").replace(
        "backends: [users]", "backends: [users, file]")
    gate = gateway(config + in_front_of(upstream()), files={"users.htpasswd": line}, users=ALICE)
    bob = {"name": "Bob", "email": "bob@example.com", "password": PASSWORD}
    for username in ("carol", "alice", "ALICE", "alice@example.com"):
        answer = gate.post("/register", {**bob, "username": username})
        assert answer.status in (409, 422) and answer.code in ("taken", "unprocessable_content"), username
    assert gate.post("/register", {**bob, "email": "Alice@example.com"}).code == "taken"
    assert gate.login("carol", PASSWORD)
    answer = gate.post("/register", {**bob, "username": "bob"})
    assert answer.status == 201
    assert decode(answer.json()["access_token"])[1]["sub"] == decode(gate.login("bob", PASSWORD)["access_token"])[1]["sub"]


# -- clients that leave, and many at once

def test_clients_that_leave_while_their_password_is_hashed_are_forgotten(gate):
    body = json.dumps({"username": "alice", "password": PASSWORD}).encode()
    request = format_request("POST", "/login", [("Host", "localhost"), ("Content-Type", "application/json")], body)
    tokens = gate.login("alice", PASSWORD)
    refresh = json.dumps({"refresh_token": tokens["refresh_token"]}).encode()
    renewal = format_request("POST", "/refresh", [("Host", "localhost"), ("Content-Type", "application/json")], refresh)
    for round_ in range(60):
        sock = socket.create_connection(("127.0.0.1", gate.port))
        sock.sendall(renewal if round_ % 3 == 0 else request[:-round_] if round_ % 3 == 1 else request)
        if round_ % 2:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")  # a reset, not an end
        sock.close()
    assert gate.get("/", token=tokens["access_token"]).status == 200
    assert gate.login("alice", PASSWORD)
    assert gate.refresh(tokens["refresh_token"]).status == 200


def test_a_storm_of_logins_does_not_stop_the_proxy(gate):
    token = gate.login("alice", PASSWORD)["access_token"]
    stop = threading.Event()
    proxied = []

    def keep_asking():
        with gate.connect() as connection:
            while not stop.is_set():
                proxied.append(connection.request("GET", "/orders", token=token).status)

    readers = [threading.Thread(target=keep_asking) for _ in range(4)]
    for reader in readers:
        reader.start()
    guesses = [PASSWORD if number % 2 else f"wrong-{number}" for number in range(200)]
    answers = in_parallel([
        lambda guess=guess: gate.post("/login", {"username": "alice", "password": guess}) for guess in guesses])
    stop.set()
    for reader in readers:
        reader.join()
    for guess, answer in zip(guesses, answers):
        expected = {200} if guess == PASSWORD else {401}
        assert answer.status in expected | {503}, (guess, answer.status)
        assert answer.status != 503 or answer.code in ("overloaded", "store_unavailable")
    assert [answer.status for answer in answers].count(503) < 200
    assert len(proxied) > 4 and set(proxied) == {200}
    assert gate.login("alice", PASSWORD)


def test_more_logins_than_there_is_room_for_are_told_so(gateway, upstream):
    costly = PATIENT.replace("memory: 8MiB, iterations: 1", "memory: 8MiB, iterations: 2")
    gate = gateway(costly + in_front_of(upstream()), users=ALICE)
    answers = in_parallel([lambda: gate.post("/login", {"username": "alice", "password": "wrong"})] * 400)
    codes = [answer.code for answer in answers]
    assert set(codes) <= {"bad_credentials", "overloaded"} and "bad_credentials" in codes
    wait_until(lambda: gate.post("/login", {"username": "alice", "password": PASSWORD}).status == 200, "a login")


def test_answers_come_in_the_order_of_pipelined_requests(gate):
    body = json.dumps({"username": "alice", "password": PASSWORD}).encode()
    headers = [("Host", "localhost"), ("Content-Type", "application/json")]
    with gate.connect() as connection:
        connection.send(format_request("POST", "/login", headers, body) +
                        format_request("GET", "/.well-known/jwks.json", [("Host", "localhost")]) +
                        format_request("POST", "/login", headers, body.replace(b"alice", b"nobody")) +
                        format_request("GET", "/userinfo", [("Host", "localhost")]))
        assert connection.read_response().status == 200
        assert "keys" in connection.read_response().json()
        assert connection.read_response().code == "bad_credentials"
        assert connection.read_response().code == "token_missing"


# -- what is behind: the store and the backends

def test_while_the_store_is_away_nothing_is_said_and_nothing_is_lost(gate):
    tokens = gate.login("alice", PASSWORD)
    blocker = sqlite3.connect(gate.folder / "state" / "store.db", isolation_level=None)
    blocker.execute("BEGIN EXCLUSIVE")
    for answer in (gate.post("/login", {"username": "alice", "password": PASSWORD}),
                   gate.refresh(tokens["refresh_token"]), gate.post("/logout", token=tokens["access_token"])):
        assert (answer.status, answer.code) == (503, "store_unavailable")
    assert gate.get("/", token=tokens["access_token"]).status == 200
    blocker.execute("ROLLBACK")
    blocker.close()
    wait_until(lambda: gate.post("/login", {"username": "alice", "password": PASSWORD}).status == 200, "a login")
    assert gate.refresh(tokens["refresh_token"]).status == 200


def test_while_a_backend_is_away_no_later_one_decides(gateway, upstream):
    config = PATIENT.replace("users: {plugin: sqlite, path: users.db}", "\n".join((
        "first: {plugin: sqlite, path: first.db}", "  users: {plugin: sqlite, path: users.db}"))).replace(
        "backends: [users]", "backends: [first, users]")
    gate = gateway(config + in_front_of(upstream()), started=False)
    assert gate.run("user", "add", "alice", "--backend", "users", "--password-stdin",
                    stdin=PASSWORD + "\n").returncode == 0
    gate.start()
    tokens = gate.login("alice", PASSWORD)
    for file in gate.folder.glob("first.db*"):
        file.write_bytes(b"no database at all " * 1000)
    answer = gate.post("/login", {"username": "alice", "password": PASSWORD})
    assert (answer.status, answer.code) == (503, "backend_unavailable")
    assert gate.refresh(tokens["refresh_token"]).status == 200, "whose backend is there"


# -- the other endpoints

def test_a_standard_client_refreshes_as_the_metadata_say(gateway, upstream):
    config = PATIENT.replace("backends: [users]", "backends: [users]\n  prefix: /auth")
    gate = gateway("tokens: {issuer: https://api.example.com}\n" + config + in_front_of(upstream()), users=ALICE)
    answer = gate.get("/auth/.well-known/oauth-authorization-server", tls=True)
    assert answer.status == 200
    facts = answer.json()
    assert facts["issuer"] == "https://api.example.com"
    assert facts["token_endpoint"] == "https://localhost/auth/refresh"
    assert facts["jwks_uri"] == "https://localhost/auth/.well-known/jwks.json"
    first = gate.post("/auth/login", {"username": "alice", "password": PASSWORD}).json()
    form = urlencode({"grant_type": "refresh_token", "refresh_token": first["refresh_token"]})
    second = gate.post(facts["token_endpoint"].removeprefix("https://localhost"), form, headers=[FORM], tls=True)
    assert second.status == 200 and second.json()["token_type"] == "Bearer"
    assert gate.get(facts["userinfo_endpoint"].removeprefix("https://localhost"), tls=True,
                    token=second.json()["access_token"]).status == 200
    assert gate.get(facts["jwks_uri"].removeprefix("https://localhost"), tls=True).json()["keys"]


def test_keys_may_be_cached_and_answers_with_tokens_may_not(gate):
    assert gate.get("/.well-known/jwks.json").header("Cache-Control") == "public, max-age=300"
    assert gate.get("/.well-known/oauth-authorization-server").header("Cache-Control") == "no-store"
    token = gate.login("alice", PASSWORD)["access_token"]
    assert gate.get("/userinfo", token=token).header("Cache-Control") == "no-store"
    head = gate.request("HEAD", "/.well-known/jwks.json")
    assert head.status == 200 and head.body == b""


def test_the_wrong_method_says_which_is_right(gate):
    for path, allowed in (("/login", "POST, GET, HEAD"), ("/refresh", "POST"), ("/logout", "POST"), ("/userinfo", "GET, HEAD"),
                          ("/.well-known/jwks.json", "GET, HEAD")):
        for method in ("DELETE", "PUT", "OPTIONS"):
            answer = gate.request(method, path)
            assert (answer.status, answer.code) == (405, "method_not_allowed"), (method, path)
            assert answer.header("Allow") == allowed


def test_logout_says_what_was_wrong_with_the_token(gate):
    assert gate.post("/logout").code == "token_missing"
    assert gate.post("/logout", {}).code == "token_missing"
    assert gate.post("/logout", token="x").code == "token_malformed"
    assert gate.post("/logout", {"refresh_token": "gwr_" + "A" * 43}).code == "token_malformed"
    assert gate.post("/logout", {"refresh_token": 1}).code == "bad_request"
    tokens = gate.login("alice", PASSWORD)
    assert gate.post("/logout", {"refresh_token": tokens["refresh_token"]}, token="x").status == 204
    assert gate.get("/", token=tokens["access_token"]).code == "token_revoked"


def test_a_token_of_another_issuer_can_be_logged_out_by_its_id(gateway, upstream):
    gate = gateway(SHARED_ISSUER + PATIENT + in_front_of(upstream()), users=ALICE)
    token, other = good_token(), good_token()
    assert gate.post("/logout", token=token).status == 204
    assert gate.get("/", token=token).code == "token_revoked"
    assert gate.get("/", token=other).status == 200
    nameless = good_token(jti=None)
    assert gate.post("/logout", token=nameless).code == "unprocessable_content", "there is nothing to revoke it by"


def test_the_sid_of_another_issuers_token_ends_no_session_of_ours(gateway, upstream):
    gate = gateway(SHARED_ISSUER + PATIENT + in_front_of(upstream()), users=ALICE)
    tokens = gate.login("alice", PASSWORD)
    sid = decode(tokens["access_token"])[1]["sid"]
    assert gate.post("/logout", token=good_token(sid=sid)).status == 204
    assert gate.get("/", token=tokens["access_token"]).status == 200
    assert gate.refresh(tokens["refresh_token"]).status == 200
