"""What two peers tell each other of their entries is read as it was written, or is a fault."""

import contextlib
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.content.cid import DAG_CBOR, Cid
from peers.credit_messages import (
    MAX_ENTRIES,
    MAX_ENTRIES_BYTES,
    MAX_EVIDENCE,
    MAX_EVIDENCE_BYTES,
    Entries,
    Lost,
    Taken,
    Told,
    fitting,
    read_entries,
    read_lost,
    read_sync,
    read_taken,
    write_entries,
    write_lost,
    write_sync,
    write_taken,
)
from peers.entries import Limit
from peers.entry import Written
from peers.envelope import MAX_BODY
from peers.errors import RemoteFault
from peers.named import MAX_WHY
from peers.place import place_of
from peers.plain import Plain, pack
from tests.peers.ledgers import opened
from tests.peers.offered import PLAIN

ONE, TWO = opened()
CHAIN = [ONE.log[1], *(ONE.say(Limit(limit), TWO) for limit in range(MAX_ENTRIES))]
PLACE = place_of(CHAIN[0])

READERS: list[Callable[[bytes], object]] = [
    read_sync,
    read_entries,
    read_taken,
    read_lost,
]


def body_of(*entries: Written) -> bytes:
    """Return the body of an ENTRIES."""
    return write_entries([Told(one.signed) for one in entries])


def test_a_sync_and_its_answer_are_read() -> None:
    """With a place, and with none."""
    for place in (None, PLACE):
        assert read_sync(write_sync(place)) == place
        assert read_lost(write_lost(Lost(place, None))) == Lost(place, None)


def test_entries_are_read_with_what_they_rest_on() -> None:
    """Each record once, by its name; each entry with the bytes that were signed."""
    told = [Told(CHAIN[0].signed, (b"lines",)), Told(CHAIN[1].signed, (b"lines", b"more"))]
    found = read_entries(write_entries(told))
    assert found.entries == (CHAIN[0], CHAIN[1])
    assert {cid: block.data for cid, block in found.evidence.items()} == {
        Cid.of(DAG_CBOR, data): data for data in (b"lines", b"more")
    }


def test_what_was_taken_is_read() -> None:
    """A reason is not long."""
    assert read_taken(write_taken(Taken(PLACE, ""))) == Taken(PLACE, "")
    assert read_taken(write_taken(Taken(None, "n" * 9_999))) == Taken(None, "n" * MAX_WHY)
    with pytest.raises(RemoteFault):
        read_taken(pack((None, "n" * (MAX_WHY + 1))))


@pytest.mark.parametrize(
    "bound",
    [
        Told(bytes(MAX_ENTRIES_BYTES // 4)),
        Told(b"", (b"x",) * (MAX_EVIDENCE // 4)),
        Told(b"", (bytes(MAX_EVIDENCE_BYTES // 4),)),
    ],
)
def test_a_message_has_what_fits(bound: Told) -> None:
    """Entries, their bytes, records and their bytes are bounded, and one message has room."""
    assert fitting([bound] * 4) == (bound,) * 4
    assert fitting([bound] * 5) == (bound,) * 4
    assert len(write_entries([bound] * 4)) <= MAX_BODY


def test_the_largest_message_is_a_body() -> None:
    """All bounds at once."""
    records = tuple(n.to_bytes(4096, "big") for n in range(MAX_EVIDENCE))
    assert sum(map(len, records)) == MAX_EVIDENCE_BYTES
    told = [Told(bytes(MAX_ENTRIES_BYTES // MAX_ENTRIES))] * (MAX_ENTRIES - 1)
    told.append(Told(bytes(MAX_ENTRIES_BYTES // MAX_ENTRIES), records))
    assert len(fitting(told)) == MAX_ENTRIES
    assert len(write_entries(told)) <= MAX_BODY


def test_more_than_the_bounds_is_a_fault() -> None:
    """Entries are counted before a signature is looked at."""
    signed = tuple(one.signed for one in CHAIN[: MAX_ENTRIES + 1])
    over: list[Plain] = [
        (signed, ()),
        ((bytes(MAX_ENTRIES_BYTES + 1),), ()),
        (signed[:1], (b"",) * (MAX_EVIDENCE + 1)),
        (signed[:1], (bytes(MAX_EVIDENCE_BYTES + 1),)),
    ]
    for value in over:
        with pytest.raises(RemoteFault, match="over"):
            read_entries(pack(value))


@given(st.integers(0, 10_000), st.integers(1, 255))
def test_no_byte_of_an_entry_can_be_changed(at: int, change: int) -> None:
    """What is read is what was signed."""
    signed = bytearray(CHAIN[0].signed)
    signed[at % len(signed)] ^= change
    with pytest.raises(RemoteFault):
        read_entries(pack(((bytes(signed),), ())))


@given(st.binary(max_size=300))
def test_junk_is_a_fault(junk: bytes) -> None:
    """Whatever it is, and whoever reads it; that there is no place is one byte."""
    for read in READERS:
        with contextlib.suppress(RemoteFault):
            assert read(junk) is None


@given(PLAIN)
def test_plain_values_of_other_forms_are_faults(value: Plain) -> None:
    """Whatever is read is of its kind."""
    for read in READERS:
        with contextlib.suppress(RemoteFault):
            found = read(pack(value))
            assert found is None or isinstance(found, Lost | Taken | Entries)
