# SPDX-License-Identifier: Apache-2.0
"""A Redis that replicas share, with an ACL user of its own and TLS where asked for; and a slow way to one."""
import signal
import socket
import subprocess
import threading
import time

from .directories import Server
from .ports import ReservedPort, accepts_connections

# What the gateway needs, and no more: docs/operations.md says so, too.
RULES = "~{gw}:* +@read +@write +@connection +@scripting +time -@dangerous"


class SharedRedis(Server):
    USER, PASSWORD, ADMIN = "gateway", "of-the-replicas", "of-the-test"

    def __init__(self, folder, certificate=None, options=()):
        super().__init__(folder)
        self._certificate, self.options = certificate, list(options)
        (self.folder / "users.acl").write_text(f"user default on >{self.ADMIN} ~* +@all\n"
                                               f"user {self.USER} on >{self.PASSWORD} {RULES}\n")

    def command(self):
        ports = ["--port", str(self.port)]
        if self._certificate:
            ports = ["--port", "0", "--tls-port", str(self.port), "--tls-cert-file", str(self._certificate.certificate),
                     "--tls-key-file", str(self._certificate.key), "--tls-ca-cert-file",
                     str(self._certificate.certificate), "--tls-auth-clients", "no"]
        return ["redis-server", "--bind", "127.0.0.1", *ports, "--save", "", "--appendonly", "yes", "--appendfsync",
                "always", "--dir", str(self.folder), "--aclfile", str(self.folder / "users.acl"), *self.options]

    def is_ready(self):
        return accepts_connections(self.port) and self.ask("PING") == "PONG"

    def ask(self, *words):
        tls = ["--tls", "--cacert", str(self._certificate.certificate)] if self._certificate else []
        return subprocess.run(["redis-cli", "-h", "127.0.0.1", "-p", str(self.port), *tls, "--no-auth-warning", "-a",
                               self.ADMIN, *words],
                              check=False, capture_output=True, text=True, timeout=60).stdout.strip()

    def url(self, port=None):
        scheme = "rediss" if self._certificate else "redis"
        return f"{scheme}://{self.USER}:{self.PASSWORD}@127.0.0.1:{port or self.port}/0"

    def freeze(self):
        self.process.send_signal(signal.SIGSTOP)

    def thaw(self):
        self.process.send_signal(signal.SIGCONT)


class SlowWay:
    """Passes connections on to `port`; every piece is `delay` seconds late, both ways."""

    def __init__(self, port):
        self.delay = 0.0
        self._target = port
        self._reserved = ReservedPort()
        self.port = self._reserved.number
        self._listener = socket.socket()
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        self._listener.bind(("127.0.0.1", self.port))
        self._listener.listen(64)
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                client, _ = self._listener.accept()
                server = socket.create_connection(("127.0.0.1", self._target))
            except OSError:
                return
            for one, other in ((client, server), (server, client)):
                threading.Thread(target=self._pass, args=(one, other), daemon=True).start()

    def _pass(self, one, other):
        try:
            while data := one.recv(65536):
                time.sleep(self.delay)
                other.sendall(data)
        except OSError:
            pass
        for end in (one, other):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def stop(self):
        self._listener.close()
        self._reserved.release()
