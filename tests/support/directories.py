# SPDX-License-Identifier: Apache-2.0
"""The servers that keep users, as Debian ships them, each in a folder and on a port of its own: start, kill, restart."""
import contextlib
import json
import os
import shutil
import socket
import subprocess
import tempfile
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from .ports import ReservedPort, accepts_connections
from .waiting import wait_until


class Server:
    """One process on `port`, whose data survive kill() and start()."""

    def __init__(self, folder):
        self.folder = Path(folder)
        self._port = ReservedPort()
        self.port = self._port.number
        self.process = None

    def command(self):
        raise NotImplementedError

    def is_ready(self):
        return accepts_connections(self.port)

    def start(self, **options):
        with open(self.folder / "server.log", "ab") as log:
            self.process = subprocess.Popen(self.command(), stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                            cwd=self.folder, **options)

        def ready():
            assert self.process.poll() is None, (self.folder / "server.log").read_text(errors="replace")[-2000:]
            return self.is_ready()

        wait_until(ready, f"{type(self).__name__} on port {self.port}", 30)
        return self

    def kill(self):
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def stop(self):
        self.kill()
        self._port.release()


class Redis(Server):
    PASSWORD = "redis-password"

    def command(self):
        return ["redis-server", "--bind", "127.0.0.1", "--port", str(self.port), "--save", "", "--appendonly", "yes",
                "--appendfsync", "always", "--dir", str(self.folder), "--requirepass", self.PASSWORD]

    def is_ready(self):
        try:
            return self.ask("PING") == b"+PONG"
        except OSError:
            return False

    def ask(self, *words):
        """The first line of the answer to one command."""
        def request(arguments):
            parts = [word.encode() if isinstance(word, str) else word for word in arguments]
            return b"*%d\r\n" % len(parts) + b"".join(b"$%d\r\n%s\r\n" % (len(part), part) for part in parts)

        with socket.create_connection(("127.0.0.1", self.port), timeout=10) as connection:
            connection.sendall(request(["AUTH", self.PASSWORD]) + request(words))
            lines = connection.makefile("rb")
            lines.readline()
            return lines.readline().rstrip(b"\r\n")

    def value(self, *words):
        """A command whose answer is one string."""
        return subprocess.run(["redis-cli", "-p", str(self.port), "--no-auth-warning", "-a", self.PASSWORD, *words],
                              check=True, capture_output=True, text=True).stdout.rstrip("\n")

    def clients(self):
        return len(self.value("CLIENT", "LIST", "TYPE", "normal").splitlines())


class Slapd(Server):
    """dc=example,dc=com with a service account, `people` and `groups`; ldap:// with StartTLS, and ldaps://."""

    def __init__(self, folder, certificate, ldif):
        super().__init__(folder)
        self._tls_port = ReservedPort()
        self.tls_port = self._tls_port.number
        (self.folder / "data").mkdir()
        (self.folder / "slapd.conf").write_text(f"""
include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/inetorgperson.schema
pidfile {self.folder}/slapd.pid
modulepath /usr/lib/ldap
moduleload back_mdb
TLSCACertificateFile {certificate.certificate}
TLSCertificateFile {certificate.certificate}
TLSCertificateKeyFile {certificate.key}
database mdb
suffix dc=example,dc=com
rootdn cn=admin,dc=example,dc=com
directory {self.folder}/data
maxsize 16777216
access to attrs=userPassword by anonymous auth by * none
access to * by dn.exact="cn=gateway,dc=example,dc=com" read by * none
""")
        (self.folder / "data.ldif").write_text(ldif)
        subprocess.run(["/usr/sbin/slapadd", "-f", "slapd.conf", "-l", "data.ldif"], cwd=self.folder, check=True,
                       capture_output=True)

    def command(self):
        return ["/usr/sbin/slapd", "-d", "0", "-f", str(self.folder / "slapd.conf"),
                "-h", f"ldap://127.0.0.1:{self.port} ldaps://127.0.0.1:{self.tls_port}"]

    def stop(self):
        super().stop()
        self._tls_port.release()


class Postgres(Server):
    """A cluster of its own, with one database. It never runs as root, so it lives outside of pytest's folders."""

    BINARIES = max(Path("/usr/lib/postgresql").glob("*/bin"), default=Path("/usr/bin"))

    def __init__(self, sql):
        super().__init__(tempfile.mkdtemp(prefix="gatewarden-postgres-"))
        self._as = {"user": "postgres", "group": "postgres"} if os.geteuid() == 0 else {}
        if self._as:
            shutil.chown(self.folder, **self._as)
        subprocess.run([self.BINARIES / "initdb", "-D", "data", "-A", "trust", "-U", "gateway", "-N", "-E", "UTF8",
                        "--locale", "C.UTF-8"], cwd=self.folder, check=True, capture_output=True, **self._as)
        self.start()
        self.run(sql)

    def command(self):
        return [str(self.BINARIES / "postgres"), "-D", "data", "-p", str(self.port), "-k", str(self.folder),
                "-c", "listen_addresses=127.0.0.1", "-c", "fsync=off", "-c", "max_connections=30"]

    def start(self):
        return super().start(**self._as)

    def is_ready(self):
        return subprocess.run(["psql", "-h", "127.0.0.1", "-p", str(self.port), "-U", "gateway", "-c", "SELECT 1",
                               "postgres"], capture_output=True, check=False).returncode == 0

    @property
    def url(self):
        return f"postgresql://gateway@127.0.0.1:{self.port}/postgres"

    def run(self, sql):
        return subprocess.run(["psql", "-h", "127.0.0.1", "-p", str(self.port), "-U", "gateway", "-v",
                               "ON_ERROR_STOP=1", "-qAt", "postgres"], input=sql, capture_output=True, text=True,
                              check=True).stdout.strip()

    def connections(self):
        return int(self.run("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'gatewarden'"))

    def kill(self):
        """As pg_ctl stop -m immediate: every server process dies at once; kill -9 would leave orphans."""
        if self.process is not None:
            self.process.send_signal(3)
            self.process.wait(timeout=60)
            self.process = None

    def stop(self):
        super().stop()
        shutil.rmtree(self.folder, ignore_errors=True)


class Webhook:
    """An HTTP server whose `answer(question)` gives (status, JSON); it keeps all questions and their headers."""

    def __init__(self, answer):
        self._port = ReservedPort()
        self.port = self._port.number
        self.answer = answer
        self.questions = []
        self.headers = []
        self._server = None
        self._open = set()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}/verify"

    def start(self):
        hook = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            wbufsize = -1  # head and body in one packet

            def setup(self):
                super().setup()
                hook._open.add(self.connection)

            def finish(self):
                hook._open.discard(self.connection)
                super().finish()

            def do_POST(self):
                question = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                hook.questions.append(question)
                hook.headers.append(self.headers)
                status, body = hook.answer(question)
                data = body if isinstance(body, bytes) else json.dumps(body).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(data)))
                if 300 <= status < 400:
                    self.send_header("Location", hook.url)
                self.end_headers()
                self.wfile.write(data)
                self.wfile.flush()

            def log_message(self, *arguments):
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        return self

    def kill(self):
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None
            for connection in list(self._open):  # kept alive for the next question
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)

    def stop(self):
        self.kill()
        self._port.release()
