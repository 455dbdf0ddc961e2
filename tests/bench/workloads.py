# SPDX-License-Identifier: Apache-2.0
"""What is asked of the proxies. Each workload gives, for one run of one peer, a dictionary with `value`, which counts, and more."""
import json
import re
import subprocess
from dataclasses import dataclass, field

from peers import PEERS
from place import LOAD_CORE, cpu_us, on_core, resident_kib

IDLE_CONNECTIONS = 2000
CPU = "CPU µs a request"


@dataclass
class Workload:
    about: str
    peers: tuple
    measure: object
    unit: str = CPU
    # peer: ((others, at most), ...): its value over the least of theirs
    targets: dict = field(default_factory=dict)
    quick: bool = False


def load(place, one, seconds, *options, core=LOAD_CORE):
    done = subprocess.run([place.tool("load"), "--port", str(one.port), "--cpu-of", ",".join(map(str, one.pids)),
                           "--seconds", str(seconds), *map(str, options)],
                          capture_output=True, text=True, check=False, preexec_fn=on_core(core), timeout=seconds + 60)
    if not done.stdout:
        raise RuntimeError(f"{one.name}: {done.stderr[-300:]}")
    return json.loads(done.stdout)


def judged(told, scale=1.0):
    """CPU time for each request, which must have been answered as they must."""
    if not told["ok"] or told["other"] or told["failed"]:
        told["note"] = f"{told['other']} other answers, {told['failed']} failures"
    return {**told, "value": told["cpu_us"] / max(told["ok"], 1) * scale, "per_second": told["ok"] / told["seconds"]}


def tokens(place, one, count, forged=False):
    return "--tokens", place.keys.file(PEERS[one.name].alg or "HS256", count, forged)


def keep(count, *options, forged=False, scale=1.0):
    def measure(place, one, seconds):
        words = tokens(place, one, count, forged) if count else ()
        return judged(load(place, one, seconds, *words, *options), scale)
    return measure


def asked_by(one, seconds, command):
    """What the generator command(seconds) says once it has warmed the proxy up, and what the proxy took meanwhile."""
    def run(long):
        return subprocess.run(command(long), capture_output=True, text=True, check=True, preexec_fn=on_core(LOAD_CORE)).stdout
    run(1)
    before = cpu_us(one.pids)
    long = max(1, int(seconds))
    said = run(long)
    return said, {"seconds": long, "cpu_us": cpu_us(one.pids) - before}


def http2(place, one, seconds):
    token = place.keys.token(PEERS[one.name].alg or "HS256", 1)
    said, took = asked_by(one, seconds, lambda long: [
        "h2load", "-t", "1", "-c", "16", "-m", "32", "-D", str(long), "-H", f"authorization: Bearer {token}",
        "--connect-to", f"127.0.0.1:{one.port}", f"https://bench.test:{one.port}/"])
    good, *others = map(int, re.search(r"status codes: (\d+) 2xx, (\d+) 3xx, (\d+) 4xx, (\d+) 5xx", said).groups())
    return judged({"ok": good, "other": sum(others), "failed": 0, **took})


# A request for each token, made once.
WRK_SCRIPT = """local requests, next = {{}}, 0
function init()
  for token in io.lines("{tokens}") do
    requests[#requests + 1] = wrk.format("GET", "/", {{Host = "bench.test", Authorization = "Bearer " .. token}})
  end
end
function request()
  next = next % #requests + 1
  return requests[next]
end
"""


def wrk(place, one, seconds):
    """The same by a generator that is not ours."""
    script = place.folder / "requests.lua"
    script.write_text(WRK_SCRIPT.format(tokens=place.keys.file("HS256", 16)))
    said, took = asked_by(one, seconds, lambda long: [
        "wrk", "-t", "1", "-c", "64", "-d", f"{long}s", "-s", script, f"https://127.0.0.1:{one.port}/"])

    def number(pattern):
        return sum(map(int, re.findall(r"\d+", found.group(1)))) if (found := re.search(pattern, said)) else 0
    answered, other = number(r"(\d+) requests in "), number(r"Non-2xx or 3xx responses: (\d+)")
    return judged({"ok": answered - other, "other": other, "failed": number(r"Socket errors: (.*)"), **took})


