# SPDX-License-Identifier: Apache-2.0
"""Every credential backend against its real server: logins, attributes, injections, and the server's death."""
import json
import sqlite3
import subprocess

import pytest
from support.certificates import make_certificate
from support.chaos import NO_LOCKOUT, survives_a_restart
from support.directories import Postgres, Redis, Slapd, Webhook
from support.gateway import in_front_of
from support.tokens import decode

PASSWORD = "a-long-enough-password"
# One byte more than any password or user name may have, and one megabyte.
HUGE = ["x" * 1025, "x" * 1_000_000]
INJECTIONS = ["*", "ali*", "alice)(uid=*", "alice)(|(uid=*))", "*)(objectClass=*", "\\2a", "alice,dc=example",
              "' OR '1'='1", "alice'--", "alice'; DROP TABLE staff; --", "\"", "\\", "$1", "%", "_", "a%",
              "alice\r\nGET user:alice", "{username}", "user:alice", "alice:session", "alice\x00", " alice", "alice ",
              "../alice", "-alice", "\u202ealice", "alice\u00a0"]


def login(gate, username, password=PASSWORD):
    answer = gate.post("/login", {"username": username, "password": password})
    return answer.status, answer.json().get("code") if answer.status != 200 else decode(answer.json()["access_token"])[1]


def config_of(section, upstream, name="store", extra=""):
    return (f"backends:\n  {name}: {section}\n{extra}"
            f"login: {{backends: [{name}], {NO_LOCKOUT}, password: {{hash: {{memory: 8MiB, iterations: 1, lanes: 1}}}}}}\n"
            "tokens: {claims: {email: email, name: name, roles: roles, team: attributes.team}}\n"
            + in_front_of(upstream()))


def refuses_what_nobody_has(gate, known="alice", same=()):
    """A wrong password, strangers, injections, and what is empty or huge: refused alike, and none is an error.

    `same` are spellings that the store itself takes for the known user's name: they are that one account.
    """
    refused = (401, "bad_credentials")
    assert login(gate, known, "wrong") == refused
    assert login(gate, "nobody") == refused
    for name in INJECTIONS:
        if name in same:
            assert login(gate, name)[1]["sub"] == login(gate, known)[1]["sub"], name
        else:
            assert login(gate, name) == refused, name
        assert login(gate, known, name) == refused, name
    for text in HUGE:
        for body in ({"username": text, "password": PASSWORD}, {"username": known, "password": text}):
            status = gate.post("/login", body).status
            assert status in (401, 413, 422), (status, len(text))
    assert gate.post("/login", {"username": known, "password": ""}).status in (401, 422)
    assert login(gate, known)[0] == 200


@pytest.fixture(scope="session")
def password_hash():
    """Cheap, as htpasswd makes it: a login storm is no test of Argon2."""
    line = subprocess.run(["htpasswd", "-nbBC", "4", "x", PASSWORD], check=True, capture_output=True, text=True).stdout
    return line.strip().split(":", 1)[1]


def refresh_status(gate, tokens):
    return gate.refresh(tokens["refresh_token"]).status


# -- Redis

def redis_with_users(started, folder, password_hash):
    redis = started(Redis(folder)).start()
    redis.ask("HSET", "user:alice", "password", password_hash, "email", "alice@example.com", "name", "Alice A.",
              "roles", '["clerk","admin"]', "disabled", "0", "team", "blue")
    redis.ask("HSET", "user:bob", "password", password_hash, "disabled", "true")
    redis.ask("HSET", "user:torn", "password", password_hash, "roles", '["clerk"')
    redis.ask("HSET", "session:alice", "password", password_hash)
    redis.ask("SET", "user:text", "not a hash")
    redis.ask("SET", "email:alice@example.com", "alice")
    return redis


def redis_section(redis, more=""):
    return (f"{{plugin: redis, url: 'redis://127.0.0.1:{redis.port}/0', password: {Redis.PASSWORD}, "
            f"key: 'user:{{username}}', email_key: 'email:{{email}}', timeout: 500ms{more}}}")


