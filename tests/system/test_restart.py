# SPDX-License-Identifier: Apache-2.0
"""What survives a crash, a reload and a drain."""
import shutil
import signal
import socket
import ssl
import threading

from support.certificates import make_certificate
from support.client import Connection
from support.gateway import USERS, in_front_of
from support.http1 import ConnectionEnded
from support.ports import accepts_connections
from support.upstream import response
from support.waiting import SLOWNESS, wait_until

PASSWORD = "a-long-enough-password"
REGISTER = USERS.replace("backends: [users]", "backends: [users]\n  register: true")
OPEN = "{path: /**, auth: none, upstream: legacy}"


def test_kill_9_loses_no_acknowledged_user_session_or_revocation(gateway, upstream):
    gate = gateway(REGISTER + in_front_of(upstream()), users={"alice": PASSWORD})
    kept, ended = gate.login("alice", PASSWORD), gate.login("alice", PASSWORD)
    assert gate.post("/logout", token=ended["access_token"]).status == 204
    rotated = gate.refresh(kept["refresh_token"]).json()
    made = gate.post("/register", {"name": "Bob", "email": "bob@example.com", "password": PASSWORD})
    assert made.status == 201
    gate.kill()
    gate.start()
    assert gate.get("/", token=kept["access_token"]).status == 200, "the signing key is the same"
    assert gate.get("/", token=ended["access_token"]).code == "token_revoked"
    assert gate.refresh(ended["refresh_token"]).status == 401
    assert gate.login("bob@example.com", PASSWORD)
    assert gate.refresh(made.json()["refresh_token"]).status == 200
    assert gate.refresh(rotated["refresh_token"]).status == 200


def test_kill_9_in_the_middle_of_a_thousand_refreshes(gateway, upstream):
    """Six times: whoever was not logged out is never out, whoever was is never in again; what was answered holds."""
    gate = gateway("tokens: {refresh_grace: 10m}\n" + USERS + in_front_of(upstream()), users={"alice": PASSWORD})
    sessions = [gate.login("alice", PASSWORD) for _ in range(40)]
    last = {number: tokens["refresh_token"] for number, tokens in enumerate(sessions)}
    alive, ended, leaving, answers, wrong = set(last), set(), set(), [], []

    def refresh_and_leave(numbers, leaves):
        """Until the gateway is gone. One of them logs out at some time; then nobody asks for it again."""
        try:
            for turn in range(100000):
                for number in [number for number in numbers if number in alive]:
                    answer = gate.refresh(last[number])
                    if answer.status != 200:
                        wrong.append((number, answer.status, answer.body))
                        return
                    last[number] = answer.json()["refresh_token"]
                    answers.append(number)
                    if number == leaves and turn == 2:
                        alive.discard(number)
                        leaving.add(number)
                        if gate.post("/logout", {"refresh_token": last[number]}).status == 204:
                            leaving.discard(number)
                            ended.add(number)
        except (OSError, ConnectionEnded):
            pass

    for kill in range(6):
        wanted = len(answers) + 180
        clients = [threading.Thread(target=refresh_and_leave, daemon=True,
                                    args=(range(first, 40, 8), first + 8 * kill if first < 4 and kill < 5 else None))
                   for first in range(8)]
        for client in clients:
            client.start()
        wait_until(lambda: len(answers) >= wanted or wrong, f"{wanted} answered refreshes", 60)
        gate.kill()
        for client in clients:
            client.join(30 * SLOWNESS)
        assert not wrong, wrong
        gate.start()
        for number in sorted(ended):
            answer = gate.refresh(last[number])
            assert (answer.status, answer.code) == (401, "token_revoked"), (kill, number)
            assert gate.get("/", token=sessions[number]["access_token"]).code == "token_revoked", (kill, number)
        # What a client was last given is current, or was just used: then the grace gives its successor once more.
        for number in sorted(alive):
            answer = gate.refresh(last[number])
            assert answer.status == 200, (kill, number, answer.body)
            last[number] = answer.json()["refresh_token"]
        leaving.clear()  # a logout that was not answered may have been done, or not
    assert len(answers) >= 1000 and len(ended) >= 10 and len(alive) == 20, (len(answers), len(ended), len(alive))


def test_keys_and_databases_are_private_files(gateway, upstream):
    gate = gateway(USERS + in_front_of(upstream()), users={"alice": PASSWORD})
    gate.login("alice", PASSWORD)
    state = gate.folder / "state"
    files = [path for path in state.rglob("*") if path.is_file()]
    assert files
    for path in files:
        assert path.stat().st_mode & 0o077 == 0, f"{path.name} may be read by others"


def test_refresh_tokens_are_kept_only_as_hashes(gateway, upstream):
    gate = gateway(USERS + in_front_of(upstream()), users={"alice": PASSWORD})
    tokens = gate.login("alice", PASSWORD)
    gate.stop()
    for path in gate.folder.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            assert tokens["refresh_token"].encode() not in content, path.name
            assert tokens["access_token"].encode() not in content, path.name
            assert PASSWORD.encode() not in content, path.name


