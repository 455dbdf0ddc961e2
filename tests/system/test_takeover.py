# SPDX-License-Identifier: Apache-2.0
"""A new process takes the listeners over (SIGUSR2) or is given them (systemd); what the service manager is told."""
import os
import select
import signal
import socket
import stat
import subprocess
import threading

import pytest

from support.client import Connection
from support.gateway import USERS, in_front_of
from support.http1 import ConnectionEnded
from support.http2 import END_STREAM, GOAWAY, HEADERS, HELLO, RST_STREAM, DATA, Frames, head
from support.ports import ReservedPort, accepts_connections
from support.upstream import response
from support.waiting import SLOWNESS, wait_until

OPEN = "{path: /**, upstream: legacy, auth: none}"
PASSWORD = "a-long-enough-password"
FIXED = "routes:\n  - {path: /**, auth: none, respond: {status: 200, body: ok}}\n"


class Load:
    """Clients that ask until they are stopped, as clients of RFC 9112 and RFC 9113 do: what fails is kept."""

    def __init__(self, gate):
        self.gate, self.failures, self.answered = gate, [], {}
        self._stop = threading.Event()
        kinds = [self.keep_alive, self.keep_alive, self.over_tls, self.connect_anew, self.streams, self.streams]
        self._threads = [threading.Thread(target=self._run, args=(kind,), daemon=True) for kind in kinds]

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        for thread in self._threads:
            thread.join(30 * SLOWNESS)

    def _run(self, kind):
        while not self._stop.is_set():
            try:
                kind()
            except (OSError, ConnectionEnded, AssertionError) as error:
                self.failures.append(f"{kind.__name__}: {error!r}")

    def _count(self, kind):
        self.answered[kind] = self.answered.get(kind, 0) + 1

    def total(self):
        return sum(self.answered.values())

    def _ask(self, kind, connection):
        while not self._stop.is_set():
            if select.select([connection.socket], [], [], 0)[0]:
                return  # closed while it was idle: a client sees that before it sends
            answer = connection.request("GET", "/")
            assert (answer.status, answer.body) == (200, b"hello"), (answer.status, answer.body)
            self._count(kind)
            if answer.header("Connection") == "close":
                return

    def keep_alive(self):
        with self.gate.connect() as connection:
            self._ask("keep_alive", connection)

    def over_tls(self):
        with self.gate.connect(tls=True) as connection:
            self._ask("over_tls", connection)

    def connect_anew(self):
        answer = self.gate.get("/", headers={"Connection": "close"})
        assert (answer.status, answer.body) == (200, b"hello")
        self._count("connect_anew")

    def streams(self):
        """Four at once, until a GOAWAY: then those under way end, and another connection goes on."""
        with self.gate.connect() as connection:
            connection.send(HELLO)
            frames, stream, open_streams, last = Frames(connection), 1, set(), None
            while open_streams or last is None:
                while last is None and len(open_streams) < 4 and not self._stop.is_set():
                    connection.send(head(stream))
                    open_streams.add(stream)
                    stream += 2
                if not open_streams:
                    return
                kind, flags, number, payload = frames.next()
                if kind == GOAWAY:
                    last = int.from_bytes(payload[:4], "big")
                    open_streams = {each for each in open_streams if each <= last}  # the others may be asked again
                assert kind != RST_STREAM, f"stream {number} was reset"
                if kind in (HEADERS, DATA) and flags & END_STREAM:
                    open_streams.remove(number)
                    self._count("streams")


def test_five_takeovers_under_load_lose_no_request(gateway, upstream):
    gate = gateway(in_front_of(upstream(lambda request: response("hello")), OPEN))
    pids = {gate.process.pid}
    with Load(gate) as load:
        for _ in range(5):
            seen = dict(load.answered)
            wait_until(lambda: all(load.answered.get(kind, 0) > seen.get(kind, 0) + 5 for kind in
                                   ("keep_alive", "over_tls", "connect_anew", "streams")), "load of every kind", 30)
            gate.take_over()
            pids.add(gate.process.pid)
        seen = load.total()
        wait_until(lambda: load.total() > seen + 50, "more answers", 30)
    assert load.failures == [] and len(pids) == 6
    assert gate.admin("GET", "/readyz").status == 200


def test_what_is_under_way_ends_in_the_old_process(gateway, upstream):
    release = threading.Event()

    def answer(request):
        if request.target == "/slow":
            release.wait(30 * SLOWNESS)
        return response("done")

    service = upstream(answer)
    gate = gateway(in_front_of(service, OPEN))
    old = gate.process
    with gate.connect() as slow, gate.connect() as idle, gate.connect() as streams:
        slow.send(b"GET /slow HTTP/1.1\r\nHost: localhost\r\n\r\n")
        streams.send(HELLO + head(1, path="/slow"))
        service.wait_for_requests(2)
        gate.signal(signal.SIGUSR2)
        wait_until(lambda: "has taken over" in gate.log(), "takeover", 60)
        assert idle.request("GET", "/").header("Connection") == "close"  # it came before the connection was given up
        assert gate.get("/").status == 200  # by the new one
        frames = Frames(streams)
        assert frames.until(GOAWAY)
        assert old.poll() is None
        release.set()
        got = slow.read_response()
        assert (got.status, got.body, got.header("Connection")) == (200, b"done", "close")
        assert frames.until(HEADERS, 1) and frames.until(DATA, 1)[3] == b"done"
    assert old.wait(timeout=20 * SLOWNESS) == 0
    gate.process = None
    pid = int(gate.log().split('"a new process has taken over","pid":')[1].split("}")[0])
    os.kill(pid, signal.SIGTERM)
    wait_until(lambda: not accepts_connections(gate.port), "end of the new process", 20)


