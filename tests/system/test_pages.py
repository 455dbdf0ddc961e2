# SPDX-License-Identifier: Apache-2.0
"""The pages for people, asked for byte by byte: where a browser is sent, what a page may do, how a session goes on."""
import re
from urllib.parse import quote, urlencode

from support.gateway import USERS, in_front_of, in_parallel
from support.tokens import SHARED_ISSUER, decode, good_token
from support.upstream import response

PASSWORD = "a-long-enough-password"
ALICE = {"alice": PASSWORD}
FORM = ("Content-Type", "application/x-www-form-urlencoded")
HTML = ("Accept", "text/html,application/xhtml+xml,*/*;q=0.8")
HERE = ("Origin", "https://localhost")
ACCESS, REFRESH = "__Host-gatewarden", "__Host-gatewarden-refresh"
PATIENT = USERS.replace("backends: [users]", "backends: [users]\n  lockout: {failures: 1000}")
OPEN = PATIENT.replace("backends: [users]", "backends: [users]\n  register: true")


def visit(gate, target, *headers):
    return gate.get(target, headers=[HTML, *headers], tls=True)


def submit(gate, target, *headers, **fields):
    return gate.post(target, urlencode(fields), headers=[FORM, HTML, HERE, *headers], tls=True)


def cookies_of(answer):
    pairs = [cookie.split(";")[0].partition("=") for cookie in answer.all("Set-Cookie")]
    return {name: value for name, _, value in pairs}


def as_cookie(jar, *names):
    return ("Cookie", "; ".join(f"{name}={jar[name]}" for name in names or jar))


def sign_in(gate, *headers):
    answer = submit(gate, "/login", *headers, username="alice", password=PASSWORD)
    assert answer.status == 303
    return cookies_of(answer)


def test_a_browser_without_a_token_is_sent_to_the_login_page_and_a_program_is_not(gateway, upstream):
    routes = ("{path: /**, upstream: legacy}", "{path: /api/**, login_page: false, upstream: legacy}",
              "{path: /maybe, auth: optional, upstream: legacy}",
              "{path: /some, auth: optional, require: {roles: [a]}, upstream: legacy}")
    gate = gateway(PATIENT + in_front_of(upstream(), *routes), users=ALICE)
    for target, next_ in (("/orders", "/orders"), ("/orders?a=1&b=%2F", "/orders?a=1&b=%2F"), ("/some", "/some"),
                          ("/a%20b?x=%22", "/a%20b?x=%22"), ("//x/../y", "/y")):
        for method in ("GET", "HEAD"):
            answer = gate.request(method, target, headers=[HTML], tls=True)
            assert answer.status == 303
            assert answer.header("Location") == f"/login?next={quote(next_, safe='/')}"
            assert answer.header("Cache-Control") == "no-store"
    assert visit(gate, "/").header("Location") == "/login"
    assert visit(gate, "/" + "x" * 5000).header("Location") == "/login"
    assert visit(gate, "/orders", ("Sec-Fetch-Mode", "navigate")).status == 303
    for headers in ([], [("Accept", "*/*")], [("Accept", "application/json")], [("Accept", "text/html;q=0, */*")],
                    [HTML, ("Sec-Fetch-Mode", "cors")]):
        answer = gate.get("/orders", headers=headers, tls=True)
        assert (answer.status, answer.code) == (401, "token_missing"), headers
    answer = gate.post("/orders", b"", headers=[HTML], tls=True)
    assert (answer.status, answer.code) == (401, "token_missing")
    assert visit(gate, "/api/x").code == "token_missing", "the route says so"
    assert visit(gate, "/maybe").status == 200
    assert visit(gate, "/orders", ("Authorization", "Bearer x")).code == "token_malformed"


def test_without_a_page_a_browser_gets_401(gateway, upstream):
    service = upstream()
    gate = gateway(PATIENT.replace("backends: [users]", "backends: [users]\n  page: false") + in_front_of(service))
    assert visit(gate, "/orders").code == "token_missing"
    answer = visit(gate, "/login")
    assert (answer.status, answer.code) == (405, "method_not_allowed") and answer.header("Allow") == "POST"


