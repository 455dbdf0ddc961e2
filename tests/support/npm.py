# SPDX-License-Identifier: Apache-2.0
"""Packages of npm for tests, installed once into the build folder; and the OpenID provider among them."""
import fcntl
import json
import os
import shutil
import subprocess
import urllib.request
from base64 import b64encode
from pathlib import Path
from urllib.parse import urlencode

from .gateway import BINARY
from .waiting import SLOWNESS

SOURCES = Path(__file__).resolve().parent / "npm"
FOLDER = Path(os.environ.get("GATEWARDEN_NPM", Path(BINARY).resolve().parents[1] / "npm"))


def packages():
    """The folder in which node finds them. The first that asks installs; the others wait."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    wanted = (SOURCES / "package.json").read_text()
    done = FOLDER / "installed.json"
    with open(FOLDER / "lock", "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not done.exists() or done.read_text() != wanted:
            (FOLDER / "package.json").write_text(wanted)
            subprocess.run(["npm", "install", "--no-package-lock", "--no-audit", "--no-fund", "--ignore-scripts",
                            "--fetch-retries=5"], cwd=FOLDER, check=True, capture_output=True, timeout=100 * SLOWNESS)
            done.write_text(wanted)
    for script in SOURCES.glob("*.mjs"):
        target = FOLDER / f".{script.name}.{os.getpid()}"
        shutil.copy(script, target)
        target.replace(FOLDER / script.name)
    return FOLDER


def run_node(script, given):
    """What a script of ours answers to a JSON value, as one."""
    done = subprocess.run(["node", script], input=json.dumps(given), cwd=packages(), capture_output=True, text=True,
                          timeout=60 * SLOWNESS, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


class OpenIdProvider:
    """oidc-provider as a process of its own, with the clients `service` and `gateway`."""

    def __init__(self):
        self._process = subprocess.Popen(["node", "provider.mjs"], cwd=packages(), stdin=subprocess.PIPE,
                                         stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.url = self._process.stdout.readline().strip()
        assert self.url.startswith("http://localhost:"), "the provider did not start"

    def stop(self):
        self._process.stdin.close()
        self._process.wait(timeout=20 * SLOWNESS)

    def _post(self, path, client="service", **form):
        credentials = b64encode(f"{client}:{client}-secret".encode()).decode()
        request = urllib.request.Request(self.url + path, urlencode(form).encode(),
                                         {"Authorization": f"Basic {credentials}"})
        with urllib.request.urlopen(request, timeout=20 * SLOWNESS) as answer:
            return answer.read()

    def token(self, kind):
        """An access token for the API: `jwt` (ES256), `jwt-rsa` (RS256) or `opaque`."""
        answer = self._post("/token", grant_type="client_credentials", scope="orders:read",
                            resource=f"urn:api:{kind}")
        return json.loads(answer)["access_token"]

    def rotate_keys(self, keep=False):
        """New keys for the running provider; with `keep` the former ones stay published."""
        self._post("/rotate-keys" + ("?keep" if keep else ""))

    def revoke(self, token):
        self._post("/token/revocation", token=token)
