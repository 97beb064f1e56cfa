"""What is said while IPFS looks for something."""

from collections.abc import Callable, Sequence
from pathlib import Path
from threading import Event

import pytest

from cli import looking
from cli.looking import Looking
from engine.content.blocks import ManyStore
from engine.content.cid import Cid
from engine.sources import Came
from engine.store.disk import DiskStore
from tests.peers.graphs import leaf

ROOT = leaf(b"wanted").cid


class Slow:
    """A source that does something when it is asked."""

    name = "ipfs"

    def __init__(self, when_asked: Callable[[Came], None]) -> None:
        self._when_asked = when_asked

    def fetch(self, store: ManyStore, root: Cid, within: Cid, came: Came) -> None:
        """Do that."""
        self._when_asked(came)

    def bring(self, store: ManyStore, cids: Sequence[Cid], within: Cid) -> None:
        """Do that, too."""
        self._when_asked(lambda _: None)


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> tuple[list[str], Event]:
    """Return what is said, and what is set when it was."""
    lines: list[str] = []
    told = Event()
    monkeypatch.setattr(looking, "SOON_S", 0.01)
    monkeypatch.setattr(looking, "note", lambda line: (lines.append(line), told.set()))
    return lines, told


def test_it_is_said_once_what_is_looked_for(said: tuple[list[str], Event], tmp_path: Path) -> None:
    """And for how long that may last."""
    lines, told = said
    longest = [20.0, 0.1]

    def slow(came: Came) -> None:
        told.wait(longest.pop(0))
        told.clear()

    source = Looking(Slow(slow))
    with DiskStore(tmp_path) as store:
        source.bring(store, [leaf(b"part").cid], ROOT)
        source.fetch(store, ROOT, ROOT, lambda _: None)
    assert lines == [f"looking for {ROOT} on IPFS, for up to 30 s"]


def test_nothing_is_said_of_what_was_found(
    said: tuple[list[str], Event], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once some of it has come, nobody looks for it; nor when it came soon."""
    lines, told = said

    def gives(came: Came) -> None:
        came(1)
        assert not told.wait(0.1)

    with DiskStore(tmp_path) as store:
        monkeypatch.setattr(looking, "SOON_S", 0.05)
        Looking(Slow(gives)).fetch(store, ROOT, ROOT, lambda _: None)
        monkeypatch.setattr(looking, "SOON_S", 60.0)
        Looking(Slow(lambda _: None)).bring(store, [ROOT], ROOT)
    assert lines == []
