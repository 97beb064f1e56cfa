"""Memory for large buffers is kept."""

import subprocess
import sys

import pytest

PROGRAM = """
import resource
from peers.heap import keep_large_buffers

keep_large_buffers()


def use():
    data = [b"a" * 4_000_000 for _ in range(12)]


use()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
use()
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="another C library")
def test_large_buffers_that_come_again_cost_no_new_pages() -> None:
    """They lie where those before them lay; the system clears thousands of new pages otherwise."""
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, check=True)
    assert int(done.stdout) < 100
