# SPDX-License-Identifier: Apache-2.0
"""Bodies larger than any memory: they stream, with back-pressure, and the gateway does not grow."""
import hashlib
import subprocess
import threading
import time

import pytest
from support.gateway import in_front_of
from support.ports import ReservedPort, accepts_connections
from support.upstream import response
from support.waiting import SANITIZED, SLOWNESS, wait_until

MEBI = 1024 * 1024
SIZE = (64 if SANITIZED else 1024) * MEBI
# A sanitizer keeps freed memory for itself, so only a plain build can be held to this.
GROWTH = 8 * MEBI
BLOCK = bytes(range(256)) * 4096
OPEN = "{path: /**, auth: none, upstream: legacy}"
LIMITS = "limits: {body: 2000MiB}\n"


class Peak:
    """The gateway's resident memory, watched while the block runs."""

    def __init__(self, gate):
        self._gate, self._done = gate, threading.Event()
        self.before = self.peak = gate.resident_bytes()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._done.set()
        self._thread.join()

    def _watch(self):
        while not self._done.wait(0.02):
            self.peak = max(self.peak, self._gate.resident_bytes())

    @property
    def growth(self):
        return self.peak - self.before


def warmed_up(gate, tls):
    """One megabyte first: buffers, pools and TLS are there before memory is measured."""
    for _ in range(4):
        assert gate.request("POST", "/warm", body=BLOCK, tls=tls).status == 200


def hashing_upload(exchange):
    digest = hashlib.sha256()
    for piece in exchange.body():
        digest.update(piece)
    exchange.send(response(digest.hexdigest()))
    return True


