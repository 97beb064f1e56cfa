"""What is cached goes when it does not fit any more, the longest unused first."""

from engine.content.cid import RAW, Cid
from peers.cache import Cached, to_drop


def cached(name: str, size: int) -> Cached:
    """Return something that is cached."""
    return Cached(Cid.of(RAW, name.encode()), True, size)


A, B, C = cached("a", 40), cached("b", 50), cached("c", 20)


def test_the_last_used_stay_while_they_fit() -> None:
    """One that is too large makes way for smaller ones that were used before it."""
    assert to_drop([A, B, C], frozenset(), 200) == []
    assert to_drop([A, B, C], frozenset(), 90) == [C]
    assert to_drop([A, B, C], frozenset(), 60) == [B]
    assert to_drop([A, B, C], frozenset(), 0) == [A, B, C]


def test_what_is_needed_now_stays_and_takes_its_room() -> None:
    """Even when it is more than the quota."""
    assert to_drop([A, B, C], {B.root}, 60) == [A, C]
    assert to_drop([A, B, C], {B.root, C.root}, 10) == [A]
