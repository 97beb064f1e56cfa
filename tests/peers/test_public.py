"""What is public is what was published, and what that leads to."""

from random import Random

import pytest

from engine.content.cid import Cid
from engine.errors import NotHere
from peers.public import AGAIN_MS, LOOK_MS, Public
from tests.peers.graphs import graph, leaf

ROOT, BLOCKS = graph(Random(1), 300)  # noqa: S311 - for tests
OTHER, SECRETS = graph(Random(2), 50)  # noqa: S311 - for tests


class Clock:
    """A clock that a test moves on."""

    ms = 0

    def now_ms(self) -> int:
        """Return the time."""
        return self.ms

    monotonic_ms = now_ms


class Content:
    """Blocks, and which were read."""

    def __init__(self) -> None:
        self.roots: set[Cid] = set()
        self.blocks = BLOCKS | SECRETS
        self.read: list[Cid] = []

    def get(self, cid: Cid) -> bytes:
        """Return a block."""
        self.read.append(cid)
        if cid not in self.blocks:
            raise NotHere("it is not here")
        return self.blocks[cid]


@pytest.fixture
def content() -> Content:
    """Return blocks of which some are published."""
    made = Content()
    made.roots = {ROOT}
    return made


@pytest.fixture
def clock() -> Clock:
    """Return a clock that a test moves on."""
    return Clock()


@pytest.fixture
def public(content: Content, clock: Clock) -> Public:
    """Return what is public of them."""
    return Public(lambda: frozenset(content.roots), content.get, clock)


def test_all_that_a_root_leads_to_is_public(public: Public) -> None:
    """And nothing else of what is here."""
    assert all(public.has(cid) for cid in BLOCKS)
    assert not any(public.has(cid) for cid in SECRETS)
    assert (public.is_root(ROOT), public.is_root(OTHER)) == (True, False)
    assert not public.is_root(next(cid for cid in BLOCKS if cid != ROOT))


def test_nothing_else_is_read(public: Public, content: Content) -> None:
    """Whoever asks for what is not public learns nothing, not even by the time it takes."""
    assert not public.has(OTHER)
    assert set(content.read) <= set(BLOCKS)
    count = len(content.read)
    assert not public.has(leaf(b"not here at all").cid)
    assert len(content.read) == count


def test_a_leaf_is_known_from_its_parent(public: Public, content: Content) -> None:
    """No raw block is read to know that it is public."""
    assert all(public.has(cid) for cid in BLOCKS)
    assert all(cid.codec != 0x55 for cid in content.read)
    assert len(content.read) == len(set(content.read))


def test_what_is_published_later(public: Public, content: Content, clock: Clock) -> None:
    """Is public a moment later; what is no more, is not."""
    assert not public.has(OTHER)
    content.roots = {OTHER}
    assert not public.has(OTHER)
    clock.ms += LOOK_MS
    assert all(public.has(cid) for cid in SECRETS)
    assert not any(public.has(cid) for cid in BLOCKS if cid not in SECRETS)


def test_what_came_later(public: Public, content: Content, clock: Clock) -> None:
    """A part that was not here when it was looked for is looked for again."""
    missing = content.blocks.pop(ROOT)
    below = next(cid for cid in BLOCKS if cid != ROOT)
    assert not public.has(below)
    content.blocks[ROOT] = missing
    assert not public.has(below)
    clock.ms += AGAIN_MS
    assert public.has(below)
