# SPDX-License-Identifier: Apache-2.0
"""A long mixed load on the real binary, while configurations, certificates, keys, the service and the store come and go;
and what it must show: no answer that the contract does not allow; memory, descriptors and threads stay as they are."""
import base64
import contextlib
import hashlib
import json
import os
import random
import re
import signal
import statistics
import subprocess
import threading
import time
from collections import Counter
from typing import NamedTuple

from .authority import Authority
from .client import Connection
from .directories import Server
from .gateway import USERS, Gateway
from .http1 import ConnectionEnded
from .shared_redis import SharedRedis
from .tokens import SHARED, SHARED_ISSUER, claims, good_token, mint, with_another_signature
from .upstream import Upstream
from .waiting import SLOWNESS, wait_until

PASSWORD = "a-long-enough-password"
CLIENTS = 8
MEBI = 1024 * 1024
# What memory at rest may grow by: pages that the allocator has not given back yet, sessions that were ended (remembered for
# an hour), signing keys (up to 60). What is left behind takes 32 bytes at least, so a byte for each request is a leak in
# one of 32; a reload that keeps its configuration, or a session of a login, shows within a minute.
GROWTH, GROWTH_BY_REQUEST = 3 * MEBI, 1
# Until a part that is back is used again: two health checks of 500 ms; "at most 2 s" for the store. The rest is for a
# busy machine.
GRACE = {"service": 3.0 * SLOWNESS, "store": 4.0 * SLOWNESS}
AWAY = {
    "service": {"502 upstream_refused", "502 upstream_protocol", "503 no_healthy_upstream", "broke off"},
    "store": {"503 store_unavailable"},
}

CONFIG = """
limits: {{client_header_timeout: 5s}}
log: {{level: info, access: {{path: access.log, format: {format}}}, audit: {{path: audit.log}}}}
tokens: {{access_ttl: 30s, cache: 64KiB}}
store: {store}
upstreams:
  service:
    servers: [{service}]
    idle_timeout: 2s
    health_check: {{path: /healthz, interval: 500ms, timeout: 500ms, healthy: 1, unhealthy: 2}}
  sockets: {{servers: [{sockets}]}}
routes:
  - {{path: /api/**, upstream: service}}
  - {{path: /open/**, auth: none, upstream: service}}
  - {{path: /admins/**, upstream: service, require: {{roles: [admin]}}}}
  - {{path: /limited, auth: none, rate_limit: {{requests: 5, per: 1s}}, respond: {{status: 200, body: ok}}}}
  - {{path: /fixed, auth: none, respond: {{status: 200, body: "configuration {number}"}}}}
  - {{path: /socket, upstream: sockets}}
  - {{path: /extra/{number}, auth: none, respond: {{status: 200}}}}
"""
LOGIN = USERS + "  lockout: {failures: 200, within: 1m, lock: 10s}\n"

NGINX = """
daemon off; master_process off; error_log stderr crit; pid {folder}/nginx.pid;
events {{ worker_connections 512; }}
http {{
  access_log off; client_max_body_size 0; client_body_temp_path {folder}; proxy_temp_path {folder};
  fastcgi_temp_path {folder}; uwsgi_temp_path {folder}; scgi_temp_path {folder};
  server {{
    listen 127.0.0.1:{port} reuseport;
    location / {{ return 200 "served by nginx"; }}
    location /api/big {{ alias {folder}/big; }}
  }}
}}
"""


class Service(Server):
    """nginx, in one process."""

    def command(self):
        (self.folder / "big").write_bytes(os.urandom(256 * 1024))
        (self.folder / "nginx.conf").write_text(NGINX.format(folder=self.folder, port=self.port))
        return ["nginx", "-p", str(self.folder), "-c", str(self.folder / "nginx.conf"), "-e", "stderr"]


