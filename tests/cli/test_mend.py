"""Mending a home with what others have."""

from pathlib import Path

from cli.fsck import _look
from cli.mend import _REFUSED, mend
from cli.workspace import Workspace
from engine.content.blocks import Block
from engine.sources import Sources
from tests.conformance.source import content
from tests.engine.test_sources import Given, having
from tests.test_sources import spoil


def test_what_is_pinned_and_damaged_is_had_from_elsewhere(tmp_path: Path) -> None:
    """By what it is pinned as part of; nothing else is asked for."""
    root, blocks = content(1)
    other, more = content(2)
    with Workspace(tmp_path / "home", writing=True) as space:
        space.store.put(Block(cid, data) for cid, data in (blocks | more).items())
        space.store.pins.pin(root, "mine")
        space.store.pins.pin(other, "mine, too")
        spoil(tmp_path / "home" / "store" / "packs", max(blocks.values(), key=len))
        left = _look(space)
        assert left
        source = having(blocks)
        space.__dict__["sources"] = Sources(space.store, [source])
        mend(space, tuple(left))
        assert not _look(space)
        assert source.asked == [root]


def test_few_are_asked_for_what_nobody_has(tmp_path: Path) -> None:
    """What never left this home is not asked for again and again."""
    source = Given()
    with Workspace(tmp_path / "home", writing=True) as space:
        for seed in range(2 * _REFUSED):
            root, blocks = content(seed, 3)
            space.store.put(Block(cid, data) for cid, data in blocks.items())
            space.store.pins.pin(root, "mine")
            spoil(tmp_path / "home" / "store" / "packs", max(blocks.values(), key=len))
        left = _look(space)
        space.__dict__["sources"] = Sources(space.store, [source])
        mend(space, tuple(left))
        assert len(source.asked) == _REFUSED
