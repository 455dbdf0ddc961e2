# SPDX-License-Identifier: Apache-2.0
"""What listeners take: PROXY headers, unix sockets."""
import socket
import ssl
import struct
import subprocess

from support.gateway import in_front_of, run_gatewarden
from support.http1 import Reader, Response, body_pieces, format_request, read_head
from support.waiting import SLOWNESS, wait_until

OPEN = "{path: /**, auth: none, upstream: legacy}"
SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"
GET = format_request("GET", "/", [("Host", "localhost")])


def binary(source, command=0x21, additions=b""):
    body = socket.inet_aton(source) + socket.inet_aton("192.0.2.200") + struct.pack(">HH", 4711, 443) + additions
    return SIGNATURE + bytes([command, 0x11]) + struct.pack(">H", len(body)) + body


def answer_of(sock):
    reader = Reader(sock)
    response = read_head(reader, Response)
    response.body = b"".join(body_pieces(reader, response))
    return response


def proxied_gateway(gateway, service, **options):
    return gateway(in_front_of(service, OPEN), listener="proxy_protocol: true", **options)


def test_a_proxy_header_tells_the_client_address(gateway, upstream):
    service = upstream()
    gate = proxied_gateway(gateway, service)
    lines = {b"PROXY TCP4 192.0.2.7 192.0.2.200 4711 443\r\n": "192.0.2.7",
             b"PROXY TCP6 2001:db8::7 ::1 4711 443\r\n": "2001:db8::7",
             b"PROXY UNKNOWN\r\n": "127.0.0.1",
             binary("192.0.2.8"): "192.0.2.8",
             binary("192.0.2.8", additions=b"\x01\x00\x02h2"): "192.0.2.8",
             binary("192.0.2.8", command=0x20): "127.0.0.1"}
    for tls in (False, True):
        for header, told in lines.items():
            port = gate.tls_port if tls else gate.port
            with socket.create_connection(("127.0.0.1", port), timeout=20 * SLOWNESS) as sock:
                sock.sendall(header)  # a TLS handshake follows it, in another segment
                if tls:
                    sock = ssl.create_default_context(cafile=str(gate.certificate.certificate)).wrap_socket(
                        sock, server_hostname="localhost")
                sock.sendall(GET)
                assert answer_of(sock).status == 200
                sock.close()
            assert service.last.header("X-Forwarded-For") == told, header
    # In one segment with the request, and byte by byte.
    with socket.create_connection(("127.0.0.1", gate.port), timeout=20 * SLOWNESS) as sock:
        sock.sendall(binary("192.0.2.9") + GET)
        assert answer_of(sock).status == 200
    assert service.last.header("X-Forwarded-For") == "192.0.2.9"
    with socket.create_connection(("127.0.0.1", gate.port), timeout=20 * SLOWNESS) as sock:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in b"PROXY TCP4 192.0.2.10 192.0.2.200 4711 443\r\n" + GET:
            sock.sendall(bytes([byte]))
        assert answer_of(sock).status == 200
    assert service.last.header("X-Forwarded-For") == "192.0.2.10"


def test_the_real_curl_speaks_to_it(gateway, upstream):
    service = upstream()
    gate = proxied_gateway(gateway, service)
    done = subprocess.run(["curl", "--silent", "--show-error", "--fail", "--haproxy-protocol",
                           f"http://127.0.0.1:{gate.port}/"], capture_output=True, check=False, timeout=30 * SLOWNESS)
    assert done.returncode == 0, done.stderr


