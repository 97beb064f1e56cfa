"""Heads: who has one half of a fork and who has the other find out; nobody honest clashes."""

from collections.abc import Iterable, Sequence
from itertools import product

import pytest
from hypothesis import assume, given, settings

from peers.entries import Epoch, Limit
from peers.entry import Written
from peers.heads import (
    MAX_ASKED,
    MAX_AUTHORS,
    MAX_PLACES,
    MAX_TOLD,
    MAX_UNBACKED,
    Clash,
    Half,
    Heads,
)
from peers.identity import PeerId
from peers.place import Head, Place, head_of
from peers.proofs import FraudProof, check, find
from tests.peers.frauds import placed
from tests.peers.honest import MOVES, Honest, Moves
from tests.peers.keys import identity
from tests.peers.ledgers import Keeper, named

AUTHOR = Keeper(1)
ME, TELLER, THIRD = (Keeper(number).peer for number in (7, 8, 9))
ENTRY = placed(AUTHOR, Limit(1))
OTHER = placed(AUTHOR, Limit(2))


def heads(*entries: Written, me: PeerId = ME) -> Heads:
    """Return what a peer knows that has some entries."""
    found = Heads(me)
    for entry in entries:
        assert found.hold(entry) == ()
    return found


def lie(number: int, name: str = "lie", epoch: int = 1) -> Head:
    """Return a head of which there is no entry."""
    return Head(AUTHOR.peer, Place(epoch, number, named(name)))


def test_what_is_told_clashes_with_what_is_here() -> None:
    """The entry that is here is named, and who is to be asked for the other."""
    here = Half(None, ENTRY.id)
    there = Half(TELLER, OTHER.id)
    assert heads(ENTRY).hear(TELLER, [head_of(OTHER)]) == (Clash(AUTHOR.peer, here, there),)
    assert heads(ENTRY).hear(TELLER, [head_of(ENTRY)]) == ()


def test_an_entry_tells_what_is_before_it() -> None:
    """As if the entry before were here; unless it begins an epoch."""
    (clash,) = heads(ENTRY).hear(TELLER, [lie(4)])
    assert clash == Clash(AUTHOR.peer, Half(None, ENTRY.id), Half(TELLER, named("lie")))
    first = placed(AUTHOR, Epoch("restored"), channel=None, before=None)
    assert heads(first).hear(TELLER, [lie(4)]) == ()
    assert heads(ENTRY).hear(TELLER, [lie(5, epoch=2), lie(6), lie(3)]) == ()


def test_what_came_first_is_compared_with_what_comes() -> None:
    """Whether it is told and then held, told by two, or held twice."""
    known = heads(ENTRY)
    after = placed(AUTHOR, Limit(1), 9)
    assert known.hear(TELLER, [head_of(after)]) == ()
    others = Half(TELLER, after.id), Half(THIRD, named("lie"))
    assert known.hear(THIRD, [lie(9)]) == (Clash(AUTHOR.peer, *others),)
    (clash,) = heads(ENTRY).hold(OTHER)
    assert clash == Clash(AUTHOR.peer, Half(None, ENTRY.id), Half(None, OTHER.id))
    known = heads(ENTRY)
    known.hear(TELLER, [lie(9)])
    (clash,) = known.hold(after)
    assert clash == Clash(AUTHOR.peer, Half(TELLER, named("lie")), Half(None, after.id))


def test_what_is_unknown_is_not_compared() -> None:
    """Nobody fills this peer's memory with logs that it has nothing of, or with its own."""
    known = heads(ENTRY, me=AUTHOR.peer)
    assert known.hear(TELLER, [lie(5)]) == ()
    assert known.hear(THIRD, [lie(5, "another")]) == ()
    assert known.tell(TELLER) == ()


def test_each_is_told_once_and_the_newest_first() -> None:
    """A message has so many; nobody is told of its own log; who was gone is told again."""
    entries = [placed(AUTHOR, Limit(1), number) for number in range(2, 2 + 2 * MAX_PLACES, 2)]
    known = heads(*entries)
    third = placed(Keeper(3), Limit(1))
    known.hold(third)
    told = known.tell(TELLER)
    assert len(told) == MAX_TOLD
    assert told[1] == head_of(third)
    assert told[0].place.id == third.entry.previous
    rest = known.tell(TELLER)
    assert known.tell(TELLER) == ()
    assert len({*told, *rest}) == len(told) + len(rest) == MAX_PLACES + 2
    assert {head.author for head in known.tell(AUTHOR.peer)} == {third.author}
    newest = placed(AUTHOR, Limit(1), 999)
    known.hold(newest)
    assert known.tell(TELLER)[1] == head_of(newest)
    known.gone(TELLER)
    assert len(known.tell(TELLER)) == MAX_TOLD


