# SPDX-License-Identifier: Apache-2.0
"""The proxies, each configured as its manual asks for: one thread, TLS 1.3 with AES-128-GCM, connections kept on both sides.

A peer is a class with a name, the algorithm of the tokens that it checks (None: it checks nothing) and a configuration."""
import json
import os
import subprocess
import tempfile
from pathlib import Path

ISSUER = "https://issuer.bench.test"
AUDIENCE = "https://api.bench.test"
SECRET = "only-for-the-benchmark-0123456789abcdef"


class Peer:
    name = ""
    alg = None
    environment = {}

    def __init__(self, place, port):
        self.place, self.port, self.keys = place, port, place.keys
        self.folder = Path(tempfile.mkdtemp(prefix=f"{self.name}-", dir=place.folder))
        self.folder.chmod(0o755)  # nginx and Apache have workers of another user

    def write(self, name, text):
        path = self.folder / name
        path.write_text(text)
        return path

    def commands(self):
        """The programs, which all count."""
        raise NotImplementedError


PEERS = {}


def peer(base, name, **settings):
    PEERS[name] = type(name, (base,), {"name": name, **settings})


class Floor(Peer):
    def commands(self):
        return [[self.place.tool("floor"), "--port", str(self.port), "--origin", str(self.place.origin),
                 "--certificate", self.keys.certificate, "--key", self.keys.key]]


class Haproxy(Peer):
    def commands(self):
        rules = ""
        if self.alg:
            key = SECRET if self.alg == "HS256" else self.keys.public[self.alg]
            rules = f"""
    http-request set-var(txn.token) http_auth_bearer
    http-request deny deny_status 401 unless {{ var(txn.token) -m found }}
    http-request set-var(txn.alg) var(txn.token),jwt_header_query('$.alg')
    http-request deny deny_status 401 unless {{ var(txn.alg) -m str {self.alg} }}
    http-request deny deny_status 401 unless {{ var(txn.token),jwt_verify(txn.alg,"{key}") 1 }}
    http-request set-var(txn.iss) var(txn.token),jwt_payload_query('$.iss')
    http-request deny deny_status 401 unless {{ var(txn.iss) -m str {ISSUER} }}
    http-request set-var(txn.aud) var(txn.token),jwt_payload_query('$.aud')
    http-request deny deny_status 401 unless {{ var(txn.aud) -m str {AUDIENCE} }}
    http-request set-var(txn.exp) var(txn.token),jwt_payload_query('$.exp','int')
    http-request set-var(txn.now) date()
    http-request deny deny_status 401 if {{ var(txn.exp),sub(txn.now) -m int lt 0 }}
    http-request set-header X-Auth-Subject %[var(txn.token),jwt_payload_query('$.sub')]
    http-request set-header X-Auth-Scope %[var(txn.token),jwt_payload_query('$.scope')]"""
        both = self.write("both.pem", Path(self.keys.certificate).read_text() + Path(self.keys.key).read_text())
        return [["haproxy", "-db", "-q", "-f", self.write("haproxy.cfg", f"""global
    nbthread 1
    maxconn 9000
    ssl-default-bind-options ssl-min-ver TLSv1.3
    ssl-default-bind-ciphersuites TLS_AES_128_GCM_SHA256
defaults
    mode http
    http-reuse always
    timeout connect 5s
    timeout client 600s
    timeout server 600s
frontend all
    bind 127.0.0.1:{self.port} ssl crt {both} alpn h2,http/1.1 backlog 4096{rules}
    default_backend origin
backend origin
    server one 127.0.0.1:{self.place.origin}
""")]]