def test_redis_logs_users_in_with_their_claims_and_refuses_the_rest(gateway, upstream, started, tmp_path, password_hash):
    redis = redis_with_users(started, tmp_path, password_hash)
    gate = gateway(config_of(redis_section(redis), upstream))
    status, claims = login(gate, "alice")
    assert status == 200
    assert (claims["sub"], claims["email"], claims["name"]) == ("store:alice", "alice@example.com", "Alice A.")
    assert (claims["roles"], claims["team"]) == (["clerk", "admin"], "blue")
    assert login(gate, "alice@example.com")[1]["sub"] == "store:alice"
    assert login(gate, "bob") == (401, "bad_credentials")
    assert login(gate, "text") == (401, "bad_credentials")
    assert login(gate, "torn") == (503, "backend_unavailable")
    refuses_what_nobody_has(gate)

    tokens = gate.login("alice", PASSWORD)
    redis.ask("HSET", "user:alice", "disabled", "1")
    assert refresh_status(gate, tokens) == 401
    assert Redis.PASSWORD not in gate.log() and PASSWORD not in gate.log()


def test_redis_dies_and_comes_back_under_logins(gateway, upstream, started, tmp_path, password_hash):
    redis = redis_with_users(started, tmp_path, password_hash)
    gate = gateway(config_of(redis_section(redis), upstream))
    survives_a_restart(gate, redis, "alice", PASSWORD)
    assert redis.clients() <= 9  # the pool's eight, and redis-cli


def test_redis_takes_an_upgraded_hash_and_only_over_the_one_that_matched(gateway, upstream, started, tmp_path,
                                                                          password_hash):
    redis = redis_with_users(started, tmp_path, password_hash)
    gate = gateway(config_of(redis_section(redis, ", write: true, upgrade_to: argon2id"), upstream))
    assert login(gate, "alice", "wrong")[0] == 401
    assert redis.value("HGET", "user:alice", "password") == password_hash
    assert login(gate, "alice")[0] == 200
    upgraded = redis.value("HGET", "user:alice", "password")
    assert upgraded.startswith("$argon2id$")
    assert login(gate, "alice")[0] == 200
    assert redis.value("HGET", "user:alice", "password") == upgraded
    assert gate.run("user", "passwd", "alice", "--password-stdin", stdin="another-long-password\n").returncode == 0
    assert login(gate, "alice")[0] == 401
    assert login(gate, "alice", "another-long-password")[0] == 200


# -- PostgreSQL, and SQLite by the same mapping

TABLE = """
CREATE TABLE staff (nr {serial}, login text UNIQUE, mail text, full_name text, pw text, groups text, locked {flag});
INSERT INTO staff (login, mail, full_name, pw, groups, locked) VALUES
  ('alice', 'alice@example.com', 'Alice A.', '{hash}', 'clerk, admin', {no}),
  ('bob', NULL, NULL, '{hash}', NULL, {yes}), ('nopw', NULL, NULL, NULL, NULL, {no}),
  ('twin', NULL, NULL, '{hash}', NULL, {no}), ('TWIN', NULL, NULL, '{hash}', NULL, {no});
"""

QUERIES = """
    queries:
      find: >-
        SELECT nr AS id, login AS username, mail AS email, full_name AS name, pw AS password, groups AS roles,
        locked AS disabled, 'blue' AS team FROM staff WHERE lower(login) = lower({0}1) OR mail = {0}1
      find_id: >-
        SELECT nr AS id, login AS username, mail AS email, full_name AS name, pw AS password, groups AS roles,
        locked AS disabled, 'blue' AS team FROM staff WHERE nr = {1}
      set_password: UPDATE staff SET pw = {0}2 WHERE nr = {1}
      upgrade_password: UPDATE staff SET pw = {0}2 WHERE nr = {1} AND pw = {0}3
"""


