# SPDX-License-Identifier: Apache-2.0
"""A service in a process of its own, which a test may kill and start again on the same port."""
import subprocess
import sys

from .ports import ReservedPort, accepts_connections
from .waiting import wait_until

PROGRAM = """
import socket, sys, threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def answer(self):
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        body = sys.argv[2].encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    do_GET = do_PUT = do_POST = answer
    def log_message(self, *arguments):
        pass

class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128
    def server_bind(self):
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        self.socket.bind(self.server_address)

Server(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
"""


class KillableService:
    """Answers everything with its name."""

    def __init__(self, name, started=True):
        self.name = name
        self._port = ReservedPort()
        self.port = self._port.number
        self.url = f"http://127.0.0.1:{self.port}"
        self._process = None
        if started:
            self.start()

    def start(self):
        self._process = subprocess.Popen([sys.executable, "-c", PROGRAM, str(self.port), self.name])
        wait_until(lambda: accepts_connections(self.port), f"service {self.name}", 20)
        return self

    def kill(self):
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def release(self):
        self.kill()
        self._port.release()
