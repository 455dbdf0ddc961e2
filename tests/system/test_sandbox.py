# SPDX-License-Identifier: Apache-2.0
"""What the process may not do once it serves: as the kernel says, and as a plugin that tries finds out."""
import ctypes
import errno
import os
import re
import shutil
import signal
from pathlib import Path

import pytest

from support.certificates import make_certificate
from support.gateway import PLUGINS, USERS, in_front_of
from support.waiting import SANITIZED, wait_until

FIXTURES = Path(PLUGINS).parent / "tests" / "plugins"
OPEN = "{path: /**, upstream: legacy, auth: none}"
PASSWORD = "a-long-enough-password"
filtered = pytest.mark.skipif(SANITIZED, reason="sanitizers trace and start processes themselves")


def landlock():
    """The version that this kernel has; 0: none."""
    return max(0, ctypes.CDLL(None).syscall(444, None, 0, 1))


def status_of(gate):
    text = Path(f"/proc/{gate.process.pid}/status").read_text()
    return dict(re.findall(r"^(\w+):\s+(.*)$", text, re.M))


def privileges_of(gate):
    return gate.admin("GET", "/api/status").json()["least_privilege"]


def in_tmp(tmp_path_factory, name):
    """A folder that another user can reach."""
    folder = tmp_path_factory.mktemp(name)
    for part in [folder, *folder.parents][:-2]:
        part.chmod(part.stat().st_mode | 0o055)
    return folder


@filtered
def test_the_kernel_says_that_the_process_is_confined(gateway, upstream):
    gate = gateway(USERS + in_front_of(upstream()))
    status = status_of(gate)
    assert (status["Seccomp"], status["NoNewPrivs"]) == ("2", "1")
    for thread in Path(f"/proc/{gate.process.pid}/task").iterdir():
        assert re.search(r"^Seccomp:\s+2$", (thread / "status").read_text(), re.M), thread.name
    names = {(thread / "comm").read_text().strip() for thread in Path(f"/proc/{gate.process.pid}/task").iterdir()}
    assert {"gw-worker-0", "gw-worker-1", "store"} <= names
    limits = Path(f"/proc/{gate.process.pid}/limits").read_text()
    assert re.search(r"^Max core file size\s+0\s+0\s", limits, re.M)
    said = privileges_of(gate)
    assert said["system_calls_filtered"] and said["no_new_privileges"] and not said["core_dumps"]
    assert said["landlock"] == landlock()
    assert '"message":"privileges"' in gate.log()


def test_secrets_are_kept_out_of_swap_and_dumps(gateway, upstream):
    gate = gateway(USERS + in_front_of(upstream()))
    assert privileges_of(gate)["keys_locked"]
    assert int(status_of(gate)["VmLck"].split()[0]) >= 256 + 16
    maps = Path(f"/proc/{gate.process.pid}/smaps").read_text()
    locked = [flags for flags in re.findall(r"^VmFlags: (.*)$", maps, re.M) if "lo" in flags.split()]
    assert locked and all("dd" in flags.split() for flags in locked)


@pytest.mark.skipif(os.geteuid() != 0, reason="takes root to become another user")
def test_a_process_started_by_root_keeps_nothing_of_it(gateway, upstream, tmp_path_factory):
    folder = in_tmp(tmp_path_factory, "as-nobody")
    gate = gateway(in_front_of(upstream(), OPEN), server="user: nobody", started=False)
    gate.write_config(gate.config.read_text().replace("state_dir: state", f"state_dir: {folder}/state"))
    gate.start()
    assert gate.get("/").status == 200
    status = status_of(gate)
    for name in ("CapEff", "CapPrm", "CapInh", "CapAmb"):
        assert int(status[name], 16) == 0, name
    assert set(status["Uid"].split()) == {"65534"} and set(status["Groups"].split()) <= {"65534"}
    # And so the helper that starts a new process.
    for child in Path(f"/proc/{gate.process.pid}/task/{gate.process.pid}/children").read_text().split():
        helper = Path(f"/proc/{child}/status").read_text()
        assert re.search(r"^CapEff:\s+0+$", helper, re.M) and re.search(r"^NoNewPrivs:\s+1$", helper, re.M)
        assert re.search(r"^Uid:\s+65534\s", helper, re.M)
    # Memory of it is not for other processes of the same user.
    assert not os.path.exists(f"/proc/{gate.process.pid}/mem") or \
        os.stat(f"/proc/{gate.process.pid}/mem").st_uid == 0
    assert privileges_of(gate)["user"] == "nobody" and privileges_of(gate)["capabilities"] == 0


