"""A directory asks, answers, dials, renews, forgets; and takes nothing that it did not ask for."""

from itertools import permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.step import Platform
from peers.changes import Cursor, Page
from peers.conversations import START
from peers.directory import Directory
from peers.directory_events import (
    Action,
    Added,
    Dial,
    Entry,
    Event,
    Forget,
    Forked,
    Introduce,
    Introduced,
    Removed,
    Renew,
    Renewed,
    Up,
)
from peers.identity import Address, PeerId
from peers.keyring import Identity
from peers.known import PAGE
from peers.listing_events import (
    Ask,
    Asked,
    Down,
    Learned,
    List,
    Listed,
    Refuse,
    Show,
    Tick,
    Unanswered,
    Want,
    Wanted,
)
from peers.peer_record import LONGEST_MS, PEER, SKEW_MS, VALIDITY_MS, Notice, read
from peers.rounds import SETTLED_MS
from peers.signed import seal
from peers.wished import AGAIN, MAX_NAMED
from tests.peers.crowd import PLATFORM, START_MS, notice, peer_id, record
from tests.peers.keys import identity

ME, ONE, TWO, THREE = (peer_id(number) for number in range(4))
HOME = Address(ONE, "one.example", 4177)


def directory(*, listed: bool = False) -> Directory:
    """Return a directory at START_MS."""
    made = Directory(ME, epoch=1, listed=listed)
    made.handle(Tick(START_MS, 0, 1))
    return made


def tell(into: Directory, notices: list[Notice], via: PeerId) -> list[Action]:
    """Have a peer list some records, and send those that are wanted."""
    actions = [*into.handle(Up(via, dialled=True))]
    entries = tuple(Entry(n.signer, n.record.serial, n.cid.raw[-4:]) for n in notices)
    actions += into.handle(Listed(via, Page(entries, Cursor(9, 9), more=False)))
    wanted = {peer for action in actions if isinstance(action, Want) for peer in action.names}
    asked_for = tuple(n for n in notices if n.signer in wanted)
    return [*actions, *into.handle(Learned(asked_for, via))]


def of_kind(actions: list[Action] | tuple[Action, ...], kind: type) -> list[Action]:
    """Return the actions of one kind."""
    return [action for action in actions if type(action) is kind]


# learning


def test_what_is_new_is_wanted_and_then_known() -> None:
    """Ask, listing, want, records: and the next time what is known is not wanted again."""
    mine = directory()
    assert mine.handle(Up(ONE, dialled=True)) == (Ask(ONE, START),)
    new = notice(TWO, record(5))
    entry = Entry(TWO, 5, new.cid.raw[-4:])
    page = Listed(ONE, Page((entry,), Cursor(7, 1), more=False))
    assert mine.handle(page) == (Want(ONE, (TWO,)),)
    assert mine.handle(Learned((new,), ONE)) == ()
    assert mine.get(TWO) == new
    mine.handle(Down(ONE))
    assert mine.handle(Up(ONE, dialled=True)) == (Ask(ONE, Cursor(7, 1)),)
    assert mine.handle(page) == ()


def test_the_next_page_is_asked_for_when_this_one_is_done_with() -> None:
    """Whether anything on it was wanted or not."""
    mine = directory()
    mine.handle(Up(ONE, dialled=True))
    first = mine.handle(Listed(ONE, Page((), Cursor(7, 256), more=True)))
    assert first == (Ask(ONE, Cursor(7, 256)),)
    entry = Entry(TWO, 1, b"mark")
    mine.handle(Listed(ONE, Page((entry,), Cursor(7, 512), more=True)))
    assert mine.handle(Learned((), ONE)) == (Ask(ONE, Cursor(7, 512)),)


def test_a_lost_answer_is_listed_again() -> None:
    """The cursor has not moved, because the page was not done with."""
    mine = directory()
    mine.handle(Up(ONE, dialled=True))
    mine.handle(Listed(ONE, Page((Entry(TWO, 1, b"mark"),), Cursor(7, 1), more=False)))
    mine.handle(Down(ONE))
    assert mine.handle(Up(ONE, dialled=True)) == (Ask(ONE, START),)


