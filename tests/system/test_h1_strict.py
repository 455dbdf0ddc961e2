# SPDX-License-Identifier: Apache-2.0
"""HTTP/1.1 to the letter: tables of raw requests and answers, each with all that has to come of it.

Behind every request stands a marker. It is answered as itself, or it is never seen: nothing that came before it may
change how it is read, neither on its own connection nor on the upstream's.
"""
import re

import pytest
from support import h1_requests, h1_responses
from support.gateway import in_front_of
from support.http1 import ConnectionEnded
from support.recorder import Answer, Recorder, answer_with_target

OPEN = "{path: /**, auth: none, upstream: legacy}"
SETTINGS = "server: {workers: 1, state_dir: state}\n"


@pytest.fixture
def recorder():
    made = []

    def make(*arguments, **options):
        made.append(Recorder(*arguments, **options))
        return made[-1]

    yield make
    for one in made:
        one.stop()


def marker(name, number):
    return b"GET /%s-%d HTTP/1.1\r\nHost: a\r\n\r\n" % (name, number)


def without_chunk_size(raw):
    """A body that comes byte by byte leaves so, in more chunks: the size of what broke off says nothing."""
    return re.sub(rb"(?<=\r\n\r\n)[0-9a-f]+\r\n", b"", raw, count=1) if b"chunked" in raw else raw


def fails(problems, what, got, expected):
    if got != expected:
        problems.append(f"{what}: {got!r} instead of {expected!r}")


def report(failed, rows):
    lines = [f"{row.name} ({row.source}): {problem}" for row, problems in failed for problem in problems]
    assert not lines, f"{len(failed)} of {rows} rows:\n" + "\n".join(lines)


# -- requests

class RequestTable:
    def __init__(self, gate, upstream, in_bytes):
        self.gate, self.upstream, self.in_bytes = gate, upstream, in_bytes
        self.number = 0

    def check(self, row):
        self.number += 1
        before, problems = len(self.upstream.log), []
        try:
            with self.gate.connect(timeout=3) as connection:
                self._talk(connection, row, problems)
        except (ConnectionEnded, OSError) as error:
            problems.append(f"{error!r}")
        # On whatever upstream connection is there now; and what was sent before has arrived when this has.
        answer = self.gate.send_raw(marker(b"after", self.number))
        fails(problems, "a request after it", (answer.status, answer.body), (200, b"/after-%d" % self.number))
        self._compare(row, self.upstream.log[before:], problems)
        return problems

    def _talk(self, connection, row, problems):
        ends = not row.answers
        data = row.raw if ends else row.raw + marker(b"marker", self.number)
        for piece in (data[i:i + 1] for i in range(len(data))) if self.in_bytes else (data,):
            connection.send_if_open(piece)
        if ends:
            connection.finish_sending_if_open()
        methods = [seen.split(b" ")[0].decode() for seen in row.upstream] + ["GET"]
        for (status, code), method in zip(row.answers, methods):
            answer = connection.read_response(method)
            got = (answer.status, answer.code if answer.status >= 400 else None)
            fails(problems, "the answer", got, (status, code))
        if row.kept:
            answer = connection.read_response()
            fails(problems, "the marker", (answer.status, answer.body), (200, b"/marker-%d" % self.number))
        else:
            fails(problems, "behind the last answer", connection.reader.rest(), b"")
            if row.answers:
                fails(problems, "Connection", answer.header("Connection"), "close")

    def _compare(self, row, log, problems):
        self.upstream.wait_until_settled()
        expected = [one.replace(b"{upstream}", self.upstream.url[7:].encode()) for one in row.upstream]
        after = [marker(b"marker", self.number)] if row.kept else []
        after.append(marker(b"after", self.number))
        partial = [seen for seen in log if not seen.complete]
        complete = [seen for seen in log if seen.complete]
        fails(problems, "what arrived", [seen.raw for seen in complete], expected + after)
        for seen in partial:
            if row.part is None or not without_chunk_size(row.part).startswith(without_chunk_size(seen.raw)):
                problems.append(f"arrived in part: {seen.raw!r}")
        forwarded = [line for seen in log for line in seen.trailers]
        if forwarded and forwarded != list(row.trailers):
            problems.append(f"trailers {forwarded}")
        # All on one connection, also the request after it, unless one broke off and took its connection along.
        connections = {seen.connection for seen in complete} - {seen.connection for seen in partial}
        fails(problems, "upstream connections", len(connections), 1)


