"""What every Source does: a test class to inherit from, with fixtures of one's own."""

from collections.abc import Callable
from random import Random

import pytest

from engine.content.blocks import Block
from engine.content.cid import RAW, Cid
from engine.errors import Unavailable
from engine.sources import Source
from engine.store.disk import DiskStore
from tests.peers.graphs import graph, leaf

Far = Callable[[Cid, dict[Cid, bytes]], None]  # lets everybody have a root and these blocks of it


def content(seed: int, leaves: int = 60, size: int = 20_000) -> tuple[Cid, dict[Cid, bytes]]:
    """Return a root and all that it leads to."""
    return graph(Random(seed), leaves, size)  # noqa: S311


class SourceConformance:
    """The contract of engine/sources.py Source: `source` has in `store` what `far` lets out."""

    def test_all_that_a_root_leads_to_comes(
        self, source: Source, far: Far, store: DiskStore
    ) -> None:
        """Each block of it, right, and nothing is told that did not come."""
        root, blocks = content(1)
        told: list[int] = []
        far(root, blocks)
        source.fetch(store, root, root, told.append)
        assert store.get_many([*blocks]) == blocks
        assert told == sorted(told)
        assert not told or told[-1] <= 2 * sum(map(len, blocks.values()))

    def test_a_half_is_completed(self, source: Source, far: Far, store: DiskStore) -> None:
        """What is here of it stays, and the rest comes."""
        root, blocks = content(2)
        half = [Block(cid, data) for cid, data in blocks.items() if cid == root or cid.raw[-1] & 1]
        store.put(half)
        far(root, blocks)
        source.fetch(store, root, root, lambda came: None)
        assert store.get_many([*blocks]) == blocks

    def test_blocks_alone_bring_nothing_that_they_lead_to(
        self, source: Source, far: Far, store: DiskStore
    ) -> None:
        """Those that were asked for come, of whatever depth, by the root that they are part of."""
        root, blocks = content(3)
        leaves = [cid for cid in blocks if cid.codec == RAW][:20]
        far(root, blocks)
        source.bring(store, [root, *leaves], root)
        assert store.has_many([*blocks]) == {root, *leaves}

    def test_what_nobody_has_is_unavailable(
        self, source: Source, far: Far, store: DiskStore
    ) -> None:
        """Whether all of it is asked for or one block; and it is said what can be done."""
        root, blocks = content(4)
        far(root, {cid: data for cid, data in blocks.items() if cid.codec != RAW})
        nobodys = leaf(b"nobody has this").cid
        asks: list[Callable[[], None]] = [
            lambda: source.fetch(store, nobodys, nobodys, lambda came: None),
            lambda: source.bring(store, [nobodys], nobodys),
            lambda: source.fetch(store, root, root, lambda came: None),
        ]
        for ask in asks:
            with pytest.raises(Unavailable) as error:
                ask()
            assert error.value.fix
        assert not store.has(nobodys)

    def test_it_is_of_use_after_it_failed(self, source: Source, far: Far, store: DiskStore) -> None:
        """One question that nobody answers spoils none that comes later."""
        root, blocks = content(5)
        nobodys = leaf(b"nobody has this either").cid
        with pytest.raises(Unavailable):
            source.bring(store, [nobodys], nobodys)
        far(root, blocks)
        source.fetch(store, root, root, lambda came: None)
        assert store.get_many([*blocks]) == blocks
