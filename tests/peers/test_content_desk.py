"""What commands have brought here, asked of a desk before parts that note what they are told."""

import pytest

from engine.errors import Unavailable
from peers.content_desk import AT_A_TIME, AWAITED, MAX_HAVING, TOLD_MS
from peers.fetch import MAX_SOURCES
from peers.identity import PeerId
from peers.plain import Plain
from tests.peers.desks import ROOT, Caller, Desk, desk
from tests.peers.graphs import leaf

__all__ = ["desk"]


def test_a_command_is_told_how_far_it_is_and_the_end(desk: Desk) -> None:
    """Twice a second; the end is when all is durable."""
    caller = desk.ask("have", ROOT.raw, True, ROOT.raw, leaf(b"other").cid.raw)
    assert desk.depot.asked == [(ROOT, (ROOT, leaf(b"other").cid), True)]
    (fetching,) = desk.depot.fetches
    fetching.came_bytes = 7
    desk.tick()
    desk.tick(TOLD_MS // 2)
    fetching.said(None)
    assert caller.told == [("came", 7), ("ok", 7)]
    assert desk.have().told == []


def test_what_goes_wrong_is_told(desk: Desk) -> None:
    """As the fetch says it."""
    caller = desk.have()
    desk.depot.fetches[0].said(Unavailable("no block came for too long", fix="wait"))
    assert caller.told == [("error", "Unavailable", "no block came for too long", "", "wait")]


def test_a_fetch_ends_with_its_command(desk: Desk) -> None:
    """And nothing more is said of it."""
    caller = desk.have()
    caller.on_closed()
    assert desk.depot.fetches[0].is_stopped
    desk.tick()
    assert caller.told == []


def test_a_command_has_one_thing_fetched_at_a_time(desk: Desk) -> None:
    """One after the other it may ask for as many as it likes."""
    caller = desk.have()
    for _ in range(3):
        desk.desk.attend(caller, "have", [ROOT.raw, False, ROOT.raw])
        assert refusal(caller).startswith("one thing at a time")
        desk.depot.fetches[-1].said(None)
        desk.desk.attend(caller, "have", [ROOT.raw, False, ROOT.raw])
    caller.on_closed()
    assert [one.is_stopped for one in desk.depot.fetches] == [False, False, False, True]


def test_fetches_for_commands_are_bounded(desk: Desk) -> None:
    """One too many is told to come again."""
    callers = [desk.have() for _ in range(MAX_HAVING)]
    assert refusal(desk.have()) == f"{MAX_HAVING} other commands have content fetched"
    callers[0].on_closed()
    assert desk.have().told == []


def test_nobody_is_asked_when_nobody_is_connected(desk: Desk) -> None:
    """It is said at once, with what to do."""
    desk.company.connected.clear()
    assert refusal(desk.have()) == "no peer is connected"
    assert not desk.depot.fetches


def test_more_are_asked_as_long_as_nothing_comes(desk: Desk) -> None:
    """A few at a time, who has connected meanwhile too, and never more than a fetch can ask."""
    desk.company.connected[:] = [PeerId(bytes([number] * 32)) for number in range(100)]
    caller = desk.have()
    (fetching,) = desk.depot.fetches
    assert len(fetching.sources) == AT_A_TIME
    desk.tick()
    assert len(fetching.sources) == 2 * AT_A_TIME
    fetching.came_bytes = 1
    desk.tick()
    assert len(fetching.sources) == 2 * AT_A_TIME
    fetching.is_refused = True
    for _ in range(20):
        desk.tick()
    assert len(fetching.sources) == MAX_SOURCES
    assert refusal(caller) == f"none of the {MAX_SOURCES} peers that are connected has it"
    assert fetching.is_stopped


def test_who_is_dialled_is_waited_for_some_time(desk: Desk) -> None:
    """When others have it not, or nobody is there, one who is said to have it may come."""
    desk.company.has_dialled = True
    late = desk.company.connected.pop()
    caller = desk.have()
    (fetching,) = desk.depot.fetches
    fetching.is_refused = True
    desk.tick()
    assert caller.told == [("came", 0)]
    desk.company.connected.append(late)
    desk.tick()
    assert late in fetching.sources
    for _ in range(AWAITED - 1):
        desk.tick()
    assert not fetching.is_stopped
    desk.tick()
    assert refusal(caller) == "none of the 3 peers that are connected has it"
    desk.company.connected.clear()
    assert desk.have().told == []
    assert desk.company.asked == {ROOT}


def test_a_fetch_stops_before_the_disk_is_full(desk: Desk) -> None:
    """What else needs it has some room left."""
    caller = desk.have()
    desk.room = 0
    desk.tick()
    assert refusal(caller) == "the disk is nearly full"
    assert desk.depot.fetches[0].is_stopped
    desk.tick()
    assert len(caller.told) == 1


@pytest.mark.parametrize(
    "words",
    [
        ("have",),
        ("have", ROOT.raw),
        ("have", ROOT.raw, False),
        ("have", ROOT.raw, 1, ROOT.raw),
        ("have", str(ROOT), False, ROOT.raw),
        ("have", ROOT.raw, False, "x"),
        ("have", ROOT.raw, False, b"x"),
        ("have", ROOT.raw, False, *[ROOT.raw] * 1_001),
        ("published", 1),
    ],
)
def test_what_is_asked_otherwise_is_refused(desk: Desk, words: tuple[Plain, ...]) -> None:
    """And nothing is begun."""
    caller = desk.ask(*words)
    assert refusal(caller)
    assert not desk.depot.fetches


def test_what_is_public_is_offered_and_nothing_else(desk: Desk) -> None:
    """When a command says so, and every now and then; until it is so no more."""
    desk.tick()
    assert not desk.depot.offered
    other = leaf(b"other").cid
    desk.public = {ROOT, other}
    assert desk.ask("published").told == [("ok", None)]
    assert desk.depot.offered == {ROOT, other}
    assert desk.desk.status()["public"] == 2
    desk.public = {other}
    desk.tick()
    assert desk.depot.offered == {ROOT, other}
    desk.tick(10_000)
    assert desk.depot.offered == {other}


def test_what_was_public_stays_so_while_it_cannot_be_looked_at(desk: Desk) -> None:
    """It is written down, and looked at again."""
    desk.public = {ROOT}
    desk.ask("published")
    desk.lost = True
    assert desk.ask("published").told == [("ok", None)]
    assert desk.depot.offered == {ROOT}
    assert desk.logged == ["published"]
    desk.lost, desk.public = False, set()
    desk.tick(10_000)
    assert not desk.depot.offered


def refusal(caller: Caller) -> str:
    """Return what the last thing that a command was told says went wrong."""
    match caller.told[-1]:
        case ("error", _, str(what), _, str(fix)):
            assert fix or "other words" in what or "CID" in what or "one thing" in what
            return what
    raise AssertionError(caller.told)
