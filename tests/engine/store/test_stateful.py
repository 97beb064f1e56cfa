"""Any sequence of puts, damage, crashes and collections, against a model that is a dict.

TALLY_EXAMPLES is how many sequences are tried (25 by default).
"""

import os
import shutil
import tempfile
from pathlib import Path
from random import Random

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from engine.content.cid import Cid
from engine.errors import Damaged, Unavailable
from engine.store.disk import DiskStore
from engine.store.fsck import fsck
from engine.store.gc import gc
from tests.engine.store.shelf import Clock, above, cut, files, overwrite, packs, put_file, raw

SMALL = st.integers(0, 30).map(lambda number: b"%d" % number * (number + 1))
FILE = st.integers(0, 8).map(
    lambda number: b"".join(bytes([number, i % 251]) * 25 for i in range(5 * number))
)


class StoreMachine(RuleBasedStateMachine):
    """Two processes' views of one store, and what must be in it."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.clock = Clock()
        self.stores = [self.opened(), self.opened()]
        self.promised: dict[Cid, bytes] = {}  # acknowledged, and not damaged since
        self.known: dict[Cid, bytes] = {}  # ever put

    def opened(self) -> DiskStore:
        """Open the store once more."""
        return DiskStore(self.folder / "store", clock=self.clock)

    def teardown(self) -> None:
        """Close and remove it."""
        for store in self.stores:
            store.close()
        shutil.rmtree(self.folder)

    def promise(self, blocks: dict[Cid, bytes]) -> None:
        """Take note that these were acknowledged."""
        self.promised |= blocks
        self.known |= blocks

    @rule(which=st.integers(0, 1), data=st.lists(SMALL, max_size=5))
    def put(self, which: int, data: list[bytes]) -> None:
        """Put small blocks."""
        blocks = [raw(each) for each in data]
        self.stores[which].put(blocks)
        self.promise({block.cid: block.data for block in blocks})

    @rule(which=st.integers(0, 1), data=FILE)
    def put_whole(self, which: int, data: bytes) -> None:
        """Put a whole file."""
        put_file(self.stores[which], data, 100)
        leaves = cut(data, 100)
        root = above(leaves)
        blocks = {leaf.cid: data[leaf.offset :][: leaf.length] for leaf in leaves}
        self.promise({**blocks, root.cid: root.data})

    @rule(which=st.integers(0, 1), data=FILE)
    def write_without_commit(self, which: int, data: bytes) -> None:
        """Begin a file and give it up."""
        file = self.stores[which].new_file()
        file.write(data)
        file.abort()

    @rule(which=st.integers(0, 1))
    def reopen(self, which: int) -> None:
        """End a process and start another."""
        self.stores[which].close()
        self.stores[which] = self.opened()

    @rule(chance=st.randoms(use_true_random=False))
    def damage(self, chance: Random) -> None:
        """Change bytes on the disk: what was promised may be gone, but is never wrong."""
        paths = packs(self.stores[0]) + files(self.stores[0])
        if not paths:
            return
        path = chance.choice(sorted(paths))
        size = path.stat().st_size
        if size:
            overwrite(path, chance.randrange(size), chance.randbytes(chance.randrange(1, 60)))
        self.see_what_is_left()

    def see_what_is_left(self) -> None:
        """Read everything; what is damaged is no longer promised."""
        for cid, data in list(self.promised.items()):
            try:
                assert self.stores[0].get(cid) == data
            except (Damaged, Unavailable):
                del self.promised[cid]

    @rule(which=st.integers(0, 1), keep=st.randoms(use_true_random=False))
    def collect(self, which: int, keep: Random) -> None:
        """Keep some of what there is, when nothing is fresh and nobody has a lease."""
        self.clock.ms += 10**7
        for store in self.stores:
            store.release_lease()
        roots = [cid for cid in self.promised if keep.random() < 0.5]
        gc(self.stores[which], roots, lambda cid, data: ())
        self.promised = {cid: self.promised[cid] for cid in roots}
        gone = [cid for cid in self.known if cid not in self.promised]
        assert not any(self.stores[1 - which].has(cid) for cid in gone)

    @rule(which=st.integers(0, 1))
    def collect_beside_a_run(self, which: int) -> None:
        """A gc without any root takes nothing that was put since leases were taken."""
        for store in self.stores:
            store.put([raw(b"takes a lease")])
            store.hold(self.promised)
        self.promise({raw(b"takes a lease").cid: b"takes a lease"})
        gc(self.stores[which], [], keep_seconds=0)

    @rule(which=st.integers(0, 1))
    def check(self, which: int) -> None:
        """Once everything was read, fsck finds only headers of a pack, which wait for --repair."""
        self.see_what_is_left()
        for _ in fsck(self.stores[which]):
            pass
        self.see_what_is_left()
        left = [one.what for one in fsck(self.stores[which])]
        assert [what for what in left if "not what its pack says" not in what] == []

    @invariant()
    def all_is_there(self) -> None:
        """Whatever was promised is given, by either process; nothing is ever wrong."""
        for store in self.stores:
            assert all(store.get(cid) == data for cid, data in self.promised.items())
        for cid, data in self.known.items():
            if cid not in self.promised and self.stores[0].has(cid):
                try:
                    assert self.stores[0].get(cid) == data
                except (Damaged, Unavailable):
                    continue


StoreMachine.TestCase.settings = settings(
    max_examples=int(os.environ.get("TALLY_EXAMPLES", "25")),
    stateful_step_count=25,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
TestStore = StoreMachine.TestCase
