# SPDX-License-Identifier: Apache-2.0
"""The gateway as the sidecar of a pod: a network namespace with a service on its loopback, and a neighbour in another
that reaches the pod's address alone. What Kubernetes does to it is done by hand: probes by `gatewarden ready`, swaps of
the symbolic links of a ConfigMap and a Secret, SIGTERM."""
import os
import shutil
import signal
import subprocess
import threading

import pytest
from support.certificates import make_certificate
from support.gateway import BINARY, PLUGINS
from support.tokens import SHARED_ISSUER, good_token
from support.waiting import SLOWNESS, wait_until

POD, NEIGHBOUR = "10.77.0.1", "10.77.0.2"
SERVICE = """
import http.server, time
class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'
    def do_GET(self):
        if self.path == '/slow':
            open('slow', 'w').close()
            time.sleep(2)
        body = (self.headers.get('X-Auth-Subject') or 'nobody').encode()
        self.send_response(200)
        self.send_header('Content-Length', str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *_): pass
http.server.ThreadingHTTPServer(('127.0.0.1', 8080), Handler).serve_forever()
"""
CONFIG = """
server: {{state_dir: {state}, plugin_dir: "{plugins}", watch: true, drain_timeout: 20s}}
listeners:
  - address: 0.0.0.0:8443
    tls: {{certificate: {tls}/tls.crt, key: {tls}/tls.key}}
admin: {{address: 127.0.0.1:9901}}
upstreams:
  service: {{servers: ["http://127.0.0.1:8080"]}}
routes:
  - {{path: /**, upstream: service}}
  - {{path: /version, auth: none, respond: {{status: 200, body: {version}}}}}
"""


def run(*command, check=True, **options):
    return subprocess.run(command, capture_output=True, text=True, check=check, timeout=60 * SLOWNESS, **options)


class Mounted:
    """A ConfigMap or a Secret as the kubelet mounts it: files are links into ..data, which is a link that is swapped."""

    def __init__(self, folder):
        self.folder, self.versions = folder, 0
        folder.mkdir()

    def put(self, files):
        self.versions += 1
        version = self.folder / f"..version-{self.versions}"
        version.mkdir()
        for name, content in files.items():
            (version / name).write_bytes(content)
            if not (self.folder / name).is_symlink():
                (self.folder / name).symlink_to(f"..data/{name}")
        fresh, former = self.folder / "..data_tmp", self.folder / "..data"
        old = os.readlink(former) if former.is_symlink() else None
        fresh.symlink_to(version.name)
        fresh.replace(former)
        if old:
            shutil.rmtree(self.folder / old)


class Pod:
    def __init__(self, folder):
        self.folder = folder
        self.names = [f"gw-{os.getpid()}-{end}" for end in ("pod", "out")]
        self.started = []

    def build(self):
        pod, outside = self.names
        links = [f"gw{os.getpid() % 1000000}{end}" for end in "po"]
        for name in self.names:
            run("ip", "netns", "add", name)
        run("ip", "link", "add", links[0], "netns", pod, "type", "veth", "peer", "name", links[1], "netns", outside)
        for name, link, address in ((pod, links[0], POD), (outside, links[1], NEIGHBOUR)):
            for command in (f"addr add {address}/24 dev {link}", f"link set {link} up", "link set lo up"):
                run("ip", "-n", name, *command.split())

    def start(self, *command, output="log"):
        with open(self.folder / output, "ab") as log:
            process = subprocess.Popen(["ip", "netns", "exec", self.names[0], *map(str, command)], cwd=self.folder, stdout=log,
                                       stderr=log)
        self.started.append(process)
        return process

    def probe(self, *options):
        """What the kubelet runs in the container."""
        return run("ip", "netns", "exec", self.names[0], BINARY, "ready", "--admin", "127.0.0.1:9901", *options,
                   check=False).returncode

    def outside(self, *command):
        return run("ip", "netns", "exec", self.names[1], *command, check=False)

    def get(self, path, *options):
        """From the neighbour: (status, body)."""
        done = self.outside("curl", "-sk", "--max-time", "10", "-o", "-", "-w", "\n%{http_code}", *options,
                            f"https://{POD}:8443{path}")
        body, _, status = done.stdout.rpartition("\n")
        return int(status or 0), body

    def serial(self):
        done = self.outside("sh", "-c", f"openssl s_client -connect {POD}:8443 </dev/null 2>/dev/null | openssl x509 -noout -serial")
        return done.stdout.strip()

    def tear_down(self):
        for process in self.started:
            if process.poll() is None:
                process.kill()
            process.wait()
        for name in self.names:
            run("ip", "netns", "del", name, check=False)