def test_what_was_not_asked_for_is_refused() -> None:
    """Records, listings; but a peer may always introduce itself, and as nobody else."""
    mine = directory()
    mine.handle(Up(ONE, dialled=True))
    refused = mine.handle(Learned((notice(TWO, record()),), ONE))
    assert [type(action) for action in refused] == [Refuse]
    assert mine.get(TWO) is None
    assert of_kind(mine.handle(Introduced(notice(TWO, record()), ONE)), Refuse)
    assert mine.get(TWO) is None
    assert mine.handle(Introduced(notice(ONE, record()), ONE)) == ()
    assert mine.get(ONE)
    mine.handle(Listed(ONE, Page((), START, more=False)))
    assert of_kind(mine.handle(Listed(ONE, Page((), START, more=False))), Refuse)
    assert of_kind(mine.handle(Listed(TWO, Page((), START, more=False))), Refuse)


def test_what_is_too_long_is_refused() -> None:
    """A page of a listing or of wants has PAGE entries at most."""
    mine = directory()
    mine.handle(Up(ONE, dialled=True))
    many = tuple(Entry(peer_id(number), 1, b"mark") for number in range(PAGE + 1))
    listed = mine.handle(Listed(ONE, Page(many, START, more=False)))
    assert of_kind(listed, Refuse) == list(listed)
    wanted = mine.handle(Wanted(ONE, tuple(entry.peer for entry in many)))
    assert of_kind(wanted, Refuse) == list(wanted)


def test_a_record_that_has_expired_or_is_of_the_future_is_refused() -> None:
    """By our clock, which may be SKEW_MS behind."""
    mine = directory()
    for made_ms in (START_MS - VALIDITY_MS, START_MS + SKEW_MS + 1):
        actions = tell(mine, [notice(TWO, record(1, made_ms))], ONE)
        assert of_kind(actions, Refuse)
        assert mine.get(TWO) is None
    tell(mine, [notice(TWO, record(1, START_MS + SKEW_MS))], ONE)
    assert mine.get(TWO)


def test_an_old_record_changes_nothing() -> None:
    """Its serial says so; it is not even wanted."""
    mine = directory()
    tell(mine, [notice(TWO, record(5))], ONE)
    assert not of_kind(tell(mine, [notice(TWO, record(4, cores=99))], THREE), Want)
    held = mine.get(TWO)
    assert held
    assert held.record.serial == 5


def test_a_fork_is_kept_as_evidence_and_the_first_record_stands() -> None:
    """Once for each signer; after that it is not wanted again."""
    mine = directory()
    first, second, third = (notice(TWO, record(5, cores=n)) for n in (1, 2, 3))
    tell(mine, [first], ONE)
    assert of_kind(tell(mine, [second], THREE), Forked) == [Forked(TWO, first.data, second.data)]
    assert mine.forks() == {TWO: (first.data, second.data)}
    assert mine.get(TWO) == first
    assert not of_kind(tell(mine, [third], THREE), Want)
    tell(mine, [notice(TWO, record(6))], ONE)
    held = mine.get(TWO)
    assert held
    assert held.record.serial == 6


# being known


def test_our_record_is_made_and_renewed_at_half_its_life() -> None:
    """Its serial grows with the clock, so that it counts after a loss of state too."""
    mine = Directory(ME, epoch=1)
    (renew,) = of_kind(mine.handle(Tick(START_MS, 0, 1)), Renew)
    assert renew == Renew(START_MS, START_MS, START_MS + VALIDITY_MS)
    mine.handle(Renewed(notice(ME, record(START_MS))))
    half = VALIDITY_MS // 2
    assert not of_kind(mine.handle(Tick(START_MS + half - 1, 10**6, 1)), Renew)
    assert of_kind(mine.handle(Tick(START_MS + half, 2 * 10**6, 1)), Renew)


def test_who_only_asks_has_no_record() -> None:
    """It is asked for none and announces none."""
    mine = directory(listed=False)
    assert not of_kind(mine.handle(Tick(START_MS, 10**9, 1)), Renew)
    assert not of_kind(mine.handle(Up(ONE, dialled=True)), Introduce)


def test_a_peer_is_told_our_record_when_it_connects_and_when_it_is_renewed() -> None:
    """So those who are connected know at once how many slots are free."""
    mine = directory(listed=True)
    own = notice(ME, record(1))
    mine.handle(Renewed(own))
    assert of_kind(mine.handle(Up(ONE, dialled=False)), Introduce) == [Introduce(ONE, own.data)]
    newer = notice(ME, record(2, free_slots=0))
    assert mine.handle(Renewed(newer)) == (Introduce(ONE, newer.data),)
    listed = mine.handle(Asked(ONE, START))
    assert listed == (
        List(ONE, Page((Entry(ME, 2, newer.cid.raw[-4:]),), Cursor(1, 2), more=False)),
    )
    assert mine.handle(Wanted(ONE, (ME, TWO, ME))) == (Show(ONE, (newer.data,)),)


