# SPDX-License-Identifier: Apache-2.0
"""Other proxies, from Debian, that ask a gateway for its decision: nginx, Caddy and HAProxy before one service."""
import os
import subprocess
from pathlib import Path

from .client import Connection
from .ports import ReservedPort, accepts_connections
from .waiting import wait_until

NGINX = """
daemon off; worker_processes 1; error_log stderr; pid {folder}/nginx.pid;
events {{ worker_connections 64; }}
http {{
  access_log off; client_body_temp_path {folder}; proxy_temp_path {folder}; fastcgi_temp_path {folder};
  uwsgi_temp_path {folder}; scgi_temp_path {folder};
  server {{
    listen 127.0.0.1:{port} reuseport;
    location / {{
      auth_request /verify;
      auth_request_set $subject $upstream_http_x_auth_subject;
      proxy_set_header X-Auth-Subject $subject;
      proxy_set_header Host $http_host;
      proxy_pass {service};
    }}
    location = /verify {{
      internal;
      proxy_pass http://127.0.0.1:{gateway}/auth/verify;
      proxy_pass_request_body off;
      proxy_set_header Content-Length "";
      proxy_set_header X-Original-Method $request_method;
      proxy_set_header X-Original-URL $scheme://$http_host$request_uri;
      proxy_set_header X-Forwarded-For $remote_addr;
    }}
  }}
}}
"""

CADDY = """
{{
  admin off
  auto_https off
}}
http://:{port} {{
  bind 127.0.0.1
  route {{
    request_header -X-Auth-Subject
    forward_auth 127.0.0.1:{gateway} {{
      uri /auth/verify
      copy_headers X-Auth-Subject
    }}
    reverse_proxy {service_address}
  }}
}}
"""

# HAProxy has no such directive of its own; a few lines of Lua ask, as in docs/forward-auth.md.
HAPROXY = """
global
  lua-load {folder}/verify.lua
defaults
  mode http
  timeout connect 5s
  timeout client 20s
  timeout server 20s
frontend front
  bind 127.0.0.1:{port}
  http-request del-header X-Auth-Subject
  http-request lua.verify
  http-request return status 401 if {{ var(txn.verdict) -m str 401 }}
  http-request deny deny_status 403 unless {{ var(txn.verdict) -m str 200 }}
  http-request set-header X-Auth-Subject %[var(txn.subject)] if {{ var(txn.subject) -m found }}
  default_backend service
backend service
  server one {service_address}
"""

VERIFY_LUA = """
core.register_action("verify", {{"http-req"}}, function(txn)
  local headers = {{
    ["x-forwarded-method"] = {{txn.sf:method()}},
    ["x-forwarded-uri"] = {{txn.sf:pathq()}},
    ["x-forwarded-proto"] = {{"http"}},
    ["x-forwarded-host"] = {{txn.sf:req_fhdr("host")}},
    ["x-forwarded-for"] = {{txn.sf:src()}},
  }}
  for _, name in ipairs({{"authorization", "cookie", "origin"}}) do
    local value = txn.sf:req_fhdr(name)
    if value and value ~= "" then headers[name] = {{value}} end
  end
  local answer = core.httpclient():get{{url = "http://127.0.0.1:{gateway}/auth/verify", headers = headers}}
  txn:set_var("txn.verdict", tostring(answer and answer.status or 500))
  local subject = answer and answer.headers and answer.headers["x-auth-subject"]
  if subject then txn:set_var("txn.subject", subject[0]) end
end, 0)
"""


class Proxy:
    """One of them as a process; `kind` is "nginx", "caddy" or "haproxy"."""

    def __init__(self, kind, folder, gateway_port, service):
        folder = Path(folder)
        folder.mkdir(exist_ok=True)
        self._port = ReservedPort()
        self.port = self._port.number
        values = {"folder": folder, "port": self.port, "gateway": gateway_port, "service": service.url,
                  "service_address": service.url.removeprefix("http://")}
        text = {"nginx": NGINX, "caddy": CADDY, "haproxy": HAPROXY}[kind]
        file = folder / f"{kind}.conf"
        file.write_text(text.format(**values))
        (folder / "verify.lua").write_text(VERIFY_LUA.format(**values))
        command = {"nginx": ["/usr/sbin/nginx", "-e", "stderr", "-p", folder, "-c", file],
                   "caddy": ["/usr/bin/caddy", "run", "--adapter", "caddyfile", "--config", file],
                   "haproxy": ["/usr/sbin/haproxy", "-db", "-f", file]}[kind]
        self._log = open(folder / f"{kind}.log", "wb")
        if kind in ("caddy", "haproxy"):
            self._port.release()  # binds without sharing the port
        self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=self._log, stderr=self._log,
                                         env={**os.environ, "HOME": str(folder), "XDG_DATA_HOME": str(folder),
                                              "XDG_CONFIG_HOME": str(folder)})

        def listens():
            assert self._process.poll() is None, (folder / f"{kind}.log").read_text()
            return accepts_connections(self.port)

        wait_until(listens, f"{kind} that listens", 20)

    def request(self, method, target, headers=(), token=None, host="api.example.com", body=None):
        headers = list(headers.items()) if isinstance(headers, dict) else list(headers)
        with Connection(self.port) as connection:
            return connection.request(method, target, headers, body, token, host)

    def stop(self):
        self._process.terminate()
        self._process.wait(20)
        self._log.close()
        self._port.release()
