# SPDX-License-Identifier: Apache-2.0
"""Issuers whose keys are fetched: discovery, rotation, outages, and what a flood of forged tokens costs."""
import itertools
import threading
import time
from pathlib import Path

import pytest
from support.gateway import BINARY, in_front_of, in_parallel, run_gatewarden
from support.idp import IdentityProvider
from support.ports import accepts_connections
from support.tokens import AUDIENCE, Key, b64, claims, good_token
from support.waiting import SANITIZED, wait_until


@pytest.fixture
def idp():
    made = []

    def make(certificate=None, *keys):
        made.append(IdentityProvider(certificate, *keys))
        return made[-1]

    yield make
    for one in made:
        one.stop()


def remote(idp, options="", source=None, name="corp", algorithms="ES256"):
    source = source or f"jwks_uri: {idp.url}/jwks"
    return (f"  {name}: {{issuer: '{idp.url}', {source}, algorithms: [{algorithms}], audiences: [{AUDIENCE}]"
            f"{', ' + options if options else ''}}}\n")


def outcome(answer):
    return "ok" if answer.status == 200 else (answer.status, answer.code)


def launch(gate):
    """Starts a gateway that may never be ready."""
    gate.launch()
    wait_until(lambda: accepts_connections(gate.port) and accepts_connections(gate.admin_port), "open doors")
    return gate


def readiness(gate):
    answer = gate.admin("GET", "/readyz")
    return answer.status, answer.json()


def test_keys_are_fetched_and_followed_when_they_rotate(gateway, upstream, idp):
    provider = idp()
    gate = gateway("issuers:\n" + remote(provider) + in_front_of(upstream()))
    assert provider.counts["/jwks"] == 1, "fetched ahead of need"
    assert outcome(gate.get("/", token=provider.token())) == "ok"
    assert provider.counts["/jwks"] == 1

    former, key = provider.token(), Key("ES256", kid="k2")
    provider.rotate(key)
    wait_until(lambda: gate.get("/", token=provider.token()).status == 200, "the new key, after the cool-down")
    assert provider.counts["/jwks"] == 2
    assert outcome(gate.get("/", token=former)) == (401, "token_signature"), "though it was cached"


def test_libcurl_is_loaded_once_somebody_is_asked(gateway, upstream, idp, tmp_path):
    def is_loaded():
        return "libcurl" in Path(f"/proc/{gate.process.pid}/maps").read_text()

    provider, service = idp(), in_front_of(upstream())
    gate = gateway(service)
    assert gate.get("/").status == 401 and not is_loaded(), "4 MiB for nothing"
    gate.write_config("issuers:\n" + remote(provider) + service)
    assert gate.admin("POST", "/api/reload").status == 200
    assert is_loaded(), "also by a process that is confined"
    wait_until(lambda: outcome(gate.get("/", token=provider.token())) == "ok", "keys")

    (tmp_path / "libcurl.so.4").write_text("no library")
    checked = run_gatewarden("check", "-c", gate.config, env={"LD_LIBRARY_PATH": str(tmp_path)})
    assert checked.returncode == 1 and "libcurl.so.4" in checked.stderr and "package libcurl4" in checked.stderr, checked
    assert run_gatewarden("check", "-c", gate.config).returncode == 0


def test_a_sidecar_at_rest_that_fetches_its_keys_stays_small(gateway, upstream, idp, certificate):
    if SANITIZED or Path(BINARY).stat().st_size > 12 << 20:
        pytest.skip("for builds as they are shipped")
    provider = idp(certificate)
    gate = gateway("issuers:\n" + remote(provider, f"ca: {certificate.certificate}", "discovery: true") +
                   in_front_of(upstream()))

    def memory():
        lines = Path(f"/proc/{gate.process.pid}/smaps_rollup").read_text().splitlines()[1:]
        return {name: int(kib) / 1024 for name, kib, *_ in map(str.split, lines)}

    # What the start alone has used is given back, also the libraries of the fetches.
    at_rest = wait_until(lambda: (now := memory())["Rss:"] < 12 and now, "less than 12 MiB at rest")
    assert outcome(gate.get("/", token=provider.token())) == "ok"
    used = memory()
    print(f"resident at rest {at_rest['Rss:']:.1f} MiB, {at_rest['Pss:']:.1f} with shared pages divided; "
          f"after a request {used['Rss:']:.1f}, {used['Pss:']:.1f}")
    assert used["Pss:"] < 12