def test_users_sessions_and_revocations_are_those_of_the_old_process(gateway, upstream):
    gate = gateway(USERS + in_front_of(upstream()), users={"alice": PASSWORD})
    tokens, revoked = gate.login("alice", PASSWORD), gate.login("alice", PASSWORD)
    assert gate.post("/logout", token=revoked["access_token"]).status in (200, 204)
    gate.take_over()
    assert gate.get("/", token=tokens["access_token"]).status == 200
    assert gate.get("/", token=revoked["access_token"]).status == 401
    assert gate.refresh(tokens["refresh_token"]).status == 200


def test_another_number_of_workers_leaves_no_socket_behind(gateway, upstream):
    config = in_front_of(upstream(), OPEN)
    gate = gateway(config)
    text = gate.config.read_text()
    for workers in (3, 1):
        gate.config.write_text(text.replace("workers: 2", f"workers: {workers}"))
        gate.take_over()
        assert gate.admin("GET", "/api/status").json()["workers"] == workers
        assert [gate.get("/").status for _ in range(40)] == [200] * 40


def test_a_new_listener_is_opened_and_an_old_one_closed(gateway):
    port = ReservedPort()
    gate = gateway(FIXED)
    text = gate.config.read_text()
    gate.config.write_text(text.replace(f"127.0.0.1:{gate.port}", f"127.0.0.1:{port.number}"))
    gate.take_over()
    assert not accepts_connections(gate.port)
    with Connection(port.number) as connection:
        assert connection.request("GET", "/").status == 200
    port.release()


def test_a_unix_socket_stays_in_its_place(gateway, socket_folder):
    path = socket_folder / "gate.sock"
    gate = gateway("listeners:\n  - {address: 'unix:" + str(path) + "'}\n" + FIXED)
    gate.take_over()
    assert stat.S_ISSOCK(path.stat().st_mode)
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(str(path))
        client.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        assert client.recv(1000).startswith(b"HTTP/1.1 200 ")
    gate.stop()
    assert not path.exists()


def refused(gate, words):
    gate.signal(signal.SIGUSR2)
    wait_until(lambda: any(words in line and "the takeover failed; this process serves on" in line
                           for line in gate.log().splitlines()), f"failure that says {words!r}", 60)
    assert gate.process.poll() is None
    assert gate.get("/").status == 200 and gate.admin("GET", "/readyz").status == 200


def test_a_broken_configuration_keeps_the_old_process(gateway):
    gate = gateway(FIXED)
    text = gate.config.read_text()
    gate.config.write_text(text + "unknown_key: 1\n")
    refused(gate, "unknown key \\\"unknown_key\\\"")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        gate.config.write_text(text.replace(f"127.0.0.1:{gate.port}", f"127.0.0.1:{taken.getsockname()[1]}"))
        refused(gate, "cannot bind")
    gate.config.write_text(text)
    gate.take_over()
    assert gate.get("/").status == 200


def test_a_broken_binary_keeps_the_old_process(gateway, tmp_path):
    gate = gateway(FIXED, started=False)
    program = tmp_path / "gatewarden"
    program.symlink_to(gate.binary)
    good, gate.binary = gate.binary, str(program)
    gate.start()

    def install(text, mode):
        program.unlink(missing_ok=True)
        program.write_text(text)
        program.chmod(mode)

    program.unlink()
    refused(gate, "cannot be executed: No such file or directory")
    install("neither a program nor a script", 0o755)
    refused(gate, "cannot be executed: Exec format error")
    install("#!/bin/sh\nexit 3\n", 0o755)
    refused(gate, "it ended with status 3")
    install("#!/bin/sh\nkill -9 $$\n", 0o755)
    refused(gate, "it ended by signal 9")
    program.unlink()
    program.symlink_to(good)  # an upgrade
    gate.take_over()
    assert gate.get("/").status == 200