def test_a_newer_record_of_ours_that_somebody_has_is_surpassed() -> None:
    """As after a restore from a copy: nobody would take the one that we made."""
    mine = directory(listed=True)
    mine.handle(Renewed(notice(ME, record(5))))
    ahead = START_MS + 77
    actions = tell(mine, [notice(ME, record(ahead, cores=1))], ONE)
    assert of_kind(actions, Renew) == [Renew(ahead + 1, START_MS, START_MS + VALIDITY_MS)]
    assert not of_kind(tell(mine, [notice(ME, record(4))], TWO), Want)


def test_a_record_that_we_did_not_sign_is_not_ours() -> None:
    """To say otherwise is a bug."""
    with pytest.raises(ValueError):
        directory().handle(Renewed(notice(ONE, record())))


# time


def test_a_record_vanishes_when_it_expires() -> None:
    """Whatever else is known of its peer."""
    mine = directory()
    tell(mine, [notice(TWO, record(1))], ONE)
    assert not of_kind(mine.handle(Tick(START_MS + VALIDITY_MS - 1, 1, 1)), Forget)
    gone = mine.handle(Tick(START_MS + VALIDITY_MS, 2, 1))
    assert of_kind(gone, Forget) == [Forget(TWO)]
    assert mine.get(TWO) is None
    assert mine.candidates(PLATFORM, 1, 1) == ()


def test_a_clock_that_is_set_back_forgets_what_is_of_the_future() -> None:
    """Else a record would count for as long as the clock was wrong."""
    mine = directory()
    tell(mine, [notice(TWO, record(1))], ONE)
    gone = mine.handle(Tick(START_MS - LONGEST_MS, 1, 1))
    assert of_kind(gone, Forget) == [Forget(TWO)]


# dialling


def test_a_peer_that_the_user_named_is_dialled_until_it_answers() -> None:
    """Ever more seldom, and again when its session ends; it is never forgotten."""
    mine = directory()
    assert mine.handle(Added(HOME)) == ()
    dialled = []
    for second in range(3600):
        actions = mine.handle(Tick(START_MS + second * 1000, second * 1000, second))
        dialled += [second for action in of_kind(actions, Dial) if action == Dial(HOME)]
    assert 7 <= len(dialled) <= 12
    mine.handle(Up(ONE, dialled=True))
    assert not of_kind(mine.handle(Tick(START_MS, 10**8, 1)), Dial)
    mine.handle(Down(ONE))
    later = START_MS + 10 * LONGEST_MS
    assert of_kind(mine.handle(Tick(later, 10**9, 1)), Dial) == [Dial(HOME)]


def test_who_is_lost_is_dialled_again_a_few_times() -> None:
    """By who had dialled it, some seconds later each time; then it is left to the rounds."""
    mine = directory()
    for peer, is_ours in ((ONE, True), (TWO, False)):
        mine.handle(Up(peer, dialled=is_ours))
        mine.handle(Introduced(notice(peer, record()), peer))
        mine.handle(Down(peer))
    dialled = []
    for second in range(1, 120):
        told = mine.handle(Tick(START_MS + 1000 * second, 1000 * second, 1))
        dialled += [(second, one.address.peer) for one in told if isinstance(one, Dial)]
    at = [second for second, peer in dialled if peer == ONE]
    assert at[0] <= 5
    assert AGAIN <= len([second for second in at if second <= 80]) <= AGAIN + 2  # or a round's
    mine.handle(Up(ONE, dialled=True))
    assert not mine.handle(Tick(START_MS + 130_000, 130_000, 1))


def test_who_has_lost_its_relay_is_dialled_when_it_has_one_again() -> None:
    """Meanwhile its record says that nobody can dial it; it is not left to the rounds for that."""
    mine = directory()
    mine.handle(Up(TWO, dialled=True))
    mine.handle(Up(ONE, dialled=True))
    mine.handle(Introduced(notice(ONE, record()), ONE))
    mine.handle(Down(ONE))
    mine.handle(Introduced(notice(ONE, record(serial=2, addresses=())), ONE))
    assert not of_kind(mine.handle(Tick(START_MS + 20_000, 20_000, 1)), Dial)
    mine.handle(Introduced(notice(ONE, record(serial=3)), ONE))
    dialled = of_kind(mine.handle(Tick(START_MS + 21_000, 21_000, 1)), Dial)
    assert [one.address.peer for one in dialled] == [ONE]


