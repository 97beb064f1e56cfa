"""Memory: a file far larger than it, added."""

import subprocess
import sys
from pathlib import Path

import pytest

GIB = 1024**3

PROGRAM = f"""
import resource
from pathlib import Path
from engine.store.add import add_stream
from tests.fakes.content import MemoryContent

class Zeros:
    left = {10 * GIB}
    def readinto(self, buffer):
        got = min(len(buffer), self.left)
        self.left -= got
        return got

class Sink:
    def write(self, data): pass
    def commit(self, root, leaves, nodes): assert len(leaves) == 10240
    def abort(self): pass

store = MemoryContent(Path("."))
store.new_file = Sink
added = add_stream(store, Zeros())
print(added.cid, added.size, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024)
"""


@pytest.mark.slow
def test_ten_gibibytes_are_added_in_a_hundred_mebibytes() -> None:
    """The memory to add a file does not grow with it: 10 GiB take under 100 MiB, Python's too."""
    root = Path(__file__).parents[3]
    command = [sys.executable, "-c", PROGRAM]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=True)
    cid, size, memory = done.stdout.split()
    assert cid.startswith("bafyb")
    assert int(size) == 10 * GIB
    assert int(memory) < 100 * 1024**2
