"""A desk of content, before parts that note what they are told, for tests."""

from collections.abc import Iterable
from pathlib import Path

import pytest

from engine.content.cid import Cid
from engine.errors import Unavailable
from peers.content_desk import TOLD_MS, ContentDesk
from peers.control import Control, Visitor
from peers.fetching import Said
from peers.identity import PeerId
from peers.plain import Plain
from peers.public_scopes import PublicScopes
from tests.peers.graphs import leaf
from tests.peers.keys import identity

ROOT = leaf(b"root").cid
PEERS = tuple(identity(number).peer for number in range(1, 4))


class Caller(Visitor):
    """A command that notes what it is told."""

    def __init__(self) -> None:
        super().__init__(Control(Path(), lambda *_: None), lambda *_: None)
        self.told: list[Plain] = []

    def send(self, value: Plain) -> None:
        """Note it."""
        self.told.append(value)


class Fetching:
    """A fetch of which a test says how it goes."""

    def __init__(self, sources: Iterable[PeerId], said: Said) -> None:
        self.sources = frozenset(sources)
        self.said = said
        self.came_bytes = 0
        self.is_refused = self.is_stopped = False

    def stop(self) -> None:
        """Note that it is not wanted any more."""
        self.is_stopped = True


class Depot:
    """Notes what is asked of it."""

    def __init__(self) -> None:
        self.asked: list[tuple[Cid, tuple[Cid, ...], bool]] = []
        self.fetches: list[Fetching] = []
        self.offered: set[Cid] = set()

    def fetch(
        self,
        scope: Cid,
        roots: tuple[Cid, ...],
        sources: Iterable[PeerId],
        done: Said,
        *,
        is_shallow: bool,
    ) -> Fetching:
        """Note a fetch."""
        self.asked.append((scope, roots, is_shallow))
        self.fetches.append(Fetching(sources, done))
        return self.fetches[-1]

    def also_from(self, fetching: Fetching, peers: Iterable[PeerId]) -> None:
        """Note who else is asked."""
        fetching.sources |= {*peers}

    def status(self) -> dict[str, int]:
        """Say nothing."""
        return {}

    def offer(self, scope: Cid, roots: Iterable[Cid], asker: PeerId | None) -> None:
        """Note what everybody may have."""
        assert tuple(roots) == (scope,)
        assert asker is None
        self.offered.add(scope)

    def withdraw(self, scope: Cid) -> None:
        """Note what nobody may have."""
        self.offered.remove(scope)


class Company:
    """Those who are connected, and those who are dialled."""

    def __init__(self) -> None:
        self.connected: list[PeerId] = [*PEERS]
        self.has_dialled = False
        self.asked: set[Cid] = set()

    def of(self, scope: Cid) -> tuple[PeerId, ...]:
        """Return who is connected."""
        self.asked.add(scope)
        return tuple(self.connected)

    def seek(self, scope: Cid) -> bool:
        """Return whether somebody is dialled."""
        self.asked.add(scope)
        return self.has_dialled


class Desk:
    """A desk, and what is around it."""

    def __init__(self) -> None:
        self.depot = Depot()
        self.company = Company()
        self.room = 10**9
        self.public: set[Cid] = set()
        self.lost = False  # the disk
        self.logged: list[str] = []
        self._now_ms = 0
        scopes = PublicScopes(
            self.depot, self._published, lambda what, **_: self.logged.append(what)
        )
        self.desk = ContentDesk(self.depot, self.company, lambda: self.room, scopes)

    def _published(self) -> frozenset[Cid]:
        if self.lost:
            raise Unavailable("the disk is gone")
        return frozenset(self.public)

    def ask(self, *words: Plain) -> Caller:
        """Ask for something, and return who is told."""
        caller, (name, *rest) = Caller(), words
        assert isinstance(name, str)
        assert self.desk.knows(name)
        self.desk.attend(caller, name, rest)
        return caller

    def have(self) -> Caller:
        """Ask for all that a root leads to."""
        return self.ask("have", ROOT.raw, False, ROOT.raw)

    def tick(self, by_ms: int = TOLD_MS) -> None:
        """Let time pass."""
        self._now_ms += by_ms
        self.desk.tick(self._now_ms)


@pytest.fixture
def desk() -> Desk:
    """Return one, with three peers connected."""
    return Desk()
