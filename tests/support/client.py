# SPDX-License-Identifier: Apache-2.0
"""Clients: a raw connection that sends exactly the bytes it is given, and the real curl."""
import json
import select
import socket
import ssl
import struct
import subprocess

from .http1 import Reader, Response, body_pieces, format_request, parse_head, read_head
from .waiting import SLOWNESS


class Connection:
    """One TCP (or TLS) connection to the gateway."""

    def __init__(self, port, ca=None, timeout=20, alpn=("http/1.1",), receive_buffer=None, source=None):
        sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        if receive_buffer:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        sock.settimeout(timeout * SLOWNESS)
        if source:
            sock.bind((source, 0))
        sock.connect(("127.0.0.1", port))
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if ca:
            context = ssl.create_default_context(cafile=str(ca))
            context.set_alpn_protocols(list(alpn))
            sock = context.wrap_socket(sock, server_hostname="localhost")
        self.socket = sock
        self.reader = Reader(sock)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def send(self, data):
        self.socket.sendall(data)

    def send_if_open(self, data):
        """For bytes after which the gateway may already have closed."""
        try:
            self.socket.sendall(data)
        except (BrokenPipeError, ConnectionResetError, ssl.SSLError):
            pass

    def finish_sending(self):
        self.socket.shutdown(socket.SHUT_WR)

    def finish_sending_if_open(self):
        try:
            self.finish_sending()
        except OSError:
            pass

    def read_head(self):
        """The next final response's head, with its interim ones; the body is still to be read."""
        interim = []
        while True:
            response = read_head(self.reader, Response)
            if response.status < 200 and response.status != 101:
                interim.append(response)
                continue
            response.interim = interim
            return response

    def pieces(self, response, method="GET"):
        has_body = method != "HEAD" and response.status not in (101, 204, 304)
        return body_pieces(self.reader, response, has_body)

    def read_response(self, method="GET"):
        response = self.read_head()
        response.body = b"".join(self.pieces(response, method))
        return response

    def is_closed_by_peer(self):
        """Waits for the end of the connection; anything that still comes is a failure."""
        return self.reader.rest() == b""

    def request(self, method, target, headers=(), body=None, token=None, host="localhost"):
        self.send(format_request(method, target, all_headers(headers, host, token), body))
        return self.read_response(method)

    def send_until_blocked(self, data, patience=1.0):
        """Sends `data` over and over until the peer has taken nothing for a while; how many bytes went out."""
        total = 0
        while select.select([], [self.socket], [], patience * SLOWNESS)[1]:
            total += self.socket.send(data)
        return total

    def reset(self):
        """Ends the connection with RST."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()

    def close(self):
        self.socket.close()


def all_headers(headers=(), host="localhost", token=None):
    headers = list(headers.items()) if isinstance(headers, dict) else list(headers)
    if host is not None and not any(name.lower() == "host" for name, _ in headers):
        headers.insert(0, ("Host", host))
    if token is not None:
        headers.append(("Authorization", f"Bearer {token}"))
    return headers


def as_body(body):
    """(bytes, content type): a dict is sent as JSON, text as it is."""
    if isinstance(body, dict):
        return json.dumps(body).encode(), "application/json"
    return (body.encode() if isinstance(body, str) else body), None


def curl(*arguments, ca=None, data=None, method="GET"):
    """The answer that the real curl gets."""
    command = ["curl", "--silent", "--show-error", "--include", "--max-time", str(int(60 * SLOWNESS)),
               "--noproxy", "*", "--http1.1"]
    if ca:
        command += ["--cacert", str(ca)]
    if method == "HEAD":
        command += ["--head"]
    elif method != "GET":
        command += ["--request", method]
    if data is not None:
        command += ["--data-binary", "@-"]
    done = subprocess.run(command + list(arguments), input=data, capture_output=True, check=False)
    assert done.returncode == 0, f"curl exits with {done.returncode}: {done.stderr.decode()}"
    raw, interim = done.stdout, []
    while True:
        head, _, raw = raw.partition(b"\r\n\r\n")
        response = parse_head(Response, head + b"\r\n\r\n")
        if response.status >= 200:
            break
        interim.append(response)
    response.interim, response.body = interim, raw
    return response
