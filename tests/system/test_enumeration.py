# SPDX-License-Identifier: Apache-2.0
"""Nobody learns who has an account: unknown, wrong and disabled get the same answer after the same time. Attempts are
interleaved, so that whatever else this machine does falls on all alike, and their medians are compared."""
import base64
import itertools
import json
import os
import sqlite3
import statistics
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from support.gateway import USERS, in_front_of
from support.waiting import SANITIZED

PASSWORD = "a-long-enough-password"
# As costly as in the world, so that the hash is most of the time, as it is there.
COSTLY = USERS.replace("memory: 8MiB, iterations: 1", "memory: 19MiB, iterations: 2").replace(
    "backends: [users]", "backends: [users]\n  lockout: {failures: 1000}\n  register: {reveal: false}")
ROUTES = ("{path: /**, upstream: legacy}", "{path: /basic/**, basic: true, upstream: legacy}")
# Attempts of each kind. Sanitizers are not judged by the clock, only by the answers.
ROUNDS = 20 if SANITIZED else int(os.environ.get("GATEWARDEN_ENUMERATION_ROUNDS", "200"))
APART = 0.05


def measure(ask, kinds, connection, times):
    """Adds the times of each kind, in every order in turn; and the answers must be one."""
    answers = set()
    orders = itertools.cycle(itertools.permutations(kinds))
    for round_ in range(-2, ROUNDS):
        for kind in next(orders):
            began = time.perf_counter()
            answer = ask(connection, kind, round_)
            spent = time.perf_counter() - began
            if round_ >= 0:
                times[kind].append(spent)
            answers.add(answer)
    assert len(answers) == 1, answers
    return {kind: statistics.median(spent) for kind, spent in times.items()}


def assert_alike(gate, ask, kinds, capsys, what, measure=measure):
    times = {kind: [] for kind in kinds}
    for attempt in range(4):  # more of them settle the medians of a machine that does other things, too
        with gate.connect(source=f"127.0.{attempt + 1}.1") as connection:  # failures are counted by network, too
            measure(ask, kinds, connection, times)
        medians = {kind: statistics.median(spent) for kind, spent in times.items()}
        apart = max(medians.values()) / min(medians.values()) - 1
        with capsys.disabled():
            print(f"\n{what}: {apart:.1%} apart, " +
                  ", ".join(f"{kind} {median * 1000:.2f} ms" for kind, median in medians.items()))
        if apart <= APART or SANITIZED:
            return
    raise AssertionError(f"{what}: medians are {apart:.1%} apart: {medians}")


def shown(answer):
    """What a client sees, without what differs in any two answers."""
    body = answer.body
    if answer.header("Content-Type") == "application/problem+json":
        body = json.dumps({key: value for key, value in answer.json().items() if key != "request_id"})
    fields = tuple((name, value) for name, value in answer.headers if name.lower() not in ("x-request-id", "date"))
    return answer.status, body, fields


@pytest.fixture
def gate(gateway, upstream):
    hook = upstream()
    config = COSTLY.replace("lockout:", f'reset: {{url: "https://localhost", webhook: {{url: "{hook.url}/"}}}}\n  lockout:')
    made = gateway(config + in_front_of(upstream(), *ROUTES), users={"alice": PASSWORD, "carol": PASSWORD})
    assert made.run("user", "disable", "carol").returncode == 0
    return made


NAMES = {"wrong": "alice", "unknown": "nobody", "disabled": "carol"}


@pytest.mark.parametrize("spelling", ["name", "address"])
def test_login_says_nothing(gate, capsys, spelling):
    def ask(connection, kind, round_):
        name = NAMES[kind] + ("@example.com" if spelling == "address" else "")
        # The password of one who is disabled is right: it must not matter.
        password = PASSWORD if kind == "disabled" and round_ % 2 else f"wrong-password-{round_}"
        body = json.dumps({"username": name, "password": password}).encode()
        return shown(connection.request("POST", "/login", [("Content-Type", "application/json")], body))

    assert_alike(gate, ask, NAMES, capsys, f"/login by {spelling}")


def test_basic_says_nothing(gate, capsys):
    def ask(connection, kind, round_):
        password = PASSWORD if kind == "disabled" and round_ % 2 else f"wrong-password-{round_}"
        pair = base64.b64encode(f"{NAMES[kind]}:{password}".encode()).decode()
        return shown(connection.request("GET", "/basic/x", [("Authorization", f"Basic {pair}")]))

    assert_alike(gate, ask, NAMES, capsys, "Basic")


def test_registration_says_nothing(gate, capsys):
    """A new address each time, or one that is taken by somebody who may log in, or may not."""
    def ask(connection, kind, round_):
        address = {"taken": "alice", "new": f"new-{round_ + 9}-{time.time_ns()}", "disabled": "carol"}[kind]
        body = json.dumps({"name": "A", "email": f"{address}@example.com", "password": PASSWORD}).encode()
        return shown(connection.request("POST", "/register", [("Content-Type", "application/json")], body))

    assert_alike(gate, ask, ("taken", "new", "disabled"), capsys, "/register")


def test_a_reset_says_nothing(gate, capsys):
    """Answers come at ticks, whatever was done; the message goes out elsewhere."""
    store = sqlite3.connect(gate.folder / "state" / "store.db", timeout=10, isolation_level=None)
    connections = [gate.connect() for _ in NAMES]

    def ask(kind, connection):
        began = time.perf_counter()
        answer = connection.request("POST", "/reset", [("Content-Type", "application/json")],
                                           json.dumps({"email": f"{NAMES[kind]}@example.com"}).encode())
        spent = time.perf_counter() - began
        assert answer.status == 202, answer
        return spent, shown(answer)

    def measure_at_once(ask, kinds, _, times):
        """As measure(), but all kinds at the same time, for a tick is long; and each on every connection in turn, for
        the ticks are those of its worker."""
        answers = set()
        orders = itertools.cycle(itertools.permutations(kinds))
        with ThreadPoolExecutor(max_workers=len(kinds)) as pool:
            for _ in range(ROUNDS):
                store.execute("DELETE FROM attempts")  # so many as no address may ask for
                asked = {kind: pool.submit(ask, kind, connection)
                         for kind, connection in zip(next(orders), connections)}
                for kind, future in asked.items():
                    spent, answer = future.result()
                    times[kind].append(spent)
                    answers.add(answer)
        assert len(answers) == 1, answers

    try:
        assert_alike(gate, ask, NAMES, capsys, "/reset", measure_at_once)
    finally:
        for connection in connections:
            connection.close()
        store.close()
