"""When a peer says on IPFS that it is there, looks who is, and whom it asks and dials."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from peers.identity import Address, PeerId
from peers.luck import Luck
from peers.network_name import MAX_NAME
from peers.rendezvous import (
    ALONE_MS,
    DIAL_MS,
    FEW,
    LONGEST_MS,
    MAX_WOOED,
    MEETING,
    PROVIDE_MS,
    SETTLED_MS,
    SOON_MS,
    Rendezvous,
    block_of,
)
from peers.rendezvous_events import (
    Action,
    Ask,
    Away,
    Dial,
    Down,
    Event,
    Look,
    Looked,
    Provide,
    Provided,
    Ready,
    Silent,
    Tick,
    Told,
    Unanswered,
    Up,
)
from peers.suitors import FIRST_MS, FORGET_MS, MAX_ASKED, MAX_NODES, Suitors
from tests.peers.keys import identity

ME, OTHER = identity(1).peer, identity(2).peer
OURS, THEIRS = (f"12D3KooW{letter * 44}" for letter in "ab")
DIRECT, CARRIED = (
    Address(OTHER, "10.0.0.7", 4177),
    Address(OTHER, f"{THEIRS}.ipfs", 4177),
)


def after(*events: Event) -> Rendezvous:
    """Return one to which something has happened."""
    made = Rendezvous(ME)
    for event in events:
        made.handle(event)
    return made


def found(*nodes: str) -> Looked:
    """Return that nodes were found."""
    return Looked(frozenset(nodes))


def begins(made: Rendezvous, now_ms: int) -> set[type[Action]]:
    """Return what is begun by then."""
    return {type(action) for action in made.handle(Tick(now_ms, 1))}


def test_the_name_says_the_block() -> None:
    """Of one network all have the same CID, of another another one; a name is a short word."""
    assert block_of("tallystick").cid == block_of("tallystick").cid != block_of("other").cid
    assert MEETING.decode(block_of("tallystick").data).network == "tallystick"
    for name in ("", "a" * (MAX_NAME + 1), " a", "a\n"):
        with pytest.raises(ValueError, match="the name of a network"):
            block_of(name)


def test_it_begins_when_there_is_a_node() -> None:
    """It says that we are there and looks who is, one of each at a time; without a node nothing."""
    made = Rendezvous(ME)
    assert begins(made, 0) == set()
    made.handle(Ready(OURS))
    assert begins(made, 0) == {Provide, Look}
    assert begins(made, PROVIDE_MS) == set()
    made.handle(Provided(done=True))
    made.handle(Looked(frozenset()))
    made.handle(Away())
    assert begins(made, 3 * PROVIDE_MS) == set()


def test_it_looks_less_and_less_often() -> None:
    """Soon at first, then up to LONGEST_MS apart; seldom when some are connected."""
    made, now_ms, waits = after(Ready(OURS), Tick(0, 1)), 0, []
    for _ in range(20):
        made.handle(found())
        until = next(at for at in range(now_ms, 10**8, 250) if Look in begins(made, at))
        waits.append(until - now_ms)
        now_ms = until
    assert waits[0] <= SOON_MS + 250
    assert all(one < other * 2 for one, other in itertools.pairwise(waits))
    assert LONGEST_MS * 3 // 4 <= waits[-1] <= LONGEST_MS + 250
    for number in range(FEW):
        made.handle(Up(identity(10 + number).peer))
    made.handle(found())
    assert Look not in begins(made, now_ms + SETTLED_MS // 2)
    assert Look in begins(made, now_ms + SETTLED_MS)


def test_what_could_not_be_told_is_told_soon() -> None:
    """And then looked at once: the node has met others. What was told, is told again much later."""
    made = after(Ready(OURS), Tick(0, 1), Provided(done=False), found(), Tick(SOON_MS, 1))
    assert begins(made, SOON_MS) == set()
    made.handle(found())
    made.handle(Provided(done=True))
    assert begins(made, SOON_MS + 1) == {Look}
    assert Provide not in begins(made, SOON_MS + ALONE_MS // 2)
    assert Provide in begins(made, SOON_MS + ALONE_MS)
    made.handle(Up(OTHER))
    made.handle(Provided(done=True))
    assert Provide not in begins(made, SOON_MS + PROVIDE_MS // 2)


def test_who_is_found_is_asked_and_dialled_directly_first() -> None:
    """Then by streams; nobody is asked who is connected, and our own node never."""
    made = after(Ready(OURS), Tick(0, 1), found(OURS, THEIRS))
    assert Ask(THEIRS) in (asked := made.handle(Tick(1, 1)))
    assert Ask(OURS) not in asked
    assert made.handle(Told(THEIRS, (DIRECT, CARRIED))) == (Dial(DIRECT),)
    assert made.handle(Unanswered(OTHER)) == (Dial(CARRIED),)
    assert made.handle(Unanswered(OTHER)) == ()
    assert made.found() == {THEIRS: OTHER}
    made.handle(Up(OTHER))
    assert Ask not in begins(made, 10 * FIRST_MS)
    made.handle(Down(OTHER))
    assert Ask in begins(made, 20 * FIRST_MS)


def test_who_does_not_say_that_nobody_answers_is_given_up() -> None:
    """After DIAL_MS the next address is tried; who is met is dialled no more."""
    made = after(Ready(OURS), Tick(0, 1), found(THEIRS), Tick(1, 1))
    made.handle(Told(THEIRS, (DIRECT, CARRIED)))
    assert Dial(CARRIED) not in made.handle(Tick(DIAL_MS, 1))
    assert Dial(CARRIED) in made.handle(Tick(1 + DIAL_MS, 1))
    made.handle(Up(OTHER))
    assert not [one for one in made.handle(Tick(9 * DIAL_MS, 1)) if isinstance(one, Dial)]


def test_we_are_nobody_to_be_met() -> None:
    """Wherever we are told of."""
    made = after(Ready(OURS), Tick(0, 1), found(THEIRS), Tick(1, 1))
    assert made.handle(Told(THEIRS, (Address(ME, f"{THEIRS}.ipfs", 1),))) == ()


def test_few_are_wooed_at_one_time() -> None:
    """However many say that they are there."""
    made = after(Ready(OURS), Tick(0, 1), found(*(f"node{number}" for number in range(64))))
    told = 0
    for _ in range(64):
        for action in made.handle(Tick(1, told)):
            if isinstance(action, Ask):
                told += 1
                made.handle(Told(action.node, (Address(identity(9 + told).peer, "h", 1),)))
    assert told < MAX_WOOED + MAX_ASKED


def test_another_node_begins_anew() -> None:
    """What the one before was told, this one does not know."""
    made = after(Ready(OURS), Tick(0, 1), Provided(done=True), found(), Tick(1, 1))
    made.handle(found())
    assert begins(made, 2) == set()
    made.handle(Away())
    made.handle(Ready(OURS))
    assert begins(made, 3) == {Provide, Look}


@given(st.lists(st.integers(0, 1000), max_size=20), st.integers(0, 2**64 - 1))
def test_suitors_are_bounded(numbers: list[int], luck: int) -> None:
    """So many at most, asked so many at a time, and each once until it is told what came of it."""
    suitors = Suitors()
    suitors.seen((f"node{number}" for number in range(1000)), 0)
    assert len(suitors.all()) == MAX_NODES
    asked = suitors.due(0, Luck(luck), set())
    assert len(asked) == MAX_ASKED
    assert suitors.due(0, Luck(luck), set()) == []
    for number in numbers:
        suitors.failed(f"node{number}", 0, Luck(luck))
    suitors.failed(asked[0], 0, Luck(luck))
    assert len(suitors.due(0, Luck(luck), set())) >= 1


def test_who_does_not_answer_is_asked_less_often() -> None:
    """Each time twice as long after, and who was met begins anew; in the end it is forgotten."""
    suitors, waits, now_ms = Suitors(), [], 0
    suitors.seen(["one"], 0)
    for _ in range(6):
        asked = range(now_ms, 10**8, 1000)
        until = next(at for at in asked if suitors.due(at, Luck(0), set()))
        waits.append(until - now_ms)
        now_ms = until
        suitors.told("one", OTHER, now_ms, Luck(0))
    assert all(one < other for one, other in itertools.pairwise(waits))
    suitors.met(OTHER)
    suitors.failed("one", now_ms, Luck(0))
    assert suitors.due(now_ms + FIRST_MS, Luck(0), set()) == ["one"]
    suitors.seen([], FORGET_MS)
    assert suitors.all() == {}


def test_who_is_alone_again_looks_soon() -> None:
    """Others may have come meanwhile."""
    made = after(Ready(OURS), Tick(0, 1), *(Up(identity(10 + n).peer) for n in range(FEW)))
    made.handle(found())
    for number in range(FEW):
        made.handle(Down(identity(10 + number).peer))
    assert Look in begins(made, SOON_MS)


def test_of_too_many_those_that_failed_go_first() -> None:
    """Who is new does not push out who is met."""
    suitors = Suitors()
    suitors.seen((f"node{number}" for number in range(MAX_NODES)), 0)
    suitors.told("node0", OTHER, 0, Luck(0))
    suitors.met(OTHER)
    suitors.failed("node7", 0, Luck(0))
    suitors.seen(["new"], 1)
    assert {"node0", "new"} <= set(suitors.all())
    assert "node7" not in suitors.all()


def test_silence_is_a_failure() -> None:
    """The node is not asked again at once."""
    made = after(Ready(OURS), Tick(0, 1), found(THEIRS), Tick(1, 1), Silent(THEIRS))
    assert Ask not in begins(made, 2)
    assert Ask in begins(made, 1 + FIRST_MS)


def test_peers_are_told_apart() -> None:
    """A key of zero is nobody's and does no harm."""
    assert Rendezvous(PeerId(bytes(32))).found() == {}
