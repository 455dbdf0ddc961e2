# SPDX-License-Identifier: Apache-2.0
"""Where it happens: a folder with keys and tokens, the programs of the benchmark, the service, and proxies while they run."""
import contextlib
import ctypes
import os
import re
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import time
from datetime import datetime, timedelta, timezone
from pathlib import Path

import jwt
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

from peers import AUDIENCE, ISSUER, PEERS, SECRET

HERE = Path(__file__).resolve().parent
PROXY_CORE, LOAD_CORE = 0, 1


def die(why):
    sys.exit(f"error: {why}")


class Keys:
    """Of the proxies, a P-256 certificate; of the issuer, a key for each algorithm."""

    def __init__(self, folder):
        self.folder = folder
        self.private = {"RS256": rsa.generate_private_key(65537, 2048), "ES256": ec.generate_private_key(ec.SECP256R1())}
        server = ec.generate_private_key(ec.SECP256R1())
        self.certificate = self._write("tls.crt", self._certificate(server, "bench.test"))
        self.key = self._write("tls.key", server.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
        self.signer_certificate = self._write("rs256.crt", self._certificate(self.private["RS256"], "issuer.bench.test"))
        self.public = {alg: self._write(f"{alg}.pem", key.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)) for alg, key in self.private.items()}
        self._files = {}

    def _write(self, name, data):
        (self.folder / name).write_bytes(data)
        return str(self.folder / name)

    @staticmethod
    def _certificate(key, name):
        subject, now = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]), datetime.now(timezone.utc)
        return (x509.CertificateBuilder().subject_name(subject).issuer_name(subject).public_key(key.public_key())
                .serial_number(7).not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=30))
                .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), False)
                .sign(key, hashes.SHA256())).public_bytes(serialization.Encoding.PEM)

    def token(self, alg, number, **changes):
        """Of some 600 bytes with HS256, as identity providers make them."""
        now = int(time.time())
        claims = {"iss": ISSUER, "sub": f"auth0|{number:024x}", "aud": AUDIENCE, "iat": now, "nbf": now, "exp": now + 36000,
                  "jti": f"{number:032x}", "scope": "openid profile email read:orders write:orders", "roles": ["user", "editor"],
                  "email": f"user{number}@example.test", "name": f"Someone With A Name {number}", "azp": "S" * 32} | changes
        return jwt.encode({k: v for k, v in claims.items() if v is not None}, self.private.get(alg, SECRET), alg,
                          headers={"kid": alg})

    def forged(self, alg, number):
        head, claims, signature = self.token(alg, number).split(".")
        return f"{head}.{claims}.{signature[:-8]}{'AAAAAAAA' if signature[-8:] != 'AAAAAAAA' else 'BBBBBBBB'}"

    def file(self, alg, count, forged=False):
        """With that many tokens, a line each."""
        if (alg, count, forged) not in self._files:
            make = self.forged if forged else self.token
            self._files[alg, count, forged] = self._write(
                f"{alg}-{count}-{forged}", "".join(make(alg, n) + "\n" for n in range(count)).encode())
        return self._files[alg, count, forged]


def on_core(core):
    """For a child: there, and gone with the benchmark."""
    parent_death = ctypes.CDLL(None).prctl

    def set_up():
        if core is not None:
            os.sched_setaffinity(0, {core})
        parent_death(1, signal.SIGKILL)
    return set_up