def maps_an_existing_table(gate, run):
    status, claims = login(gate, "ALICE")
    assert status == 200, claims
    assert (claims["sub"], claims["email"], claims["name"]) == ("store:1", "alice@example.com", "Alice A.")
    assert (claims["roles"], claims["team"]) == (["clerk", "admin"], "blue")
    assert login(gate, "alice@example.com")[1]["sub"] == "store:1"
    assert login(gate, "bob") == (401, "bad_credentials")
    assert login(gate, "nopw") == (401, "bad_credentials")
    assert login(gate, "twin") == (503, "backend_unavailable")  # two rows are nobody
    refuses_what_nobody_has(gate)
    assert run("SELECT count(*) FROM staff") == "5"

    assert run("SELECT pw FROM staff WHERE nr = 1").startswith("$argon2id$")  # upgraded by now
    tokens = gate.login("alice", PASSWORD)
    refreshed = gate.refresh(tokens["refresh_token"])
    assert refreshed.status == 200
    run("UPDATE staff SET locked = true WHERE nr = 1")
    assert refresh_status(gate, refreshed.json()) == 401


@pytest.fixture
def postgres(started, password_hash):
    return started(Postgres(TABLE.format(serial="serial PRIMARY KEY", flag="boolean", no="false", yes="true",
                                        hash=password_hash)))


def postgres_section(postgres, more=""):
    return (f"\n    plugin: postgres\n    url: {postgres.url}\n    timeout: 2s\n{more}"
            + QUERIES.format("$", "$1::int"))


def test_postgres_logs_users_in_from_an_existing_table_by_bound_parameters(gateway, upstream, postgres):
    gate = gateway(config_of(postgres_section(postgres, "    upgrade_to: argon2id\n"), upstream))
    maps_an_existing_table(gate, postgres.run)


def test_postgres_dies_and_comes_back_under_logins(gateway, upstream, postgres):
    gate = gateway(config_of(postgres_section(postgres), upstream))
    survives_a_restart(gate, postgres, "alice", PASSWORD)
    assert postgres.connections() <= 8

    # A query that the server does not like is away too, not a wrong password.
    postgres.run("ALTER TABLE staff RENAME TO employees")
    assert login(gate, "alice") == (503, "backend_unavailable")
    postgres.run("ALTER TABLE employees RENAME TO staff")
    assert login(gate, "alice")[0] == 200


def test_an_existing_sqlite_file_logs_users_in_by_the_same_mapping(gateway, upstream, tmp_path, password_hash):
    path = tmp_path / "legacy.db"

    def run(sql):
        with sqlite3.connect(path, timeout=10) as database:
            row = database.execute(sql).fetchone()
        database.close()
        return str(row[0]) if row else ""

    with sqlite3.connect(path) as database:
        database.executescript(TABLE.format(serial="integer PRIMARY KEY", flag="integer", no="0", yes="1",
                                            hash=password_hash))
    database.close()
    section = f"\n    plugin: sqlite\n    path: {path}\n    upgrade_to: argon2id\n" + QUERIES.format("?", "?1")
    gate = gateway(config_of(section, upstream))
    maps_an_existing_table(gate, run)


# -- LDAP

LDIF = """
dn: dc=example,dc=com
objectClass: dcObject
objectClass: organization
dc: example
o: Example

dn: cn=gateway,dc=example,dc=com
objectClass: organizationalRole
objectClass: simpleSecurityObject
cn: gateway
userPassword: service-password

dn: ou=people,dc=example,dc=com
objectClass: organizationalUnit
ou: people

dn: ou=groups,dc=example,dc=com
objectClass: organizationalUnit
ou: groups

dn: cn=Alice \\28A.\\29 \\2C\\5C*,ou=people,dc=example,dc=com
objectClass: inetOrgPerson
cn: Alice (A.) ,\\*
sn: A
uid: alice
mail: alice@example.com
ou: blue
userPassword: a-long-enough-password

dn: uid=bob,ou=people,dc=example,dc=com
objectClass: inetOrgPerson
cn: Bob
sn: B
uid: bob
employeeType: former
userPassword: a-long-enough-password

dn: uid=nopw,ou=people,dc=example,dc=com
objectClass: inetOrgPerson
cn: Nobody
sn: N
uid: nopw

dn: cn=clerk,ou=groups,dc=example,dc=com
objectClass: groupOfNames
cn: clerk
member: cn=Alice \\28A.\\29 \\2C\\5C*,ou=people,dc=example,dc=com

dn: cn=admin,ou=groups,dc=example,dc=com
objectClass: groupOfNames
cn: admin
member: uid=bob,ou=people,dc=example,dc=com
member: cn=Alice \\28A.\\29 \\2C\\5C*,ou=people,dc=example,dc=com
"""


