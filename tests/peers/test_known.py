"""What is known has bounds, in all and for each source; what we saw ourselves stays."""

from peers.changes import Cursor
from peers.directory_events import Entry
from peers.identity import PeerId
from peers.known import MAX_RECORDS, PAGE, SHARE, Known, Outcome
from peers.peer_record import SKEW_MS, Notice
from tests.peers.crowd import START_MS, notice, peer_id, record

ME, LIAR, FRIEND = peer_id(0), peer_id(1), peer_id(2)
START = Cursor(0, 0)


def heard(number: int, serial: int = 1) -> Notice:
    """Return the record of some peer."""
    return notice(peer_id(number), record(serial))


def flood(known: Known, source: PeerId, first: int, count: int) -> list[Outcome]:
    """Tell of as many peers as asked, from one source."""
    return [known.put(heard(first + number), source)[0] for number in range(count)]


def test_a_source_has_a_share() -> None:
    """Of what one peer tells, SHARE records are taken; another peer's are taken still."""
    known = Known(ME, 1)
    assert flood(known, LIAR, 100, SHARE + 1) == [Outcome.TAKEN] * SHARE + [Outcome.OVER]
    assert known.put(heard(99), FRIEND) == (Outcome.TAKEN, None)


def test_who_is_met_leaves_the_share_of_whoever_told_of_it() -> None:
    """A source that tells the truth may tell of more as we meet those it told of."""
    known = Known(ME, 1)
    flood(known, FRIEND, 100, SHARE)
    known.up(peer_id(100), dialled=True)
    assert known.put(heard(99), FRIEND)[0] is Outcome.TAKEN


def test_a_full_directory_makes_room_from_whoever_told_most() -> None:
    """The latest hearsay of the largest source goes; firm records and small sources' stay."""
    known = Known(ME, 1)
    known.put(heard(50), FRIEND)
    known.up(peer_id(60), dialled=True)
    known.put(heard(60), LIAR)
    for source in range(5):
        flood(known, peer_id(10 + source), 100 + source * SHARE, SHARE)
    assert len(known) == MAX_RECORDS
    outcome, gone = known.put(heard(51), FRIEND)
    assert outcome is Outcome.TAKEN
    assert gone in {peer_id(100 + number) for number in range(5 * SHARE)}
    assert len(known) == MAX_RECORDS
    assert known.get(peer_id(50))
    assert known.get(peer_id(60))


def test_who_did_not_answer_makes_room_first() -> None:
    """Of the source that told most."""
    known = Known(ME, 1)
    flood(known, LIAR, 100, SHARE)
    known.doubt(peer_id(107))
    for source in range(4):
        flood(known, peer_id(10 + source), 10_000 + source * SHARE, SHARE - 1)
    flood(known, FRIEND, 50, 5)
    assert known.get(peer_id(107)) is None
    assert known.get(peer_id(100 + SHARE - 1))


def test_a_flood_does_not_push_out_its_equals() -> None:
    """In a full directory whoever told most cannot tell of more."""
    known = Known(ME, 1)
    for source in range(5):
        flood(known, peer_id(10 + source), 100 + source * SHARE, SHARE - 1)
    flood(known, FRIEND, 50, 5)
    assert len(known) == MAX_RECORDS
    assert known.put(heard(20_000), peer_id(10)) == (Outcome.FULL, None)


def test_strangers_who_come_and_go_share_one_share() -> None:
    """A host with many keys that calls in with each of them takes no more than SHARE."""
    known = Known(ME, 1)
    dropped = 0
    for number in range(SHARE + 10):
        peer = peer_id(100 + number)
        known.up(peer, dialled=False)
        known.put(heard(100 + number), peer)
        dropped += known.down(peer)
    assert dropped == 10
    assert len(known) == SHARE


def test_strangers_that_are_gone_before_their_record_is_read_have_that_share_too() -> None:
    """None of them has one of its own, however many keys it has."""
    known = Known(ME, 1)
    brought = [known.put(heard(100 + n), peer_id(100 + n))[0] for n in range(SHARE + 1)]
    assert brought == [Outcome.TAKEN] * SHARE + [Outcome.OVER]


