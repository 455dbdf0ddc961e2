# SPDX-License-Identifier: Apache-2.0
"""Nothing secret in any log, at any level, whatever happens."""
import signal

from support.gateway import USERS, in_front_of
from support.tokens import SHARED, claims, mint
from support.waiting import wait_until

PASSWORD = "the-password-of-alice"
WRONG = "a-wrong-password-of-alice"
SECRET = "the-shared-secret-of-the-other-issuer"
CONFIG = f"""
log: {{level: trace}}
issuers:
  corp: {{issuer: https://idp.example.com, secret: {SECRET}, algorithms: [HS256], audiences: [api]}}
"""


def test_no_token_password_cookie_or_key_is_ever_logged(gateway, upstream):
    service = upstream()
    config = CONFIG + USERS.replace("backends: [users]", "backends: [users]\n  register: true")
    gate = gateway(config + in_front_of(service), users={"alice": PASSWORD})
    tokens = gate.login("alice", PASSWORD)
    successor = gate.refresh(tokens["refresh_token"]).json()
    strange = mint(SHARED, claims())
    cookie = "the-value-of-somebody-elses-cookie"

    for token in (tokens["access_token"], successor["access_token"], strange, "x" + strange, strange[:-4],
                  tokens["refresh_token"]):
        gate.get("/orders", token=token)
        gate.get("/orders", headers={"Authorization": f"Basic {token}"})
        gate.get(f"/orders?access_token={token}&token={token}&password={PASSWORD}")
        gate.get("/orders", headers={"Cookie": f"__Host-gatewarden={token}; other={cookie}"})
        gate.get("/orders", headers=[("Authorization", f"Bearer {token}"), ("Authorization", f"Bearer {token}")])
        gate.refresh(token)
    gate.post("/login", {"username": "alice", "password": WRONG})
    gate.post("/login", {"username": "nobody", "password": WRONG})
    gate.post("/login", f'{{"username": "alice", "password": "{WRONG}"', headers={"Content-Type": "application/json"})
    gate.post("/register", {"name": "Bob", "email": "bob@example.com", "password": PASSWORD})
    gate.send_raw(f"GET / HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {strange}\r\n"
                  "bad header\r\n\r\n".encode())
    gate.post("/logout", token=successor["access_token"])
    gate.get("/orders", token=successor["access_token"])
    gate.write_config("nonsense: {secret: " + SECRET + "}\n" + CONFIG + in_front_of(service))
    gate.signal(signal.SIGHUP)
    wait_until(lambda: "nonsense" in gate.log(), "the error of the new configuration")
    gate.stop()

    logs = {path.name: path.read_text(errors="replace") for path in gate.folder.rglob("*.log")}
    assert "/orders" in logs["gatewarden.log"], "there is a log to look at"
    secrets = {"password": PASSWORD, "wrong password": WRONG, "shared secret": SECRET, "cookie": cookie,
               "access token": tokens["access_token"], "its signature": tokens["access_token"].rpartition(".")[2],
               "its claims": tokens["access_token"].split(".")[1], "refresh token": tokens["refresh_token"],
               "successor": successor["refresh_token"], "strange token": strange,
               "signature of the strange token": strange.rpartition(".")[2][:-4], "private key": "PRIVATE KEY"}
    for name, text in logs.items():
        for what, secret in secrets.items():
            assert secret not in text, f"the {what} stands in {name}"


def test_a_log_line_cannot_be_forged_by_a_client(gateway, upstream):
    gate = gateway(in_front_of(upstream(), "{path: /**, auth: none, upstream: legacy}"))
    gate.get("/%0a%7b%22level%22%3a%22error%22%7d")
    gate.get("/fine?x=\"}{\"forged\":\"1", headers={"User-Agent": '"},{"forged":"1', "Referer": "\x1b[31mforged"})
    gate.get("/fine", headers={"User-Agent": "é \x9b31m"})
    gate.stop()
    import json
    lines = [line for line in gate.log().splitlines() if line.startswith("{")]
    assert lines
    for line in lines:
        assert "forged" not in json.loads(line)
        assert not any(ord(character) < 32 or ord(character) == 127 for character in line)