@pytest.fixture
def slapd(started, tmp_path, certificate):
    return started(Slapd(tmp_path, certificate, LDIF)).start()


def ldap_section(url, certificate, more=""):
    return (f"{{plugin: ldap, url: '{url}', ca_file: {certificate.certificate}, timeout: 2s, "
            "base_dn: 'ou=people,dc=example,dc=com', user_filter: '(|(uid={username})(mail={username}))', "
            "bind_dn: 'cn=gateway,dc=example,dc=com', bind_password: service-password, "
            "disabled_filter: '(employeeType=former)', attributes: {team: ou}, "
            f"groups: {{base_dn: 'ou=groups,dc=example,dc=com'}}{more}}}")


def test_ldap_logs_users_in_over_ldaps_and_starttls_and_escapes_what_they_type(gateway, upstream, slapd, certificate):
    ldaps = ldap_section(f"ldaps://127.0.0.1:{slapd.tls_port}", certificate)
    start_tls = ldap_section(f"ldap://127.0.0.1:{slapd.port}", certificate, ", start_tls: true")
    gate = gateway(config_of(ldaps, upstream, extra=f"  second: {start_tls}\n"))
    status, claims = login(gate, "alice")
    assert status == 200, claims
    subject = claims["sub"]
    assert subject.startswith("store:") and len(subject) == len("store:") + 36  # its entryUUID
    assert (claims["email"], claims["name"]) == ("alice@example.com", "Alice (A.) ,\\*")
    assert (claims["roles"], claims["team"]) == (["admin", "clerk"], "blue")
    assert login(gate, "ALICE@example.com")[1]["sub"] == subject
    assert login(gate, "bob") == (401, "bad_credentials")  # the right password of a disabled account
    assert login(gate, "nopw") == (401, "bad_credentials")
    refuses_what_nobody_has(gate, same=(" alice", "alice ", "alice\u00a0"))  # RFC 4518 2.2 and 2.6.1
    assert gate.refresh(gate.login("alice", PASSWORD)["refresh_token"]).status == 200

    gate.write_config(config_of(start_tls, upstream, name="second", extra=f"  store: {ldaps}\n"))
    gate.stop()
    gate.start()
    assert login(gate, "alice")[1]["roles"] == ["admin", "clerk"]
    assert login(gate, "alice", "wrong")[0] == 401
    assert "service-password" not in gate.log() and PASSWORD not in gate.log()


def test_ldap_refuses_a_server_that_it_cannot_verify_and_passwords_in_the_clear(gateway, upstream, slapd, certificate,
                                                                               tmp_path_factory):
    stranger = make_certificate(tmp_path_factory.mktemp("tls"), "stranger")
    gate = gateway(config_of(ldap_section(f"ldaps://127.0.0.1:{slapd.tls_port}", stranger), upstream))
    assert login(gate, "alice") == (503, "backend_unavailable")
    gate.write_config(config_of(ldap_section("ldap://dc1.example.com", certificate), upstream))
    checked = gate.run("check")
    assert checked.returncode == 1 and "in the clear" in checked.stderr