def test_the_first_request_after_a_rotation_waits_for_the_new_keys(gateway, upstream, idp):
    provider = idp()
    gate = gateway("issuers:\n" + remote(provider) + in_front_of(upstream()))
    started = time.monotonic()
    keys = [Key("ES256", kid=f"k{i}") for i in range(2, 4)]
    wait_until(lambda: time.monotonic() - started > 5.1, "end of the cool-down")
    provider.rotate(keys[0])
    provider.delay = 0.3
    answers = in_parallel([lambda: outcome(gate.get("/", token=provider.token())) for _ in range(20)])
    assert answers == ["ok"] * 20
    assert provider.counts["/jwks"] == 2, "one flight for all of them and for both workers"


def test_ten_thousand_random_kids_cause_one_fetch(gateway, upstream, idp):
    provider = idp()
    service = upstream()
    gate = gateway("issuers:\n" + remote(provider) + in_front_of(service))
    started = time.monotonic()
    wait_until(lambda: time.monotonic() - started > 5.1, "end of the cool-down")
    stranger = Key("ES256")
    _, _, signature = provider.token(stranger).split(".")
    good = provider.token()
    payload, numbers, outcomes = b64(claims(iss=provider.url)), itertools.count(), []

    def flood():
        with gate.connect() as connection:
            while (n := next(numbers)) < 10000:
                token = f"{b64({'alg': 'ES256', 'kid': f'random-{n}'})}.{payload}.{signature}"
                outcomes.append(outcome(connection.request("GET", "/", (), None, token, "localhost")))

    flooded = time.monotonic()
    in_parallel([flood] * 4)
    spent = time.monotonic() - flooded
    assert set(outcomes) == {(401, "token_signature")} and len(outcomes) == 10000
    assert provider.counts["/jwks"] - 1 <= 1 + spent // 5, (provider.counts, spent)
    assert outcome(gate.get("/", token=good)) == "ok"
    assert len(service.requests) == 1


def test_an_issuer_that_is_away_serves_on_with_its_last_keys_and_says_so(gateway, upstream, idp):
    provider = idp()
    gate = gateway("issuers:\n" + remote(provider, "refresh: 1s, timeout: 500ms") + in_front_of(upstream()))
    assert readiness(gate) == (200, {"status": "ready"})
    wrong, stop = [], threading.Event()
    forged = provider.token(Key("ES256", kid="k1"))

    def load():
        with gate.connect() as connection:
            while not stop.is_set():
                for token, expected in ((provider.token(), "ok"), (forged, (401, "token_signature"))):
                    got = outcome(connection.request("GET", "/", (), None, token, "localhost"))
                    if got != expected:
                        wrong.append((provider.broken, got, expected))

    threads = [threading.Thread(target=load) for _ in range(3)]
    for thread in threads:
        thread.start()
    try:
        for broken in (503, "garbage", "huge", "hang", "close", "http://127.0.0.1:1/jwks", 404):
            failures = gate.metric("gatewarden_issuer_fetch_failures_total")
            provider.broken = broken
            wait_until(lambda: gate.metric("gatewarden_issuer_fetch_failures_total") > failures,
                       f"failed fetch with {broken}", 40)
            status, body = readiness(gate)
            assert status == 200 and "corp" in body["problems"][0], body
            assert gate.metric("gatewarden_issuer_stale") == 1
            provider.broken = None
            wait_until(lambda: gate.metric("gatewarden_issuer_stale") == 0, "recovery", 40)
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert wrong == []
    assert "the keys of an issuer cannot be refreshed" in gate.log()
    assert "can be had again" in gate.log()


