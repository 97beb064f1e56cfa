"""Many processes at one store: they open, put, collect and check at once, and harm nothing."""

import subprocess
import sys
from pathlib import Path

from engine.store.disk import DiskStore
from engine.store.fsck import fsck
from tests.engine.store.shelf import packs

ROOT = Path(__file__).parents[3]
COUNT = 6
WORK = """
import sys
from pathlib import Path
from engine.store.disk import DiskStore
from engine.store.gc import gc
from tests.engine.store.shelf import put_file, raw

root, me = Path(sys.argv[1]), int(sys.argv[2])
with DiskStore(root) as store:
    for number in range(20):
        blocks = [raw(b"%d of %d" % (number, me)), raw(b"%d of all" % number)]
        store.put(blocks)
        cid, leaves = put_file(store, b"a file of all %d" % number * 500)
        if me == 0:
            gc(store, [], keep_seconds=0)
        assert [store.get(block.cid) for block in blocks] == [block.data for block in blocks]
        assert store.path_of(cid) is not None
        assert all(store.get(leaf.cid) for leaf in leaves)
"""


def test_processes_at_one_store(tmp_path: Path) -> None:
    """Leases keep all that processes put at once, from a gc among them that has no roots."""
    command = [sys.executable, "-c", WORK, str(tmp_path)]
    children = [
        subprocess.Popen([*command, str(me)], cwd=ROOT, stderr=subprocess.PIPE, text=True)
        for me in range(COUNT)
    ]
    errors = [child.communicate()[1] for child in children]
    assert errors == [""] * COUNT
    with DiskStore(tmp_path) as store:
        assert list(fsck(store)) == []
        assert len(packs(store)) <= COUNT + 1
