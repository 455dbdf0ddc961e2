# SPDX-License-Identifier: Apache-2.0
"""The image that deploy/docker/Dockerfile makes of the package: small, not root's, on a root that it cannot write, and the
same each time."""
import os
import shutil
import signal
import subprocess
from pathlib import Path

import pytest

from support.client import Connection
from support.gateway import BINARY, ROOT
from support.images import Images
from support.package import make_package
from support.ports import ReservedPort, accepts_connections
from support.waiting import SANITIZED, SLOWNESS, wait_until

DOCKERFILE = ROOT / "deploy/docker/Dockerfile"
USER = 65532

# What a container runtime does, with the least of it.
ISOLATED = """
set -e
mount --make-rprivate /
mount --bind {root} {root}
mount -o remount,bind,ro {root}
mount --bind {config} {root}/etc/gatewarden/gatewarden.yaml
mount -t tmpfs -o uid={user},mode=700 none {root}/var/lib/gatewarden
mount -t proc none {root}/proc
exec chroot --userspec={user}:{user} {root} {command}
"""


def can_build():
    return os.geteuid() == 0 and all(map(shutil.which, ("buildah", "debootstrap", "cpack", "dpkg-shlibdeps"))) and \
        subprocess.run(["unshare", "--mount", "true"], capture_output=True, check=False).returncode == 0


@pytest.fixture
def context(tmp_path):
    """A build context with the package in it."""
    folder = tmp_path / "context"
    shutil.copytree(ROOT / "deploy/docker", folder / "deploy/docker")
    (tmp_path / "package").mkdir()
    version = subprocess.run([BINARY, "version"], capture_output=True, text=True, check=True).stdout.split()[-1]
    shutil.copy(make_package(tmp_path / "package", version), folder / "gatewarden.deb")
    return folder


@pytest.fixture
def images(tmp_path):
    (tmp_path / "images").mkdir()
    made = Images(tmp_path / "images")
    yield made
    made.remove()


def child_of(process):
    return int(Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()[0])


def serves(root, tmp_path):
    """Runs the image's program as its user, with a configuration that is mounted, and asks it."""
    ports = [ReservedPort(), ReservedPort()]
    config = tmp_path / "gatewarden.yaml"
    config.write_text("server: {state_dir: /var/lib/gatewarden}\n"
                      f"listeners: [{{address: 127.0.0.1:{ports[0].number}}}]\nadmin: {{address: 127.0.0.1:{ports[1].number}}}\n"
                      "backends: {users: {plugin: sqlite, path: /var/lib/gatewarden/users.db}}\nlogin: {backends: [users]}\n"
                      "routes: [{path: /, auth: none, respond: {status: 200, body: from the image}}]\n")
    config.chmod(0o644)

    def isolated(command):
        script = ISOLATED.format(root=root, config=config, user=USER, command=command)
        return ["unshare", "--mount", "--pid", "--fork", "--kill-child", "sh", "-c", script]

    with open(tmp_path / "log", "wb") as log:
        process = subprocess.Popen(isolated("/usr/bin/gatewarden run"), stdout=log, stderr=log, env={"PATH": os.environ["PATH"]})
    try:
        def ready():
            assert process.poll() is None, (tmp_path / "log").read_text()
            return accepts_connections(ports[0].number)
        wait_until(ready, "listener", 20)
        with Connection(ports[0].number) as connection:
            assert connection.request("GET", "/").body == b"from the image"
        # As the HEALTHCHECK does.
        wait_until(lambda: subprocess.run(isolated("/usr/bin/gatewarden ready"), capture_output=True, check=False).returncode == 0,
                   "0 from gatewarden ready")
        # Process 1 there, which the runtime ends like this.
        os.kill(child_of(process), signal.SIGTERM)
        assert process.wait(20 * SLOWNESS) == 0, (tmp_path / "log").read_text()
    finally:
        if process.poll() is None:
            os.kill(child_of(process), signal.SIGKILL)
            process.wait()
        for port in ports:
            port.release()


@pytest.mark.skipif(SANITIZED, reason="what is released is not sanitized")
def test_the_image_is_small_and_serves_and_is_the_same_each_time(images, context, tmp_path):
    if not can_build():
        pytest.skip("takes root with mounts, buildah and debootstrap")
    arguments = {"FROM": "package", "PACKAGE": "gatewarden.deb"}
    first, second = (images.build(DOCKERFILE, context, f"localhost/gatewarden:{name}", **arguments) for name in ("one", "two"))
    assert first["FromImageDigest"] == second["FromImageDigest"]

    # OCI knows no HEALTHCHECK.
    docker = images.build(DOCKERFILE, context, "localhost/gatewarden:three", "docker", **arguments)["Docker"]
    assert docker["rootfs"] == first["Docker"]["rootfs"] and len(docker["rootfs"]["diff_ids"]) == 1
    config = docker["config"]
    assert config["User"] == f"{USER}:{USER}" and config["Entrypoint"] == ["/usr/bin/gatewarden"] and config["Cmd"] == ["run"]
    assert config["Healthcheck"]["Test"] == ["CMD", "/usr/bin/gatewarden", "ready"]

    root = images.mount("localhost/gatewarden:one")
    files = [path for path in root.rglob("*") if not path.is_symlink()]
    assert sum(path.stat().st_size for path in files if path.is_file()) < 48 * 1024 * 1024
    assert not [path for path in files if path.stat().st_mode & 0o6000], "nothing is setuid"
    assert [path for path in files if path.stat().st_uid != 0] == [root / "var/lib/gatewarden"]
    assert {path.name for path in (root / "usr/bin").iterdir()} == {"gatewarden"}, "no shell"
    assert not [path for path in files if path.is_relative_to(root / "var") and path.is_file()
                and not path.is_relative_to(root / "var/lib/dpkg/status.d")], "no caches, no logs"
    assert {path.stat().st_mtime for path in files} == {0}
    libraries = [path for path in (root / "usr/share/doc").iterdir() if (path / "copyright").is_file()]
    assert {"gatewarden", "libc6", "libssl3", "ca-certificates"} <= {path.name for path in libraries}
    assert (root / "usr/lib/ssl/cert.pem").is_symlink() and (root / "etc/ssl/certs/ca-certificates.crt").stat().st_size > 100000
    done = subprocess.run(["chroot", f"--userspec={USER}:{USER}", root, "/usr/bin/gatewarden", "check"], capture_output=True,
                          text=True, check=False)
    assert done.returncode == 0, done.stderr
    serves(root, tmp_path)
