# SPDX-License-Identifier: Apache-2.0
"""Real clients beside curl and nghttp: Python's httpx, Node's http2; and answers that come bit by bit."""
import json
import shutil
import subprocess
import threading
import time

import httpx
import pytest
from support.gateway import in_front_of
from support.h2_upstream import H2Answer, H2Upstream
from support.tokens import SHARED_ISSUER, good_token
from support.upstream import Upstream, response
from support.waiting import SANITIZED, SLOWNESS

OPEN = "{path: /**, auth: none, upstream: legacy}"
ROUTES = ("{path: /**, upstream: legacy}", "{path: /open/**, auth: none, upstream: legacy}")
PAIRS = [(client, service) for client in (1, 2) for service in (1, 2)]

NODE = """
const http2 = require('http2'), fs = require('fs');
const [url, ca, token] = process.argv.slice(1);
const session = http2.connect(url, {ca: fs.readFileSync(ca)});
session.on('error', error => { console.error(error); process.exit(1); });
const ask = (headers, body) => new Promise((resolve, reject) => {
  const stream = session.request(headers, {endStream: body === undefined});
  const answer = {bytes: 0};
  stream.on('response', head => { answer.status = head[':status']; });
  stream.on('trailers', trailers => { answer.trailer = trailers['x-sum']; });
  stream.on('data', data => { answer.bytes += data.length; });
  stream.on('end', () => resolve(answer));
  stream.on('error', reject);
  if (body !== undefined) stream.end(body);
});
(async () => {
  const authorization = 'Bearer ' + token;
  const all = await Promise.all([...Array(50).keys()].map(i => ask({':path': '/many/' + i, authorization})));
  const refused = await ask({':path': '/'});
  const posted = await ask({':path': '/', ':method': 'POST', authorization}, Buffer.alloc(1 << 20));
  console.log(JSON.stringify({all: all.every(a => a.status === 200 && a.bytes === 5 && a.trailer === '1'),
                              refused: refused.status, posted}));
  session.close();
})().catch(error => { console.error(error); process.exit(1); });
"""


@pytest.fixture
def service():
    up = H2Upstream(lambda request: H2Answer(body=b"x" * request.size or b"hello", trailers=(("x-sum", "1"),)))
    yield up
    up.stop()
    assert not up.errors, up.errors


def test_httpx_in_both_versions(gateway, service):
    gate = gateway(SHARED_ISSUER + in_front_of(service, *ROUTES, options="http2: true"))
    for http2 in (False, True):
        with httpx.Client(http2=http2, verify=str(gate.certificate.certificate), timeout=20 * SLOWNESS) as client:
            url = f"https://localhost:{gate.tls_port}"
            for _ in range(3):
                answer = client.get(url + "/a", headers={"Authorization": f"Bearer {good_token()}"})
                assert (answer.status_code, answer.text) == (200, "hello")
                assert answer.http_version == ("HTTP/2" if http2 else "HTTP/1.1")
            assert client.get(url + "/a").json()["code"] == "token_missing"
            assert client.post(url + "/open/", content=b"y" * 300000).content == b"x" * 300000
            chunks = client.post(url + "/open/", content=(b"z" * 1000 for _ in range(100)))
            assert len(chunks.content) == 100000


def test_nodes_http2(gateway, service):
    if shutil.which("node") is None:
        pytest.skip("there is no node here")
    gate = gateway(SHARED_ISSUER + in_front_of(service, *ROUTES, options="http2: true"))
    done = subprocess.run(["node", "-e", NODE, "--", f"https://localhost:{gate.tls_port}",
                           str(gate.certificate.certificate), good_token()], capture_output=True, text=True,
                          check=False, timeout=60 * SLOWNESS)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {"all": True, "refused": 401,
                                       "posted": {"status": 200, "bytes": 1 << 20, "trailer": "1"}}


def delays_of_events(gate, client_version, turn, sent):
    """How long each of 20 events took from the service to the client; the next is sent when one has come."""
    with httpx.Client(http2=client_version == 2, verify=str(gate.certificate.certificate),
                      timeout=20 * SLOWNESS) as client:
        turn.release()
        with client.stream("GET", f"https://localhost:{gate.tls_port}/") as answer:
            late = []
            for number, event in enumerate(answer.iter_raw()):
                late.append(time.monotonic() - sent[number])
                assert event == b"data: %d\n\n" % number
                turn.release()
    assert len(late) == 20
    turn.acquire()  # for the event after the last
    return late


@pytest.mark.parametrize("client_version,service_version", PAIRS)
def test_events_arrive_when_they_are_sent(gateway, client_version, service_version):
    """Server-sent events, each of them within 50 ms, between every pair of versions."""
    sent, turn = {}, threading.Semaphore(0)

    def events():
        for number in range(20):
            turn.acquire()
            sent[number] = time.monotonic()
            yield b"data: %d\n\n" % number

    def serve(exchange):
        exchange.send(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n")
        for event in events():
            exchange.send(event)
        return False

    if service_version == 2:
        up = H2Upstream(lambda _: H2Answer(headers=(("content-type", "text/event-stream"),), body=events()))
    else:
        up = Upstream(serve=serve)
    try:
        gate = gateway(in_front_of(up, OPEN, options="http2: true" if service_version == 2 else ""))
        tries = []
        for _ in range(1 if SANITIZED else 5):  # the machine may be busy with other tests: all 20 once more
            tries.append(max(delays_of_events(gate, client_version, turn, sent)))
            if tries[-1] < 0.05:
                break
        assert SANITIZED or tries[-1] < 0.05, f"the slowest of 20 events in seconds, of each attempt: {tries}"
    finally:
        up.stop()
    assert not up.errors


def test_an_expectation_is_kept_by_services_of_both_versions(gateway):
    h1 = Upstream(lambda request: response(request.body))
    h2 = H2Upstream(lambda request: H2Answer(body=request.body))
    try:
        for up, options in ((h1, ""), (h2, "http2: true")):
            gate = gateway(in_front_of(up, "{path: /**, auth: none, upstream: legacy, max_body: 10KiB}",
                                       options=options))
            with gate.connect() as connection:
                connection.send(b"POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n")
                assert b"100" in connection.reader.until(b"\r\n\r\n")
                connection.send(b"hello")
                assert connection.read_response().body == b"hello"
            with gate.connect() as connection:
                connection.send(b"POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 20000\r\n\r\n")
                answer = connection.read_response()
                assert (answer.status, answer.interim) == (413, [])
    finally:
        h1.stop()
        h2.stop()