def test_the_pages_allow_no_script_no_frame_and_nothing_from_elsewhere(gateway, upstream):
    import base64
    import hashlib
    gate = gateway(OPEN + in_front_of(upstream()), users=ALICE)
    jar = sign_in(gate)
    pages = [visit(gate, "/login"), visit(gate, "/register"), visit(gate, "/sessions", as_cookie(jar)),
             submit(gate, "/login", username="alice", password="wrong"), submit(gate, "/register", name="", email="x")]
    for page in pages:
        text = page.body.decode()
        assert page.header("Content-Type") == "text/html; charset=utf-8"
        policy = dict(part.strip().partition(" ")[::2] for part in page.header("Content-Security-Policy").split(";"))
        style = re.search("<style>(.*?)</style>", text, re.S).group(1)
        digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
        assert policy == {"default-src": "'none'", "style-src": f"'sha256-{digest}'", "img-src": "data:",
                          "form-action": "'self'", "frame-ancestors": "'none'", "base-uri": "'none'"}
        assert page.header("X-Frame-Options") == "DENY" and page.header("X-Content-Type-Options") == "nosniff"
        assert page.header("Cache-Control") == "no-store" and "Accept-Language" in page.header("Vary")
        assert not re.search(r"<script|\son\w+=|javascript:|style=", text)
        assert not re.search(r"(src|href|action)=\"(?!/|data:)", text), "nothing of another site"
        assert "{{" not in text and text.startswith("<!doctype html>") and text.rstrip().endswith("</html>")


def test_a_page_speaks_the_visitors_language(gateway, upstream):
    gate = gateway(OPEN + in_front_of(upstream()), users=ALICE)
    for accepted, language in (("de", "de"), ("de-AT,de;q=0.9,en;q=0.8", "de"), ("en-GB,en;q=0.9,de;q=0.8", "en"),
                               ("fr,de;q=0.5", "de"), ("fr", "en"), ("DE-de", "de"), ("dex", "en"), ("de;q=0", "en"),
                               ("*", "en"), ("", "en"), ("de;q=0.1,en;q=0.2", "en"), (",;,;q=,de;q=1.0", "de"),
                               ("de" * 2000, "en")):
        page = visit(gate, "/login", ("Accept-Language", accepted))
        assert page.status == 200 and f'<html lang="{language}">'.encode() in page.body, accepted
        assert page.header("Content-Language") == language
        assert ("Passwort" if language == "de" else "Password") in page.body.decode()


def test_what_is_typed_comes_back_as_text_and_a_password_never(gateway, upstream):
    gate = gateway(OPEN + in_front_of(upstream()), users=ALICE)
    evil = "\"><script>alert(1)</script>'&{{base}}"
    page = submit(gate, "/login", username=evil, password="hidden-secret-1", next="/orders?x=\"><b>")
    assert page.status == 401 and b"hidden-secret-1" not in page.body
    text = page.body.decode()
    assert "<script" not in text and "<b>" not in text
    assert 'value="&quot;&gt;&lt;script&gt;alert(1)&lt;/script&gt;&#39;&amp;{{base}}"' in text
    page = submit(gate, "/register", name=evil, email=evil, password="short")
    assert page.status == 422 and b"<script" not in page.body and page.body.count(b' aria-invalid="true"') == 2
    page = visit(gate, "/login?next=" + quote('/a"><script>'))
    assert b"<script" not in page.body
    for field in ("password", "username"):
        page = submit(gate, "/login", **{"username": "alice", "password": "x", field: ""})
        assert page.status == 422 and f'id="{field}-problem"'.encode() in page.body


ELSEWHERE = [
    "https://evil.example.com/", "//evil.example.com", "///evil.example.com", "////evil.example.com/",
    "/\\evil.example.com", "\\/evil.example.com", "\\\\evil.example.com", "/\\/evil.example.com",
    "/%5cevil.example.com", "/%2fevil.example.com", "/%2F/evil.example.com", "/%09/evil.example.com",
    "/\t/evil.example.com", "\t//evil.example.com", "/\n/evil.example.com", "/\r\nLocation: https://evil.example.com",
    " //evil.example.com", "javascript:alert(1)", "JaVaScRiPt:alert(1)", "data:text/html,x", "https:evil.example.com",
    "http:/evil.example.com", "evil.example.com", "@evil.example.com", "/.//evil.example.com", "/..//evil.example.com",
    "/x/..//evil.example.com", "/./\\evil.example.com", "?next=//evil.example.com", "#//evil.example.com",
    "/%00/evil.example.com", "/;//evil.example.com", "/\u2044evil.example.com", "\u3002//evil.example.com",
    "/%252f%252fevil.example.com", "https://localhost.evil.example.com/", "https://localhost@evil.example.com/",
]


