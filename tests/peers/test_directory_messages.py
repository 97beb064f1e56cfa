"""What directories say to each other comes over the wire as it was said, or ends the connection."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from peers import plain
from peers.changes import Cursor, Page
from peers.directory_events import Entry, Introduce
from peers.directory_messages import INTRODUCE_TYPE, TYPES, Introduction, Sent, pack, unpack
from peers.envelope import Role
from peers.errors import RemoteFault
from peers.identity import PeerId
from peers.known import PAGE
from peers.listing_events import Ask, List, Show, Want
from peers.listing_messages import Shown, Wants
from peers.peer_record import MAX_BYTES, MAX_SERIAL
from tests.peers.crowd import peer_id

TO = peer_id(1)
ASK_TYPE, LIST_TYPE, WANT_TYPE, RECORDS_TYPE = TYPES

peers = st.binary(min_size=32, max_size=32).map(PeerId)
numbers = st.integers(0, 2**64 - 1)
cursors = st.builds(Cursor, numbers, numbers)
marks = st.binary(min_size=4, max_size=4)
entries = st.lists(st.builds(Entry, peers, st.integers(0, MAX_SERIAL), marks), max_size=5)
listings = st.builds(Page, entries.map(tuple), cursors, st.booleans())
blobs = st.binary(min_size=1, max_size=40)
sent: st.SearchStrategy[Sent] = st.one_of(
    st.builds(Ask, peers, cursors),
    st.builds(List, peers, listings),
    st.builds(Want, peers, st.lists(peers, min_size=1, max_size=5).map(tuple)),
    st.builds(Show, peers, st.lists(blobs, max_size=5).map(tuple)),
    st.builds(Introduce, peers, blobs),
)
leaves = st.none() | st.booleans() | st.integers(-5, 2**64 - 1) | st.binary(max_size=40)
junk = st.recursive(leaves, lambda inner: st.lists(inner, max_size=5).map(tuple), max_leaves=12)


@given(sent)
def test_what_is_packed_is_read(action: Sent) -> None:
    """Through the bytes of the wire."""
    kind, body = pack(action)
    found = unpack(kind, plain.unpack(plain.pack(body)))
    match action:
        case Ask(_, cursor):
            assert found == cursor
        case List(_, listing):
            assert found == listing
        case Want(_, wanted):
            assert found == Wants(wanted)
        case Show(_, records):
            assert found == Shown(records)
        case Introduce(_, record):
            assert found == Introduction(record)


@given(st.sampled_from((*TYPES, INTRODUCE_TYPE)) | st.integers(0, 1023), junk)
def test_junk_is_the_senders_fault(kind: int, body: plain.Plain) -> None:
    """It is read as what it says, or ends the connection; nothing else happens."""
    with suppress(RemoteFault):
        assert isinstance(unpack(kind, body), Cursor | Page | Wants | Shown | Introduction)


ENTRY = (TO.key, 1, b"mark")


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        (ASK_TYPE, (1,)),
        (ASK_TYPE, (1, -1)),
        (ASK_TYPE, (True, 1)),
        (LIST_TYPE, (1, 1, False, (ENTRY,) * (PAGE + 1))),
        (LIST_TYPE, (1, 1, 0, ())),
        (LIST_TYPE, (1, 1, False, ((TO.key, 1),))),
        (LIST_TYPE, (1, 1, False, ((TO.key, MAX_SERIAL + 1, b"mark"),))),
        (LIST_TYPE, (1, 1, False, ((TO.key[1:], 1, b"mark"),))),
        (LIST_TYPE, (1, 1, False, ((TO.key, 1, b"marks"),))),
        (WANT_TYPE, (b"",)),
        (WANT_TYPE, (TO.key[1:],)),
        (WANT_TYPE, (TO.key * (PAGE + 1),)),
        (RECORDS_TYPE, ((b"",),)),
        (RECORDS_TYPE, ((b"x",) * (PAGE + 1),)),
        (RECORDS_TYPE, ((b"x" * (MAX_BYTES + 1),),)),
        (INTRODUCE_TYPE, (b"x" * (MAX_BYTES + 1),)),
        (INTRODUCE_TYPE, ("text",)),
        (INTRODUCE_TYPE, None),
    ],
)
def test_what_is_over_a_bound_is_the_senders_fault(kind: int, body: plain.Plain) -> None:
    """Each bound, by one."""
    with pytest.raises(RemoteFault):
        unpack(kind, body)


def test_the_largest_page_of_records_fits_in_a_message() -> None:
    """A body may have 2 MiB and 48 KiB."""
    _, body = pack(Show(TO, (b"x" * MAX_BYTES,) * PAGE))
    assert len(plain.pack(body)) <= 2 * 1024 * 1024 + 48 * 1024


def test_answers_have_the_type_after_their_requests() -> None:
    """As every answer has; an introduction asks for none."""
    assert [kind % 4 for kind in (ASK_TYPE, WANT_TYPE)] == [Role.REQUEST] * 2
    assert [kind % 4 for kind in (LIST_TYPE, RECORDS_TYPE)] == [Role.ANSWER] * 2
    assert INTRODUCE_TYPE % 4 == Role.NOTICE
