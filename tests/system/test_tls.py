# SPDX-License-Identifier: Apache-2.0
"""TLS as clients meet it: certificates that change, sessions, stapled OCSP, client certificates."""
import datetime
import json
import os
import re
import shutil
import signal
import socket
import ssl
import subprocess

import pytest
from support.authority import Authority
from support.http1 import ConnectionEnded, Reader, Response, body_pieces, format_request, read_head
from support.waiting import SLOWNESS, wait_until

ANSWER = "{path: /**, auth: none, respond: {status: 200, body: ok}}"


class Client:
    """One TLS connection with a name, a certificate and a session of the test's choosing."""

    def __init__(self, gate, ca, name="localhost", show=None, session=None, context=None, version=None):
        self.context = context or ssl.create_default_context(cafile=str(ca))
        self.context.check_hostname = False
        if context is None:
            self.context.set_alpn_protocols(["http/1.1"])
            if version:
                self.context.minimum_version = self.context.maximum_version = version
            if show:
                self.context.load_cert_chain(show.certificate, show.key)
        sock = socket.create_connection(("127.0.0.1", gate.tls_port), timeout=20 * SLOWNESS)
        self.socket = self.context.wrap_socket(sock, server_hostname=name, session=session)
        self.reader = Reader(self.socket)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def get(self, target, host="localhost"):
        self.socket.sendall(format_request("GET", target, [("Host", host)]))
        response = read_head(self.reader, Response)
        response.body = b"".join(body_pieces(self.reader, response))
        return response

    def serial(self):
        return self.socket.getpeercert()["serialNumber"]


def listeners(gate, tls):
    return (f"listeners:\n  - {{address: 127.0.0.1:{gate.port}}}\n"
            f"  - {{address: 127.0.0.1:{gate.tls_port}, tls: {{{tls}}}}}\n")


@pytest.fixture
def tls_gateway(gateway):
    """A gateway whose TLS listener has these options, and these routes."""
    def make(tls, routes=f"routes:\n  - {ANSWER}\n", started=True):
        gate = gateway("routes: []", started=False)
        gate.write_config(listeners(gate, tls) + routes)
        return gate.start() if started else gate

    return make


def test_a_certificate_is_replaced_on_reload_and_open_connections_stay(tls_gateway, tmp_path):
    authority = Authority(tmp_path)
    old, new = authority.issue("old", dns=["localhost"]), authority.issue("new", dns=["localhost"])
    served = tmp_path / "served.crt"
    key = tmp_path / "served.key"
    served.write_bytes(old.certificate.read_bytes())
    key.write_bytes(old.key.read_bytes())
    gate = tls_gateway(f"certificate: {served}, key: {key}")
    with Client(gate, authority.file) as before:
        assert before.get("/").body == b"ok"
        first = before.serial()
        served.write_bytes(new.certificate.read_bytes())
        gate.signal(signal.SIGHUP)
        wait_until(lambda: "reload refused" in gate.log(), "word that the key is of another certificate")
        with Client(gate, authority.file) as meanwhile:
            assert meanwhile.serial() == first, "the old pair serves on"
        key.write_bytes(new.key.read_bytes())
        gate.signal(signal.SIGHUP)

        def is_replaced():
            with Client(gate, authority.file) as client:
                assert client.get("/").body == b"ok"
                return client.serial() != first

        wait_until(is_replaced, "the new certificate")
        assert before.get("/").body == b"ok", "an open connection lives on"


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_a_session_goes_on_with_every_worker_and_after_a_reload(tls_gateway, tmp_path, version):
    authority = Authority(tmp_path)
    made = authority.issue("server", dns=["localhost", "other.test"])
    gate = tls_gateway(f"certificate: {made.certificate}, key: {made.key}")
    with Client(gate, authority.file, version=version) as first:
        first.get("/")
        context, session = first.context, first.socket.session
    for _ in range(12):  # the kernel spreads them over both workers
        with Client(gate, authority.file, context=context, session=session) as again:
            assert again.get("/").status == 200
            assert again.socket.session_reused
    reloads = gate.metric("gatewarden_config_reloads_total")
    gate.signal(signal.SIGHUP)
    wait_until(lambda: gate.metric("gatewarden_config_reloads_total") > reloads, "the reload")
    with Client(gate, authority.file, context=context, session=session) as again:
        assert again.get("/").status == 200 and again.socket.session_reused
    # Another name is another session, though the certificate is the same.
    with Client(gate, authority.file, context=context, session=session, name="other.test") as other:
        assert other.get("/").status == 200 and not other.socket.session_reused