def test_what_is_told_can_be_shown() -> None:
    """The id that an entry tells leads to that entry."""
    known = heads(ENTRY)
    before = ENTRY.entry.previous
    assert before is not None
    assert known.source(ENTRY.id) == known.source(before) == ENTRY.id
    assert known.source(named("unknown")) == named("unknown")
    known.drop(AUTHOR.peer)
    assert known.source(before) == before
    assert known.tell(TELLER) == ()


def test_who_makes_up_heads_is_asked_little() -> None:
    """A few at a time, none twice; and not heard any more once it had too many of them not."""
    entries = [placed(AUTHOR, Limit(1), number) for number in range(2, 42, 2)]
    known = heads(*entries)
    lies = [lie(number, str(number)) for number in range(2, 42, 2)]
    assert len(known.hear(TELLER, lies[:1])) == 1
    assert known.hear(TELLER, lies[:1]) == ()
    known.gone(TELLER)
    assert len(known.hear(TELLER, lies)) == MAX_ASKED
    assert known.hear(TELLER, lies) == ()
    for number in range(MAX_UNBACKED):
        known.answered(TELLER, lies[number].place.id, is_backed=False)
        assert len(known.hear(TELLER, lies[number + MAX_ASKED :])) == (number < MAX_UNBACKED - 1)
    assert len(known.hear(THIRD, lies)) > 0


@pytest.mark.parametrize("is_held", [True, False])
def test_the_last_of_a_log_is_known(is_held: bool) -> None:
    """What was long ago is not compared any more, whoever speaks of it."""
    known = heads(placed(AUTHOR, Limit(1), 10**6))
    last = 10 + 2 * MAX_PLACES
    for number in range(10, last + 1, 2):
        if is_held:
            known.hold(placed(AUTHOR, Limit(1), number))
        else:
            known.hear(THIRD, [lie(number, "one")])
    known.answered(THIRD, named("one"), is_backed=True)
    assert known.hear(TELLER, [lie(10, "other")]) == ()
    assert len(known.hear(TELLER, [lie(last, "other")])) == 1


def test_so_many_logs_are_known() -> None:
    """Those of whom an entry came last."""
    known = heads(ENTRY)
    for number in range(MAX_AUTHORS):
        author = Keeper.__new__(Keeper)
        author.key = identity(1_000 + number)
        author.peer = PeerId(author.key.public_key)
        author.ledger = AUTHOR.ledger
        known.hold(placed(author, Limit(1)))
    assert known.hear(TELLER, [lie(5)]) == ()
    assert len(known.tell(TELLER)) == MAX_TOLD


_Log = Sequence[Written]


def meet(one: Sequence[Written], two: Sequence[Written]) -> list[FraudProof]:
    """Have two peers tell each other what they know; return what the second proves by that."""
    first, second = heads(*one, me=TELLER), heads(*two)
    proofs = []
    while told := first.tell(ME):
        for clash in second.hear(TELLER, told):
            halves = [_entry(half, first, one, two) for half in (clash.one, clash.two)]
            for half in (clash.one, clash.two):
                if half.teller is not None:
                    second.answered(half.teller, half.entry, is_backed=True)
            proofs.append(find(*halves))
    return [proof for proof in proofs if proof is not None]


def _entry(half: Half, teller: Heads, theirs: _Log, mine: _Log) -> Written:
    is_here = half.teller is None
    wanted = half.entry if is_here else teller.source(half.entry)
    return next(one for one in (mine if is_here else theirs) if one.id == wanted)


def _channel(entries: Iterable[Written], author: Keeper, other: Keeper) -> list[Written]:
    """Return the entries of an author that another has."""
    channels = {one.id for one in author.ledger.with_peer(other.peer)}
    return [one for one in entries if one.entry.channel in channels and one.author == author.peer]


@settings(max_examples=60)
@given(MOVES, MOVES)
def test_two_halves_of_a_fork_are_found(one: Moves, two: Moves) -> None:
    """When those who have them meet: whatever two entries prove, their holders prove."""
    cheat = Honest()
    cheat.save()
    cheat.run([(move, 2 * number) for move, number in one if move not in {"save", "restore"}])
    first = _channel(cheat.signed, cheat.one, cheat.others[0])
    cheat.lose()
    cheat.run([(move, 2 * number + 1) for move, number in two if move not in {"save", "restore"}])
    second = _channel(cheat.signed, cheat.one, cheat.others[1])
    found = [find(*pair) for pair in product(first, second)]
    assume(any(found))
    proofs = meet(first, second)
    assert [check(proof) for proof in proofs] == [cheat.one.peer] * len(proofs)
    assert proofs


@settings(max_examples=60)
@given(MOVES)
def test_an_honest_log_never_clashes(moves: Moves) -> None:
    """Whatever was restored, and whoever has what of it."""
    honest = Honest()
    honest.run(moves)
    assert meet(honest.signed, honest.signed) == []
    known = Heads(ME)
    assert [clash for written in honest.signed for clash in known.hold(written)] == []
