# SPDX-License-Identifier: Apache-2.0
"""Login, refresh, logout and registration, as a client of the API sees them."""
from urllib.parse import urlencode

from support.gateway import USERS, in_front_of, in_parallel
from support.tokens import decode
from support.waiting import wait_until

PASSWORD = "a-long-enough-password"
ALICE = {"alice": PASSWORD}


def logged_in(gateway, upstream, config="", **options):
    """A gateway with alice behind it, and her token answer."""
    gate = gateway(config + USERS + in_front_of(upstream()), users=ALICE, **options)
    return gate, gate.login("alice", PASSWORD)


def test_login_with_json_gives_tokens_that_open_the_service(gateway, upstream):
    service = upstream()
    gate = gateway(USERS + in_front_of(service), users=ALICE)
    answer = gate.post("/login", {"username": "alice", "password": PASSWORD})
    assert answer.status == 200
    assert answer.header("Content-Type") == "application/json"
    assert answer.header("Cache-Control") == "no-store"
    assert answer.all("Set-Cookie") == []
    tokens = answer.json()
    assert tokens["token_type"] == "Bearer" and tokens["expires_in"] == 900
    assert set(tokens) == {"access_token", "token_type", "expires_in", "refresh_token", "scope"}
    assert gate.get("/orders", token=tokens["access_token"]).status == 200
    assert service.last.header("X-Auth-Email") == "alice@example.com"
    assert service.last.header("Authorization") is None


def test_login_with_a_form_gives_the_same_answer(gateway, upstream):
    gate, _ = logged_in(gateway, upstream)
    form = urlencode({"username": "alice", "password": PASSWORD})
    answer = gate.post("/login", form, headers={"Content-Type": "application/x-www-form-urlencoded"})
    assert answer.status == 200
    assert answer.json()["access_token"].count(".") == 2
    assert answer.all("Set-Cookie") == []


def test_a_browsers_form_gets_the_cookie_and_is_sent_on(gateway, upstream):
    service = upstream()
    gate = gateway(USERS + in_front_of(service), users=ALICE)
    browser = [("Content-Type", "application/x-www-form-urlencoded"), ("Accept", "text/html,*/*;q=0.8"),
               ("Origin", "https://localhost")]

    def submit(**extra):
        return gate.post("/login", urlencode({"username": "alice", "password": PASSWORD, **extra}), headers=browser,
                         tls=True)

    answer = submit(next="/orders?x=1")
    assert (answer.status, answer.header("Location")) == (303, "/orders?x=1")
    assert b"access_token" not in answer.body and "eyJ" not in str(answer.body)
    cookies = answer.all("Set-Cookie")
    assert cookies and all(cookie.startswith("__Host-gatewarden") for cookie in cookies)
    for cookie in cookies:
        attributes = {part.strip().lower() for part in cookie.split(";")[1:]}
        assert {"secure", "httponly", "samesite=lax", "path=/"} <= attributes, cookie
    access = next(cookie for cookie in cookies if cookie.startswith("__Host-gatewarden=")).split(";")[0]
    assert gate.get("/orders", headers={"Cookie": access}, tls=True).status == 200
    assert service.last.header("X-Auth-Email") == "alice@example.com"
    for elsewhere in ("https://evil.example.com/", "//evil.example.com", "/\\evil.example.com", "javascript:alert(1)",
                      "https:evil.example.com", "/%09/evil.example.com", "\thttps://evil.example.com"):
        location = submit(next=elsewhere).header("Location", "/")
        assert location.startswith("/") and not location.startswith(("//", "/\\", "/%09")), elsewhere


def test_the_email_address_is_a_username_without_case(gateway, upstream):
    gate, _ = logged_in(gateway, upstream)
    for body in ({"username": "ALICE@example.com"}, {"email": "alice@Example.COM"}):
        answer = gate.post("/login", {**body, "password": PASSWORD})
        assert answer.status == 200, body


def test_the_access_token_is_an_at_jwt_with_the_claims_of_the_contract(gateway, upstream):
    gate, tokens = logged_in(gateway, upstream, "tokens: {issuer: https://api.example.com, audience: [api]}\n")
    header, claims = decode(tokens["access_token"])
    assert header["typ"] == "at+jwt" and header["alg"] == "ES256" and header["kid"]
    assert claims["iss"] == "https://api.example.com" and claims["aud"] in ("api", ["api"])
    assert claims["exp"] - claims["iat"] == 900 and claims["nbf"] <= claims["iat"]
    assert claims["sub"].startswith("users:") and claims["sid"] and claims["jti"]
    assert claims["email"] == "alice@example.com"
    assert claims["jti"] != decode(gate.login("alice", PASSWORD)["access_token"])[1]["jti"]