class Place:
    def __init__(self, gatewarden, plugins):
        self.gatewarden, self.plugins = str(gatewarden), str(plugins)
        self._folder = tempfile.TemporaryDirectory(prefix="gatewarden-bench-")
        self.folder = Path(self._folder.name)
        self.folder.chmod(0o755)
        self.keys = Keys(self.folder)
        for name in ("origin", "floor", "load"):
            subprocess.run(["g++", "-std=c++20", "-O2", "-o", self.folder / name, HERE / f"{name}.cc", "-lssl", "-lcrypto"], check=True)
        self.origin = self.free_port()
        self._origin = subprocess.Popen([self.tool("origin"), "--port", str(self.origin)], preexec_fn=on_core(LOAD_CORE))
        self._runs = 0

    def tool(self, name):
        return str(self.folder / name)

    @staticmethod
    def free_port():
        with socket.socket() as one:
            one.bind(("127.0.0.1", 0))
            return one.getsockname()[1]

    def close(self):
        end([self._origin])
        self._folder.cleanup()

    @contextlib.contextmanager
    def service_first(self):
        """The service does not wait for a turn behind load that looks again and again: 3 ms, and all of p99. Root's alone."""
        if os.geteuid() != 0:
            print("latencies are those of the machine's scheduler, too: run this as root", file=sys.stderr)
            yield
            return
        os.sched_setscheduler(self._origin.pid, os.SCHED_FIFO, os.sched_param(1))
        try:
            yield
        finally:
            os.sched_setscheduler(self._origin.pid, os.SCHED_OTHER, os.sched_param(0))

    @contextlib.contextmanager
    def running(self, name, core=PROXY_CORE):
        """A fresh one, ready; on a core of its own unless `core` is None."""
        one = PEERS[name](self, self.free_port())
        with open(one.folder / "output", "ab") as output:
            one.started = time.monotonic()
            one.processes = [subprocess.Popen([str(word) for word in command], stdin=subprocess.DEVNULL, stdout=output, stderr=output,
                                              cwd=one.folder, env={**os.environ, **one.environment}, preexec_fn=on_core(core))
                             for command in one.commands()]
        try:
            while not answers(one.port):
                if any(process.poll() is not None for process in one.processes) or time.monotonic() > one.started + 30:
                    die(f"{name} did not start: " + (one.folder / "output").read_text(errors="replace")[-1000:])
                time.sleep(0.002)
            one.start_seconds = time.monotonic() - one.started
            one.pids = descendants([process.pid for process in one.processes])
            yield one
        finally:
            end(one.processes)


def descendants(roots):
    """They and their children, as long as there are any."""
    found = list(roots)
    for pid in found:
        for task in Path(f"/proc/{pid}/task").glob("*/children"):
            with contextlib.suppress(OSError):
                found += [int(child) for child in task.read_text().split()]
    return found


def end(processes):
    for process in processes:
        process.terminate()
    for process in processes:
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def cpu_us(pids):
    total = 0
    for pid in pids:
        for task in Path(f"/proc/{pid}/task").glob("*/schedstat"):
            with contextlib.suppress(OSError):
                total += int(task.read_text().split()[0])
    return total / 1000


def resident_kib(pids):
    """Shared pages once."""
    return sum(int(re.search(r"Pss: +(\d+)", Path(f"/proc/{pid}/smaps_rollup").read_text()).group(1)) for pid in pids)


def answers(port):
    """Whether it takes a handshake."""
    try:
        ask(port, None)
    except OSError:
        return False
    return True


def ask(port, token):
    """(status, body) of /echo."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    field = f"Authorization: Bearer {token}\r\n" if token else ""
    with socket.create_connection(("127.0.0.1", port), 5) as plain, \
            context.wrap_socket(plain, server_hostname="bench.test") as tls:
        tls.sendall(f"GET /echo HTTP/1.1\r\nHost: bench.test\r\n{field}Connection: close\r\n\r\n".encode())
        answer = b""
        while part := tls.recv(65536):
            answer += part
            head, blank, body = answer.partition(b"\r\n\r\n")
            length = re.search(rb"(?i)content-length: *(\d+)", head)
            if blank and length and len(body) >= int(length.group(1)):
                break
    status = re.match(rb"HTTP/1\.1 (\d+)", answer)
    return int(status.group(1)) if status else 0, answer.partition(b"\r\n\r\n")[2].decode("latin1")


def prove(place, name):
    """What is wrong with a peer, in words; none when it does what it is measured for."""
    alg = PEERS[name].alg
    with place.running(name) as one:
        status, seen = ask(one.port, place.keys.token(alg or "HS256", 1))
        if status != 200:
            return [f"a valid token: {status}"]
        if not alg:
            return []
        told = re.search(r"(?im)^x-auth-subject: *(\S+)", seen)
        wrong = [] if told and told.group(1).startswith("auth0|") else ["the service is not told who calls"]
        for what, token in (("forged", place.keys.forged(alg, 1)), ("missing", None),
                            ("expired", place.keys.token(alg, 1, exp=int(time.time()) - 3600, nbf=0)),
                            ("another issuer's", place.keys.token(alg, 1, iss="https://other.test")),
                            ("for others", place.keys.token(alg, 1, aud="https://other.test"))):
            status, _ = ask(one.port, token)
            if status != 401:
                wrong.append(f"a token that is {what}: {status}")
        return wrong