def test_a_peer_that_is_named_again_is_tried_at_once() -> None:
    """However long it would have been left alone: the user knows that it is there now."""
    mine = directory()
    mine.handle(Added(HOME))
    for second in range(600):
        mine.handle(Tick(START_MS + second * 1000, second * 1000, second))
    assert not of_kind(mine.handle(Tick(START_MS + 600_000, 600_000, 1)), Dial)
    mine.handle(Added(HOME))
    assert of_kind(mine.handle(Tick(START_MS + 601_000, 601_000, 1)), Dial) == [Dial(HOME)]


def test_a_dial_that_fails_ends_no_session() -> None:
    """As when the peer called in meanwhile: it is connected, and so passed on."""
    mine = directory()
    mine.handle(Up(ONE, dialled=False))
    mine.handle(Introduced(notice(ONE, record()), ONE))
    assert mine.handle(Unanswered(ONE)) == ()
    (listed,) = mine.handle(Asked(TWO, START))
    assert isinstance(listed, List)
    assert [entry.peer for entry in listed.page.items] == [ONE]


def test_a_peer_that_the_user_removes_is_forgotten() -> None:
    """Its address and its record."""
    mine = directory()
    mine.handle(Added(HOME))
    tell(mine, [notice(ONE, record())], ONE)
    mine.handle(Down(ONE))
    assert mine.handle(Removed(ONE)) == (Forget(ONE),)
    assert not of_kind(mine.handle(Tick(START_MS + 1, 10**9, 1)), Dial)
    assert mine.handle(Removed(THREE)) == ()


def test_the_user_can_name_so_many_and_not_himself() -> None:
    """MAX_NAMED; and an address named twice is one."""
    mine = directory()
    assert of_kind(mine.handle(Added(Address(ME, "here", 1))), Refuse)
    for number in range(MAX_NAMED):
        mine.handle(Added(Address(peer_id(10 + number), "x", 1)))
    assert mine.handle(Added(Address(peer_id(10), "x", 1))) == ()
    assert of_kind(mine.handle(Added(HOME)), Refuse)


def test_some_that_are_known_are_dialled_in_each_round() -> None:
    """Three while few were reached, never ourselves, never one that does not listen."""
    mine = directory()
    there = [notice(peer_id(number), record()) for number in range(10, 20)]
    silent = [notice(peer_id(number), record(addresses=())) for number in range(20, 30)]
    tell(mine, [*there, *silent, notice(ME, record())], ONE)
    dialled: list[PeerId] = []
    for second in range(60):
        actions = mine.handle(Tick(START_MS, SETTLED_MS + second * 1000, second))
        dialled += [action.address.peer for action in actions if isinstance(action, Dial)]
    assert {each.signer for each in there} >= {*dialled}
    assert len({*dialled}) >= 8


# choosing


def test_candidates_are_those_who_could_run_it_the_likeliest_first() -> None:
    """Free before full, connected before others, reached before hearsay."""
    mine = directory()
    full, hearsay, far, small, other = (peer_id(number) for number in range(10, 15))
    told = [
        notice(full, record(free_slots=0)),
        notice(hearsay, record(free_slots=64)),
        notice(far, record()),
        notice(small, record(cores=1)),
        notice(other, record(platform=Platform("armv9", "aarch64_linux"))),
        notice(ONE, record(free_slots=1)),
    ]
    tell(mine, told, ONE)
    mine.handle(Up(full, dialled=True))
    mine.handle(Up(far, dialled=True))
    mine.handle(Down(far))
    found = [each.signer for each in mine.candidates(PLATFORM, 2, 2**30)]
    assert found == [ONE, far, hearsay, full]
    assert [each.signer for each in mine.candidates(PLATFORM, 1, 1)][-1] == full
    some = mine.candidates(PLATFORM, 2, 2**30, among=(full, small, ME, ONE, peer_id(99)))
    assert [each.signer for each in some] == [ONE, full]


# whatever comes


makers = st.integers(10, 14).map(peer_id)
told = st.lists(
    st.builds(
        lambda maker, serial: notice(maker, record(serial, cores=serial)),
        makers,
        st.integers(1, 5),
    ),
    max_size=6,
)