def test_sighup_takes_the_new_configuration(gateway):
    old = "routes:\n  - {path: /**, auth: none, respond: {status: 200, body: old}}\n"
    gate = gateway(old)
    assert gate.get("/").body == b"old"
    with gate.connect() as connection:
        assert connection.request("GET", "/").body == b"old"
        gate.write_config(old.replace("old", "new"))
        gate.signal(signal.SIGHUP)
        wait_until(lambda: gate.get("/").body == b"new", "answer of the new configuration")
        wait_until(lambda: connection.request("GET", "/").body == b"new", "new answer on the old connection")


def test_an_invalid_file_keeps_the_old_configuration(gateway):
    good = "routes:\n  - {path: /**, auth: none, respond: {status: 200, body: old}}\n"
    gate = gateway(good)
    gate.write_config(good.replace("status", "statsu"))
    gate.signal(signal.SIGHUP)
    wait_until(lambda: "reload refused" in gate.log(), "word of the failed reload")
    assert gate.get("/").body == b"old"
    assert "statsu" in gate.log() and "gatewarden.yaml:" in gate.log()
    gate.write_config(good.replace("old", "new"))
    gate.signal(signal.SIGHUP)
    wait_until(lambda: gate.get("/").body == b"new", "answer of the repaired configuration")


def test_a_reload_under_load_loses_no_request(gateway, upstream):
    service = upstream()
    config = in_front_of(service, OPEN)
    gate = gateway(config)
    statuses, stop = [], threading.Event()

    def ask():
        with gate.connect() as connection:
            while not stop.is_set():
                statuses.append(connection.request("GET", "/").status)

    clients = [threading.Thread(target=ask, daemon=True) for _ in range(4)]
    for client in clients:
        client.start()
    for number in range(10):
        seen = len(statuses)
        gate.write_config(config + f"# {number}\n")
        gate.signal(signal.SIGHUP)
        wait_until(lambda: len(statuses) >= seen + 40, "forty more answers")
    stop.set()
    for client in clients:
        client.join(30 * SLOWNESS)
    assert set(statuses) == {200}


def reload(gate, text):
    """Writes the file with a mark in it, and waits until it is served."""
    count = gate.log().count('"reloaded"')
    gate.write_config(text)
    gate.signal(signal.SIGHUP)
    wait_until(lambda: gate.log().count('"reloaded"') > count, "reload")


def test_a_handshake_outlasts_a_reload(gateway, upstream):
    config = in_front_of(upstream(), OPEN)
    gate = gateway(config)
    context = ssl.create_default_context(cafile=str(gate.certificate.certificate))
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = context.wrap_bio(incoming, outgoing, server_hostname="localhost")
    try:
        tls.do_handshake()
    except ssl.SSLWantReadError:
        pass
    hello = outgoing.read()
    early = [Connection(gate.tls_port) for _ in range(8)]
    for connection in early:
        connection.send(hello[:50])
    # Their sockets are with the workers when later ones have been answered by each.
    for _ in range(20):
        assert gate.get("/", tls=True).status == 200
    for number in range(3):
        reload(gate, config + f"# {number}\n")
    for connection in early:
        connection.send(hello[50:])
        assert connection.reader.exactly(1) == b"\x16", "a handshake record, no alert"
        connection.close()


def test_a_reload_takes_new_certificates(gateway, upstream, tmp_path):
    def subject():
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        with socket.create_connection(("127.0.0.1", gate.tls_port)) as plain:
            with context.wrap_socket(plain, server_hostname="localhost") as sock:
                return sock.getpeercert(binary_form=True)

    config = in_front_of(upstream(), OPEN)
    old = make_certificate(tmp_path, "served")
    gate = gateway(config, started=False)
    gate.write_config(gate.config.read_text().replace(str(gate.certificate.certificate), str(old.certificate))
                      .replace(str(gate.certificate.key), str(old.key)))
    text = gate.config.read_text()
    gate.start()
    first = subject()
    make_certificate(tmp_path, "served")
    reload(gate, text)
    wait_until(lambda: subject() != first, "new certificate")


def test_a_reload_takes_the_services_new_authority(gateway, upstream, certificate, tmp_path):
    service = upstream(certificate=certificate)
    authority = tmp_path / "ca.pem"
    shutil.copy(make_certificate(tmp_path, "stranger").certificate, authority)
    config = in_front_of(service, OPEN, options=f"tls: {{ca: {authority}}}")
    gate = gateway(config)
    assert gate.get("/").status == 502
    shutil.copy(certificate.certificate, authority)
    reload(gate, config)
    wait_until(lambda: gate.get("/").status == 200, "verified service")