@pytest.mark.skipif(os.geteuid() != 0, reason="takes root to give capabilities")
def test_what_a_service_manager_gives_for_low_ports_is_given_up(gateway, tmp_path_factory):
    folder = in_tmp(tmp_path_factory, "low-port")
    gate = gateway("routes:\n  - {path: /**, auth: none, respond: {status: 200, body: ok}}\n", started=False)
    gate.config.write_text(gate.config.read_text().replace("state_dir: state", f"state_dir: {folder}/state"))
    wrapper = folder / "start"
    wrapper.write_text('#!/bin/sh\nexec setpriv --reuid=65534 --regid=65534 --clear-groups --inh-caps=+net_bind_service '
                       f'--ambient-caps=+net_bind_service --bounding-set=-all,+net_bind_service {gate.binary} "$@"\n')
    wrapper.chmod(0o755)
    secrets = Path(gate.certificate.key).parent
    for part in {*[gate.folder, *gate.folder.parents][:-2], *[secrets, *secrets.parents][:-2]}:
        part.chmod(part.stat().st_mode | 0o055)
    for file in (gate.config, gate.certificate.certificate, gate.certificate.key):
        Path(file).chmod(0o644)
    gate.binary = str(wrapper)
    gate.start()
    status = status_of(gate)
    assert {int(status[name], 16) for name in ("CapEff", "CapPrm", "CapInh", "CapAmb")} == {0}
    assert gate.get("/").status == 200


def tried(gate):
    return dict(re.findall(r"tried (\w+): (done|errno \d+)", gate.log()))


def start_trying(gateway, secret, server=""):
    gate = gateway(f"""
server: {{workers: 1, blocking_threads: 1, state_dir: state, plugin_dir: {FIXTURES}, drain_timeout: 10s{server}}}
backends:
  users: {{plugin: tries, open: {secret}}}
login: {{backends: [users]}}
routes:
  - {{path: /**, auth: none, respond: {{status: 200, body: ok}}}}
""")
    assert gate.post("/login", {"username": "alice", "password": PASSWORD}).status == 401
    return gate, tried(gate)


ALLOWED = {"thread", "data"}
FILES = {"open", "open_to_write"}
BY_OTHER_ERRORS = {"clone3": errno.ENOSYS, "bind": errno.EACCES}