@pytest.fixture
def pod(tmp_path):
    made = Pod(tmp_path)
    try:
        try:
            made.build()
        except (OSError, subprocess.CalledProcessError) as error:
            pytest.skip(f"network namespaces cannot be made here: {getattr(error, 'stderr', error)}")
        yield made
    finally:
        made.tear_down()


def certificate(folder, name):
    made = make_certificate(folder, name)
    return {"tls.crt": made.certificate.read_bytes(), "tls.key": made.key.read_bytes()}


def test_a_sidecar_is_the_only_way_in_from_its_start_to_its_end(pod, tmp_path):
    config, tls = Mounted(tmp_path / "config"), Mounted(tmp_path / "tls")

    def configure(version):
        text = SHARED_ISSUER + CONFIG.format(state=tmp_path / "state", plugins=PLUGINS, tls=tmp_path / "tls", version=version)
        config.put({"gatewarden.yaml": text.encode()})

    configure("one")
    tls.put(certificate(tmp_path, "first"))
    bearer = ("-H", f"Authorization: Bearer {good_token(sub='alice')}")

    # The sidecar comes first: nothing answers, then it is ready, though there is no service yet.
    assert pod.probe() == 1 and pod.probe("--live") == 1
    gateway = pod.start(BINARY, "run", "-c", tmp_path / "config" / "gatewarden.yaml", output="gatewarden.log")
    wait_until(lambda: pod.probe() == 0, "ready sidecar", 30)
    assert pod.probe("--live") == 0
    status, body = pod.get("/", *bearer)
    assert status == 502 and "upstream_refused" in body
    service = pod.start("python3", "-c", SERVICE, output="service.log")
    wait_until(lambda: pod.get("/", *bearer) == (200, "alice"), "answer of the service")

    # The only way in.
    assert pod.get("/")[0] == 401 and pod.get("/", "-H", "X-Auth-Subject: alice")[0] == 401
    assert pod.get("/", *bearer, "-H", "X-Auth-Subject: root", "-H", "x_auth_subject: root") == (200, "alice")
    for port in (8080, 9901):
        assert pod.outside("curl", "-s", "--max-time", "5", f"http://{POD}:{port}/").returncode == 7, f"{port} is refused"

    # A ConfigMap and a Secret are swapped beneath it.
    connection_before = gateway.pid
    configure("two")
    wait_until(lambda: pod.get("/version") == (200, "two"), "new configuration", 20)
    before = pod.serial()
    tls.put(certificate(tmp_path, "second"))
    wait_until(lambda: pod.serial() not in ("", before), "new certificate", 20)
    config.put({"gatewarden.yaml": b"routes: [{path: /**, upstream: nowhere}]\n"})
    wait_until(lambda: "nowhere" in (tmp_path / "gatewarden.log").read_text(), "refusal of the broken configuration", 20)
    assert pod.get("/version") == (200, "two") and gateway.poll() is None and gateway.pid == connection_before

    # The end: not ready, no one new, and what is under way is finished before it goes; the service ends after it.
    answers = []
    slow = threading.Thread(target=lambda: answers.append(pod.get("/slow", *bearer)))
    slow.start()
    wait_until(lambda: (tmp_path / "slow").exists(), "request that is under way")
    gateway.send_signal(signal.SIGTERM)
    wait_until(lambda: pod.probe() != 0, "probe that fails")
    assert gateway.poll() is None, "it waits for what is under way"
    slow.join()
    assert answers == [(200, "alice")]
    assert gateway.wait(timeout=30 * SLOWNESS) == 0 and service.poll() is None
    assert pod.probe() == 1
