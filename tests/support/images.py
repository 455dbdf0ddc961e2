# SPDX-License-Identifier: Apache-2.0
"""Container images, built by buildah without a daemon and without a registry: the base image is a Debian 12 that
debootstrap has laid out, once for a build folder."""
import fcntl
import json
import subprocess
from pathlib import Path

from .package import BUILD
from .waiting import SLOWNESS

BASE = "localhost/debian:bookworm"


def base_root():
    """A folder with a Debian 12. The first that asks makes it; the others wait."""
    place = BUILD / "container"
    place.mkdir(parents=True, exist_ok=True)
    root, done = place / "debian", place / "debian.done"
    with open(place / "lock", "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not done.exists():
            subprocess.run(["rm", "-rf", root], check=True)
            made = subprocess.run(["debootstrap", "--variant=minbase", "bookworm", root, *mirror()], capture_output=True,
                                  text=True, check=False, timeout=300 * SLOWNESS)
            assert made.returncode == 0, made.stdout[-2000:] + made.stderr[-2000:]
            done.touch()
    return root


def mirror():
    """That from which this system has its packages; else debootstrap's own choice."""
    told = subprocess.run(["apt-get", "indextargets", "--format", "$(SITE) $(RELEASE) $(COMPONENT)", "Created-By: Packages"],
                          capture_output=True, text=True, check=False).stdout
    sites = [line.split()[0] for line in told.splitlines() if line.split()[1:] == ["bookworm", "main"]]
    return sites[:1]


class Images:
    """A storage of its own, in a folder."""

    def __init__(self, folder):
        self._folder = Path(folder)
        root = base_root()
        container = self.run("from", "scratch").strip()
        self.run("add", "--quiet", container, root, "/")
        self.run("commit", "--quiet", "--rm", "--timestamp", "0", container, BASE)

    def run(self, *arguments):
        done = subprocess.run(["buildah", "--storage-driver", "vfs", "--root", self._folder / "storage",
                               "--runroot", self._folder / "run", *map(str, arguments)],
                              capture_output=True, text=True, check=False, timeout=300 * SLOWNESS, cwd=self._folder)
        assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
        return done.stdout

    def build(self, dockerfile, context, name, layout="oci", **arguments):
        self.run("bud", "--isolation", "chroot", "--format", layout, "--layers=false", "--no-cache", "--timestamp", "0",
                 "--pull-never", "--tag", name, "--file", dockerfile,
                 *[f"--build-arg={key}={value}" for key, value in {"BASE": BASE, **arguments}.items()], context)
        return self.inspect(name)

    def inspect(self, name):
        return json.loads(self.run("inspect", "--type", "image", name))

    def mount(self, name):
        """A folder with what the image holds."""
        return Path(self.run("mount", self.run("from", "--pull-never", name).strip()).strip())

    def remove(self):
        self.run("rm", "--all")
        self.run("rmi", "--all", "--force")