def idle(place, one, seconds):
    del seconds
    load(place, one, 3, *tokens(place, one, 16))  # what every one has once it has been used
    before = resident_kib(one.pids)
    with subprocess.Popen([place.tool("load"), "--port", str(one.port), "--mode", "idle", "--connections", str(IDLE_CONNECTIONS),
                           *tokens(place, one, 16)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                          preexec_fn=on_core(LOAD_CORE)) as client:
        told = client.stdout.readline()
        after = resident_kib(one.pids)
        client.communicate("\n")
    note = {} if told == f"ready {IDLE_CONNECTIONS}\n" else {"note": told.strip()}
    return {"value": (after - before) / IDLE_CONNECTIONS, **note}


def at_rest(place, one, seconds):
    del place, seconds
    return {"value": resident_kib(one.pids) / 1024}


def start(place, one, seconds):
    del place, seconds
    return {"value": one.start_seconds * 1000}


def at_rate(part):
    def measure(place, one, seconds):
        with place.service_first():
            told = load(place, one, seconds, *tokens(place, one, 16), "--rate", 4000)
        return {**judged(told), "value": told[part]}
    return measure


def beside_forgers(place, one, seconds):
    """Requests that fail, and how slow the others are, while somebody sends 500 forged tokens a second."""
    with subprocess.Popen([place.tool("load"), "--port", str(one.port), "--rate", "500", "--expect", "401", "--warmup", "0",
                           "--seconds", str(seconds + 1.5), *tokens(place, one, 5000, forged=True)],
                          stdout=subprocess.PIPE, preexec_fn=on_core(LOAD_CORE)) as forger:
        told = load(place, one, seconds, *tokens(place, one, 16), "--rate", 2000, "--warmup", 0.5)
        forger.communicate()
    return {**told, "value": told["other"] + told["failed"], "per_second": told["ok"] / told["seconds"]}


def each(prefix, algs=("HS256", "RS256", "ES256")):
    return tuple(f"{prefix}-{alg.lower()}" for alg in algs)


PLAIN = ("floor", "haproxy", "nginx")
CHECKED = each("haproxy") + each("nginx-njs") + each("apache-openidc", ("HS256", "RS256")) + ("nginx-auth_request",)
OURS = "gatewarden-hs256"
MIB_16K = 64.0  # bodies in a MiB

WORKLOADS = {
    "few": Workload("HTTP/1.1, 16 tokens", PLAIN + ("caddy",) + CHECKED + each("gatewarden"), keep(16),
                    targets={one: ((("haproxy",), 0.9), (("floor",), 1.35)) for one in each("gatewarden")}, quick=True),
    # The usual cache of verified tokens holds a fifth of these, one of 192 MiB all. Warm-up: until each has been seen once.
    "many": Workload("50,000 tokens", each("haproxy") + each("gatewarden") + tuple(f"{one}-192m" for one in each("gatewarden")),
                     keep(50_000, "--warmup", 8),
                     targets={f"gatewarden-{alg}{cache}": (((f"haproxy-{alg}",), most),) for cache in ("", "-192m")
                              for alg, most in (("hs256", 0.55), ("rs256", 0.6), ("es256", 0.75))}),
    "wrk": Workload("HTTP/1.1, 16 tokens, asked by wrk", PLAIN + ("haproxy-hs256", OURS), wrk,
                    targets={OURS: ((("haproxy",), 0.9), (("floor",), 1.35))}),
    "http2": Workload("HTTP/2, 16 connections of 32 streams", ("haproxy", "nginx", "haproxy-hs256", OURS), http2,
                      targets={OURS: ((("haproxy",), 1.0),)}, quick=True),
    "forged": Workload("refused: a forged HS256 token", ("haproxy-hs256", "nginx-njs-hs256", OURS),
                       keep(16, "--expect", 401, forged=True), targets={OURS: ((("haproxy-hs256",), 0.65),)}),
    "missing": Workload("refused: no token", ("haproxy-hs256", "nginx-njs-hs256", OURS), keep(0, "--expect", 401),
                        targets={OURS: ((("haproxy-hs256",), 0.7),)}, quick=True),
    "forgers": Workload("others beside 500 forged RS256 tokens a second", ("haproxy-rs256", "gatewarden-rs256"), beside_forgers,
                        "failed requests"),
    "full": Workload("a full handshake and one request", PLAIN + (OURS,), keep(16, "--mode", "full", "--connections", 32),
                     targets={OURS: ((("haproxy", "nginx"), 0.9),)}, quick=True),
    "resumed": Workload("a resumed handshake and one request", PLAIN + (OURS,), keep(16, "--mode", "resume", "--connections", 32),
                        targets={OURS: ((("haproxy", "nginx"), 0.9),)}),
    "16k": Workload("bodies of 16 KiB", PLAIN + (OURS,), keep(16, "--path", "/16384", scale=MIB_16K), "CPU µs a MiB",
                    {OURS: ((("haproxy", "nginx"), 0.8),)}),
    "1m": Workload("bodies of 1 MiB", PLAIN + (OURS,), keep(16, "--path", "/1048576", "--connections", 16), "CPU µs a MiB",
                   {OURS: ((("haproxy", "nginx"), 0.95),)}),
    "routes": Workload("10,000 routes", (OURS, "gatewarden-10k"), keep(16), targets={"gatewarden-10k": (((OURS,), 1.03),)}),
    "log": Workload("access log on", (OURS, "gatewarden-log"), keep(16), targets={"gatewarden-log": (((OURS,), 1.1),)}),
    # Load and proxy share the two cores: what two workers could serve is told by what a request costs them.
    "workers": Workload("two workers on two cores", (OURS, "gatewarden-2"), keep(16), targets={"gatewarden-2": (((OURS,), 1.11),)}),
    "p50": Workload("latency at 4,000 requests a second, median", PLAIN + (OURS,), at_rate("p50_us"), "µs",
                    {OURS: ((("haproxy",), 1.0),)}),
    "p99": Workload("latency at 4,000 requests a second, p99", PLAIN + (OURS,), at_rate("p99_us"), "µs",
                    {OURS: ((("haproxy",), 1.0),)}),
    "idle": Workload("an idle TLS connection", PLAIN + (OURS,), idle, "KiB", {OURS: ((("nginx",), 1.0),)}),
    "rest": Workload("memory of the process at rest", ("haproxy", "nginx", OURS), at_rest, "MiB", quick=True),
    "start": Workload("start to ready", ("haproxy", "nginx", OURS), start, "ms", quick=True),
}
