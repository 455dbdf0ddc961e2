# SPDX-License-Identifier: Apache-2.0
"""Plugins that hang, crash or answer nonsense, and the kit that finds them before they are installed."""
import subprocess
import time
from pathlib import Path

from support.gateway import PLUGINS, in_front_of, run_gatewarden

FIXTURES = Path(PLUGINS).parent / "tests" / "plugins"
PASSWORD = "a-long-enough-password"


def check(plugin, *arguments, stdin="", folder=PLUGINS, cwd=None):
    done = run_gatewarden("plugin", "check", Path(folder) / f"gatewarden_{plugin}.so", *arguments, stdin=stdin, cwd=cwd)
    return done.returncode, done.stdout


def test_a_plugin_that_hangs_costs_its_own_logins_and_nothing_else(gateway, upstream, tmp_path):
    service = upstream()
    gate = gateway(f"""
server: {{workers: 2, blocking_threads: 2, state_dir: state, plugin_dir: {FIXTURES}, drain_timeout: 10s}}
backends:
  users: {{plugin: hangs, release: {tmp_path}/release, time_limit: 500ms}}
login: {{backends: [users], lockout: {{failures: 1000}}}}
""" + in_front_of(service))
    tokens = gate.login("alice", PASSWORD)
    for _ in range(4):
        began = time.monotonic()
        answer = gate.post("/login", {"username": "hang", "password": PASSWORD})
        assert (answer.status, answer.json()["code"]) == (503, "backend_unavailable")
        assert time.monotonic() - began > 0.4
        assert gate.login("bob", PASSWORD)["access_token"]
        assert gate.get("/orders", token=tokens["access_token"]).status == 200
    assert "its thread replaced" in gate.log()
    (tmp_path / "release").write_text("go")
    assert gate.login("hang", PASSWORD)["access_token"]
    (tmp_path / "release").unlink()
    assert gate.post("/login", {"username": "hang", "password": PASSWORD}).status == 503
    gate.stop()  # with a call that still hangs: a clean end all the same


def test_the_kit_passes_the_plugins_of_this_build(tmp_path):
    line = subprocess.run(["htpasswd", "-nbBC", "4", "alice", PASSWORD], check=True, capture_output=True, text=True).stdout
    (tmp_path / "users").write_text(line.strip() + ":alice@example.com:Alice:clerk\n")
    status, output = check("file", "--set", "path=users", "--user", "alice", "--password-stdin", stdin=PASSWORD + "\n",
                           cwd=tmp_path)
    assert status == 0, output
    assert "0 failed, 1 not run" in output and "logs the user in" in output

    status, output = check("sqlite", "--set", "path=users.db", "--write", cwd=tmp_path)
    assert status == 0, output
    assert "ok      makes, changes and removes an account" in output

    for plugin in ["redis", "postgres", "ldap", "http", "pam"]:
        status, output = check(plugin)
        assert status == 0 and "--set KEY=VALUE" in output, output


def test_the_kit_finds_what_is_wrong_with_a_plugin(tmp_path):
    (tmp_path / "gatewarden_text.so").write_text("not a library")
    for plugin, words in {"garbage": "FAILED  does not know a stranger", "crashes": "FAILED  does not know a stranger: the plugin ",
                          "wrong_version": "version 4711", "lacks_verify": "its table lacks",
                          "half_writable": "lacks functions for it"}.items():
        status, output = check(plugin, folder=FIXTURES)
        assert status == 1 and words in output, (plugin, output)
    status, output = check("text", folder=tmp_path)
    assert status == 1 and "cannot be loaded" in output
    status, output = check("nowhere", folder=tmp_path)
    assert status == 1 and "there is no file" in output
    status, output = check("refuses_to_start", "--set", "why=throw", folder=FIXTURES)
    assert status == 1 and "exception" in output