def test_next_leads_to_this_site_however_it_is_spelt(gateway, upstream):
    gate = gateway(OPEN + in_front_of(upstream()), users=ALICE)
    jar = sign_in(gate)

    def is_here(location):
        return location.startswith("/") and not re.match(r"/[/\\\t\r\n]|/%(09|5c|2f)", location, re.I)

    for target in ELSEWHERE:
        answers = [submit(gate, "/login", username="alice", password=PASSWORD, next=target),
                   visit(gate, "/login?next=" + quote(target, safe=""), as_cookie(jar)),
                   visit(gate, "/register?next=" + quote(target, safe=""), as_cookie(jar))]
        for answer in answers:
            assert answer.status == 303 and is_here(answer.header("Location")), (target, answer.header("Location"))
            assert answer.header("Location").count("\n") == 0
        page = visit(gate, "/login?next=" + quote(target, safe="")).body.decode()
        for value in re.findall(r'name="next" value="([^"]*)"', page):
            assert is_here(value), (target, value)
    answer = submit(gate, "/login", username="alice", password=PASSWORD, next="/orders?to=//evil.example.com")
    assert answer.header("Location") == "/orders?to=//evil.example.com", "a query is the service's own"
    out = submit(gate, "/logout", as_cookie(sign_in(gate)), next="//evil.example.com")
    assert (out.status, out.header("Location")) == (303, "/")


# -- a session goes on by itself

def test_a_session_renews_itself_in_passing(gateway, upstream):
    service = upstream()
    gate = gateway(PATIENT + in_front_of(service), users=ALICE)
    jar = sign_in(gate)
    answer = visit(gate, "/orders", as_cookie(jar, REFRESH))
    assert answer.status == 200 and service.last.header("X-Auth-Email") == "alice@example.com"
    assert "gatewarden" not in (service.last.header("Cookie") or "")
    renewed = cookies_of(answer)
    assert set(renewed) == {ACCESS, REFRESH} and renewed[REFRESH] != jar[REFRESH]
    assert all("; Secure; HttpOnly; SameSite=Lax" in cookie for cookie in answer.all("Set-Cookie"))
    assert answer.header("Cache-Control") == "no-store"
    assert decode(renewed[ACCESS])[1]["sid"] == decode(jar[ACCESS])[1]["sid"]
    assert visit(gate, "/orders", as_cookie(renewed, ACCESS)).all("Set-Cookie") == []
    # Without a browser's Accept, by POST from this site, over any route that takes a token.
    answer = gate.post("/orders", b"x", headers=[as_cookie(renewed, REFRESH), HERE], tls=True)
    assert answer.status == 200 and set(cookies_of(answer)) == {ACCESS, REFRESH}
    again = cookies_of(answer)
    answer = gate.get("/userinfo", headers=[as_cookie(again, REFRESH)], tls=True)
    assert answer.status == 200 and answer.json()["email"] == "alice@example.com"
    last = cookies_of(answer)
    assert visit(gate, "/login?next=/orders", as_cookie(last, REFRESH)).header("Location") == "/orders"


def test_many_requests_of_one_page_renew_one_session(gateway, upstream):
    gate = gateway(PATIENT + in_front_of(upstream()), users=ALICE)
    jar = sign_in(gate)
    answers = in_parallel([lambda: visit(gate, "/orders", as_cookie(jar, REFRESH))] * 12)
    assert [answer.status for answer in answers] == [200] * 12
    successors = {cookies_of(answer)[REFRESH] for answer in answers}
    assert len(successors) == 1
    assert visit(gate, "/orders", ("Cookie", f"{REFRESH}={successors.pop()}")).status == 200


