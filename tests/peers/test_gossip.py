"""A crowd of directories comes to know all of itself, forgets who is gone, and is not misled."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from peers.changes import Cursor, Page
from peers.directory_events import Action, Entry
from peers.identity import PeerId
from peers.known import MAX_RECORDS, PAGE, SHARE
from peers.listing_events import Asked, List, Show
from peers.peer_record import LONGEST_MS, VALIDITY_MS
from peers.rounds import PARTNERS, SETTLED_MS
from tests.peers.crowd import Crowd, Member, notice, peer_id, record

CROWD = 120
ROUNDS = 40  # more than any crowd here has needed


def converge(crowd: Crowd) -> int:
    """Let rounds pass until all know all; return how many."""
    for number in range(1, ROUNDS + 1):
        crowd.round()
        if not crowd.missing():
            return number
    raise AssertionError(f"{crowd.missing()} records are missing after {ROUNDS} rounds")


@pytest.fixture(scope="module")
def settled() -> Crowd:
    """A crowd that knows all of itself; tests change it, each in its own way."""
    crowd = Crowd(CROWD, seed=1)
    converge(crowd)
    return crowd


def test_all_come_to_know_all() -> None:
    """From three each, in few rounds, at a cost of a few messages to each peer in each."""
    crowd = Crowd(CROWD, seed=2)
    rounds = converge(crowd)
    assert rounds <= 25
    assert sum(crowd.messages.values()) < CROWD * rounds * 60
    assert sum(crowd.bytes.values()) < CROWD * 400_000
    assert not crowd.refused


def test_the_same_seed_gives_the_same_run() -> None:
    """Message for message."""
    one, two = Crowd(30, seed=3), Crowd(30, seed=3)
    for crowd in (one, two):
        for _ in range(5):
            crowd.round()
    assert one.messages == two.messages
    assert one.bytes == two.bytes


def test_who_joins_is_known_to_all_and_knows_all(settled: Crowd) -> None:
    """Within as many rounds as all took."""
    joined = settled.join(50_000, known=1)
    for _ in range(2):
        settled.round()
    assert len(settled.names(joined)) > CROWD / 2
    assert converge(settled) < ROUNDS


def test_who_vanishes_is_forgotten_everywhere_in_the_time_of_a_record(settled: Crowd) -> None:
    """And not before by all: a third of the crowd goes, the rest stay known to one another."""
    members = [member for member in settled.members.values() if member.alive]
    gone = members[::3]
    for member in gone:
        settled.kill(member)
    for _ in range(VALIDITY_MS // SETTLED_MS + 1):
        settled.round(SETTLED_MS)
    names = {member.peer for member in gone}
    living = [member for member in members if member.alive]
    assert not any(names & settled.names(member) for member in living)
    assert settled.missing() == 0


def flood(crowd: Crowd, count: int) -> Callable[[Action], Action]:
    """Return what makes a peer list many peers that do not exist, and nobody else."""
    made = [notice(peer_id(1_000_000 + n), record(1, crowd.now_ms)) for n in range(count)]
    entries = [Entry(each.signer, 1, each.cid.raw[-4:]) for each in made]
    data = {each.signer: each.data for each in made}
    crowd.read.update({each.data: each for each in made})
    at: dict[PeerId, int] = {}

    def tell(action: Action) -> Action:
        if isinstance(action, List):
            start = at.get(action.to, 0)
            at[action.to] = start + PAGE
            page = tuple(entries[start : start + PAGE])
            return List(action.to, Page(page, Cursor(0, start), more=bool(page)))
        if isinstance(action, Show) and at.get(action.to):
            start = at[action.to] - PAGE
            return Show(action.to, tuple(data[e.peer] for e in entries[start : start + PAGE]))
        return action

    return tell


def test_a_flood_of_made_up_peers_ends_with_whom_it_was_told() -> None:
    """The liar takes no more than its share there, and nobody passes a single one on."""
    crowd = Crowd(40, seed=4)
    liar = next(iter(crowd.members.values()))
    liar.tell = flood(crowd, SHARE + 3 * PAGE)
    honest = [member for member in crowd.members.values() if member is not liar]
    names = {member.peer for member in honest}
    for _ in range(15):
        crowd.round()
    for member in honest:
        known = crowd.names(member)
        assert names <= known
        assert len(known) <= len(crowd.members) + SHARE
        (listed,) = member.directory.handle(Asked(liar.peer, Cursor(0, 0)))
        assert isinstance(listed, List)
        assert {entry.peer for entry in listed.page.items} <= names | {liar.peer}
    assert any(len(crowd.names(member)) > SHARE for member in honest), "nobody was told"


def test_old_records_that_are_told_again_change_nothing() -> None:
    """A liar that lists and sends the first record of everybody, for ever, as if it were new."""
    crowd = Crowd(30, seed=5)
    converge(crowd)
    liar, *honest = crowd.members.values()
    first = {peer: liar.directory.get(peer) for peer in crowd.members}
    old = {peer: each for peer, each in first.items() if each}

    def tell(action: Action) -> Action:
        if isinstance(action, List):
            page = tuple(Entry(peer, 2**62, b"liar") for peer in old)[:PAGE]
            return List(action.to, Page(page, Cursor(0, 0), more=False))
        if isinstance(action, Show):
            return replace(action, datas=tuple(each.data for each in old.values()))
        return action

    liar.tell = tell
    for _ in range(VALIDITY_MS // SETTLED_MS):
        crowd.round(SETTLED_MS)
    for one in honest:
        for two in honest:
            held, known = two.directory.get(two.peer), one.directory.get(two.peer)
            assert held
            assert known
            assert known.record.serial > old[two.peer].record.serial
            assert held.record.expires_ms - known.record.expires_ms <= LONGEST_MS


def test_a_crowd_that_is_cut_in_two_joins_again() -> None:
    """Records of the other side are kept while they hold, so each side finds it by itself."""
    crowd = Crowd(40, seed=6)
    converge(crowd)
    members = list(crowd.members.values())
    for member in members[::2]:
        member.alive = False
    for _ in range(3):
        crowd.round()
    for member in members[::2]:
        member.alive = True
        for other in (*member.sessions,):
            crowd._part(member.peer, other)
    for _ in range(6):
        crowd.round(SETTLED_MS)
    assert crowd.missing() == 0
    assert all(len(_sessions_over(member, members[::2])) >= 1 for member in members[1::2])


def _sessions_over(member: Member, others: list[Member]) -> set[PeerId]:
    return {*member.sessions} & {other.peer for other in others}


def test_the_bounds_are_as_the_rounds_need() -> None:
    """A page's records fit in a frame, and a round reads a full directory."""
    assert PARTNERS >= 2
    assert MAX_RECORDS <= 40 * PAGE
