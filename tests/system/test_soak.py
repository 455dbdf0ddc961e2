# SPDX-License-Identifier: Apache-2.0
"""A minute of tests/soak. Half an hour of it is run by hand: docs/operations.md has the report."""
import pytest

from support.soak import Soak
from support.waiting import SANITIZED


@pytest.mark.skipif(SANITIZED, reason="memory is judged without")
def test_a_minute_of_everything_leaves_nothing_behind(tmp_path):
    with Soak(tmp_path, 60, seed="ci") as soak:
        good = soak.run()
        print(soak.report())
    assert good, "\n".join(soak.violations[:50])