@filtered
def test_what_an_attacker_would_try_within_the_process_is_refused(gateway, tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("not for the gateway")
    _, results = start_trying(gateway, secret)
    assert len(results) > 40
    if landlock() < 4:
        results.pop("bind")
    for name, result in results.items():
        if name in FILES:
            assert result == (f"errno {errno.EACCES}" if landlock() else "done"), name
        elif name in ALLOWED:
            assert result == "done", name
        else:
            assert result == f"errno {BY_OTHER_ERRORS.get(name, errno.EPERM)}", (name, result)


def test_sandbox_off_leaves_these_to_the_user(gateway, tmp_path):
    """The counter-proof: the plugin finds out what is allowed, too."""
    secret = tmp_path / "secret"
    secret.write_text("for the gateway")
    gate, results = start_trying(gateway, secret, ", sandbox: off")
    done = {name for name, result in results.items() if result == "done"}
    assert {"fork", "clone3", "unshare", "personality", "memfd_create", "writable_code", "made_code", "listen", "bind",
            "open", "open_to_write", "dumpable"} <= done
    assert results["execve"] == f"errno {errno.ENOENT}"
    said = privileges_of(gate)
    assert not said["system_calls_filtered"] and said["landlock"] == 0


@filtered
@pytest.mark.skipif(not landlock(), reason="this kernel has no Landlock")
def test_readable_and_writable_add_what_a_plugin_needs(gateway, tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("for a plugin")
    assert start_trying(gateway, secret, f", readable: [{tmp_path}]")[1].items() >= {
        ("open", "done"), ("open_to_write", f"errno {errno.EACCES}")}
    assert start_trying(gateway, secret, f", writable: [{secret}]")[1].items() >= {
        ("open", "done"), ("open_to_write", "done")}


def reload(gate):
    return gate.admin("POST", "/api/reload")


@filtered
@pytest.mark.skipif(not landlock(), reason="this kernel has no Landlock")
def test_a_reload_reaches_new_files_beside_the_old_ones_and_names_those_elsewhere(gateway, upstream, tmp_path,
                                                                                 tmp_path_factory):
    gate = gateway(in_front_of(upstream(), OPEN), started=False)
    made = make_certificate(tmp_path, "first")
    text = gate.config.read_text()
    old = (str(gate.certificate.certificate), str(gate.certificate.key))
    gate.config.write_text(text.replace(old[0], str(made.certificate)).replace(old[1], str(made.key)))
    gate.start()
    beside = make_certificate(tmp_path, "second")
    gate.config.write_text(text.replace(old[0], str(beside.certificate)).replace(old[1], str(beside.key)))
    assert reload(gate).status == 200
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    for file in (beside.certificate, beside.key):
        shutil.copy(file, elsewhere)
    gate.config.write_text(text.replace(old[0], f"{elsewhere}/{Path(beside.certificate).name}")
                           .replace(old[1], f"{elsewhere}/{Path(beside.key).name}"))
    answer = reload(gate)
    assert answer.status == 422
    assert re.search(rf"{elsewhere}\S* is out of reach since this process has started \(SIGUSR2", answer.body.decode())
    assert gate.get("/").status == 200


@filtered
def test_a_config_map_is_swapped_under_the_sandbox(gateway, upstream, tmp_path):
    """..data is a link that Kubernetes renames over: the new folder was not there at the start."""
    volume = tmp_path / "volume"
    volume.mkdir()

    def publish(name):
        made = make_certificate(tmp_path / name, "served") if (tmp_path / name).mkdir() is None else None
        (volume / f"..{name}").mkdir()
        shutil.copy(made.certificate, volume / f"..{name}" / "tls.crt")
        shutil.copy(made.key, volume / f"..{name}" / "tls.key")
        (volume / "..data_tmp").symlink_to(f"..{name}")
        (volume / "..data_tmp").rename(volume / "..data")

    publish("one")
    for name in ("tls.crt", "tls.key"):
        (volume / name).symlink_to(f"..data/{name}")
    gate = gateway(in_front_of(upstream(), OPEN), started=False)
    gate.config.write_text(gate.config.read_text().replace(str(gate.certificate.certificate), f"{volume}/tls.crt")
                           .replace(str(gate.certificate.key), f"{volume}/tls.key"))
    gate.start()
    publish("two")
    shutil.rmtree(volume / "..one")
    assert reload(gate).status == 200


@filtered
def test_signals_and_a_reload_work_in_the_sandbox(gateway, upstream):
    gate = gateway(USERS + in_front_of(upstream()), users={"alice": PASSWORD})
    assert gate.login("alice", PASSWORD)["access_token"]
    gate.signal(signal.SIGHUP)
    wait_until(lambda: '"reloaded"' in gate.log(), "reload")
    gate.signal(signal.SIGUSR1)
    assert gate.login("alice", PASSWORD)["access_token"]
    assert "Operation not permitted" not in gate.log() and "Permission denied" not in gate.log()