def stapled(gate, ca):
    done = subprocess.run(["openssl", "s_client", "-connect", f"127.0.0.1:{gate.tls_port}", "-servername", "localhost",
                           "-status", "-CAfile", str(ca)], input=b"", capture_output=True, check=False,
                          timeout=30 * SLOWNESS)
    return done.stdout.decode(errors="replace")


def test_an_ocsp_response_is_stapled_from_its_file(tls_gateway, tmp_path):
    authority = Authority(tmp_path)
    made, other = authority.issue("server", dns=["localhost"]), authority.issue("other", dns=["localhost"])
    answer = tmp_path / "server.ocsp"
    tls = f"certificate: {made.certificate}, key: {made.key}, ocsp: {answer}"
    authority.write_ocsp(made, answer)
    gate = tls_gateway(tls)
    seen = stapled(gate, authority.file)
    assert "OCSP Response Status: successful" in seen and "Cert Status: good" in seen

    # What has run out is not shown; what is of another certificate or broken is an error that keeps the old one.
    for broken, complaint in ((lambda: authority.write_ocsp(other, answer), "about another certificate"),
                              (lambda: answer.write_bytes(b"nonsense"), "not an OCSP response")):
        broken()
        gate.signal(signal.SIGHUP)
        wait_until(lambda complaint=complaint: complaint in gate.log(), complaint)
        assert "Cert Status: good" in stapled(gate, authority.file)
    authority.write_ocsp(made, answer, lasts=-datetime.timedelta(minutes=1))
    gate.signal(signal.SIGHUP)
    wait_until(lambda: "has run out" in gate.log(), "warning of the old response")
    wait_until(lambda: "no response sent" in stapled(gate, authority.file), "handshake without it")


ROUTES = """
upstreams:
  legacy: {servers: [http://127.0.0.1:9]}
routes:
  - {path: /open, auth: none, respond: {body: open}}
  - {path: /any, auth: optional, require: {client_certificate: true}, respond: {body: any}}
  - path: /ann
    auth: optional
    require: {client_certificate: {subject: ["CN=ann"], san: ["URI:spiffe://a.test/ann", "DNS:x.test"]}}
    respond: {body: ann}
  - {path: /both, require: {client_certificate: true}, respond: {body: both}}
  - {path: /watched, auth: optional, enforce: false, require: {client_certificate: true}, respond: {body: watched}}
"""


def test_a_route_demands_a_client_certificate(tls_gateway, tmp_path):
    authority, strangers = Authority(tmp_path), Authority(tmp_path, "strangers")
    server = authority.issue("server", dns=["localhost", "api.test"])
    ann = authority.issue("ann", uris=["spiffe://a.test/ann"])
    bob = authority.issue("bob", uris=["spiffe://a.test/ann"])
    mallory = strangers.issue("mallory")
    gate = tls_gateway(f"certificate: {server.certificate}, key: {server.key}, client_ca: {authority.file}", ROUTES)

    with Client(gate, authority.file) as nobody:
        assert nobody.get("/open").body == b"open"
        for target in ("/any", "/ann", "/both"):
            answer = nobody.get(target)
            assert (answer.status, answer.code) == (403, "forbidden"), target
        assert nobody.get("/watched").body == b"watched"
    with Client(gate, authority.file, show=ann) as client:
        assert client.get("/any").body == b"any"
        assert client.get("/ann").body == b"ann"
        assert client.get("/both").code == "token_missing", "a certificate is no token"
    with Client(gate, authority.file, show=bob) as client:
        assert client.get("/any").body == b"any"
        assert client.get("/ann").code == "forbidden", "the name fits, the subject does not"
    with pytest.raises((ssl.SSLError, ConnectionEnded, ConnectionResetError, BrokenPipeError)):
        with Client(gate, authority.file, show=mallory) as client:
            client.get("/open")
    # Over plain HTTP there is no certificate to show.
    assert gate.get("/any").code == "forbidden"
    # A header that claims one is just a header.
    assert gate.get("/any", headers=[("X-SSL-Client-Verify", "SUCCESS")]).code == "forbidden"


