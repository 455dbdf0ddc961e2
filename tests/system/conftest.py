# SPDX-License-Identifier: Apache-2.0
"""Fixtures: `gateway(config)` starts the real binary, `upstream(...)` a recording service; both end with the test."""
import sys
import tempfile
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from support.certificates import make_certificate  # noqa: E402
from support.gateway import BINARY, Gateway  # noqa: E402
from support.h2_upstream import H2Upstream  # noqa: E402
from support.upstream import Upstream  # noqa: E402

LOGS = pytest.StashKey()


def pytest_configure():
    if not Path(BINARY).exists():
        pytest.exit(f"there is no gateway at {BINARY}: build it, or set GATEWARDEN and GATEWARDEN_PLUGINS", 2)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item):
    """A failed test shows the logs of its gateways."""
    outcome = yield
    report = outcome.get_result()
    if report.failed:
        for path in item.stash.get(LOGS, []):
            if path.exists():
                report.sections.append((str(path), path.read_text(errors="replace")[-20000:]))


@pytest.fixture(scope="session")
def certificate(tmp_path_factory):
    return make_certificate(tmp_path_factory.mktemp("tls"), "localhost", ("localhost", "legacy.internal"))


@pytest.fixture
def gateway(request, tmp_path_factory, certificate):
    """gateway(config, users={name: password}, started=True, files={name: content}, **options) -> Gateway"""
    made = []
    logs = request.node.stash.setdefault(LOGS, [])

    def make(config, *, users=None, files=None, started=True, **options):
        folder = tmp_path_factory.mktemp("gateway")
        for name, content in (files or {}).items():
            (folder / name).write_text(content)
        one = Gateway(folder, config, certificate, **options)
        made.append(one)
        logs.append(one.log_path)
        for name, password in (users or {}).items():
            one.add_user(name, password, email=f"{name}@example.com")
        return one.start() if started else one

    yield make
    try:
        for one in made:
            one.stop()
    finally:
        for one in made:
            one.release()


@pytest.fixture
def socket_folder():
    """For Unix sockets: a path of theirs has 107 bytes at most, which the folder of a test may not leave."""
    with tempfile.TemporaryDirectory(prefix="gatewarden-") as folder:
        yield Path(folder)


@pytest.fixture
def upstream():
    """upstream(answer) -> Upstream; faults in its script fail the test."""
    made = []

    def make(*arguments, **options):
        made.append(Upstream(*arguments, **options))
        return made[-1]

    yield make
    for one in made:
        one.stop()
    errors = [error for one in made for error in one.errors]
    assert not errors, errors


@pytest.fixture
def service():
    """service(answer, **options) -> H2Upstream; faults in its script fail the test."""
    made = []

    def make(*arguments, **options):
        made.append(H2Upstream(*arguments, **options))
        return made[-1]

    yield make
    for one in made:
        one.stop()
    errors = [error for one in made for error in one.errors]
    assert not errors, errors


@pytest.fixture
def started():
    """Keeps what has a stop() until the test ends."""
    made = []

    def keep(one):
        made.append(one)
        return one

    yield keep
    for one in reversed(made):
        one.stop()