def run_request_table(gate, upstream, in_bytes):
    rows = h1_requests.all_rows()
    assert len(rows) >= 200 and len({row.name for row in rows}) == len(rows)
    table = RequestTable(gate, upstream, in_bytes)
    checked = [(row, table.check(row)) for row in rows]
    assert upstream.faults == []
    report([(row, problems) for row, problems in checked if problems], len(rows))
    # Every request that arrived was one of a row: those of the markers and nothing else.
    assert upstream.connections <= 1 + sum(row.part is not None for row in rows)


@pytest.fixture
def table(gateway, recorder):
    upstream = recorder()
    return gateway(f"limits: {{{h1_requests.LIMITS}}}\n" + SETTINGS + in_front_of(upstream, OPEN)), upstream


def test_every_request_has_the_outcome_of_its_row(table):
    run_request_table(*table, in_bytes=False)


def test_every_request_has_the_same_outcome_byte_by_byte(table):
    run_request_table(*table, in_bytes=True)


# -- answers

class ResponseTable:
    def __init__(self, gate, upstream):
        self.gate, self.upstream, self.number = gate, upstream, 0

    def check(self, row):
        self.number += 1
        start, problems = len(self.upstream.log), []
        with self.gate.connect(timeout=10) as connection:
            self._warm_up(connection)
            target = f"/row-{self.number}"
            length = b"Content-Length: 0\r\n" if row.method == "POST" else b""
            connection.send(f"{row.method} {target} HTTP/1.1\r\nHost: a\r\n".encode() + length + b"\r\n")
            try:
                self._compare(connection, row, problems)
            except (ConnectionEnded, OSError) as error:
                problems.append(f"{error!r}")
        answer = self.gate.send_raw(marker(b"after", self.number))
        fails(problems, "a request after it", (answer.status, answer.body), (200, b"/after-%d" % self.number))
        log = self.upstream.log[start:]
        fails(problems, "what was asked for", [seen.target for seen in log],
              [f"/warm-{self.number}", target, f"/after-{self.number}"])
        fails(problems, "the upstream's connection is used again", log[2].connection == log[1].connection, row.kept)
        if not row.kept:
            self.upstream.wait_until_closed(log[1].connection)
        return problems

    def _warm_up(self, connection):
        connection.send(marker(b"warm", self.number))
        assert connection.read_response().status == 200

    def _compare(self, connection, row, problems):
        answer = connection.read_head()
        fails(problems, "the status", answer.status, row.status)
        fails(problems, "the answers before it", tuple(one.status for one in answer.interim), row.interim)
        is_broken = False
        try:
            for piece in connection.pieces(answer, row.method):
                answer.body += piece
        except (ConnectionEnded, OSError):
            is_broken = True
        fails(problems, "broken off", is_broken, row.broken)
        if row.body is None:
            fails(problems, "the code", answer.code, "upstream_protocol")
        else:
            fails(problems, "the body", answer.body, row.body)
        lines = answer.raw_head.split(b"\r\n")
        problems.extend(f"{line!r} is missing" for line in row.fields if line not in lines)
        present = set(answer.names) | {name.lower() for name, _ in answer.trailers}
        problems.extend(f"{name} came through" for name in row.gone if name in present)
        if not row.broken:  # the client's connection is not the service's
            connection.send(b"OPTIONS /own HTTP/1.1\r\nHost: nowhere.test\r\n\r\n")
            fails(problems, "behind it", connection.read_response().status, 404)


def test_every_answer_has_the_outcome_of_its_row(gateway, recorder):
    rows = h1_responses.all_rows()
    assert len(rows) >= 60 and len({row.name for row in rows}) == len(rows)

    def answer(seen):
        if not seen.target.startswith("/row-"):
            return answer_with_target(seen)
        row = rows[int(seen.target[5:]) - 1]
        return Answer(row.data, row.then)

    upstream = recorder(answer)
    gate = gateway(f"limits: {{{h1_responses.LIMITS}}}\n" + SETTINGS
                   + in_front_of(upstream, "{path: /**, host: a, auth: none, upstream: legacy}"))
    table = ResponseTable(gate, upstream)
    checked = [(row, table.check(row)) for row in rows]
    assert upstream.faults == []
    report([(row, problems) for row, problems in checked if problems], len(rows))