class Nginx(Peer):
    modules = http = server = location = ""

    def commands(self):
        paths = "".join(f"{kind}_temp_path {self.folder}/{kind}; " for kind in
                        ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        return [["nginx", "-p", self.folder, "-c", self.write("nginx.conf", f"""daemon off;
worker_processes 1;
worker_rlimit_nofile 20000;
pid {self.folder}/pid;
error_log {self.folder}/error.log crit;
{self.modules}
user root;
events {{ worker_connections 16384; multi_accept on; }}
http {{
    {paths}
    access_log off;
    keepalive_timeout 600s;
    keepalive_requests 100000000;
    proxy_buffer_size 16k;
    proxy_buffers 8 32k;
    proxy_busy_buffers_size 64k;
    proxy_max_temp_file_size 0;
    upstream origin {{
        server 127.0.0.1:{self.place.origin};
        keepalive 512;
        keepalive_requests 100000000;
    }}
    {self.http}
    server {{
        listen 127.0.0.1:{self.port} ssl http2 backlog=4096;
        server_name bench.test;
        ssl_certificate {self.keys.certificate};
        ssl_certificate_key {self.keys.key};
        ssl_protocols TLSv1.3;
        ssl_conf_command Ciphersuites TLS_AES_128_GCM_SHA256;
        {self.server}
        location / {{
            {self.location}
            proxy_http_version 1.1;
            proxy_set_header Connection "";
            proxy_set_header Host $host;
            proxy_pass http://origin;
        }}
    }}
}}
""")]]


class NginxJs(Nginx):
    """HS256 in a variable, which njs makes at once; its WebCrypto for the others waits, so they take auth_request."""
    modules = "load_module /usr/lib/nginx/modules/ngx_http_js_module.so;"

    def commands(self):
        claims = f"""import crypto_module from 'crypto';
function parts(r) {{
    var field = r.headersIn.Authorization;
    if (!field || field.slice(0, 7) !== 'Bearer ') return null;
    var token = field.slice(7).split('.');
    return token.length === 3 ? token : null;
}}
function claims(token) {{
    if (JSON.parse(String.bytesFrom(token[0], 'base64url')).alg !== '{self.alg}') return null;
    var c = JSON.parse(String.bytesFrom(token[1], 'base64url'));
    return c.iss === '{ISSUER}' && c.aud === '{AUDIENCE}' && c.exp > Date.now() / 1000 ? c : null;
}}
"""
        if self.alg == "HS256":
            self.write("auth.js", claims + f"""
function subject(r) {{
    try {{
        var t = parts(r);
        if (!t) return '';
        var mac = crypto_module.createHmac('sha256', '{SECRET}').update(t[0] + '.' + t[1]).digest('base64url');
        var c = mac === t[2] ? claims(t) : null;
        if (!c) return '';
        r.variables.scope = c.scope;
        return c.sub;
    }} catch (e) {{ return ''; }}
}}
export default {{subject}};
""")
            self.http = f"js_path {self.folder}; js_import auth from auth.js; js_set $subject auth.subject;"
            self.location = """set $scope "";
            if ($subject = "") { return 401; }
            proxy_set_header X-Auth-Subject $subject;
            proxy_set_header X-Auth-Scope $scope;"""
        else:
            key = "".join(Path(self.keys.public[self.alg]).read_text().splitlines()[1:-1])
            kind, how = {"RS256": ("{name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256'}", "{name: 'RSASSA-PKCS1-v1_5'}"),
                         "ES256": ("{name: 'ECDSA', namedCurve: 'P-256'}", "{name: 'ECDSA', hash: 'SHA-256'}")}[self.alg]
            self.write("auth.js", claims + f"""
async function check(r) {{
    try {{
        var t = parts(r), c = t && claims(t);
        if (!c) {{ r.return(401); return; }}
        var key = await crypto.subtle.importKey('spki', Buffer.from('{key}', 'base64'), {kind}, false, ['verify']);
        if (!await crypto.subtle.verify({how}, key, Buffer.from(t[2], 'base64url'), t[0] + '.' + t[1])) {{ r.return(401); return; }}
        r.headersOut['X-Auth-Subject'] = c.sub;
        r.headersOut['X-Auth-Scope'] = c.scope;
        r.return(204);
    }} catch (e) {{ r.return(401); }}
}}
export default {{check}};
""")
            self.http = f"js_path {self.folder}; js_import auth from auth.js;"
            self.server = "location = /_check { internal; js_content auth.check; }"
            self.location = """auth_request /_check;
            auth_request_set $subject $sent_http_x_auth_subject;
            auth_request_set $scope $sent_http_x_auth_scope;
            proxy_set_header X-Auth-Subject $subject;
            proxy_set_header X-Auth-Scope $scope;"""
        return super().commands()


class NginxAuthRequest(Nginx):
    """auth_request to a service beside it, as with oauth2-proxy; the stand-in checks nothing, so this is the least it costs."""

    def commands(self):
        port = self.place.free_port()
        self.http = f"""upstream auth {{ server 127.0.0.1:{port}; keepalive 512; keepalive_requests 100000000; }}
    server {{
        listen 127.0.0.1:{port};
        location / {{
            if ($http_authorization = "") {{ return 401; }}
            add_header X-Auth-Subject stand-in;
            return 200;
        }}
    }}"""
        self.server = """location = /_check {
            internal;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
            proxy_pass_request_body off;
            proxy_set_header Content-Length "";
            proxy_pass http://auth;
        }"""
        self.location = """auth_request /_check;
            auth_request_set $subject $upstream_http_x_auth_subject;
            proxy_set_header X-Auth-Subject $subject;"""
        return super().commands()


class Apache(Peer):
    """With mod_auth_openidc as a resource server; it takes no ES256 from local keys."""
    MODULES = ("mpm_event", "authn_core", "authz_core", "authz_user", "ssl", "proxy", "proxy_http", "headers", "socache_shmcb",
               "auth_openidc")

    def commands(self):
        modules = "\n".join(f"LoadModule {one}_module /usr/lib/apache2/modules/mod_{one}.so" for one in self.MODULES)
        key = (f"OIDCOAuthVerifySharedKeys plain#{self.alg}#{SECRET}" if self.alg == "HS256"
               else f"OIDCOAuthVerifyCertFiles {self.alg}#{self.keys.signer_certificate}")
        conf = self.write("apache.conf", f"""ServerRoot {self.folder}
PidFile {self.folder}/pid
DefaultRuntimeDir {self.folder}
ServerName bench.test
User www-data
Group www-data
Listen 127.0.0.1:{self.port}
{modules}
ErrorLog {self.folder}/error.log
LogLevel crit
StartServers 1
ServerLimit 1
ThreadLimit 128
ThreadsPerChild 128
MaxRequestWorkers 128
AsyncRequestWorkerFactor 200
ListenBacklog 4096
KeepAlive On
MaxKeepAliveRequests 0
KeepAliveTimeout 600
SSLSessionCache none
SSLProtocol -all +TLSv1.3
SSLCipherSuite TLSv1.3 TLS_AES_128_GCM_SHA256
{key}
OIDCOAuthRemoteUserClaim sub
OIDCPassClaimsAs headers
OIDCCryptoPassphrase bench
<VirtualHost 127.0.0.1:{self.port}>
    SSLEngine on
    SSLCertificateFile {self.keys.certificate}
    SSLCertificateKeyFile {self.keys.key}
    ProxyPass / http://127.0.0.1:{self.place.origin}/ enablereuse=on keepalive=On ttl=600 max=128
    <Location />
        AuthType oauth20
        <RequireAll>
            Require valid-user
            Require claim iss:{ISSUER}
            Require claim aud:{AUDIENCE}
        </RequireAll>
        RequestHeader set X-Auth-Subject "expr=%{{HTTP:OIDC_CLAIM_sub}}"
    </Location>
</VirtualHost>
""")
        return [["apache2", "-DFOREGROUND", "-f", conf]]


class Caddy(Peer):
    def commands(self):
        self.environment = {"GOMAXPROCS": "1", "HOME": str(self.folder), "XDG_DATA_HOME": str(self.folder),
                            "XDG_CONFIG_HOME": str(self.folder)}
        conf = self.write("Caddyfile", f"""{{
    admin off
    auto_https off
    log {{
        output discard
    }}
}}
https://bench.test:{self.port} {{
    bind 127.0.0.1
    tls {self.keys.certificate} {self.keys.key}
    reverse_proxy 127.0.0.1:{self.place.origin} {{
        transport http {{
            compression off
            keepalive_idle_conns_per_host 512
        }}
    }}
}}
""")
        return [["caddy", "run", "--config", conf, "--adapter", "caddyfile"]]


class Gatewarden(Peer):
    """With everything on that is on by default, and its access log where that is what is measured."""
    workers, routes, access_log, cache = 1, 0, False, None  # of verified tokens: as much as is usual

    def commands(self):
        issuer = {"issuer": ISSUER, "audiences": [AUDIENCE], "algorithms": [self.alg]}
        issuer |= {"secret": SECRET} if self.alg == "HS256" else {"jwks_file": self.keys.public[self.alg]}
        conf = {
            "server": {"workers": self.workers, "state_dir": str(self.folder), "plugin_dir": self.place.plugins},
            "listeners": [{"address": f"127.0.0.1:{self.port}",
                           "tls": {"certificate": self.keys.certificate, "key": self.keys.key}}],
            "limits": {"connections": 9000, "idle_timeout": "600s"},
            "issuers": {"bench": issuer},
            **({"tokens": {"cache": self.cache}} if self.cache else {}),
            "upstreams": {"origin": {"servers": [f"http://127.0.0.1:{self.place.origin}"], "keepalive": 512}},
            "routes": [{"path": f"/r{n}/{{id}}/x", "upstream": "origin", "require": {"scopes": [f"s{n}"]}}
                       for n in range(self.routes)] + [{"path": "/**", "upstream": "origin"}],
            "log": {"level": "warn"} | ({"access": {"path": str(self.folder / "access.log")}} if self.access_log else {}),
        }
        return [[self.place.gatewarden, "run", "-c", self.write("gatewarden.yaml", json.dumps(conf))]]  # JSON is YAML


peer(Floor, "floor")
peer(Haproxy, "haproxy")
peer(Nginx, "nginx")
peer(Caddy, "caddy")
for _alg in ("HS256", "RS256", "ES256"):
    peer(Haproxy, f"haproxy-{_alg.lower()}", alg=_alg)
    peer(NginxJs, f"nginx-njs-{_alg.lower()}", alg=_alg)
    peer(Gatewarden, f"gatewarden-{_alg.lower()}", alg=_alg)
    peer(Gatewarden, f"gatewarden-{_alg.lower()}-192m", alg=_alg, cache="192MiB")
peer(NginxAuthRequest, "nginx-auth_request")
peer(Apache, "apache-openidc-hs256", alg="HS256")
peer(Apache, "apache-openidc-rs256", alg="RS256")
peer(Gatewarden, "gatewarden-10k", alg="HS256", routes=10_000)
peer(Gatewarden, "gatewarden-log", alg="HS256", access_log=True)
peer(Gatewarden, "gatewarden-2", alg="HS256", workers=2)


def versions():
    """What was measured."""
    def first(*command):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        return (done.stdout + done.stderr).splitlines()[0].strip()
    packages = ("haproxy", "nginx-light", "libnginx-mod-http-js", "caddy", "apache2", "libapache2-mod-auth-openidc", "libssl3")
    told = subprocess.run(["dpkg-query", "-W", "-f", "${Package} ${Version}\n", *packages], capture_output=True, text=True,
                          check=False).stdout
    return told.splitlines() + [f"kernel {os.uname().release}", first("g++", "--version")]