def echo_frames(exchange):
    """A WebSocket service that sends back the bytes that come."""
    key = exchange.request.header("Sec-WebSocket-Key")
    accept = base64.b64encode(hashlib.sha1(key.encode() + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest()).decode()
    exchange.send(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                  b"Sec-WebSocket-Accept: " + accept.encode() + b"\r\n\r\n")
    while data := exchange.socket.recv(65536):
        exchange.send(data)
    return False


class Sample(NamedTuple):
    at: float  # seconds
    resident: int  # bytes
    descriptors: int
    threads: int


class Outages:
    """When the service and the store were away, to say of an answer whether it may be an error."""

    def __init__(self):
        self._spells = {"service": [], "store": []}

    @contextlib.contextmanager
    def spell(self, part):
        spell = [time.monotonic(), float("inf")]
        self._spells[part].append(spell)
        try:
            yield
        finally:
            spell[1] = time.monotonic() + GRACE[part]

    def allow(self, outcome, parts, begun, ended):
        return any(outcome in AWAY[part] and begun <= until and ended >= since
                   for part in parts for since, until in self._spells[part])

    def is_calm(self):
        return all(time.monotonic() > until for spells in self._spells.values() for _, until in spells)

    def forget(self):
        for spells in self._spells.values():
            spells.clear()

    def seconds(self, part):
        return sum(until - GRACE[part] - since for since, until in self._spells[part])


class Client(threading.Thread):
    """One user on one connection at a time: whatever users do, in no order."""

    def __init__(self, soak, number):
        super().__init__(name=f"client {number}", daemon=True)
        self.soak, self.gate, self.user = soak, soak.gate, f"user{number}"
        self.random = random.Random(f"{soak.seed}/{number}")
        self.session = self.former = self.connection = None
        self.expires_at = 0

    def run(self):
        acts = [(40, self.call), (10, self.call_open), (6, self.fetch_big), (6, self.send_body), (6, self.call_with_another),
                (6, self.missing), (6, self.forged), (6, self.expired), (4, self.refused_by_role), (4, self.no_route),
                (4, self.limited), (6, self.fixed), (4, self.keys), (4, self.userinfo), (4, self.refresh), (2, self.log_in_again), (0.05, self.log_out),
                (2, self.wrong_password), (3, self.leave_early), (3, self.talk)]
        weights, functions = zip(*acts)
        try:
            while not self.soak.stopping.is_set():
                if self.soak.paused.is_set():
                    self.disconnect()
                    self.soak.stopping.wait(0.05)
                    continue
                function, = self.random.choices(functions, weights)
                function()
                if self.random.random() < 0.02:
                    self.disconnect()
        except Exception as error:  # noqa: BLE001  (a fault of this script, or an answer that is none)
            self.soak.violation(f"{self.name}: {error!r}")
        self.disconnect()

    # -- asking

    def disconnect(self):
        if self.connection is not None:
            self.connection.close()
            self.connection = None

    def ask(self, kind, method, target, expected, *, may_miss=(), token=None, body=None, headers=()):
        """`expected`: outcomes that are right at any time; `may_miss`: parts whose being away explains others."""
        begun = time.monotonic()
        answer = None
        try:
            if self.connection is None:
                self.connection = self.gate.connect(tls=self.random.random() < 0.5)
            if isinstance(body, dict):
                body, headers = json.dumps(body).encode(), [*headers, ("Content-Type", "application/json")]
            answer = self.connection.request(method, target, headers, body, token)
            outcome = str(answer.status) if answer.status < 400 else f"{answer.status} {answer.code}"
            if "close" in ",".join(answer.all("Connection")):
                self.disconnect()
        except (ConnectionEnded, OSError) as error:
            self.disconnect()
            outcome = "broke off"
            detail = repr(error)
        else:
            detail = ""
        ended = time.monotonic()
        self.soak.count(kind, outcome, ended - begun)
        if outcome not in expected and not self.soak.outages.allow(outcome, may_miss, begun, ended):
            self.soak.violation(f"{kind}: {outcome} {detail} after {ended - begun:.3f} s")
        return answer

    def post(self, kind, target, body, expected, **options):
        return self.ask(kind, "POST", target, expected, body=body, may_miss=("store",), **options)

    # -- what it does

    def token(self):
        """A good token of its own, or None while there is no way to one."""
        if self.session is None:
            answer = self.post("login", "/login", {"username": self.user, "password": PASSWORD}, {"200"})
            if answer is None or answer.status != 200:
                self.soak.stopping.wait(0.2)
                return None
            self.keep(answer.json())
        elif time.monotonic() > self.expires_at - 5 and not self.refresh():
            return None
        return self.session["access_token"]

    def keep(self, session):
        self.session, self.expires_at = session, time.monotonic() + session["expires_in"]

    def refresh(self):
        if self.session is None:
            return False
        answer = self.post("refresh", "/refresh", {"refresh_token": self.session["refresh_token"]}, {"200"})
        if answer is None or answer.status != 200:  # the same token again, later
            return time.monotonic() < self.expires_at - 1
        self.keep(answer.json())
        return True

    def log_in_again(self):
        self.session = None
        self.token()

    def log_out(self):
        """Seldom: a session that was ended is remembered for an hour, on purpose."""
        if self.session is None:
            return
        session, self.session = self.session, None
        answer = self.post("logout", "/logout", {"refresh_token": session["refresh_token"]}, {"204"})
        if answer is not None and answer.status == 204 and time.monotonic() < self.expires_at - 5:
            self.ask("call after logout", "GET", "/api/x", {"401 token_revoked"}, token=session["access_token"],
                     may_miss=("store",))

    def with_token(self, kind, method, target, expected, may_miss=("service", "store"), **options):
        token = self.token()
        if token:
            return self.ask(kind, method, target, expected, token=token, may_miss=may_miss, **options)
        return None

    def call(self):
        self.with_token("call", "GET", f"/api/items/{self.random.randrange(1000)}", {"200"})

    def fetch_big(self):
        answer = self.with_token("256 KiB down", "GET", "/api/big", {"200"})
        if answer is not None and answer.status == 200 and len(answer.body) != 256 * 1024:
            self.soak.violation(f"an answer of {len(answer.body)} bytes instead of 256 KiB")

    def send_body(self):
        self.with_token("64 KiB up", "PUT", "/api/items", {"200"}, body=bytes(65536))

    def userinfo(self):
        self.with_token("userinfo", "GET", "/userinfo", {"200"}, may_miss=("store",))

    def refused_by_role(self):
        self.with_token("without the role", "GET", "/admins/", {"403 forbidden"}, may_miss=("store",))

    def call_with_another(self):
        self.ask("call with an issuer's token", "GET", "/api/x", {"200"}, token=good_token(), may_miss=("service", "store"))

    def call_open(self):
        self.ask("call without login", "GET", "/open/x", {"200"}, may_miss=("service",))

    def missing(self):
        self.ask("no token", "GET", "/api/x", {"401 token_missing"})

    def forged(self):
        self.ask("forged token", "GET", "/api/x", {"401 token_signature"}, token=with_another_signature(good_token()))

    def expired(self):
        self.ask("expired token", "GET", "/api/x", {"401 token_expired"}, token=mint(SHARED, claims(exp=int(time.time()) - 300)))

    def no_route(self):
        self.ask("no route", "GET", f"/nowhere/{self.random.randrange(1 << 30)}", {"404 no_route"})

    def limited(self):
        self.ask("rate limited", "GET", "/limited", {"200", "429 rate_limited"})

    def fixed(self):
        self.ask("fixed answer", "GET", "/fixed", {"200"})

    def keys(self):
        self.ask("public keys", "GET", "/.well-known/jwks.json", {"200"})

    def wrong_password(self):
        name = self.user if self.random.random() < 0.5 else f"nobody{self.random.randrange(1 << 30)}"
        self.post("wrong password", "/login", {"username": name, "password": "a-wrong-password!"},
                  {"401 bad_credentials", "429 locked_out"})

    def leave_early(self):
        """Amid a head, a body, or an answer."""
        with self.gate.connect() as connection:
            connection.send_if_open(self.random.choice([
                b"GET /api/x HTTP/1.1\r\nHo", b"POST /login HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n{",
                b"GET /api/big HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer " + good_token().encode() + b"\r\n\r\n"]))
            self.soak.count("leaves early", "-")
            if self.random.random() < 0.5:
                connection.reset()

    def talk(self):
        """A WebSocket of a few messages."""
        with Tunnel(self.soak) as tunnel:
            for _ in range(3):
                tunnel.say()


class Tunnel:
    """A WebSocket. Its service stays; so nothing that goes on may end it."""

    def __init__(self, soak):
        self.soak, self.connection = soak, None

    def __enter__(self):
        key = base64.b64encode(os.urandom(16)).decode()
        # Good for longer than the run: a token's end is a tunnel's.
        token = good_token(exp=int(time.time() + self.soak.seconds + 3600))
        begun = time.monotonic()
        self.connection = self.soak.gate.connect()
        self.connection.send((f"GET /socket HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                     f"Authorization: Bearer {token}\r\nSec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n").encode())
        head = self.connection.read_head()
        self.soak.count("websocket", str(head.status))
        if head.status != 101:
            if not (head.status == 503 and self.soak.outages.allow("503 store_unavailable", ("store",), begun, time.monotonic())):
                self.soak.violation(f"websocket: {head.status}")
            self.connection.close()
            self.connection = None
        return self

    def __exit__(self, *_):
        if self.connection:
            self.connection.close()

    def say(self):
        if self.connection is None:
            return
        self.connection.send_if_open(b"\x81\x82\0\0\0\0hi")  # masked with zeroes
        try:
            got = self.connection.reader.exactly(8)
        except ConnectionEnded as ended:
            got = b"the end, after " + ended.received
        if got != b"\x81\x82\0\0\0\0hi":
            self.soak.violation(f"websocket: {got!r} instead of an echo")
            self.connection.close()
            self.connection = None


class TrustingGateway(Gateway):
    """Its clients trust the authority: the certificate may change."""

    authority = None

    def connect(self, tls=False, **options):
        return Connection(self.tls_port, ca=self.authority, **options) if tls else Connection(self.port, **options)


class Soak:
    def __init__(self, folder, seconds, *, store="redis", seed=1, say=print):
        self.folder, self.seconds, self.seed, self.say = folder, seconds, seed, say
        self.stopping, self.paused = threading.Event(), threading.Event()
        self.outages, self.counts, self.events, self.slowest = Outages(), Counter(), Counter(), Counter()
        self.violations, self.samples = [], []
        self.quiet = []  # what the process has when nobody asks: after the warm-up, and at the end
        self.began = time.monotonic()
        self._lock, self._happening = threading.Lock(), threading.Lock()
        self._random = random.Random(f"{seed}/events")
        self._number = 0
        self._stack = contextlib.ExitStack()
        self._redis = SharedRedis(self._make("redis"), options=("--appendfsync", "no")) if store == "redis" else None
        self._service, self._sockets = Service(self._make("service")), Upstream(serve=echo_frames)
        self._authority = Authority(self._make("authority"))
        self.gate = None

    def _make(self, name):
        (self.folder / name).mkdir()
        return self.folder / name

    def count(self, kind, outcome, spent=0.0, times=1):
        with self._lock:
            self.counts[kind, outcome] += times
            self.slowest[kind] = max(self.slowest[kind], spent)

    def violation(self, what):
        with self._lock:
            self.violations.append(f"{what}, at {time.monotonic() - self.began:.1f} s")
            if len(self.violations) <= 20:
                self.say(f"NOT ALLOWED: {self.violations[-1]}")

    # -- the stage

    def __enter__(self):
        self._stack.callback(self._sockets.stop)
        for server in filter(None, (self._service, self._redis)):
            self._stack.callback(server.stop)
            server.start()
        # glibc keeps the memory of a password's hash with each thread that has ever made one, 8 MiB here. That has an end,
        # but hides what has none: so it goes back to the system instead.
        self.gate = TrustingGateway(self._make("gateway"), self._config(), self._certificate(),
                                    env={"MALLOC_MMAP_THRESHOLD_": str(MEBI)})
        self.gate.authority = self._authority.file
        self._stack.callback(self.gate.release)
        for number in range(CLIENTS):
            self.gate.add_user(f"user{number}", PASSWORD, email=f"user{number}@example.com")
        self.gate.start()
        return self

    def __exit__(self, *_):
        self.stopping.set()
        self._stack.close()

    def _certificate(self):
        return self._authority.issue("server", dns=("localhost",), ips=("127.0.0.1",))

    def _config(self):
        self._number += 1
        store = "{url: sqlite:store.db}"
        if self._redis:
            key = base64.b64encode(b"k" * 32).decode()
            store = f"{{url: '{self._redis.url()}', encryption_key: {key}, max_revocation_lag: 2s, timeout: 500ms}}"
        return LOGIN + SHARED_ISSUER + CONFIG.format(
            service=f"http://127.0.0.1:{self._service.port}", sockets=self._sockets.url, store=store, number=self._number,
            format=("json", "combined")[self._number % 2])

    # -- what happens meanwhile

    def _reload(self, metric="gatewarden_config_reloads_total"):
        before = self.gate.metric(metric)
        self.gate.signal(signal.SIGHUP)
        wait_until(lambda: self.gate.metric(metric) > before, "reload", 20)

    def new_configuration(self):
        self.gate.write_config(self._config())
        self._reload()

    def broken_configuration(self):
        text = self.gate.config.read_text()
        self.gate.config.write_text(text + "nonsense: 1\n")
        self._reload("gatewarden_config_reload_failures_total")
        self.gate.config.write_text(text)

    def new_certificate(self):
        self._certificate()
        self._reload()

    def new_signing_key(self):
        done = self.gate.run("keys", "rotate")
        assert done.returncode == 0, done.stderr

    def restart_of_the_service(self):
        with self.outages.spell("service"):
            self._service.kill()
            self.stopping.wait(self._random.uniform(0, 3))
            self._service.start()

    def restart_of_the_store(self):
        with self.outages.spell("store"):
            self._redis.kill()
            self.stopping.wait(self._random.uniform(0, 4))
            self._redis.start()

    def rotation_of_the_logs(self):
        for name in ("access.log", "audit.log"):
            path = self.gate.folder / name
            path.replace(path.with_suffix(".old"))
        self.gate.signal(signal.SIGUSR1)
        wait_until(lambda: all((self.gate.folder / name).exists() for name in ("access.log", "audit.log")), "new logs")

    def many_streams(self):
        self._load(3000, "https", "-m", "10")

    def _load(self, requests, scheme, *options):
        """By h2load: many requests at once, for a fixed answer."""
        port = self.gate.tls_port if scheme == "https" else self.gate.port
        done = subprocess.run(["h2load", "-n", str(requests), "-c", "16", *options, f"{scheme}://localhost:{port}/fixed"],
                              capture_output=True, text=True, check=False, timeout=300 * SLOWNESS)
        good = re.search(r"status codes: (\d+) 2xx", done.stdout)
        assert good, done.stdout + done.stderr
        self.count("many at once (h2load)", "200", times=int(good[1]))
        if int(good[1]) != requests:
            self.violation(f"h2load {scheme}: {good[1]} of {requests} answers are good:\n{done.stdout}")

    def _everything(self):
        every = [self.new_configuration, self.broken_configuration, self.new_certificate, self.new_signing_key,
                 self.restart_of_the_service, self.rotation_of_the_logs, self.many_streams]
        every += [self.restart_of_the_store] if self._redis else []
        return [(one.__name__.replace("_", " "), one) for one in every]

    def _has_not_happened(self):
        return [name for name, _ in self._everything() if not self.events[name]]

    def _happenings(self):
        """Everything once, in an order of its own, then again."""
        every = self._everything()
        while not self.stopping.is_set():
            for name, happen in self._random.sample(every, len(every)):
                self.stopping.wait(self._random.uniform(0.2, 1.5))
                while self.paused.is_set() and not self.stopping.is_set():
                    self.stopping.wait(0.05)
                if self.stopping.is_set():
                    return
                try:
                    with self._happening:
                        happen()
                except Exception as error:  # noqa: BLE001  (told by the judgement)
                    self.violation(f"{name}: {error!r}")
                self.events[name] += 1

    # -- what it takes

    def _sample(self):
        process = f"/proc/{self.gate.process.pid}"
        return Sample(time.monotonic() - self.began, self.gate.resident_bytes(), len(os.listdir(f"{process}/fd")),
                      len(os.listdir(f"{process}/task")))

    def _rest(self):
        """Nobody asks, and what is idle has been closed: what the process has then."""
        self.paused.set()
        with self._happening:
            wait_until(self.outages.is_calm, "calm", 30)
            wait_until(lambda: self.gate.metric("gatewarden_connections") <= 1, "end of the clients' connections", 30)
            # Health checks keep a few.
            wait_until(lambda: self.gate.metric("gatewarden_upstream_connections_idle") <= 5, "end of idle connections", 30)
            wait_until(lambda: self.gate.admin("GET", "/readyz").status == 200, "200 from /readyz", 30)
            samples = []
            for _ in range(40):
                samples.append(self._sample())
                time.sleep(0.05)
            self.quiet.append(min(samples, key=lambda sample: sample.descriptors))
        self.paused.clear()

    def _watch(self, seconds, lasting):
        until = time.monotonic() + seconds
        while time.monotonic() < until or (self._has_not_happened() and time.monotonic() < until + 60 * SLOWNESS):
            assert self.gate.process.poll() is None, f"the gateway ended with {self.gate.process.returncode}"
            self.samples.append(self._sample())
            lasting.say()
            self.stopping.wait(0.5)

    def run(self):
        # What fills and then stays: the last 65,536 decisions, buffers, pools.
        self._load(150000, "http", "--h1")
        self._load(20000, "https", "-m", "10")
        threads = [threading.Thread(target=self._happenings, daemon=True), *(Client(self, number) for number in range(CLIENTS))]
        with Tunnel(self) as lasting:
            for thread in threads:
                thread.start()
            self._watch(min(self.seconds / 2, 120), lasting)
            self._rest()
            self.samples.clear()
            self.counts.clear()
            self.events.clear()
            self.slowest.clear()
            self.outages.forget()
            self._watch(self.seconds, lasting)
            self._rest()
            self.stopping.set()
            for thread in threads:
                thread.join(60 * SLOWNESS)
            if lasting.connection is None:
                self.violation("the WebSocket that was to last did not")
        self.gate.stop()
        self._judge()
        return not self.violations

    def _quarters(self, member):
        """Medians of the first and of the last quarter of the run, under load."""
        values = [getattr(sample, member) for sample in self.samples]
        quarter = max(1, len(values) // 4)
        return statistics.median(values[:quarter]), statistics.median(values[-quarter:])

    def _judge(self):
        first, last = self.quiet
        if last.resident - first.resident > GROWTH + GROWTH_BY_REQUEST * sum(self.counts.values()):
            self.violation(f"at rest, memory has grown by {(last.resident - first.resident) / MEBI:.1f} MiB")
        if last.descriptors > first.descriptors + 2 or last.threads > first.threads:
            self.violation(f"at rest, {first} has become {last}")
        early, late = self._quarters("descriptors")
        if late > early + CLIENTS:
            self.violation(f"under load, {early:.0f} descriptors have become {late:.0f}")
        if self._has_not_happened():
            self.violation(f"never happened: {', '.join(self._has_not_happened())}")

    def report(self):
        """In Markdown, for docs/operations.md."""
        first, last = self.quiet
        asked, errors = sum(self.counts.values()), Counter()
        kinds = {}

        def told(counter):
            return ", ".join(f"{count:,} × {what}" for what, count in sorted(counter.items()))

        for (kind, outcome), count in sorted(self.counts.items()):
            kinds.setdefault(kind, []).append(f"{count:,} × {outcome}")
            if outcome[:2] == "50" or outcome == "broke off":
                errors[outcome] += count
        lines = ["| what | |", "| --- | --- |",
                 f"| duration | {self.seconds / 60:.0f} min, after {first.at:.0f} s to warm up |",
                 f"| requests | {asked:,} |",
                 f"| meanwhile | {told(self.events)} |",
                 f"| away | the service for {self.outages.seconds('service'):.0f} s in all"
                 + (f", the store for {self.outages.seconds('store'):.0f} s |" if self._redis else " |"),
                 f"| errors, all of those times | {told(errors)} |",
                 f"| not allowed | {len(self.violations)} |"]
        for name, member, unit, digits in (("memory (MiB)", "resident", MEBI, 1), ("descriptors", "descriptors", 1, 0),
                                           ("threads", "threads", 1, 0)):
            before, after, early, late = (f"{value / unit:.{digits}f}" for value in (
                getattr(first, member), getattr(last, member), *self._quarters(member)))
            lines.append(f"| {name} | at rest {before}, at the end {after}; under load {early}, in the last quarter {late} |")
        return "\n".join(lines + ["", "| request | answers | slowest |", "| --- | --- | --- |"] +
                         [f"| {kind} | {', '.join(answers)} | {self.slowest[kind] * 1000:.0f} ms |"
                          for kind, answers in kinds.items()])
