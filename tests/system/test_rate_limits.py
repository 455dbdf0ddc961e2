# SPDX-License-Identifier: Apache-2.0
"""How many requests a route takes from one caller, whichever worker and protocol they come by."""
import threading

from support.gateway import in_front_of, in_parallel
from support.tokens import SHARED_ISSUER, good_token
from support.upstream import response


def test_refuse_what_is_over_and_say_when_to_come_again(gateway, upstream):
    service = upstream(lambda _: response("ok"))
    gate = gateway(in_front_of(
        service,
        "{name: sub, path: /sub, upstream: legacy, rate_limit: {requests: 5, per: 1h, key: sub}}",
        "{name: ip, path: /ip, auth: none, upstream: legacy, rate_limit: {requests: 100, per: 1h, burst: 3, key: ip}}",
        "{name: tenant, path: /tenant, upstream: legacy, "
        "rate_limit: {requests: 2, per: 1h, key: 'claim:tenant'}}",
        "{name: key, path: /key, auth: none, upstream: legacy, "
        "rate_limit: {requests: 2, per: 1h, key: 'header:X-Key'}}",
        "{name: day, path: /day, auth: none, upstream: legacy, rate_limit: {daily: 2, key: ip}}",
        "{name: shadow, path: /shadow, auth: none, upstream: legacy, enforce: false, "
        "rate_limit: {requests: 1, per: 1h, key: ip}}") + SHARED_ISSUER)

    # Both workers count as one: 12 connections at once, 5 of them get through.
    answers = in_parallel([lambda: gate.get("/sub", token=good_token())] * 12)
    assert sorted(answer.status for answer in answers) == [200] * 5 + [429] * 7
    assert gate.get("/sub", token=good_token(sub="bob")).status == 200
    refused = gate.get("/sub", token=good_token())
    assert (refused.status, refused.code) == (429, "rate_limited")
    assert 600 < int(refused.header("Retry-After")) <= 720
    assert refused.header("RateLimit-Policy") == '"rate";q=5;w=3600'
    assert refused.header("RateLimit").startswith('"rate";r=0;t=')
    assert gate.get("/sub").status == 401  # nobody is counted where nobody gets in

    remaining = [gate.get("/ip").header("RateLimit") for _ in range(3)]
    assert [text.split(";")[1] for text in remaining] == ["r=2", "r=1", "r=0"]
    assert gate.get("/ip", headers={"X-Forwarded-For": "192.0.2.7"}).status == 429

    assert [gate.get("/tenant", token=good_token(sub=sub, tenant="acme")).status for sub in "abc"] == [200, 200, 429]
    assert gate.get("/tenant", token=good_token(sub="a", tenant="other")).status == 200
    assert [gate.get("/key", headers={"X-Key": "one"}).status for _ in range(3)] == [200, 200, 429]
    assert gate.get("/key", headers={"X-Key": "two"}).status == 200

    assert [gate.get("/day").status for _ in range(3)] == [200, 200, 429]
    assert 1 <= int(gate.get("/day").header("Retry-After")) <= 86400

    assert [gate.get("/shadow").status for _ in range(3)] == [200] * 3
    assert gate.metric("gatewarden_unenforced_refusals_total") == 2

    # A reload forgets nothing.
    assert gate.admin("POST", "/api/reload").status == 200
    assert gate.get("/ip").status == 429 and gate.get("/day").status == 429


def test_of_concurrency_count_until_the_answer_is_out(gateway, upstream):
    may_answer = threading.Event()

    def answer(request):
        if request.target == "/slow":
            assert may_answer.wait(20)
        return response("ok")

    service = upstream(answer)
    gate = gateway(in_front_of(service, "{path: /**, auth: none, upstream: legacy, "
                                        "rate_limit: {concurrent: 2, key: ip}}"))
    results = []
    waiting = [threading.Thread(target=lambda: results.append(gate.get("/slow").status)) for _ in range(2)]
    for thread in waiting:
        thread.start()
    service.wait_for_requests(2)
    refused = gate.get("/quick")
    assert refused.status == 429 and refused.header("Retry-After") == "1"
    may_answer.set()
    for thread in waiting:
        thread.join()
    assert results == [200, 200]
    assert [gate.get("/quick").status for _ in range(5)] == [200] * 5
