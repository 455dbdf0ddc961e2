# SPDX-License-Identifier: Apache-2.0
"""The real binary as a process: inline configuration, free ports, its own folder, its logs kept."""
import ctypes
import os
import re
import signal
import subprocess
import textwrap
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from .client import Connection, as_body, curl
from .ports import ReservedPort, accepts_connections
from .waiting import SANITIZED, SLOWNESS, wait_until

ROOT = Path(__file__).resolve().parents[2]
PR_SET_CHILD_SUBREAPER = 36
BINARY = os.environ.get("GATEWARDEN", str(ROOT / "build/release/bin/gatewarden"))
PLUGINS = os.environ.get("GATEWARDEN_PLUGINS", str(ROOT / "build/release/plugins"))

# A backend that can be written, and login with it; new passwords are hashed as cheaply as the gateway allows.
USERS = """
backends:
  users: {plugin: sqlite, path: users.db}
login:
  backends: [users]
  password: {hash: {memory: 8MiB, iterations: 1, lanes: 1}}
"""


def run_gatewarden(*arguments, stdin="", env=None, cwd=None):
    """One command of the program, to its end: a CompletedProcess with text output."""
    return subprocess.run([BINARY, *map(str, arguments)], input=stdin, capture_output=True, text=True, check=False,
                          timeout=60 * SLOWNESS, cwd=cwd, env={**os.environ, **(env or {})})


class TakenOver:
    """A gateway that another one has started: no child of ours, until its parent has ended."""

    def __init__(self, pid):
        self.pid = pid
        self.returncode = None

    def poll(self):
        if self.returncode is None:
            try:
                pid, status = os.waitpid(self.pid, os.WNOHANG)
            except ChildProcessError:
                return None
            if pid:
                self.returncode = os.waitstatus_to_exitcode(status)
        return self.returncode

    def wait(self, timeout=30):
        try:
            return wait_until(lambda: self.poll() is not None, "end of the process", timeout / SLOWNESS) and self.returncode
        except AssertionError:
            raise subprocess.TimeoutExpired("gatewarden", timeout) from None

    def send_signal(self, number):
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self):
        self.send_signal(signal.SIGKILL)


