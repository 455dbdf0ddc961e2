# SPDX-License-Identifier: Apache-2.0
"""Ten thousand logins of a thousand users from one address: all get in, and requests that pass do not feel it."""
import http.client
import json
import multiprocessing
import sqlite3
import time

from support.gateway import USERS, in_front_of
from support.upstream import response
from support.waiting import SANITIZED, SLOWNESS, wait_until

PASSWORD = "a-long-enough-password"
PEOPLE, LOGINS, CLIENTS = (50, 300, 8) if SANITIZED else (1000, 10000, 16)


def many_people(gate):
    """alice, and copies of her: person0, person1 ... The same password, each an account of their own."""
    gate.add_user("alice", PASSWORD, email="alice@example.com")
    with sqlite3.connect(gate.folder / "users.db") as database:
        (hashed,) = database.execute("SELECT password_hash FROM accounts").fetchone()
        for number in range(PEOPLE):
            name = f"person{number}"
            database.execute("INSERT INTO accounts(id, username, email, password_hash) VALUES(?, ?, ?, ?)",
                             (f"00000000-0000-4000-8000-{number:012}", name, f"{name}@example.com", hashed))
            database.execute("INSERT INTO login_names VALUES(?, ?)", (name, f"00000000-0000-4000-8000-{number:012}"))


def log_in(port, first, seen):
    """A process that logs people in, one after the other, on one connection."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60 * SLOWNESS)
    statuses = {}
    for number in range(first, LOGINS, CLIENTS):
        body = json.dumps({"username": f"person{number % PEOPLE}", "password": PASSWORD})
        connection.request("POST", "/login", body, {"Content-Type": "application/json"})
        answer = connection.getresponse()
        answer.read()
        statuses[answer.status] = statuses.get(answer.status, 0) + 1
    seen.put(statuses)


def ask_on(port, token, begun, stop, times):
    """A process that sends requests through the gateway, 200 a second, and tells how long each took, and when."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60 * SLOWNESS)
    told = []
    while not stop.is_set():
        began = time.monotonic()
        connection.request("GET", "/orders", headers={"Authorization": f"Bearer {token}"})
        answer = connection.getresponse()
        answer.read()
        assert answer.status == 200, answer.status
        told.append((began, time.monotonic() - began))
        begun.set()
        stop.wait(0.005)
    times.put(told)


def p99(times):
    return sorted(times)[len(times) * 99 // 100]


def test_ten_thousand_logins_let_everybody_in_and_hold_up_nobody(gateway, upstream, capsys):
    gate = gateway(USERS + in_front_of(upstream(lambda _: response("ok"))), started=False)
    many_people(gate)
    gate.start()
    token = gate.login("alice", PASSWORD)["access_token"]
    context = multiprocessing.get_context("spawn")
    begun, stop, times, seen = context.Event(), context.Event(), context.Queue(), context.Queue()
    asker = context.Process(target=ask_on, args=(gate.port, token, begun, stop, times), daemon=True)
    asker.start()
    clients = [context.Process(target=log_in, args=(gate.port, first, seen), daemon=True) for first in range(CLIENTS)]
    try:
        assert begun.wait(30 * SLOWNESS)
        quiet = time.monotonic()
        wait_until(lambda: time.monotonic() - quiet > 5, "quiet seconds")
        storm = time.monotonic()
        for client in clients:
            client.start()
        statuses = {}
        for _ in clients:
            for status, count in seen.get(timeout=300 * SLOWNESS).items():
                statuses[status] = statuses.get(status, 0) + count
        over = time.monotonic()
    finally:
        stop.set()
    told = times.get(timeout=30 * SLOWNESS)
    for process in [asker, *clients]:
        process.join(10)
    assert statuses == {200: LOGINS}, "good logins lock nobody out"
    before = [spent for at, spent in told if quiet <= at < storm]
    during = [spent for at, spent in told if storm + 1 <= at < over]
    with capsys.disabled():
        print(f"\n{LOGINS} logins in {over - storm:.1f} s; p99 of {len(before)} requests before {p99(before) * 1000:.2f} ms, of "
              f"{len(during)} during them {p99(during) * 1000:.2f} ms, medians {sorted(before)[len(before) // 2] * 1000:.2f} "
              f"and {sorted(during)[len(during) // 2] * 1000:.2f} ms")