@given(told)
@settings(max_examples=40, deadline=None)
def test_the_order_of_learning_does_not_matter(notices: list[Notice]) -> None:
    """Whoever tells what when: in the end there is the newest record of each."""
    newest: dict[PeerId, Notice] = {}
    for each in sorted(notices, key=lambda one: one.record.serial):
        newest[each.signer] = each
    for order in list(permutations(notices))[::37]:
        mine = directory()
        for number, each in enumerate(order):
            tell(mine, [each], peer_id(100 + number % 3))
        assert {each.signer: each for each in mine.notices()} == newest


peers = st.integers(0, 12).map(peer_id)
numbers = st.integers(0, 2**64 - 1)
cursors = st.builds(Cursor, numbers, numbers)
entries = st.builds(Entry, peers, numbers, st.binary(min_size=4, max_size=4))
listings = st.builds(Page, st.lists(entries, max_size=6).map(tuple), cursors, more=st.booleans())
some = st.builds(
    lambda peer, serial, cores, later: notice(peer, record(serial, START_MS + later, cores=cores)),
    peers,
    st.integers(0, 2**63 - 1),
    st.integers(1, 3),
    st.integers(-LONGEST_MS, LONGEST_MS),
)
others = st.integers(1, 12).map(peer_id)
events: st.SearchStrategy[Event] = st.one_of(
    st.builds(
        Tick,
        st.integers(START_MS - LONGEST_MS, START_MS + LONGEST_MS),
        st.integers(0, 10**8),
        numbers,
    ),
    st.builds(lambda cores: Renewed(notice(ME, record(cores=cores))), st.integers(1, 3)),
    st.builds(lambda peer, port: Added(Address(peer, "h", port)), peers, st.integers(1, 12)),
    st.builds(Removed, peers),
    st.builds(Up, peers, dialled=st.booleans()),
    st.builds(Down, peers),
    st.builds(Unanswered, peers),
    st.builds(Asked, peers, cursors),
    st.builds(Listed, others, listings),
    st.builds(Wanted, peers, st.lists(peers, max_size=6).map(tuple)),
    st.builds(Learned, st.lists(some, max_size=4).map(tuple), others),
    st.builds(Introduced, some, others),
)


@given(st.lists(events, max_size=40))
@settings(max_examples=60, deadline=None)
def test_no_sequence_of_events_breaks_it(sequence: list[Event]) -> None:
    """It never raises, never answers unasked with a stranger's record, and never loses a serial."""
    mine = Directory(ME, epoch=1)
    serials: dict[PeerId, int] = {}
    for event in sequence:
        actions = mine.handle(event)
        for action in actions:
            if isinstance(action, Forget):
                serials.pop(action.peer, None)
        for each in mine.notices():
            assert each.record.serial >= serials.get(each.signer, 0)
            if each.signer != ME:
                serials[each.signer] = each.record.serial
        if isinstance(event, Tick):
            for each in filter(lambda one: one.signer != ME, mine.notices()):
                assert each.record.made_ms - SKEW_MS <= event.now_ms < each.record.expires_ms
        for action in of_kind(actions, List):
            assert isinstance(action, List)
            assert len(action.page.items) <= PAGE


def test_signed_records_go_from_one_directory_to_the_next() -> None:
    """With real keys: what one peer signed, the third one reads as the second one sent it."""
    one, two, three = (identity(number) for number in (1, 2, 3))
    directories = [Directory(who.peer, epoch=1) for who in (one, two, three)]
    for who, each in zip((one, two, three), directories, strict=True):
        each.handle(Tick(START_MS, 0, 1))
        each.handle(Renewed(read(seal_record(who))))
    first, second, third = directories
    (introduced,) = of_kind(first.handle(Up(two.peer, dialled=True)), Introduce)
    assert isinstance(introduced, Introduce)
    second.handle(Up(one.peer, dialled=False))
    second.handle(Introduced(read(introduced.record), one.peer))
    third.handle(Up(two.peer, dialled=True))
    (listed,) = second.handle(Asked(three.peer, START))
    assert isinstance(listed, List)
    (want,) = third.handle(Listed(two.peer, listed.page))
    assert isinstance(want, Want)
    (sent,) = second.handle(Wanted(three.peer, want.names))
    assert isinstance(sent, Show)
    third.handle(Learned(tuple(map(read, sent.datas)), two.peer))
    assert [each.signer for each in third.notices()] == sorted([one.peer, two.peer, three.peer])


def seal_record(who: Identity) -> bytes:
    """Return a peer's signed record."""
    return seal(PEER, record(), who).data