def test_a_wrong_password_and_an_unknown_user_get_the_same_answer(gateway, upstream):
    gate, _ = logged_in(gateway, upstream)
    wrong = gate.post("/login", {"username": "alice", "password": "not-the-password"})
    unknown = gate.post("/login", {"username": "nobody", "password": "not-the-password"})
    assert wrong.status == unknown.status == 401
    assert wrong.code == unknown.code == "bad_credentials"

    def shape(answer):
        problem = {name: value for name, value in answer.json().items() if name != "request_id"}
        varies = ("date", "x-request-id")
        return problem, [header for header in answer.headers if header[0].lower() not in varies]

    assert shape(wrong) == shape(unknown)


def test_login_refuses_what_is_not_a_login(gateway, upstream):
    gate, _ = logged_in(gateway, upstream)
    json_type = {"Content-Type": "application/json"}
    for body in (b"{", b"[]", b'"alice"', b'{"username": "alice"}', b'{"username": 1, "password": 2}',
                 b'{"username": "alice", "username": "bob", "password": "x"}', b""):
        answer = gate.post("/login", body, headers=json_type)
        assert (answer.status, answer.code) in ((400, "bad_request"), (422, "unprocessable_content")), (body, answer)
    answer = gate.post("/login", b"<login/>", headers={"Content-Type": "application/xml"})
    assert (answer.status, answer.code) == (415, "unsupported_media_type")
    answer = gate.request("PUT", "/login", body=b"{}", headers=json_type)
    assert (answer.status, answer.code) == (405, "method_not_allowed")
    assert "POST" in answer.header("Allow")


def test_refresh_gives_a_new_pair_of_the_same_session(gateway, upstream):
    gate, first = logged_in(gateway, upstream)
    answer = gate.refresh(first["refresh_token"])
    assert answer.status == 200 and answer.header("Cache-Control") == "no-store"
    second = answer.json()
    assert second["refresh_token"] != first["refresh_token"]
    before, after = decode(first["access_token"])[1], decode(second["access_token"])[1]
    assert before["sid"] == after["sid"] and before["sub"] == after["sub"] and before["jti"] != after["jti"]
    assert gate.get("/", token=second["access_token"]).status == 200
    assert gate.refresh(second["refresh_token"]).status == 200


def test_fifty_parallel_refreshes_with_one_token_get_one_successor(gateway, upstream):
    gate, first = logged_in(gateway, upstream)
    answers = in_parallel([lambda: gate.refresh(first["refresh_token"])] * 50)
    assert [answer.status for answer in answers] == [200] * 50
    assert len({answer.json()["refresh_token"] for answer in answers}) == 1
    successor = answers[0].json()["refresh_token"]
    assert successor != first["refresh_token"]
    assert all(gate.get("/", token=answer.json()["access_token"]).status == 200 for answer in answers[:3])
    assert gate.refresh(successor).status == 200


def test_an_old_refresh_token_after_the_grace_kills_the_whole_family(gateway, upstream):
    gate, first = logged_in(gateway, upstream, "tokens: {refresh_grace: 1s}\n")
    second = gate.refresh(first["refresh_token"]).json()
    refused = wait_until(lambda: (answer := gate.refresh(first["refresh_token"])).status != 200 and answer,
                         "refusal of the old refresh token")
    assert refused.status == 401
    answer = gate.refresh(second["refresh_token"])
    assert answer.status == 401, "the successor is of the same family"
    assert gate.get("/", token=second["access_token"]).code == "token_revoked"
    assert gate.login("alice", PASSWORD), "a new login begins another family"


def test_refresh_refuses_what_is_no_refresh_token(gateway, upstream):
    gate, tokens = logged_in(gateway, upstream)
    for text in ("", "x", tokens["access_token"], tokens["refresh_token"] + "x", tokens["refresh_token"][:-1]):
        answer = gate.refresh(text)
        assert answer.status in (400, 401, 422), text
        assert "access_token" not in answer.json()
    assert gate.get("/", token=tokens["refresh_token"]).status == 401, "no class of token stands for another"


def test_logout_by_access_token_ends_the_session(gateway, upstream):
    gate, tokens = logged_in(gateway, upstream)
    other = gate.login("alice", PASSWORD)
    answer = gate.post("/logout", token=tokens["access_token"])
    assert answer.status == 204 and answer.body == b""
    assert gate.get("/", token=tokens["access_token"]).code == "token_revoked"
    assert gate.refresh(tokens["refresh_token"]).status == 401
    assert gate.get("/", token=other["access_token"]).status == 200, "only this session ends"