def test_sigterm_stops_the_process_that_is_being_started_too(gateway, tmp_path):
    gate = gateway(FIXED, started=False)
    program = tmp_path / "gatewarden"
    program.symlink_to(gate.binary)
    gate.binary = str(program)
    gate.start()
    program.unlink()
    program.write_text(f"#!/bin/sh\necho $$ > {tmp_path}/pid\nexec sleep 1000\n")
    program.chmod(0o755)
    gate.signal(signal.SIGUSR2)
    wait_until(lambda: (tmp_path / "pid").exists() and (tmp_path / "pid").read_text().strip(), "start", 20)
    gate.stop()
    pid = int((tmp_path / "pid").read_text())
    wait_until(lambda: not os.path.exists(f"/proc/{pid}") or
               open(f"/proc/{pid}/stat", encoding="ascii").read().split()[2] == "Z", "end of the new process", 20)


# -- systemd


def launch_with(gate, sockets, names=None, pid="$$", count=None):
    """As systemd starts a service: the sockets from descriptor 3 on."""
    script = f'export LISTEN_PID={pid}; exec "$@"'
    env = {**os.environ, "LISTEN_FDS": str(len(sockets) if count is None else count)}
    if names is not None:
        env["LISTEN_FDNAMES"] = names
    held = [os.dup(sock.fileno()) for sock in sockets]
    high = [os.dup2(fd, 200 + number) for number, fd in enumerate(held)]

    def place():
        for number, fd in enumerate(high):
            os.dup2(fd, 3 + number)

    with open(gate.log_path, "ab") as log:
        gate.process = subprocess.Popen(["sh", "-c", script, "sh", gate.binary, "run", "-c", str(gate.config)],
                                        stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=gate.folder, env=env,
                                        preexec_fn=place, close_fds=True, pass_fds=[3 + n for n in range(len(sockets))])
    for fd in held + high:
        os.close(fd)


@pytest.fixture
def opened():
    sockets = []

    def make(port=0):
        sock = socket.socket()
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind(("127.0.0.1", port))
        sock.listen(10)
        sockets.append(sock)
        return sock

    yield make
    for sock in sockets:
        sock.close()


def on_port(gate, port):
    text = gate.config.read_text()
    gate.config.write_text(text.replace(f"127.0.0.1:{gate.port}", f"127.0.0.1:{port}"))


def test_sockets_of_the_service_manager_are_served(gateway, opened):
    given = opened()
    port = given.getsockname()[1]
    gate = gateway(FIXED, started=False)
    on_port(gate, port)
    with Connection(port) as early:  # before there was a gateway
        early.send(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        launch_with(gate, [given], names="gatewarden.socket")
        gate.wait_until_ready()
        assert early.read_response().status == 200
    for _ in range(20):
        with Connection(port) as connection:
            assert connection.request("GET", "/").status == 200
    gate.take_over()
    with Connection(port) as connection:
        assert connection.request("GET", "/").status == 200


def test_sockets_for_another_process_are_left_alone(gateway, opened):
    given = opened()
    gate = gateway(FIXED, started=False)
    launch_with(gate, [given], pid="1")
    gate.wait_until_ready()
    assert gate.get("/").status == 200


def test_what_does_not_fit_is_a_start_error(gateway, opened):
    given, other = opened(), opened()

    def start_error(*arguments, **options):
        gate = gateway(FIXED, started=False)
        on_port(gate, given.getsockname()[1])
        launch_with(gate, *arguments, **options)
        assert gate.process.wait(timeout=20 * SLOWNESS) == 1
        gate.process = None
        return gate.log()

    assert "is no listener's of the configuration" in start_error([given, other])
    assert "LISTEN_FDNAMES does not name as many" in start_error([given], names="a:b")
    assert "is no listening stream socket" in start_error([given], count=2)
    assert "is no number of sockets" in start_error([given], count="many")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams:
        assert "is no listening stream socket" in start_error([datagrams])


@pytest.mark.parametrize("abstract", [False, True])
def test_the_service_manager_is_told(gateway, socket_folder, abstract):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        name = f"@gatewarden-test-{os.getpid()}" if abstract else str(socket_folder / "notify")
        manager.bind("\0" + name[1:] if abstract else name)
        manager.settimeout(20 * SLOWNESS)

        def next_but_watchdog():
            while (told := manager.recv(1000).decode()) == "WATCHDOG=1":
                pass
            return told.splitlines()

        gate = gateway(FIXED, env={"NOTIFY_SOCKET": name, "WATCHDOG_USEC": "600000"})
        assert next_but_watchdog() == ["READY=1", f"MAINPID={gate.process.pid}"]
        for _ in range(3):
            while manager.recv(1000) != b"WATCHDOG=1":
                pass
        gate.signal(signal.SIGHUP)
        reloading = next_but_watchdog()
        assert reloading[0] == "RELOADING=1" and reloading[1].startswith("MONOTONIC_USEC=")
        assert next_but_watchdog() == ["READY=1"]
        gate.take_over()
        told = [next_but_watchdog(), next_but_watchdog()]
        assert sorted(told) == sorted([["READY=1", f"MAINPID={gate.process.pid}"], [f"MAINPID={gate.process.pid}"]])
        gate.signal(signal.SIGTERM)
        assert next_but_watchdog() == ["STOPPING=1"]
        assert gate.process.wait() == 0
        gate.process = None
