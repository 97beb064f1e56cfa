"""A lease is held until its requester knows of all its steps."""

from engine.content.cid import RAW, Cid
from peers.held import HELD, Held

A, B, C = (Cid.of(RAW, text) for text in (b"A", b"B", b"C"))


def test_a_lease_is_over_with_its_last_step() -> None:
    """Not before; and it is so once."""
    held = Held({1: [A, B]}, last=1)
    held.add(2, [B, C])
    assert held.end([A], held.last) == ()
    assert held.end([A, B], held.last) == (1,)
    assert held.end([C], held.last) == (2,)
    assert held.end([A, B, C], held.last) == ()


def test_what_is_heard_late_says_nothing_of_a_later_lease() -> None:
    """A step that was leased again meanwhile is still to be heard of."""
    held = Held({1: [A]}, last=1)
    before = held.last
    held.add(2, [A])
    assert held.end([A], before) == (1,)
    assert held.end([A], held.last) == (2,)


def test_what_is_held_has_a_bound() -> None:
    """All steps of a lease count until it is over: so many are written down."""
    held = Held()
    held.add(1, [A, B])
    assert held.has_room(HELD - 2)
    assert not held.has_room(HELD - 1)
    held.add(1, [A, B])
    held.end([A], 1)
    assert not held.has_room(HELD - 1)
    held.end([B], 1)
    assert held.has_room(HELD)
