# SPDX-License-Identifier: Apache-2.0
"""An identity provider that a test rules: its keys, its metadata, its answers about opaque tokens, its faults."""
import json
import ssl
import threading
import time
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs

from .tokens import Key, claims, mint


class IdentityProvider:
    """Serves /jwks, /.well-known/openid-configuration and /introspect over http or, with a certificate, https.

    `broken` is None, or what every answer is instead: a status, "garbage", "huge", "hang", "close", or a URL to
    redirect to. `counts` tells the requests by path.
    """

    def __init__(self, certificate=None, *keys):
        self.keys = list(keys) or [Key("ES256", kid="k1")]
        self.extra_keys, self.headers, self.broken, self.delay = [], {}, None, 0
        self.metadata, self.opaque, self.seen = {}, {}, []
        self.counts, self._lock = Counter(), threading.Lock()
        self._stopping = threading.Event()

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(handler):
                self._answer(handler, b"")

            def do_POST(handler):
                self._answer(handler, handler.rfile.read(int(handler.headers.get("Content-Length", 0))))

            def log_message(handler, *_):
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 128

            def handle_error(server, *_):
                pass

        self._server = Server(("127.0.0.1", 0), Handler)
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate.certificate, certificate.key)
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        scheme = "https" if certificate else "http"
        self.url = f"{scheme}://localhost:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def stop(self):
        self._stopping.set()
        self._server.shutdown()
        self._server.server_close()

    def token(self, key=None, **changes):
        return mint(key or self.keys[0], claims(**{"iss": self.url, **changes}))

    def rotate(self, key):
        """From now on only this key is published."""
        self.keys = [key]

    def _document(self, path, body):
        if path == "/jwks":
            return {"keys": [key.jwk() for key in self.keys] + self.extra_keys}
        if path == "/.well-known/openid-configuration":
            return {"issuer": self.url, "jwks_uri": f"{self.url}/jwks", **self.metadata}
        if path == "/introspect":
            return self.opaque.get(parse_qs(body.decode()).get("token", [""])[0], {"active": False})
        return None

    def _answer(self, handler, body):
        with self._lock:
            self.counts[handler.path] += 1
            self.seen.append((handler.path, dict(handler.headers.items()), body.decode()))
        time.sleep(self.delay)
        broken = self.broken
        if broken == "hang":
            self._stopping.wait(60)
        if broken in ("hang", "close"):
            handler.close_connection = True
            return
        status, headers, document = 200, dict(self.headers), self._document(handler.path, body)
        data = json.dumps(document).encode()
        if document is None:
            status = 404
        if isinstance(broken, int):
            status = broken
        elif broken == "garbage":
            data = b"<html>no keys here</html>"
        elif broken == "huge":
            data = b'{"keys":[' + b" " * (2 * 1024 * 1024) + b"]}"
        elif broken:
            status, headers["Location"] = 302, broken
        handler.send_response(status)
        for name, value in {"Content-Type": "application/json", "Content-Length": str(len(data)), **headers}.items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(data)
