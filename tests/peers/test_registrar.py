"""The registrar and its dialler (peers/registrar.py): directories over real connections."""

from collections.abc import Callable, Iterator

import pytest

from engine.errors import TallyError, Unavailable
from engine.step import REQUIRES, SYSTEM, Platform
from peers.connection import Place
from peers.identity import Address
from peers.route import Route
from tests.peers.clerks import Clerk, until


@pytest.fixture
def clerks() -> Iterator[list[Clerk]]:
    """Return three, who do not know each other; the last lends nothing."""
    made = [Clerk(1), Clerk(2), Clerk(3, lends=False)]
    yield made
    for one in made:
        one.close()


def test_a_peer_that_was_named_is_dialled_and_shows_what_it_lends(clerks: list[Clerk]) -> None:
    """Both have a line, and each the record of the other."""
    one, two, _ = clerks
    one.registrar.add(two.address)
    until(lambda: two.registrar.directory.get(one.identity.peer), clerks)
    until(lambda: one.registrar.candidates(Platform(REQUIRES, SYSTEM), 1, 1), clerks)
    assert one.lines.peers() == (two.identity.peer,)
    assert two.lines.peers() == (one.identity.peer,)


def test_a_peer_is_learned_of_from_another(clerks: list[Clerk]) -> None:
    """Who knows one peer comes to know, and to be connected to, those that it knows."""
    one, two, three = clerks
    one.registrar.add(two.address)
    three.registrar.add(two.address)
    until(lambda: one.identity.peer in three.lines.peers(), clerks, pass_ms=20)
    assert three.registrar.directory.get(one.identity.peer)


def test_who_lends_nothing_is_listed_by_nobody(clerks: list[Clerk]) -> None:
    """It has lines, and no record."""
    one, _, three = clerks
    three.registrar.add(one.address)
    until(lambda: three.registrar.directory.get(one.identity.peer), clerks)
    assert one.lines.peers() == (three.identity.peer,)
    assert one.registrar.directory.get(three.identity.peer) is None


def test_a_wrong_address_is_written_down_and_tried_again_later(clerks: list[Clerk]) -> None:
    """Where another peer answers, nothing is dialled, and the log says why."""
    one, two, three = clerks
    wrong = Address(three.identity.peer, "127.0.0.1", two.address.port)
    one.registrar.add(wrong)
    until(lambda: any(event == "not reached" for event, _ in one.said), clerks)
    assert one.lines.peers() == ()
    facts = next(facts for event, facts in one.said if event == "not reached")
    assert facts["why"] == "another peer answers there"


def test_a_peer_that_somebody_saw_is_dialled_once(clerks: list[Clerk]) -> None:
    """It is met if it is there, and forgotten if it is not; nobody meets himself."""
    one, two, three = clerks
    one.registrar.meet(one.address)
    one.registrar.meet(Address(three.identity.peer, "127.0.0.1", two.address.port))
    one.registrar.meet(two.address)
    until(lambda: one.lines.peers() and two.lines.peers(), clerks)
    until(lambda: any(event == "not reached" for event, _ in one.said), clerks)
    for _ in range(20):
        for each in clerks:
            each.clock.by_ms += 10_000
            each.turn()
    tried = [facts["peer"] for event, facts in one.said if event == "not reached"]
    assert tried == [three.identity.peer]


def test_what_a_record_says_is_renewed_when_it_changes(clerks: list[Clerk]) -> None:
    """And passed on; not more often than every ten seconds."""
    one, two, three = clerks
    one.registrar.add(two.address)
    until(lambda: two.registrar.directory.get(one.identity.peer), clerks)
    one.relayed = (f"127.0.0.1:1?via={three.identity.peer}",)
    one.registrar.renew()
    for _ in range(20):
        one.turn()
        two.turn()
    before = two.registrar.directory.get(one.identity.peer)
    assert before is not None
    assert one.relayed[0] not in before.record.addresses

    def is_known() -> bool:
        notice = two.registrar.directory.get(one.identity.peer)
        return notice is not None and one.relayed[0] in notice.record.addresses

    until(is_known, clerks, pass_ms=200)


@pytest.mark.parametrize("is_there", [True, False])
def test_a_way_through_a_relay_is_made_by_others(clerks: list[Clerk], *, is_there: bool) -> None:
    """And dialled, with the key that they tell; or written down that there is none."""
    one, two, three = clerks
    through = Address(two.identity.peer, "127.0.0.1", 1, via=three.identity.peer)
    asked: list[Address] = []

    def reach(address: Address, done: Callable[[Route | TallyError], None]) -> None:
        asked.append(address)
        places = (Place("127.0.0.1", port, two.wire.key) for port in two.ports)
        done(Route(*places) if is_there else Unavailable("its relay is gone"))

    one.dialler.reach = reach
    one.registrar.add(through)
    if is_there:
        until(lambda: one.lines.peers() == (two.identity.peer,), clerks)
        until(lambda: one.lines.bulk(two.identity.peer), clerks)
    else:
        until(lambda: any(event == "not reached" for event, _ in one.said), clerks)
    assert asked[0] == through


def test_a_question_of_another_part_is_not_ours(clerks: list[Clerk]) -> None:
    """That it had no answer is no reason to end a connection."""
    one, two, _ = clerks
    one.registrar.add(two.address)
    until(lambda: one.lines.peers(), clerks)
    line = one.lines.control(two.identity.peer)
    assert line is not None
    one.registrar.unanswered(line, two.identity.peer, bytes(16))
    one.turn()
    assert one.lines.control(two.identity.peer) == line