def test_logout_by_refresh_token_ends_the_session(gateway, upstream):
    gate, tokens = logged_in(gateway, upstream)
    assert gate.post("/logout", {"refresh_token": tokens["refresh_token"]}).status == 204
    assert gate.refresh(tokens["refresh_token"]).status == 401
    assert gate.get("/", token=tokens["access_token"]).code == "token_revoked"


def test_a_forged_token_logs_nobody_out(gateway, upstream):
    gate, tokens = logged_in(gateway, upstream)
    head, payload, signature = tokens["access_token"].split(".")
    gate.post("/logout", token=f"{head}.{payload}.{signature[:-10]}AAAAAAAAAA")
    assert gate.get("/", token=tokens["access_token"]).status == 200
    assert gate.refresh(tokens["refresh_token"]).status == 200


def test_a_disabled_user_gets_no_more_tokens(gateway, upstream):
    gate, tokens = logged_in(gateway, upstream)
    assert gate.run("user", "disable", "alice").returncode == 0
    assert gate.refresh(tokens["refresh_token"]).status == 401
    assert gate.post("/login", {"username": "alice", "password": PASSWORD}).code == "bad_credentials"
    assert gate.run("user", "enable", "alice").returncode == 0
    assert gate.login("alice", PASSWORD)


def test_a_removed_user_gets_no_more_tokens(gateway, upstream):
    gate, tokens = logged_in(gateway, upstream)
    assert gate.run("user", "remove", "alice").returncode == 0
    assert gate.refresh(tokens["refresh_token"]).status == 401
    assert gate.post("/login", {"username": "alice", "password": PASSWORD}).code == "bad_credentials"


REGISTER = USERS.replace("backends: [users]", "backends: [users]\n  register: true")


def test_registration_makes_an_account_and_logs_it_in(gateway, upstream):
    service = upstream()
    gate = gateway(REGISTER + in_front_of(service))
    answer = gate.post("/register", {"name": "Bob Builder", "email": "bob@example.com", "password": PASSWORD})
    assert answer.status == 201 and answer.header("Cache-Control") == "no-store"
    assert gate.get("/", token=answer.json()["access_token"]).status == 200
    assert service.last.header("X-Auth-Name") == "Bob Builder"
    subject = decode(answer.json()["access_token"])[1]["sub"]
    again = gate.login("bob@example.com", PASSWORD)
    assert decode(again["access_token"])[1]["sub"] == subject


def test_registration_refuses_a_taken_address_without_case(gateway, upstream):
    gate = gateway(REGISTER + in_front_of(upstream()))
    bob = {"name": "Bob", "email": "bob@example.com", "password": PASSWORD}
    assert gate.post("/register", bob).status == 201
    answer = gate.post("/register", {**bob, "email": "BOB@Example.com"})
    assert (answer.status, answer.code) == (409, "taken")


def test_registration_names_every_bad_field(gateway, upstream):
    gate = gateway(REGISTER + in_front_of(upstream()))
    answer = gate.post("/register", {"name": "", "email": "not an address", "password": "short"})
    assert (answer.status, answer.code) == (422, "unprocessable_content")
    assert set(answer.json()["errors"]) == {"name", "email", "password"}
    answer = gate.post("/register", {"name": "Bob", "email": "bob@example.com", "password": "short"})
    assert set(answer.json()["errors"]) == {"password"}


def test_registration_is_closed_unless_the_configuration_opens_it(gateway, upstream):
    service = upstream()
    gate = gateway(USERS + in_front_of(service))
    bob = {"name": "Bob", "email": "bob@example.com", "password": PASSWORD}
    answer = gate.post("/register", bob)
    assert answer.status in (401, 404), "closed, or a path of the service, which takes a token"
    assert service.requests == []


def test_userinfo_tells_the_claims_of_the_token(gateway, upstream):
    gate, tokens = logged_in(gateway, upstream)
    answer = gate.get("/userinfo", token=tokens["access_token"])
    assert answer.status == 200 and answer.header("Content-Type") == "application/json"
    assert answer.json()["sub"] == decode(tokens["access_token"])[1]["sub"]
    assert answer.json()["email"] == "alice@example.com"
    assert gate.get("/userinfo").code == "token_missing"


