"""Blocks with names that no store has are read as blocks of ours are."""

import pytest

from engine import guests as bounds
from engine.content import dagpb
from engine.content.cid import DAG_PB, RAW, Cid
from engine.content.foreign_cid import ForeignCid
from engine.errors import Damaged, NotHere
from engine.guests import Guests
from engine.store.memory import MemoryStore
from tests.engine.oddnames import inline, node_of, odd


@pytest.fixture
def guests() -> Guests:
    """Return those of one import, of which none has come."""
    return Guests(MemoryStore())


def test_a_block_of_an_odd_name_is_kept_under_ours(guests: Guests) -> None:
    """It is had by a stand-in, and by that alone."""
    name = ForeignCid(odd(b"odd"))
    guests.take([(name, b"odd")])
    assert guests.get(guests.see(name)) == b"odd"


def test_links_lead_to_stand_ins(guests: Guests) -> None:
    """So that who reads it finds what is below, of whatever name that is."""
    top = node_of((odd(b"hel"), 3), (inline(b"lo", RAW), 2))
    name = ForeignCid(odd(top, DAG_PB))
    guests.take([(name, top), (ForeignCid(odd(b"hel")), b"hel")])
    links, _ = dagpb.decode(guests.get(guests.see(name)))
    assert [guests.get(link.cid) for link in links] == [b"hel", b"lo"]


def test_a_block_that_links_to_none_of_them_is_as_it_came(guests: Guests) -> None:
    """To the byte: its name is of its bytes."""
    top = node_of((Cid.of(RAW, b"ours").raw, 4))
    name = ForeignCid(Cid.of(DAG_PB, top).raw)
    guests.take([(name, top)])
    assert guests.get(guests.see(name)) == top


def test_what_is_in_a_name_needs_nobody(guests: Guests) -> None:
    """What that links to does."""
    top = inline(node_of((odd(b"hel"), 3), (inline(b"lo", RAW), 2)), DAG_PB)
    assert list(guests.needed(ForeignCid(top))) == [ForeignCid(odd(b"hel"))]
    assert list(guests.needed(ForeignCid(odd(b"hel")))) == [ForeignCid(odd(b"hel"))]


def test_what_did_not_come_is_not_here(guests: Guests) -> None:
    """Though its name is known."""
    with pytest.raises(NotHere):
        guests.get(guests.see(ForeignCid(odd(b"elsewhere"))))


@pytest.mark.parametrize("bound", ["MAX_ODD", "MAX_LINKS"])
def test_it_is_bounded(monkeypatch: pytest.MonkeyPatch, bound: str) -> None:
    """In names of other forms, and in links that are read."""
    monkeypatch.setattr(bounds, bound, 2)
    top = node_of(*((odd(bytes((n,))), 1) for n in range(3)))
    guests = Guests(MemoryStore())
    guests.take([(ForeignCid(Cid.of(DAG_PB, top).raw), top)])
    with pytest.raises(Damaged, match="content with over 2"):
        guests.get(Cid.of(DAG_PB, top))