def test_ldap_finds_users_by_their_dn_and_an_empty_password_is_no_bind(gateway, upstream, slapd, certificate):
    section = ldap_section(f"ldap://127.0.0.1:{slapd.port}", certificate).replace(
        "user_filter: '(|(uid={username})(mail={username}))'", "user_dn: 'uid={username},ou=people,dc=example,dc=com'"
    ).replace("disabled_filter: '(employeeType=former)', ", "")
    gate = gateway(config_of(section, upstream))
    status, claims = login(gate, "bob")
    assert status == 200 and claims["roles"] == ["admin"]
    assert gate.post("/login", {"username": "bob", "password": ""}).status in (401, 422)
    for name in ["bob,ou=people", "bob+cn=Bob", "bob,ou=people,dc=example,dc=com", "*", "bob\\", "#bob", "bob=bob"]:
        assert login(gate, name) == (401, "bad_credentials"), name


def test_ldap_dies_and_comes_back_under_logins(gateway, upstream, slapd, certificate):
    section = ldap_section(f"ldap://127.0.0.1:{slapd.port}", certificate)
    gate = gateway(config_of(section, upstream))
    survives_a_restart(gate, slapd, "alice", PASSWORD)


# -- a webhook

PEOPLE = {"alice": {"id": 7, "login": "alice", "mail": "alice@example.com", "roles": ["clerk", "admin"]}}


def check_password(question):
    who = PEOPLE.get(question.get("username")) or next((p for p in PEOPLE.values() if str(p["id"]) == question.get("id")),
                                                       None)
    if who is None:
        return 404, {}
    if "password" in question and question["password"] != PASSWORD:
        return 401, {}
    return 200, {"user": who, "active": True}


def hook_section(hook, more=""):
    return (f"{{plugin: http, url: '{hook.url}', timeout: 2s, headers: {{Authorization: 'Bearer hook-secret'}}, "
            f"fields: {{id: user.id, username: user.login, email: user.mail, roles: user.roles}}, "
            f"accept: {{active: true}}{more}}}")


def test_a_webhook_decides_and_its_json_becomes_claims(gateway, upstream, started):
    hook = started(Webhook(check_password)).start()
    gate = gateway(config_of(hook_section(hook), upstream))
    status, claims = login(gate, "alice")
    assert status == 200, claims
    assert (claims["sub"], claims["email"], claims["roles"]) == ("store:7", "alice@example.com", ["clerk", "admin"])
    assert hook.questions == [{"username": "alice"}, {"username": "alice"}, {"username": "alice", "password": PASSWORD}]
    assert {headers["Authorization"] for headers in hook.headers} == {"Bearer hook-secret"}
    refuses_what_nobody_has(gate)
    assert gate.refresh(gate.login("alice", PASSWORD)["refresh_token"]).status == 200
    assert "hook-secret" not in gate.log() and PASSWORD not in gate.log()

    # Whatever is no clear answer lets nobody in, and blames nobody.
    for answer in [(500, {}), (302, {}), (204, {}), (200, b"x" * 100_000), (200, b"<html>"), (200, []),
                   (200, {"active": True, "user": {"id": {}}}), (200, {"active": True, "user": {"id": "a\nb"}})]:
        hook.answer = lambda question, answer=answer: answer
        assert login(gate, "alice") == (503, "backend_unavailable"), answer
    for body in [{}, {"active": False, "user": PEOPLE["alice"]}, {"active": "true", "user": PEOPLE["alice"]}]:
        hook.answer = lambda question, body=body: (200, body)
        assert login(gate, "alice") == (401, "bad_credentials"), body


def test_a_webhook_that_only_checks_passwords_logs_in_but_gives_no_second_token(gateway, upstream, started):
    def answer(question):
        return (200, {}) if question.get("password") == PASSWORD else (401, {})

    hook = started(Webhook(answer)).start()
    gate = gateway(config_of(f"{{plugin: http, url: '{hook.url}'}}", upstream))
    assert login(gate, "alice")[1]["sub"] == "store:alice"
    assert login(gate, "alice", "wrong") == (401, "bad_credentials")
    assert refresh_status(gate, gate.login("alice", PASSWORD)) == 401
    assert json.dumps(hook.questions).count(PASSWORD) == 2


