"""Places of entries are read as they were spelled."""

import pytest

from peers.errors import RemoteFault
from peers.place import Head, Place, head_of, place_of, read_entry, read_place, spell
from tests.peers.ledgers import Keeper, named, opened


def test_a_place_is_read_as_it_was_spelled() -> None:
    """And so is that there is none."""
    one, _ = opened()
    place = place_of(one.log[-1])
    assert read_place(spell(place)) == place
    assert read_place(spell(None)) is None


def test_later_is_larger() -> None:
    """An entry of a later epoch is later, whatever its number."""
    name = named("entry")
    assert Place(0, 1, name) < Place(0, 2, name) < Place(1, 0, name)


def test_a_head_has_the_author_of_the_entry() -> None:
    """Its place is of nobody else's log."""
    one = Keeper(1)
    assert head_of(one.log[0]) == Head(one.peer, Place(0, 0, one.log[0].id))


def test_a_boolean_is_no_number() -> None:
    """Nor is what is negative, or what only some languages have exactly."""
    raw = Keeper(1).log[0].id.raw
    assert read_place((raw, 1, 2**53 - 1)) is not None
    for number in (True, -1, 2**53, b"1", None):
        with pytest.raises(RemoteFault):
            read_place((raw, number, 0))
        with pytest.raises(RemoteFault):
            read_place((raw, 0, number))


def test_only_a_record_is_an_entry() -> None:
    """The CID of raw bytes names none."""
    with pytest.raises(RemoteFault):
        read_place((named("raw").raw, 0, 0))


def test_an_entry_is_bytes_that_its_author_signed() -> None:
    """Anything else is a fault."""
    written = Keeper(1).log[0]
    assert read_entry(written.signed) == written
    for data in (None, b"", written.signed[:-1], written.signed + bytes(16 * 1024)):
        with pytest.raises(RemoteFault):
            read_entry(data)
