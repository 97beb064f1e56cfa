"""Memory: a file far larger than it, added."""

import subprocess
import sys
from pathlib import Path

import pytest

GIB = 1024**3

PROGRAM = """
import resource, sys
from pathlib import Path
from engine.store.add import add_path
from tests.fakes.content import MemoryContent

class Sink:
    def write(self, data): pass
    def commit(self, root, leaves, nodes): assert len(leaves) == 10240
    def abort(self): pass

store = MemoryContent(Path("."))
store.new_file = Sink
added = add_path(store, Path(sys.argv[1]))
print(added.cid, added.size, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024)
"""


@pytest.mark.slow
def test_ten_gibibytes_are_added_in_a_hundred_mebibytes(tmp_path: Path) -> None:
    """The memory to add a file does not grow with it: 10 GiB take under 100 MiB, Python's too."""
    with (tmp_path / "zeros").open("wb") as file:
        file.truncate(10 * GIB)
    command = [sys.executable, "-c", PROGRAM, str(tmp_path / "zeros")]
    root = Path(__file__).parents[3]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=True)  # noqa: S603
    cid, size, memory = done.stdout.split()
    assert cid.startswith("bafyb")
    assert int(size) == 10 * GIB
    assert int(memory) < 100 * 1024**2