def test_a_webhook_dies_and_comes_back_under_logins(gateway, upstream, started):
    hook = started(Webhook(check_password)).start()
    gate = gateway(config_of(hook_section(hook), upstream))
    survives_a_restart(gate, hook, "alice", PASSWORD)


# -- PAM

def test_pam_logs_users_in_by_its_service_and_maps_what_its_modules_say(gateway, upstream, tmp_path):
    crypted = subprocess.run(["openssl", "passwd", "-6", PASSWORD], check=True, capture_output=True, text=True).stdout
    (tmp_path / "users").write_text(f"alice:{crypted.strip()}\nroot:{crypted.strip()}\n")
    pwdfile = f"auth required pam_pwdfile.so pwdfile={tmp_path}/users\n"
    for name, text in {"good": pwdfile + "account required pam_permit.so\n",
                       "expired": pwdfile + "account required pam_debug.so acct=acct_expired\n",
                       "broken": pwdfile + "account required pam_debug.so acct=authinfo_unavail\n",
                       "away": "auth required pam_debug.so auth=authinfo_unavail\naccount required pam_permit.so\n",
                       "none": "auth required pam_debug.so auth=user_unknown\naccount required pam_permit.so\n"}.items():
        (tmp_path / name).write_text(text)

    def section(service):
        return f"{{plugin: pam, service: {service}, config_path: {tmp_path}, accounts: pam}}"

    gate = gateway(config_of(section("good"), upstream))
    assert login(gate, "alice")[1]["sub"] == "store:alice"
    assert login(gate, "nobody") == (401, "bad_credentials")
    refuses_what_nobody_has(gate)
    for service, expected in {"expired": (401, "bad_credentials"), "broken": (503, "backend_unavailable"),
                              "away": (503, "backend_unavailable"), "none": (401, "bad_credentials")}.items():
        gate.write_config(config_of(section(service), upstream))
        assert gate.admin("POST", "/api/reload").status == 200
        assert login(gate, "alice") == expected, service
    gate.write_config(config_of(section("missing"), upstream))
    checked = gate.run("check")
    assert checked.returncode == 1 and "missing cannot be read" in checked.stderr


# -- several

def test_a_backend_that_is_away_ends_the_login_or_lets_the_next_decide(gateway, upstream, started, tmp_path,
                                                                       password_hash):
    redis = redis_with_users(started, tmp_path, password_hash)
    files = {"staff.htpasswd": f"carol:{password_hash}\nalice:{password_hash}\n"}

    def config(when_away):
        return config_of(redis_section(redis, f", when_away: {when_away}"), upstream,
                         extra="  staff: {plugin: file, path: staff.htpasswd}\n").replace("[store]", "[store, staff]")

    gate = gateway(config("refuse"), files=files)
    assert login(gate, "alice")[1]["sub"] == "store:alice"
    assert login(gate, "carol")[1]["sub"] == "staff:carol"
    tokens = gate.login("alice", PASSWORD)
    redis.kill()
    assert login(gate, "alice") == (503, "backend_unavailable")
    assert login(gate, "carol") == (503, "backend_unavailable")

    gate.write_config(config("next"))
    assert gate.admin("POST", "/api/reload").status == 200
    assert login(gate, "alice")[1]["sub"] == "staff:alice"
    assert login(gate, "carol")[1]["sub"] == "staff:carol"
    assert login(gate, "alice", "wrong") == (401, "bad_credentials")
    assert login(gate, "dave") == (503, "backend_unavailable")  # the absent one might know dave
    assert refresh_status(gate, tokens) == 503  # her session is the absent one's
    redis.start()
    assert login(gate, "alice")[1]["sub"] == "store:alice"
    assert login(gate, "dave") == (401, "bad_credentials")