def test_a_cold_start_without_the_issuer_goes_on_with_the_stored_keys(gateway, upstream, idp):
    provider = idp()
    config = "issuers:\n" + remote(provider) + in_front_of(upstream())
    gate = gateway(config)
    token = provider.token()
    assert outcome(gate.get("/", token=token)) == "ok"
    stored = wait_until(lambda: list(gate.folder.glob("state/issuers/*.json")), "stored keys")
    assert stored[0].stat().st_mode & 0o777 == 0o600
    gate.stop()
    provider.broken = 500
    gate.start()
    assert outcome(gate.get("/", token=token)) == "ok"
    assert outcome(gate.get("/", token=provider.token(Key("ES256", kid="k1")))) == (401, "token_signature")
    gate.stop()
    # Not when they are too old, nor when the keys stand elsewhere now, nor when the file was spoilt.
    text = stored[0].read_text()
    for changed, content in ((config.replace("}\n", ", stale_if_error: 0ms}\n", 1), text),
                             (config.replace("/jwks", "/other"), text), (config, text[:-40]), (config, "")):
        gate.write_config(changed)
        stored[0].write_text(content)
        launch(gate)
        wait_until(lambda: "cannot be refreshed" in gate.log().rpartition("listening")[2], "first fetch")
        assert outcome(gate.get("/", token=token)) == (503, "backend_unavailable")
        status, body = readiness(gate)
        assert status == 503 and "has no keys yet" in body["problems"][0], body
        gate.stop()


def test_discovery_finds_the_keys_of_the_issuer_asked_for_and_of_no_other(gateway, upstream, idp, certificate):
    good, wrong, plain = idp(certificate), idp(), idp()
    wrong.metadata = {"issuer": good.url}
    plain.metadata = {"jwks_uri": "http://idp.example.com/jwks"}
    gate = gateway("issuers:\n" + remote(good, f"ca: {certificate.certificate}", "discovery: true") +
                   remote(wrong, source="discovery: true", name="wrong") +
                   remote(plain, source="discovery: true", name="plain") + in_front_of(upstream()), started=False)
    launch(gate)
    wait_until(lambda: gate.log().count("cannot be refreshed") == 2, "both refusals")
    assert outcome(gate.get("/", token=good.token())) == "ok"
    assert "that of another issuer" in gate.log() and "plain http" in gate.log()
    for provider in (wrong, plain):
        assert outcome(gate.get("/", token=provider.token())) == (503, "backend_unavailable")
    assert readiness(gate)[0] == 503


def test_only_the_named_authority_is_trusted_and_no_other_origin_is_followed(gateway, upstream, idp, certificate):
    strange, moved, elsewhere = idp(certificate), idp(), idp()
    moved.broken = f"{elsewhere.url}/jwks"
    gate = gateway("issuers:\n" + remote(strange) + remote(moved, name="moved") + in_front_of(upstream()),
                   started=False)
    launch(gate)
    wait_until(lambda: gate.log().count("cannot be refreshed") == 2, "both refusals")
    assert "redirects to another origin" in gate.log()
    assert strange.counts["/jwks"] == 0 and elsewhere.counts["/jwks"] == 0


def test_symmetric_weak_and_unfit_keys_of_a_set_are_left_out(gateway, upstream, idp):
    provider = idp()
    provider.extra_keys = [{"kty": "oct", "kid": "s", "k": "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY"},
                           {"kty": "EC", "kid": "k1"}, {"kty": "martian", "kid": "m"}, 7, None]
    gate = gateway("issuers:\n" + remote(provider) + in_front_of(upstream()))
    assert outcome(gate.get("/", token=provider.token())) == "ok"
    assert gate.log().count("a key of an issuer is left out") == 5


def test_a_reload_keeps_fetched_keys_and_takes_new_issuers(gateway, upstream, idp):
    first, second = idp(), idp()
    service = upstream()
    gate = gateway("issuers:\n" + remote(first) + in_front_of(service))
    token = first.token()
    assert outcome(gate.get("/", token=token)) == "ok"
    first.broken = 500
    gate.write_config("issuers:\n" + remote(first, "leeway: 5s") + remote(second, name="second") +
                      in_front_of(service))
    assert gate.admin("POST", "/api/reload").status == 200
    assert outcome(gate.get("/", token=token)) == "ok"
    assert first.counts["/jwks"] == 1
    assert outcome(gate.get("/", token=second.token())) == "ok", "waits for the first keys of all"
    gate.write_config("issuers:\n" + remote(second, name="second") + in_front_of(service))
    assert gate.admin("POST", "/api/reload").status == 200
    assert outcome(gate.get("/", token=token)) == (401, "token_issuer")
    assert outcome(gate.get("/", token=good_token())) == (401, "token_algorithm")