def test_another_site_cannot_have_a_session_renewed_for_a_change(gateway, upstream):
    service = upstream()
    gate = gateway(PATIENT + in_front_of(service), users=ALICE)
    jar = sign_in(gate)
    for origin in ([], [("Origin", "https://evil.example.com")], [("Sec-Fetch-Site", "cross-site")]):
        answer = gate.post("/orders", b"x", headers=[as_cookie(jar, REFRESH), *origin], tls=True)
        assert (answer.status, answer.code) == (403, "csrf") and answer.all("Set-Cookie") == []
    handshake = [("Connection", "Upgrade"), ("Upgrade", "websocket"), ("Sec-WebSocket-Version", "13"),
                 ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==")]
    for origin in ([], [("Origin", "https://evil.example.com")]):
        answer = gate.get("/orders", headers=[as_cookie(jar, REFRESH), *handshake, *origin], tls=True)
        assert (answer.status, answer.code) == (403, "csrf") and answer.all("Set-Cookie") == []
    twice = ("Cookie", f"{REFRESH}={jar[REFRESH]}; {REFRESH}={jar[REFRESH]}")
    assert visit(gate, "/orders", twice).code == "ambiguous_credentials"
    assert service.requests == []
    assert visit(gate, "/orders", as_cookie(jar, REFRESH)).status == 200


def test_a_session_that_has_ended_is_not_renewed(gateway, upstream):
    service = upstream()
    gate = gateway("tokens: {refresh_grace: 1s}\n" + PATIENT + in_front_of(service), users=ALICE)
    jar = sign_in(gate)
    assert gate.post("/logout", headers=[as_cookie(jar), HERE], tls=True).status == 204
    for bad in (jar[REFRESH], "x", "gwr_" + "A" * 43, jar[ACCESS]):
        answer = visit(gate, "/orders", ("Cookie", f"{REFRESH}={bad}"))
        assert (answer.status, answer.header("Location")) == (303, "/login?next=/orders")
        assert cookies_of(answer) == {ACCESS: "", REFRESH: ""}
        answer = gate.get("/orders", headers=[("Cookie", f"{REFRESH}={bad}")], tls=True)
        assert (answer.status, answer.code) == (401, "token_missing")
    assert service.requests == []
    page = visit(gate, "/orders", as_cookie(jar, ACCESS))
    assert page.status == 401 and b"/login?next=/orders" in page.body and cookies_of(page) == {ACCESS: ""}
    assert "Bearer" in page.header("WWW-Authenticate")
    other = sign_in(gate)
    assert gate.run("user", "disable", "alice").returncode == 0
    assert visit(gate, "/orders", as_cookie(other, REFRESH)).status == 303
    assert gate.run("user", "enable", "alice").returncode == 0
    assert visit(gate, "/orders", as_cookie(other, REFRESH)).status == 303, "it ended when it was refused"


def test_an_open_route_renews_nothing_and_a_cached_answer_holds_no_cookie(gateway, upstream):
    service = upstream(lambda _: response(b"page", headers=[("Cache-Control", "public, max-age=600"), ("Expires", "0")]))
    gate = gateway(PATIENT + in_front_of(service, "{path: /**, upstream: legacy}",
                                         "{path: /public/**, auth: none, upstream: legacy}"), users=ALICE)
    jar = sign_in(gate)
    answer = visit(gate, "/public/x", as_cookie(jar, REFRESH))
    assert answer.all("Set-Cookie") == [] and answer.header("Cache-Control") == "public, max-age=600"
    answer = visit(gate, "/x", as_cookie(jar, REFRESH))
    assert answer.all("Cache-Control") == ["no-store"] and answer.header("Expires") is None
    assert len(answer.all("Set-Cookie")) == 2
    jar = cookies_of(answer)
    assert visit(gate, "/x", as_cookie(jar, ACCESS)).header("Cache-Control") == "public, max-age=600"


# -- sessions

def test_the_sessions_of_an_account_are_listed_and_ended_by_their_owner(gateway, upstream):
    gate = gateway(PATIENT + in_front_of(upstream()), users={**ALICE, "bob": PASSWORD})
    first, second, foreign = (gate.login(name, PASSWORD) for name in ("alice", "alice", "bob"))
    jar = sign_in(gate, ("User-Agent", "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"))
    ids = [decode(tokens["access_token"])[1]["sid"] for tokens in (first, second, foreign)]
    listed = gate.get("/sessions", token=first["access_token"]).json()["sessions"]
    assert {one["id"] for one in listed} == {*ids[:2], decode(jar[ACCESS])[1]["sid"]}
    assert [one["id"] for one in listed if one["current"]] == [ids[0]]
    assert {one["address"] for one in listed} == {"127.0.0.1"} and all(one["created_at"] for one in listed)
    page = visit(gate, "/sessions", as_cookie(jar)).body.decode()
    assert page.count("<li>") == 3 and "Firefox, Linux" in page and "This one" in page
    for other in (ids[2], "x", "all%00", ids[0] + "x"):
        answer = gate.request("DELETE", f"/sessions/{other}", token=first["access_token"])
        assert answer.status in (400, 404), other
    assert gate.request("DELETE", f"/sessions/{ids[1]}", token=first["access_token"]).status == 204
    assert gate.get("/", token=second["access_token"]).code == "token_revoked"
    assert gate.refresh(second["refresh_token"]).code == "token_revoked"
    assert gate.get("/", token=foreign["access_token"]).status == 200
    answer = gate.post("/sessions", urlencode({"end": ids[0]}), headers=[FORM, HTML, as_cookie(jar)], tls=True)
    assert (answer.status, answer.code) == (403, "csrf")
    answer = submit(gate, "/sessions", as_cookie(jar), end=ids[0])
    assert (answer.status, answer.header("Location")) == (303, "/sessions?done=ended")
    assert gate.get("/", token=first["access_token"]).code == "token_revoked"
    assert len(gate.get("/sessions", headers=[as_cookie(jar)], tls=True).json()["sessions"]) == 1


def test_log_out_everywhere(gateway, upstream):
    gate = gateway(PATIENT + in_front_of(upstream()), users={**ALICE, "bob": PASSWORD})
    tokens = [gate.login(name, PASSWORD) for name in ("alice", "alice", "bob")]
    assert gate.request("DELETE", "/sessions", token=tokens[0]["access_token"]).status == 204
    for ended in tokens[:2]:
        assert gate.get("/", token=ended["access_token"]).code == "token_revoked"
        assert gate.refresh(ended["refresh_token"]).code == "token_revoked"
    assert gate.get("/", token=tokens[2]["access_token"]).status == 200
    assert gate.get("/sessions").code == "token_missing"
    assert visit(gate, "/sessions").header("Location") == "/login?next=/sessions"


def test_a_token_of_another_issuer_has_no_sessions(gateway, upstream):
    gate = gateway(SHARED_ISSUER + PATIENT + in_front_of(upstream()), users=ALICE)
    sid = decode(gate.login("alice", PASSWORD)["access_token"])[1]["sid"]
    token = good_token(sid=sid)
    assert gate.request("DELETE", f"/sessions/{sid}", token=token).code == "forbidden"
    assert gate.get("/sessions", token=token).code == "forbidden"
    assert gate.request("DELETE", "/sessions", token=token).code == "forbidden"


# -- of one's own

def test_pages_title_logo_and_language_of_ones_own(gateway, upstream):
    config = PATIENT.replace("backends: [users]", "backends: [users]\n  page: {title: 'A & B', logo: logo.svg, folder: own}")
    gate = gateway(config + in_front_of(upstream()), users=ALICE, started=False, files={"logo.svg": "<svg/>"})
    (gate.folder / "own").mkdir()
    (gate.folder / "own" / "fr.json").write_text('{"login.title": "Se connecter", "field.password": "Mot de passe"}')
    gate.start()
    page = visit(gate, "/login", ("Accept-Language", "fr")).body.decode()
    assert "Se connecter – A &amp; B" in page and "Mot de passe" in page and "User name or e-mail" in page
    assert "data:image/svg+xml;base64,PHN2Zy8+" in page
    (gate.folder / "own" / "login.html").write_text("{{> head.html}}<p>{{#x}}</p>")
    (gate.folder / "own" / "it.json").write_text("[]")
    (gate.folder / "own" / "head.html").write_text("{{> foot.html}}")
    (gate.folder / "own" / "foot.html").write_text("{{> head.html}}")
    done = gate.run("check")
    assert done.returncode == 1 and done.stderr.count(": error: login.page: ") == 4
    assert "foot.html includes itself" in done.stderr and "head.html includes itself" in done.stderr
    assert 'login.html: line 1: the section "x" has no end' in done.stderr and "it.json is no JSON object" in done.stderr
