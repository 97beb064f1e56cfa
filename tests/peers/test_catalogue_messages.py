"""Messages about a catalogue are read as they were written, and nothing else is."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from peers import plain
from peers.catalogue import PAGE
from peers.catalogue_events import Tell
from peers.catalogue_messages import News, pack, unpack
from peers.changes import Cursor, Page
from peers.errors import RemoteFault
from peers.listing_events import Ask, List, Show, Want
from peers.listing_messages import NAME_BYTES, Shown, Wants
from tests.peers.crowd import peer_id

TO = peer_id(1)
counts = st.integers(0, 2**64 - 1)
names = st.lists(
    st.binary(min_size=NAME_BYTES, max_size=NAME_BYTES), max_size=PAGE, unique=True
).map(tuple)


@given(
    counts,
    counts,
    names,
    st.booleans(),
    st.lists(st.binary(min_size=1, max_size=99), max_size=PAGE),
)
def test_what_is_packed_is_read(
    epoch: int,
    position: int,
    items: tuple[bytes, ...],
    more: bool,
    datas: list[bytes],
) -> None:
    """Each message comes out as it went in."""
    cursor = Cursor(epoch, position)
    page = Page(items, cursor, more)
    assert unpack(*pack(Ask(TO, cursor))) == cursor
    assert unpack(*pack(List(TO, page))) == page
    assert unpack(*pack(Show(TO, tuple(datas)))) == Shown(tuple(datas))
    assert unpack(*pack(Tell(TO))) == News()
    if items:
        assert unpack(*pack(Want(TO, items))) == Wants(items)


values = st.recursive(
    st.none() | st.booleans() | counts | st.binary(max_size=80) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=6).map(tuple),
    max_leaves=20,
)


@given(st.integers(1276, 1300), values)
def test_junk_is_a_fault_of_whoever_sent_it(kind: int, body: plain.Plain) -> None:
    """Nothing that a peer sends raises anything else."""
    with suppress(RemoteFault):
        unpack(kind, body)


@pytest.mark.parametrize(
    "action",
    [
        List(TO, Page((bytes(NAME_BYTES),) * 2, Cursor(1, 1), more=False)),
        List(TO, Page(tuple(bytes([n]) * 32 for n in range(PAGE + 1)), Cursor(1, 1), more=False)),
        Want(TO, ()),
        Want(TO, (b"short",)),
        Show(TO, (b"x" * 5000,)),
        Show(TO, (b"x",) * (PAGE + 1)),
        Show(TO, (b"",)),
    ],
)
def test_what_is_out_of_bounds_is_refused(action: List | Want | Show) -> None:
    """A name twice, too many, none, or too long: no such message is read."""
    with pytest.raises(RemoteFault):
        unpack(*pack(action))
