"""Memory: a file far larger than it, added to the real store."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

GIB = 1024**3
SIZE = int(os.environ.get("TALLY_LARGE_GIB", "2")) * GIB  # 10 takes a minute and 10 GiB of disk

# VmHWM, because ru_maxrss begins with what the parent had when it forked
PROGRAM = f"""
import re, sys
from pathlib import Path
from engine.store.add import add_stream
from engine.store.disk import DiskStore

class Zeros:
    left = {SIZE}
    def readinto(self, buffer):
        got = min(len(buffer), self.left)
        self.left -= got
        return got

with DiskStore(Path(sys.argv[1])) as store:
    added = add_stream(store, Zeros())
    whole = store.path_of(added.cid)
    assert whole is not None and whole.stat().st_size == {SIZE}
status = Path("/proc/self/status").read_text()
print(added.size, int(re.search(r"VmHWM:\\s+(\\d+) kB", status)[1]) * 1024)
"""


@pytest.mark.slow
def test_gibibytes_are_added_in_a_hundred_mebibytes(tmp_path: Path) -> None:
    """The memory to add a file does not grow with it, and is under 100 MiB, Python's too."""
    root = Path(__file__).parents[3]
    command = [sys.executable, "-c", PROGRAM, str(tmp_path / "store")]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=True)
    size, memory = done.stdout.split()
    assert int(size) == SIZE
    assert int(memory) < 100 * 1024**2
    for whole in (tmp_path / "store/files").rglob("baf*"):
        whole.unlink()  # pytest keeps its directories, and need not keep gibibytes
