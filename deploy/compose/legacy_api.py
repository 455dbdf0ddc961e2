# SPDX-License-Identifier: Apache-2.0
"""legacy_api.py PORT: an API that knows nothing of authentication. Answers with the request as it came."""
import json
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self):
        length = int(self.headers.get("Content-Length", 0))
        seen = {"method": self.command, "path": self.path, "headers": dict(self.headers.items()),
                "body": self.rfile.read(length).decode(errors="replace")}
        body = json.dumps(seen, indent=2).encode() + b"\n"
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = do_PUT = do_DELETE = answer

    def log_message(self, *_):
        pass


ThreadingHTTPServer(("", int(sys.argv[1])), Handler).serve_forever()