class Gateway:
    """A configuration in a folder, and the process that serves it between start() and stop()."""

    def __init__(self, folder, config, certificate, *, server="", listener="", limits="", env=None, prefix=()):
        self.folder = Path(folder)
        self.certificate = certificate
        self.binary = BINARY
        self._prefix = list(prefix)  # what the command is run by
        self._env = {**os.environ, **(env or {})}
        self._ports = [ReservedPort() for _ in range(3)]
        self.port, self.tls_port, self.admin_port = (port.number for port in self._ports)
        self._options = {"server": server, "listener": listener, "limits": limits}
        self.config = self.folder / "gatewarden.yaml"
        self.process = None
        self.log_path = self.folder / "gatewarden.log"
        self.write_config(config)

    # -- configuration

    def write_config(self, text):
        """Replaces the file; sections that the text does not have are the harness' own."""
        text = textwrap.dedent(text)
        self.config.write_text("".join(
            section for name, section in self._default_sections() if not re.search(rf"^{name}:", text, re.M)) + text)

    def _default_sections(self):
        server, listener, limits = (
            f", {value}" if value else "" for value in map(self._options.get, ("server", "listener", "limits")))
        yield "server", (f"server: {{workers: 2, blocking_threads: 2, state_dir: state, plugin_dir: {PLUGINS}, "
                         f"drain_timeout: {int(10 * SLOWNESS)}s{server}}}\n")
        yield "listeners", (f"listeners:\n  - {{address: 127.0.0.1:{self.port}{listener}}}\n"
                            f"  - {{address: 127.0.0.1:{self.tls_port}, tls: {{certificate: "
                            f"{self.certificate.certificate}, key: {self.certificate.key}}}{listener}}}\n")
        yield "admin", f"admin: {{address: 127.0.0.1:{self.admin_port}}}\n"
        yield "log", "log: {level: debug}\n"
        yield "limits", f"limits: {{{limits.removeprefix(', ')}}}\n" if limits else ""

    # -- the process

    def start(self):
        self.launch()
        self.wait_until_ready()
        return self

    def launch(self, files=None):
        """`files`: how many descriptors it may have."""
        limit = ["prlimit", f"--nofile={files}:{files}"] if files else []
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen([*self._prefix, *limit, self.binary, "run", "-c", str(self.config)],
                                            stdin=subprocess.DEVNULL,
                                            stdout=log, stderr=log, cwd=self.folder, env=self._env)

    def wait_until_ready(self):
        def ready():
            assert self.process.poll() is None, f"the gateway ended with {self.process.returncode}:\n{self.log()}"
            return accepts_connections(self.admin_port) and self.admin("GET", "/readyz").status == 200

        wait_until(ready, "answer 200 from /readyz", 20)

    def stop(self):
        """SIGTERM, a drain, and exit status 0."""
        if self.process is None:
            return
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(timeout=30 * SLOWNESS)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
                raise AssertionError("SIGTERM did not end the gateway in time") from None
        status, self.process = self.process.returncode, None
        assert status == 0, f"the gateway exited with {status}"

    def kill(self):
        """kill -9: no goodbye."""
        self.process.kill()
        self.process.wait()
        self.process = None

    def release(self):
        """After the last stop(): ends what is left and gives the ports back."""
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        for port in self._ports:
            port.release()

    def signal(self, number):
        self.process.send_signal(number)

    def take_over(self):
        """SIGUSR2, until a new process serves and the old one has ended well. Its log goes on in the same file."""
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)  # its end is told to us then
        pids = re.compile(r'"a new process has taken over","pid":(\d+)')
        before = len(pids.findall(self.log()))
        self.signal(signal.SIGUSR2)
        told = wait_until(lambda: pids.findall(self.log())[before:], "takeover", 60)
        old, self.process = self.process, TakenOver(int(told[0]))
        assert old.wait(timeout=30 * SLOWNESS) == 0

    def log(self):
        return self.log_path.read_text(errors="replace") if self.log_path.exists() else ""

    def resident_bytes(self):
        """0 under a sanitizer, which keeps what was freed and shadows all of it: memory is judged without."""
        if SANITIZED:
            return 0
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"^VmRSS:\s+(\d+) kB", status, re.M).group(1)) * 1024

    def metric(self, name):
        """The sum over all labels; 0 when the metric has not appeared."""
        text = self.admin("GET", "/metrics").body.decode()
        return sum(float(value) for value in re.findall(rf"^{name}(?:{{[^}}]*}})? (\S+)", text, re.M))

    # -- its commands

    def run(self, *arguments, stdin=""):
        """A command on this configuration: run("user", "list") is `gatewarden user list -c FILE`."""
        words = [word for word in arguments[:2] if not str(word).startswith("-")] if arguments else []
        rest = arguments[len(words):]
        return run_gatewarden(*words, "-c", self.config, *rest, stdin=stdin, cwd=self.folder)

    def add_user(self, name, password, email=None, full_name=None, roles=()):
        options = ["--email", email] if email else []
        options += ["--name", full_name] if full_name else []
        for role in roles:
            options += ["--role", role]
        done = self.run("user", "add", name, *options, "--password-stdin", stdin=password + "\n")
        assert done.returncode == 0, done.stderr

    # -- its clients

    def connect(self, tls=False, **options):
        if tls:
            return Connection(self.tls_port, ca=self.certificate.certificate, **options)
        return Connection(self.port, **options)

    def request(self, method, target, headers=(), body=None, token=None, tls=False, host="localhost"):
        """One request on a connection of its own. A dict as body is sent as JSON."""
        data, media_type = as_body(body)
        headers = list(headers.items()) if isinstance(headers, dict) else list(headers)
        if media_type and not any(name.lower() == "content-type" for name, _ in headers):
            headers.append(("Content-Type", media_type))
        with self.connect(tls) as connection:
            return connection.request(method, target, headers, data, token, host)

    def get(self, target, **options):
        return self.request("GET", target, **options)

    def post(self, target, body=None, **options):
        return self.request("POST", target, body=b"" if body is None else body, **options)

    def send_raw(self, data, tls=False, method="GET"):
        """The first answer to exactly these bytes."""
        with self.connect(tls) as connection:
            connection.send_if_open(data)
            return connection.read_response(method)

    def curl(self, target, *arguments, tls=True, **options):
        if tls:
            url = f"https://localhost:{self.tls_port}{target}"
            return curl(url, *arguments, ca=self.certificate.certificate, **options)
        return curl(f"http://127.0.0.1:{self.port}{target}", *arguments, **options)

    def admin(self, method, target, body=None):
        with Connection(self.admin_port) as connection:
            return connection.request(method, target, body=body)

    def login(self, username, password):
        """The token answer as a dict."""
        answer = self.post("/login", {"username": username, "password": password})
        assert answer.status == 200, (answer.status, answer.body)
        return answer.json()

    def refresh(self, refresh_token):
        return self.post("/refresh", {"refresh_token": refresh_token})


def in_parallel(calls):
    """The results of the callables, run at the same time."""
    with ThreadPoolExecutor(max_workers=len(calls)) as pool:
        return [future.result() for future in [pool.submit(call) for call in calls]]


def in_front_of(upstream, *routes, options=""):
    """The `upstreams` and `routes` of one service named legacy; without routes, everything takes a token."""
    lines = routes or ("{path: /**, upstream: legacy}",)
    return (f"upstreams:\n  legacy: {{servers: [{upstream.url}]{', ' + options if options else ''}}}\n"
            "routes:\n" + "".join(f"  - {line}\n" for line in lines))