def test_a_lower_serial_never_replaces_a_higher() -> None:
    """Whoever brings it, and whichever came first."""
    known = Known(ME, 1)
    known.put(heard(5, serial=7), LIAR)
    assert known.put(heard(5, serial=6), FRIEND)[0] is Outcome.OLD
    assert known.put(heard(5, serial=7), FRIEND)[0] is Outcome.OLD
    assert known.put(heard(5, serial=8), FRIEND)[0] is Outcome.TAKEN
    held = known.get(peer_id(5))
    assert held
    assert held.record.serial == 8


def test_of_two_records_with_one_serial_the_first_stands() -> None:
    """The second is a fork."""
    known = Known(ME, 1)
    first = heard(5)
    known.put(first, LIAR)
    assert known.put(notice(peer_id(5), record(1, cores=9)), LIAR)[0] is Outcome.FORK
    assert known.get(peer_id(5)) == first


def test_hearsay_is_not_passed_on() -> None:
    """Only what we reached ourselves, or is connected now."""
    known = Known(ME, 1)
    for number in (10, 11, 12):
        known.put(heard(number), LIAR)
    known.up(peer_id(10), dialled=True)
    known.up(peer_id(11), dialled=False)
    assert _listed(known) == {peer_id(10), peer_id(11)}
    known.down(peer_id(10))
    known.down(peer_id(11))
    assert _listed(known) == {peer_id(10)}
    assert known.passed_on(peer_id(10), START_MS)
    assert known.passed_on(peer_id(11), START_MS) is None


def test_what_is_about_to_expire_is_not_passed_on() -> None:
    """A clock that is SKEW_MS ahead of ours would refuse it."""
    known = Known(ME, 1)
    known.put(heard(10), peer_id(10))
    known.up(peer_id(10), dialled=True)
    ends = heard(10).record.expires_ms
    assert known.since(START, ends - SKEW_MS - 1).items
    assert not known.since(START, ends - SKEW_MS).items
    assert known.passed_on(peer_id(10), ends - SKEW_MS) is None


def test_a_listing_goes_on_where_the_one_before_ended() -> None:
    """In pages, the oldest change first, each peer once; then only what has changed."""
    known = Known(ME, 1)
    for number in range(2 * PAGE + 3):
        known.up(peer_id(number + 10), dialled=True)
        known.put(heard(number + 10), FRIEND)
    seen: list[Entry] = []
    listing = known.since(START, START_MS)
    sizes = [len(listing.items)]
    seen.extend(listing.items)
    while listing.more:
        listing = known.since(listing.upto, START_MS)
        sizes.append(len(listing.items))
        seen.extend(listing.items)
    assert sizes == [PAGE, PAGE, 3]
    assert [entry.peer for entry in seen] == [peer_id(n + 10) for n in range(2 * PAGE + 3)]
    assert not known.since(listing.upto, START_MS).items
    known.put(heard(12, serial=2), LIAR)
    (entry,) = known.since(listing.upto, START_MS).items
    assert (entry.peer, entry.serial) == (peer_id(12), 2)


def test_a_cursor_of_another_start_begins_anew() -> None:
    """A peer that restarted counts its changes from 0 again."""
    known = Known(ME, epoch=2)
    known.up(peer_id(10), dialled=True)
    known.put(heard(10), FRIEND)
    assert known.since(Cursor(1, 2**60), START_MS).items
    assert not known.since(Cursor(2, 2**60), START_MS).items


def test_a_record_told_by_a_small_source_too_survives_a_flood() -> None:
    """It counts for whichever of its sources tells least."""
    known = Known(ME, 1)
    honest = heard(50)
    flood(known, LIAR, 100, SHARE - 1)
    known.put(honest, LIAR)  # the latest of the flood: the first to go
    known.up(FRIEND, dialled=True)
    entry = Entry(honest.signer, honest.record.serial, honest.cid.raw[-4:])
    assert known.unlike((entry,), FRIEND) == []
    for source in range(4):
        flood(known, peer_id(10 + source), 10_000 + source * SHARE, SHARE)
    flood(known, peer_id(20), 30_000, 500)
    assert len(known) == MAX_RECORDS
    assert known.get(honest.signer)


def _listed(known: Known) -> set[PeerId]:
    return {entry.peer for entry in known.since(START, START_MS).items}
