# SPDX-License-Identifier: Apache-2.0
"""A Redis that outlives its master: a Sentinel set of three, and a Cluster of six whose master is killed and whose
slot is moved, all under load."""
import base64
import os
import subprocess

import pytest

from support.directories import Server
from support.gateway import USERS, in_front_of
from support.ports import ReservedPort, accepts_connections
from support.sessions import PASSWORD, Sessions, log_in
from support.upstream import response
from support.waiting import wait_until


class Node(Server):
    """A redis-server without a password; `options` are those of its command line."""

    def __init__(self, folder, *options):
        folder.mkdir()
        super().__init__(folder)
        self._options = [str(option) for option in options]

    def command(self):
        return ["redis-server", "--bind", "127.0.0.1", "--port", str(self.port), "--dir", str(self.folder), "--save", "",
                *self._options]

    def ask(self, *words, check=False):
        return subprocess.run(["redis-cli", "-p", str(self.port), *map(str, words)], check=check, capture_output=True,
                              text=True, timeout=60).stdout.strip()

    def is_ready(self):
        return accepts_connections(self.port) and "PONG" in self.ask("PING")


class Sentinel(Node):
    def __init__(self, folder, master):
        super().__init__(folder)
        (self.folder / "sentinel.conf").write_text(
            f"port {self.port}\nbind 127.0.0.1\ndir {self.folder}\n"
            f"sentinel monitor main 127.0.0.1 {master.port} 2\nsentinel down-after-milliseconds main 2000\n"
            "sentinel failover-timeout main 10000\nsentinel parallel-syncs main 2\n")

    def command(self):
        return ["redis-server", str(self.folder / "sentinel.conf"), "--sentinel"]


class ClusterNode(Node):
    def __init__(self, folder):
        self._bus = ReservedPort()
        super().__init__(folder, "--cluster-enabled", "yes", "--cluster-node-timeout", 3000, "--cluster-port",
                         self._bus.number, "--cluster-config-file", "nodes.conf", "--appendonly", "yes")

    def stop(self):
        super().stop()
        self._bus.release()


@pytest.fixture
def servers():
    made = []

    def keep(one):
        made.append(one)
        return one.start()

    yield keep
    for one in reversed(made):
        one.stop()


@pytest.fixture
def replicas(gateway, upstream, tmp_path):
    def start(url, more=""):
        service = upstream(lambda _: response("ok"))
        key = tmp_path / "encryption.key"
        key.write_bytes(base64.b64encode(os.urandom(32)))
        key.chmod(0o600)
        # On a busy machine Redis is away for longer than the grace of 10 s, and a refresh without an answer comes again.
        config = ("tokens: {refresh_grace: 10m}\n" + USERS.replace("path: users.db", f"path: {tmp_path}/users.db") +
                  in_front_of(service) +
                  f"store: {{url: '{url}', encryption_key: {{file: {key}}}, timeout: 500ms{more}}}\n")
        gates = [gateway(config, started=False) for _ in range(2)]
        gates[0].add_user("alice", PASSWORD, email="alice@example.com")
        for gate in gates:
            gate.start()
        return gates

    return start


def survive(gates, *changes):
    """Sessions that refresh all the time live through every change."""
    sessions = Sessions(gates, 4)
    try:
        wait_until(lambda: sessions.refreshed > 40, "load")
        for change in changes:
            change()
            seen = sessions.refreshed
            wait_until(lambda seen=seen: sessions.refreshed > seen + 40, "load after the change", 60)
    finally:
        sessions.stop()
    assert not sessions.refused, sessions.refused
    for token in sessions.tokens:
        assert gates[0].refresh(token).status == 200
    session = log_in(gates[0])
    assert gates[1].post("/logout", {"refresh_token": session["refresh_token"]}).status == 204
    wait_until(lambda: gates[0].get("/", token=session["access_token"]).status == 401, "refusal")


def test_a_sentinel_set_replaces_its_master_under_load(servers, replicas, tmp_path):
    master = servers(Node(tmp_path / "master"))
    others = [servers(Node(tmp_path / f"replica{i}", "--replicaof", "127.0.0.1", master.port)) for i in range(2)]
    wait_until(lambda: "connected_slaves:2" in master.ask("INFO", "replication"), "replicas")
    sentinels = [servers(Sentinel(tmp_path / f"sentinel{i}", master)) for i in range(3)]

    def is_watched(sentinel):
        info = sentinel.ask("SENTINEL", "master", "main").split("\n")
        return info[info.index("num-slaves") + 1] == "2" and info[info.index("num-other-sentinels") + 1] == "2"

    for sentinel in sentinels:
        wait_until(lambda sentinel=sentinel: is_watched(sentinel), "sentinels that know each other", 30)
    url = "redis+sentinel://" + ",".join(f"127.0.0.1:{sentinel.port}" for sentinel in sentinels) + "/main"
    gates = replicas(url, ", replicas: 1")
    survive(gates, master.kill)
    assert any("role:master" in other.ask("INFO", "replication") for other in others)


def test_a_cluster_loses_a_master_and_moves_a_slot_under_load(servers, replicas, tmp_path):
    nodes = [servers(ClusterNode(tmp_path / f"node{i}")) for i in range(6)]
    made = subprocess.run(["redis-cli", "--cluster", "create", *(f"127.0.0.1:{node.port}" for node in nodes),
                           "--cluster-replicas", "1", "--cluster-yes"], check=False, capture_output=True, text=True,
                          timeout=120)
    assert made.returncode == 0, made.stdout + made.stderr
    for node in nodes:
        wait_until(lambda node=node: "cluster_state:ok" in node.ask("CLUSTER", "INFO"), "cluster", 30)
    slot = nodes[0].ask("CLUSTER", "KEYSLOT", "{gw}:")
    gates = replicas("redis+cluster://" + ",".join(f"127.0.0.1:{node.port}" for node in nodes), ", replicas: 1")

    def alive():
        return [node for node in nodes if node.process is not None]

    def owner():
        for line in alive()[0].ask("CLUSTER", "NODES").split("\n"):
            words = line.split()
            ranges = [word.split("-") for word in words[8:] if not word.startswith("[")]
            if "fail" not in words[2] and any(int(each[0]) <= int(slot) <= int(each[-1]) for each in ranges):
                return next(node for node in nodes if f":{node.port}@" in words[1])
        return None

    def kill_the_owner():
        killed = owner()
        killed.kill()
        new = wait_until(lambda: (found := owner()) and found.process is not None and found, "new owner of the slot", 60)
        killed.start()  # a replica from now on: somebody must have what is acknowledged
        wait_until(lambda: "connected_slaves:1" in new.ask("INFO", "replication"), "replica of the new owner", 60)

    def move_the_slot():
        source = owner()
        target = next(node for node in alive() if node is not source and
                      node.ask("ROLE").split("\n")[0] == "master")
        ids = {node: node.ask("CLUSTER", "MYID") for node in (source, target)}
        first = min(int(word.split("-")[0]) for line in source.ask("CLUSTER", "NODES").split("\n")
                    if "myself" in line for word in line.split()[8:] if not word.startswith("["))
        # The lowest go first, down to ours.
        done = subprocess.run(
            ["redis-cli", "--cluster", "reshard", f"127.0.0.1:{source.port}", "--cluster-from", ids[source], "--cluster-to",
             ids[target], "--cluster-slots", str(int(slot) - first + 1), "--cluster-yes", "--cluster-pipeline", "100"],
            check=False, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stdout[-2000:] + done.stderr
        wait_until(lambda: owner() is target, "slot on its new node", 30)

    survive(gates, kill_the_owner, move_the_slot)