def test_without_a_proxy_header_nothing_is_served(gateway, upstream):
    service = upstream()
    gate = proxied_gateway(gateway, service)
    attempts = [GET, b"PROXY TCP4 192.0.2.7 192.0.2.200 4711\r\n" + GET, b"\x16\x03\x01\x02\x00" + bytes(40),
                b"PROXY TCP4 192.0.2.7 192.0.2.200 4711 443\n" + GET, SIGNATURE + b"\x31\x11\x00\x00" + GET,
                b"PROXY " + b"x" * 300, b"\r\n\r\n" + GET, b"proxy tcp4 1.1.1.1 1.1.1.1 1 1\r\n" + GET,
                SIGNATURE + b"\x21\x11\xff\xff" + bytes(70000), b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"]
    for attempt in attempts:
        with socket.create_connection(("127.0.0.1", gate.port), timeout=20 * SLOWNESS) as sock:
            try:
                sock.sendall(attempt)
                received = sock.recv(100)
            except OSError:
                received = b""
            assert received == b"", attempt[:60]
    assert not service.requests
    # A second header is no header any more.
    with socket.create_connection(("127.0.0.1", gate.port), timeout=20 * SLOWNESS) as sock:
        sock.sendall(binary("192.0.2.9") + b"PROXY TCP4 192.0.2.7 192.0.2.200 4711 443\r\n" + GET)
        assert answer_of(sock).status == 400
    assert not service.requests
    # Nor does a field make an address, unless the address that the header tells is a trusted proxy's.
    with socket.create_connection(("127.0.0.1", gate.port), timeout=20 * SLOWNESS) as sock:
        sock.sendall(binary("192.0.2.9") + format_request("GET", "/", [("Host", "localhost"),
                                                                       ("X-Forwarded-For", "203.0.113.1")]))
        assert answer_of(sock).status == 200
    assert service.last.header("X-Forwarded-For") == "192.0.2.9"


def test_the_time_for_a_head_covers_the_proxy_header(gateway, upstream):
    gate = proxied_gateway(gateway, upstream(), limits="client_header_timeout: 300ms")
    for beginning in (b"", b"PROXY TCP4 192.0", SIGNATURE, binary("192.0.2.9")):
        with socket.create_connection(("127.0.0.1", gate.port), timeout=20 * SLOWNESS) as sock:
            sock.sendall(beginning)
            assert sock.recv(1000) == b"" or beginning.startswith(SIGNATURE), beginning
    # A drain does not wait for one either (the fixture stops the gateway while this one is open).
    lingering = socket.create_connection(("127.0.0.1", gate.port), timeout=20 * SLOWNESS)
    gate.stop()
    lingering.close()


def trusting(service, networks):
    return in_front_of(service, OPEN), f"proxy_protocol: true, trusted_proxies: [{networks}]"


def test_a_proxied_address_may_be_a_trusted_proxys(gateway, upstream):
    service = upstream()
    config, listener = trusting(service, "192.0.2.0/24")
    gate = gateway(config, listener=listener)
    chain = [("Host", "localhost"), ("X-Forwarded-For", "10.9.9.9, 203.0.113.1, 192.0.2.50")]
    for source, client in (("192.0.2.9", "203.0.113.1"), ("198.51.100.1", "198.51.100.1")):
        with socket.create_connection(("127.0.0.1", gate.port), timeout=20 * SLOWNESS) as sock:
            sock.sendall(binary(source) + format_request("GET", "/", chain))
            assert answer_of(sock).status == 200
        # The rightmost untrusted hop is the client; the log is written in batches.
        wait_until(lambda client=client: f'"client":"{client}"' in gate.log(), f"request of {client} in the log")


def test_a_unix_socket_is_a_listener(gateway, upstream, socket_folder):
    service = upstream()
    gate = gateway("routes: []", started=False)
    path = socket_folder / "gate.sock"
    gate.write_config(f"listeners:\n  - {{address: unix:{path}}}\n" + in_front_of(service, OPEN))
    gate.start()

    def ask(*arguments):
        return subprocess.run(["curl", "--silent", "--show-error", "--fail", "--unix-socket", str(path), *arguments,
                               "http://localhost/x"], capture_output=True, check=False, timeout=30 * SLOWNESS)

    assert ask().returncode == 0 and service.last.target == "/x"
    second = run_gatewarden("run", "-c", gate.config, cwd=gate.folder)
    assert second.returncode == 1 and "another process listens there" in second.stderr
    assert ask().returncode == 0, "the first one serves on"
    gate.kill()
    assert path.exists()
    gate.start()  # the stale file is replaced
    assert ask().returncode == 0
    gate.stop()
    assert not path.exists(), "a clean end leaves no file"
