# SPDX-License-Identifier: Apache-2.0
"""Waiting for what is needed, up to a deadline. Nothing here or in the tests sleeps for a guessed time."""
import os
import time

# Sanitizer builds are slower; ctest says by how much.
SLOWNESS = float(os.environ.get("GATEWARDEN_TEST_SLOWNESS", "1"))
SANITIZED = SLOWNESS > 1


def wait_until(condition, what, seconds=10.0):
    """The first true value of condition(); fails when there is none in time."""
    deadline = time.monotonic() + seconds * SLOWNESS
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"after {seconds * SLOWNESS:.0f} s there is still no {what}")
        time.sleep(0.01)


def whole_lines(path):
    """Of a file that is still being written: without the end of the last, where that is on its way."""
    return path.read_text().rpartition("\n")[0].splitlines()


def wait_until_steady(value, what, still=0.5):
    """The value() that stays the same for `still` seconds: that nothing more comes is told by nothing else."""
    seen, since = value(), time.monotonic()

    def is_steady():
        nonlocal seen, since
        if value() != seen:
            seen, since = value(), time.monotonic()
        return time.monotonic() - since > still * SLOWNESS

    wait_until(is_steady, f"steady {what}", 30)
    return seen