def test_the_public_keys_are_published_and_no_private_half(gateway, upstream):
    gate, tokens = logged_in(gateway, upstream)
    answer = gate.get("/.well-known/jwks.json")
    assert answer.status == 200
    keys = answer.json()["keys"]
    assert decode(tokens["access_token"])[0]["kid"] in [key["kid"] for key in keys]
    for key in keys:
        assert key["kty"] in ("EC", "RSA", "OKP") and not {"d", "p", "q", "k"} & set(key)


def test_a_symmetric_key_is_never_published(gateway, upstream):
    gate, _ = logged_in(gateway, upstream, "tokens: {algorithm: HS256, secret: {file: jwt.secret}}\n",
                        files={"jwt.secret": "a-shared-secret-of-more-than-32-bytes"})
    assert gate.get("/.well-known/jwks.json").json()["keys"] == []


def test_the_prefix_moves_every_endpoint(gateway, upstream):
    service = upstream()
    config = USERS.replace("backends: [users]", "backends: [users]\n  prefix: /auth")
    gate = gateway(config + in_front_of(service), users=ALICE)
    answer = gate.post("/auth/login", {"username": "alice", "password": PASSWORD})
    assert answer.status == 200
    token = answer.json()["access_token"]
    assert gate.get("/auth/userinfo", token=token).status == 200
    assert gate.post("/login", {"username": "alice"}, token=token).json()["target"] == "/login", "the service's own"


LOCKOUT = USERS.replace("backends: [users]", "backends: [users]\n  lockout: {failures: 3, within: 15m, lock: 15m}")


def test_failed_logins_lock_the_account_whatever_it_is_called(gateway, upstream):
    gate = gateway(LOCKOUT + in_front_of(upstream()), users=ALICE)
    for name in ("alice", "alice@example.com", "ALICE@example.com"):
        assert gate.post("/login", {"username": name, "password": "wrong-password"}).code == "bad_credentials"
    for password in ("wrong-password", PASSWORD):
        answer = gate.post("/login", {"username": "alice", "password": password})
        assert (answer.status, answer.code) == (429, "locked_out"), "also with the right password"
        assert 0 < int(answer.header("Retry-After")) <= 900


def test_unknown_users_are_locked_out_like_known_ones(gateway, upstream):
    gate = gateway(LOCKOUT + in_front_of(upstream()), users=ALICE)
    for _ in range(3):
        assert gate.post("/login", {"username": "nobody", "password": "wrong-password"}).code == "bad_credentials"
    answer = gate.post("/login", {"username": "nobody", "password": "wrong-password"})
    assert (answer.status, answer.code) == (429, "locked_out")


def test_a_successful_login_forgets_the_failures(gateway, upstream):
    gate = gateway(LOCKOUT + in_front_of(upstream()), users=ALICE)
    for _ in range(3):
        for _ in range(2):
            assert gate.post("/login", {"username": "alice", "password": "wrong-password"}).code == "bad_credentials"
        assert gate.login("alice", PASSWORD)


def test_parallel_guesses_are_all_counted(gateway, upstream):
    gate = gateway(LOCKOUT + in_front_of(upstream()), users=ALICE)
    guess = {"username": "alice", "password": "wrong-password"}
    codes = [answer.code for answer in in_parallel([lambda: gate.post("/login", guess)] * 20)]
    assert codes.count("bad_credentials") <= 3, "attempts are reserved before the password is looked at"
    assert set(codes) <= {"bad_credentials", "locked_out", "overloaded"}


def test_the_htpasswd_backend_logs_in_and_reloads_on_change(gateway, upstream):
    import subprocess

    def line(user, *options):
        done = subprocess.run(["htpasswd", "-n", "-b", *options, user, PASSWORD], capture_output=True, text=True,
                              check=True)
        return done.stdout.strip() + "\n"

    config = """
backends:
  file: {plugin: file, path: users.htpasswd}
login:
  backends: [file]
"""
    content = line("bcrypt", "-B") + line("sha512", "-5") + line("plain", "-p") + line("sha1", "-s") + line("md5", "-m")
    gate = gateway(config + in_front_of(upstream()), files={"users.htpasswd": content})
    for user in ("bcrypt", "sha512"):
        assert decode(gate.login(user, PASSWORD)["access_token"])[1]["sub"] == f"file:{user}"
    for user in ("plain", "sha1"):
        assert gate.post("/login", {"username": user, "password": PASSWORD}).code == "bad_credentials", user
    (gate.folder / "users.htpasswd").write_text(line("carol", "-B"))
    wait_until(lambda: gate.post("/login", {"username": "carol", "password": PASSWORD}).status == 200,
               "login of the new line")