def test_a_host_that_demands_certificates_is_not_reached_by_another_name(tls_gateway, tmp_path):
    authority = Authority(tmp_path)
    server = authority.issue("server", dns=["localhost", "api.test"], ips=["127.0.0.1"])
    ann = authority.issue("ann")
    gate = tls_gateway(
        f"certificate: {server.certificate}, key: {server.key}, client_ca: {authority.file}",
        "routes:\n  - {path: /**, auth: none, respond: {body: open}}\n"
        "  - {host: api.test, path: /**, auth: optional, require: {client_certificate: true}, respond: {body: api}}\n"
        "  - {host: 127.0.0.1, path: /**, auth: optional, require: {client_certificate: true}, "
        "respond: {body: address}}\n")
    for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
        with Client(gate, authority.file, name="localhost", show=ann, version=version) as client:
            assert client.get("/").body == b"open"
            answer = client.get("/", host="api.test")
            assert (answer.status, answer.code) == (421, "misdirected_request")
            assert client.get("/", host="API.TEST.:443").code == "misdirected_request"
            context, session = client.context, client.socket.session
        with Client(gate, authority.file, name="api.test", context=context, session=session) as client:
            assert not client.socket.session_reused, "a session never changes its name"
            assert client.get("/", host="api.test").body == b"api"
            assert client.get("/", host="API.test.").body == b"api"
        with Client(gate, authority.file, name="127.0.0.1", show=ann, version=version) as client:
            assert client.get("/", host=f"127.0.0.1:{gate.tls_port}").body == b"address", "no name for an address"


def test_a_listener_may_take_nobody_without_a_certificate(tls_gateway, tmp_path):
    authority = Authority(tmp_path)
    server, ann = authority.issue("server", dns=["localhost"]), authority.issue("ann")
    gate = tls_gateway(f"certificate: {server.certificate}, key: {server.key}, client_ca: {authority.file}, "
                       "client_auth: required")
    with Client(gate, authority.file, show=ann) as client:
        assert client.get("/").body == b"ok"
    for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
        with pytest.raises((ssl.SSLError, ConnectionEnded, ConnectionResetError, BrokenPipeError)):
            with Client(gate, authority.file, version=version) as client:
                client.get("/")


def test_what_testssl_would_lower_the_grade_for_is_not_there(tls_gateway, tmp_path):
    authority = Authority(tmp_path)
    server = authority.issue("server", dns=["localhost"])
    gate = tls_gateway(f"certificate: {server.certificate}, key: {server.key}")

    def handshake(*options):
        done = subprocess.run(["openssl", "s_client", "-connect", f"127.0.0.1:{gate.tls_port}", "-servername",
                               "localhost", "-CAfile", str(authority.file), *options], input=b"", capture_output=True,
                              check=False, timeout=30 * SLOWNESS)
        return done.stdout.decode(errors="replace") if done.returncode == 0 else ""

    assert "TLSv1.3" in handshake("-tls1_3")
    modern = handshake("-tls1_2")
    assert "ECDHE" in modern and ("GCM" in modern or "CHACHA20" in modern)
    assert "Secure Renegotiation IS supported" in modern
    assert "Compression: NONE" in modern
    assert "Verify return code: 0" in modern
    for old in (["-tls1_1", "-cipher", "DEFAULT@SECLEVEL=0"], ["-tls1", "-cipher", "DEFAULT@SECLEVEL=0"],
                ["-tls1_2", "-cipher", "AES128-SHA:AES256-SHA:AES128-GCM-SHA256@SECLEVEL=0"],
                ["-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-SHA:ECDHE-ECDSA-AES256-SHA384@SECLEVEL=0"],
                ["-tls1_2", "-cipher", "NULL:aNULL:eNULL@SECLEVEL=0"],
                ["-tls1_2", "-sigalgs", "ECDSA+SHA1", "-cipher", "DEFAULT@SECLEVEL=0"]):
        assert not handshake(*old), old


# What is about the test's own certificate (its authority names no address for revocation, and is in no store), about the
# machine, or about a name in DNS; all else that testssl finds is about the gateway.
# What it finds of tickets is left out: its `openssl s_client`, at the end of its input, may leave before the ticket comes.
NOT_THE_GATEWAYS = {"engine_problem", "cert_revocation", "DNS_CAArecord", "scanProblem", "sessionresumption_ticket"}