def blocks_upload(connection, size, is_chunked):
    digest = hashlib.sha256()
    for _ in range(size // len(BLOCK)):
        digest.update(BLOCK)
        connection.send(b"%x\r\n%s\r\n" % (len(BLOCK), BLOCK) if is_chunked else BLOCK)
    if is_chunked:
        connection.send(b"0\r\n\r\n")
    return digest.hexdigest()


def upload(gateway, upstream, tls, is_chunked):
    gate = gateway(LIMITS + in_front_of(upstream(serve=hashing_upload, reads_body=False), OPEN))
    warmed_up(gate, tls)
    framing = "Transfer-Encoding: chunked" if is_chunked else f"Content-Length: {SIZE}"
    with gate.connect(tls, timeout=100) as connection, Peak(gate) as memory:
        connection.send(f"POST / HTTP/1.1\r\nHost: localhost\r\n{framing}\r\n\r\n".encode())
        sent = blocks_upload(connection, SIZE, is_chunked)
        answer = connection.read_response()
    assert (answer.status, answer.body.decode()) == (200, sent)
    assert memory.growth < GROWTH, f"{memory.growth / MEBI:.1f} MiB"


def test_a_gibibyte_goes_up_over_tls(gateway, upstream):
    upload(gateway, upstream, tls=True, is_chunked=False)


def test_a_gibibyte_goes_up_in_chunks(gateway, upstream):
    upload(gateway, upstream, tls=False, is_chunked=True)


def sending(is_chunked, sent):
    """A download of SIZE bytes; sent[0] counts what has left the upstream."""
    def serve(exchange):
        if exchange.request.target == "/warm":
            return hashing_upload(exchange)
        framing = b"Transfer-Encoding: chunked" if is_chunked else b"Content-Length: %d" % SIZE
        exchange.send(b"HTTP/1.1 200 OK\r\n" + framing + b"\r\n\r\n")
        for _ in range(SIZE // len(BLOCK)):
            exchange.send(b"%x\r\n%s\r\n" % (len(BLOCK), BLOCK) if is_chunked else BLOCK)
            sent[0] += len(BLOCK)
        if is_chunked:
            exchange.send(b"0\r\n\r\n")
        return True

    return serve


def download(gateway, upstream, tls, is_chunked):
    gate = gateway(LIMITS + in_front_of(upstream(serve=sending(is_chunked, [0]), reads_body=False), OPEN))
    warmed_up(gate, tls)
    wanted, got = hashlib.sha256(), hashlib.sha256()
    with gate.connect(tls, timeout=100) as connection, Peak(gate) as memory:
        connection.send(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        for piece in connection.pieces(connection.read_head()):
            got.update(piece)
    for _ in range(SIZE // len(BLOCK)):
        wanted.update(BLOCK)
    assert got.digest() == wanted.digest()
    assert memory.growth < GROWTH, f"{memory.growth / MEBI:.1f} MiB"


def test_a_gibibyte_comes_down_over_tls(gateway, upstream):
    download(gateway, upstream, tls=True, is_chunked=False)


def test_a_gibibyte_comes_down_in_chunks(gateway, upstream):
    download(gateway, upstream, tls=False, is_chunked=True)


def test_a_client_that_reads_slowly_holds_the_upstream_back(gateway, upstream):
    sent = [0]
    gate = gateway(LIMITS + in_front_of(upstream(serve=sending(False, sent), reads_body=False), OPEN))
    warmed_up(gate, True)
    with gate.connect(tls=True, timeout=100, receive_buffer=256 * 1024) as connection, Peak(gate) as memory:
        connection.send(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        pieces = connection.pieces(connection.read_head())
        start, read = time.monotonic(), 0
        while read < 4 * MEBI:  # a megabyte a second
            read += len(next(pieces))
            wait_until(lambda: time.monotonic() - start >= read / MEBI, "the reader's next turn", 10)
        # What has left the upstream and not arrived is in the kernel's buffers and the gateway's few.
        assert sent[0] - read < 24 * MEBI, f"{sent[0] / MEBI:.1f} MiB left the upstream, {read / MEBI:.1f} were read"
    assert memory.growth < GROWTH, f"{memory.growth / MEBI:.1f} MiB"


def test_an_upstream_that_reads_slowly_holds_the_client_back(gateway, upstream):
    reading = threading.Event()

    def serve(exchange):
        if exchange.request.target == "/warm":
            return hashing_upload(exchange)
        reading.wait(60 * SLOWNESS)
        return hashing_upload(exchange)

    gate = gateway(LIMITS + in_front_of(upstream(serve=serve, reads_body=False, receive_buffer=256 * 1024), OPEN))
    warmed_up(gate, True)
    size, sent = 64 * MEBI, [0]
    with gate.connect(tls=True, timeout=100) as connection, Peak(gate) as memory:
        connection.send(b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n" % size)

        def send_all():
            for _ in range(size // len(BLOCK)):
                connection.send(BLOCK)
                sent[0] += len(BLOCK)

        sender = threading.Thread(target=send_all, daemon=True)
        sender.start()
        last, since = -1, time.monotonic()

        def stalled():  # nothing more has gone out for a second
            nonlocal last, since
            if sent[0] != last:
                last, since = sent[0], time.monotonic()
            return time.monotonic() - since > 1

        wait_until(stalled, "stand-still of the client", 20)
        assert sent[0] < 32 * MEBI, f"{sent[0] / MEBI:.1f} MiB were taken although nobody reads"
        reading.set()
        answer = connection.read_response()
        sender.join()
    assert answer.status == 200 and sent[0] == size
    assert memory.growth < GROWTH, f"{memory.growth / MEBI:.1f} MiB"


class EchoingNghttpd:
    """nghttpd, which sends every upload back as it comes."""

    def __enter__(self):
        self._port = ReservedPort()
        self.url = f"http://127.0.0.1:{self._port.number}"
        self._process = subprocess.Popen(["nghttpd", "--no-tls", "--echo-upload", str(self._port.number)],
                                         stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_until(lambda: accepts_connections(self._port.number), "nghttpd")
        return self

    def __exit__(self, *_):
        self._process.kill()
        self._process.wait()
        self._port.release()


def curl_both_ways(gate, version, size):
    """Uploads `size` bytes with the real curl and hashes what comes back; (digest sent, digest received)."""
    command = ["curl", "--silent", "--show-error", "--noproxy", "*", "--fail", version, "--request", "POST", "-T", "-",
               "--max-time", str(int(100 * SLOWNESS)), f"http://127.0.0.1:{gate.port}/"]
    sent, received = hashlib.sha256(), hashlib.sha256()
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as client:
        def send():
            for _ in range(size // len(BLOCK)):
                sent.update(BLOCK)
                client.stdin.write(BLOCK)
            client.stdin.close()

        sender = threading.Thread(target=send, daemon=True)
        sender.start()
        while piece := client.stdout.read(MEBI):
            received.update(piece)
        sender.join()
    assert client.returncode == 0
    return sent.hexdigest(), received.hexdigest()


@pytest.mark.parametrize("version", ["--http2-prior-knowledge", "--http1.1"])
def test_a_gibibyte_goes_to_http2_and_back(gateway, version):
    with EchoingNghttpd() as service:
        gate = gateway(LIMITS + in_front_of(service, OPEN, options="http2: true"))
        curl_both_ways(gate, version, 4 * MEBI)
        with Peak(gate) as memory:
            sent, received = curl_both_ways(gate, version, SIZE)
            assert sent == received
    assert memory.growth < GROWTH, f"{memory.growth / MEBI:.1f} MiB"


def test_a_gibibyte_goes_from_http2_to_http1(gateway, upstream):
    gate = gateway(LIMITS + in_front_of(upstream(serve=hashing_upload, reads_body=False), OPEN))
    warmed_up(gate, False)
    command = ["curl", "--silent", "--show-error", "--noproxy", "*", "--http2-prior-knowledge", "--request", "POST", "-T",
               "-", "--max-time", str(int(100 * SLOWNESS)), f"http://127.0.0.1:{gate.port}/"]
    digest = hashlib.sha256()
    with Peak(gate) as memory, subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as client:
        for _ in range(SIZE // len(BLOCK)):
            digest.update(BLOCK)
            client.stdin.write(BLOCK)
        client.stdin.close()
        assert client.stdout.read().decode() == digest.hexdigest()
    assert memory.growth < GROWTH, f"{memory.growth / MEBI:.1f} MiB"


def test_a_gibibyte_comes_from_http1_to_http2(gateway, upstream):
    gate = gateway(LIMITS + in_front_of(upstream(serve=sending(False, [0]), reads_body=False), OPEN))
    warmed_up(gate, False)
    command = ["curl", "--silent", "--show-error", "--noproxy", "*", "--http2-prior-knowledge", "--fail", "--max-time",
               str(int(100 * SLOWNESS)), f"http://127.0.0.1:{gate.port}/"]
    wanted, got = hashlib.sha256(), hashlib.sha256()
    with Peak(gate) as memory, subprocess.Popen(command, stdout=subprocess.PIPE) as client:
        while piece := client.stdout.read(MEBI):
            got.update(piece)
    for _ in range(SIZE // len(BLOCK)):
        wanted.update(BLOCK)
    assert client.returncode == 0 and got.digest() == wanted.digest()
    assert memory.growth < GROWTH, f"{memory.growth / MEBI:.1f} MiB"
