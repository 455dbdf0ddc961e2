# SPDX-License-Identifier: Apache-2.0
"""The Debian package, installed in a copy of this system's root; the systemd unit, judged by systemd."""
import os
import shutil
import subprocess
import textwrap

import pytest

from support.gateway import BINARY, ROOT
from support.package import make_package
from support.waiting import SANITIZED

UNIT = ROOT / "deploy" / "systemd" / "gatewarden.service"


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="needs systemd-analyze")
def test_the_unit_is_hardened():
    done = subprocess.run(["systemd-analyze", "security", "--offline=yes", "--threshold=20", "--no-pager", str(UNIT)],
                          capture_output=True, text=True, check=False)
    assert "Overall exposure level" in done.stdout, done.stderr
    assert done.returncode == 0, done.stdout.splitlines()[-1]


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="needs systemd-analyze")
def test_systemd_understands_the_units(tmp_path):
    for unit in ("gatewarden.service", "gatewarden.socket"):
        text = (UNIT.parent / unit).read_text().replace("/usr/bin/gatewarden", "/bin/true")
        (tmp_path / unit).write_text(text)
    done = subprocess.run(["systemd-analyze", "verify", "--recursive-errors=no", tmp_path / "gatewarden.service",
                           tmp_path / "gatewarden.socket"], capture_output=True, text=True, check=False)
    said = [line for line in done.stderr.splitlines() if "gatewarden" in line]
    assert said == [] and done.returncode == 0, done.stderr


def can_make_roots(folder):
    """Root, with mounts: not so in most containers."""
    return os.geteuid() == 0 and subprocess.run(
        ["unshare", "--mount", "--net", "sh", "-c", f"mount -t tmpfs none {folder} && mkdir {folder}/u {folder}/w {folder}/r "
         f"&& mount -t overlay -o lowerdir=/,upperdir={folder}/u,workdir={folder}/w none {folder}/r"],
        capture_output=True, check=False).returncode == 0


IN_THE_ROOT = r"""
set -eu
export DEBIAN_FRONTEND=noninteractive PATH=/usr/sbin:/usr/bin:/sbin:/bin
python3 - <<'EOF'  # the loopback of a new network is down
import fcntl, socket, struct
s = socket.socket()
fcntl.ioctl(s, 0x8914, struct.pack('16sh14x', b'lo', 0x41))
EOF
serves() { for i in $(seq 100); do curl -fsS http://127.0.0.1:8080/ && return; sleep 0.1; done; return 1; } 2>/dev/null
say() { echo "## $*"; }

say install
dpkg -i /packages/one.deb
getent passwd gatewarden | grep -q /usr/sbin/nologin
[ "$(stat -c '%U %a' /var/lib/gatewarden)" = "gatewarden 700" ]
[ "$(stat -c '%U:%G %a' /etc/gatewarden)" = "root:gatewarden 750" ]
gatewarden check
[ "$(dpkg -V gatewarden)" = "" ]

say start
cat > /start <<'EOF'
#!/bin/sh
exec setpriv --reuid=gatewarden --regid=gatewarden --clear-groups gatewarden run -c /etc/gatewarden/gatewarden.yaml
EOF
chmod 755 /start
/start > /log 2>&1 &
first=$!
serves | grep -q 'Gatewarden is installed'

say upgrade
echo '# mine' >> /etc/gatewarden/gatewarden.yaml
dpkg -i /packages/two.deb < /dev/null
grep -q '# mine' /etc/gatewarden/gatewarden.yaml
serves > /dev/null
kill -USR2 $first   # as postinst does where systemd runs
wait $first
grep -q 'has taken over' /log
serves | grep -q 'Gatewarden is installed'
second=$(sed -n 's/.*"a new process has taken over","pid":\([0-9]*\).*/\1/p' /log)
[ "$(stat -L -c %i /proc/$second/exe)" = "$(stat -c %i /usr/bin/gatewarden)" ]
kill -TERM $second
while kill -0 $second 2>/dev/null; do sleep 0.1; done
touch /var/lib/gatewarden/kept

say install again
dpkg -i /packages/two.deb

say remove
dpkg -r gatewarden
[ ! -e /usr/bin/gatewarden ] && [ ! -e /usr/lib/gatewarden ]
[ -e /etc/gatewarden/gatewarden.yaml ] && [ -e /var/lib/gatewarden/kept ]

say purge
dpkg -P gatewarden
for path in /etc/gatewarden /var/lib/gatewarden /var/log/gatewarden /usr/share/doc/gatewarden /usr/include/gatewarden; do
  [ ! -e $path ] || { ls -lR $path; exit 1; }
done
dpkg --audit
say done
"""


@pytest.mark.skipif(SANITIZED, reason="what is released is not sanitized")
def test_the_package_installs_serves_upgrades_and_goes(tmp_path):
    if not (shutil.which("cpack") and shutil.which("dpkg-shlibdeps")):
        pytest.skip("needs cpack and dpkg-dev")
    space = tmp_path / "space"
    space.mkdir()
    if not can_make_roots(space):
        pytest.skip("takes root and mounts")
    packages = tmp_path / "packages"
    packages.mkdir()
    version = subprocess.run([BINARY, "version"], capture_output=True, text=True, check=True).stdout.split()[-1]
    shutil.copy(make_package(tmp_path, version), packages / "one.deb")
    shutil.copy(make_package(tmp_path, version + "+next"), packages / "two.deb")
    (packages / "script").write_text(IN_THE_ROOT)
    mounts = textwrap.dedent(f"""
        set -e
        mount --make-rprivate /
        mount -t tmpfs none {space}
        mkdir {space}/upper {space}/work {space}/root
        mount -t overlay -o lowerdir=/,upperdir={space}/upper,workdir={space}/work none {space}/root
        cd {space}/root
        for each in dev proc; do mount --rbind /$each $each; done
        mount -t tmpfs none run
        mkdir packages
        mount --bind {packages} packages
        exec chroot . sh /packages/script
    """)
    done = subprocess.run(["unshare", "--mount", "--net", "sh", "-c", mounts], capture_output=True, text=True, check=False,
                          timeout=100)
    assert done.returncode == 0 and done.stdout.endswith("## done\n"), done.stdout[-4000:] + done.stderr[-4000:]
    assert "warning" not in done.stderr.lower(), done.stderr