def grade(found):
    """SSL Labs' rating (guide 2009q), which testssl gives itself from 3.2 on, by what it found."""
    if "overall_grade" in found:
        return found["overall_grade"]
    offered = {name: found[name].startswith("offered") for name in ("SSLv2", "SSLv3", "TLS1", "TLS1_1", "TLS1_2", "TLS1_3")}
    worth = {"SSLv2": 0, "SSLv3": 80, "TLS1": 90, "TLS1_1": 95, "TLS1_2": 100, "TLS1_3": 100}
    protocols = [worth[name] for name, there in offered.items() if there]
    ciphers = found["cipherorder_TLSv1_2"].split() + found["cipherorder_TLSv1_3"].split()
    bits = [256 if re.search("AES_?256|CHACHA20", name) else 128 if re.search("AES_?128", name) else 0 for name in ciphers]
    strength = {0: 0, 128: 80, 256: 100}
    curve = int(re.search(r"(\d+) bit ECDH", found["cipher_negotiated"]).group(1))
    exchange = 90 if curve >= 250 else 80 if curve >= 200 else 40
    score = (0.3 * (max(protocols) + min(protocols)) / 2 + 0.3 * exchange
             + 0.4 * (strength[max(bits)] + strength[min(bits)]) / 2)
    given = next(letter for least, letter in ((80, "A"), (65, "B"), (50, "C"), (35, "D"), (20, "E"), (0, "F"))
                 if score >= least)
    if not found["cert_chain_of_trust"].startswith("passed") or not found["cert_trust"].startswith("Ok"):
        return "T"
    if offered["SSLv2"] or "VULNERABLE" in " ".join(found[name] for name in ("heartbleed", "CCS", "ticketbleed", "ROBOT")):
        return "F"
    if offered["SSLv3"] or not offered["TLS1_2"]:
        return max(given, "C")
    if (offered["TLS1"] or offered["TLS1_1"] or not all("GCM" in name or "POLY1305" in name for name in ciphers)
            or not all(re.match("ECDHE|TLS_", name) for name in ciphers)):
        return max(given, "B")
    if given == "A" and not offered["TLS1_3"]:
        return "A-"
    return "A+" if given == "A" and found["HSTS"] != "not offered" else given


def test_testssl_grades_it_a(tls_gateway, tmp_path):
    """testssl.sh itself, with the defaults, offline."""
    if shutil.which("testssl") is None:
        pytest.skip("testssl.sh is not installed")
    authority = Authority(tmp_path)
    server = authority.issue("server", dns=["localhost"], days=200)
    authority.write_ocsp(server, tmp_path / "staple.der")
    gate = tls_gateway(f"certificate: {server.certificate}, key: {server.key}, ocsp: {tmp_path / 'staple.der'}")
    done = subprocess.run(["testssl", "--quiet", "--warnings", "batch", "--color", "0", "--nodns", "none", "--ip", "127.0.0.1",
                           "--add-ca", str(authority.file), "--jsonfile", "found.json",
                           "-p", "-s", "-f", "-P", "-S", "-h", "-U", f"localhost:{gate.tls_port}"],
                          cwd=tmp_path, capture_output=True, text=True, check=False, timeout=390 * SLOWNESS,
                          env={**os.environ, "HOME": str(tmp_path)})
    raw = json.loads((tmp_path / "found.json").read_text())
    found = {one["id"]: one["finding"] for one in raw}
    assert {"SSLv2", "TLS1_3", "cert_chain_of_trust", "heartbleed", "ROBOT", "LUCKY13"} <= set(found), done.stdout[-3000:]
    assert grade(found) == "A", found
    faults = [f"{one['id']}: {one['finding']}" for one in raw
              if one["severity"] not in ("OK", "INFO", "DEBUG") and one["id"] not in NOT_THE_GATEWAYS | {"HSTS"}]
    assert not faults, faults
    # HSTS is for the owner of the whole name to say, in response_headers; with it the grade is A+.
    assert grade({**found, "HSTS": "180 days"}) in ("A+", found.get("overall_grade"))
    # The judge itself: what would lower the grade does.
    if "overall_grade" not in found:
        for change, lower in (({"TLS1_1": "offered (deprecated)"}, "B"), ({"TLS1_3": "not offered"}, "A-"),
                              ({"SSLv3": "offered"}, "C"), ({"cert_chain_of_trust": "failed (self signed)"}, "T"),
                              ({"heartbleed": "VULNERABLE"}, "F"),
                              ({"cipherorder_TLSv1_2": "ECDHE-ECDSA-AES128-SHA"}, "B")):
            assert grade({**found, **change}) == lower, change