def test_a_reload_takes_new_trusted_proxies(gateway, upstream):
    service = upstream()
    gate = gateway(in_front_of(service, OPEN), listener="trusted_proxies: [127.0.0.0/8]")
    text = gate.config.read_text()

    def client_as_told():
        gate.get("/", headers={"X-Forwarded-For": "192.0.2.1"})
        return service.last.header("X-Forwarded-For")

    assert client_as_told() == "192.0.2.1, 127.0.0.1"
    reload(gate, text.replace("trusted_proxies: [127.0.0.0/8]", "trusted_proxies: []"))
    wait_until(lambda: client_as_told() == "127.0.0.1", "end of the trust")


def test_a_drain_under_load_breaks_no_answer_off(gateway, upstream):
    body = b"x" * 50_000
    gate = gateway(in_front_of(upstream(lambda request: response(body)), OPEN))
    broken, answered = [], []

    def ask():
        try:
            with gate.connect() as connection:
                while True:
                    answer = connection.request("GET", "/")
                    answered.append((answer.status, answer.body == body))
                    if answer.header("Connection") == "close":
                        assert connection.is_closed_by_peer()
                        return
        except ConnectionEnded as ended:
            if ended.received:  # an end between two answers is in order
                broken.append(ended.received)
        except OSError as error:
            if not isinstance(error, (ConnectionError, BrokenPipeError)):
                broken.append(error)

    clients = [threading.Thread(target=ask, daemon=True) for _ in range(8)]
    for client in clients:
        client.start()
    wait_until(lambda: len(answered) >= 100, "a hundred answers", 30)
    gate.signal(signal.SIGTERM)
    assert gate.process.wait(timeout=20 * SLOWNESS) == 0
    for client in clients:
        client.join(20 * SLOWNESS)
    assert broken == [] and set(answered) == {(200, True)}


def test_sigterm_lets_requests_end_and_takes_no_new_connections(gateway, upstream):
    release = threading.Event()

    def answer(request):
        release.wait(30 * SLOWNESS)
        return response("done")

    service = upstream(answer)
    gate = gateway(in_front_of(service, OPEN))
    with gate.connect() as connection:
        connection.send(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        service.wait_for_requests(1)
        gate.signal(signal.SIGTERM)
        wait_until(lambda: not accepts_connections(gate.port), "end of listening")
        release.set()
        got = connection.read_response()
        assert (got.status, got.body) == (200, b"done")
        assert got.header("Connection").lower() == "close"
        assert connection.is_closed_by_peer()
    assert gate.process.wait(timeout=20 * SLOWNESS) == 0


def test_readyz_is_503_while_draining(gateway, upstream):
    release = threading.Event()

    def answer(request):
        release.wait(30 * SLOWNESS)
        return response("done")

    service = upstream(answer)
    gate = gateway(in_front_of(service, OPEN))
    assert gate.admin("GET", "/healthz").status == 200
    with gate.connect() as connection:
        connection.send(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        service.wait_for_requests(1)
        gate.signal(signal.SIGTERM)
        wait_until(lambda: gate.admin("GET", "/readyz").status == 503, "503 from /readyz")
        release.set()
        assert connection.read_response().status == 200
    assert gate.process.wait(timeout=20 * SLOWNESS) == 0


def test_a_drain_cut_short_exits_with_1(gateway, upstream):
    service = upstream(serve=lambda exchange: not exchange.peer_is_gone())
    gate = gateway(in_front_of(service, OPEN), started=False)
    gate.write_config(gate.config.read_text().replace(f"drain_timeout: {int(10 * SLOWNESS)}s", "drain_timeout: 200ms"))
    gate.start()
    with gate.connect() as connection:
        connection.send(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        service.wait_for_requests(1)
        gate.signal(signal.SIGTERM)
        assert gate.process.wait(timeout=20 * SLOWNESS) == 1
    gate.process = None


def test_a_second_sigterm_stops_at_once(gateway, upstream):
    service = upstream(serve=lambda exchange: not exchange.peer_is_gone())
    gate = gateway(in_front_of(service, OPEN))
    with gate.connect() as connection:
        connection.send(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        service.wait_for_requests(1)
        gate.signal(signal.SIGTERM)
        wait_until(lambda: not accepts_connections(gate.port), "end of listening")
        gate.signal(signal.SIGTERM)
        gate.process.wait(timeout=5 * SLOWNESS)
    gate.process = None


def test_a_taken_port_is_a_start_error(gateway):
    config = "routes:\n  - {path: /**, auth: none, respond: {status: 200, body: ok}}\n"
    for section in ("listeners:\n  - {address: 127.0.0.1:%d}\n", "admin: {address: 127.0.0.1:%d}\n"):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
            gate = gateway(config, started=False)
            gate.write_config(section % port + config)
            gate.launch()
            assert gate.process.wait(timeout=20 * SLOWNESS) == 1
            gate.process = None
            assert str(port) in gate.log()
