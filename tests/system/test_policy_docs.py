# SPDX-License-Identifier: Apache-2.0
"""Every example of docs/policy.md: each configuration is valid, and the cases behind it come out as it says."""
import re
from pathlib import Path

from support.gateway import run_gatewarden

PAGE = Path(__file__).resolve().parents[2] / "docs" / "policy.md"


def test_every_example_of_the_policy_page_is_valid_and_comes_out_as_said(tmp_path):
    config, files, pairs = None, 0, 0
    for number, text in enumerate(re.findall(r"^```yaml\n(.*?)^```", PAGE.read_text(), re.M | re.S)):
        path = tmp_path / f"{number}.yaml"
        path.write_text(text)
        if text.startswith("listeners:"):
            config = path
            files += 1
            done = run_gatewarden("check", "-c", config)
            assert done.returncode == 0, (text, done.stderr)
        else:
            assert text.startswith("cases:"), text
            pairs += 1
            done = run_gatewarden("test", "-c", config, path)
            assert done.returncode == 0, (done.stdout, done.stderr)
            assert "0 failed" in done.stdout and "not reached" not in done.stdout, done.stdout
    assert files == pairs == 4
