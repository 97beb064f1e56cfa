"""What is to be believed of a step that several have run, and who is blamed for what differs."""

import random
from collections import Counter
from typing import Literal, NamedTuple

import pytest

from engine.trust.weighing import MOST, Ask, Demand, Ran, Settled, weigh

CHECKED = Demand(2)
NOTHING: frozenset[Ask] = frozenset()
NO_OWN: frozenset[Ask] = frozenset(("own", "varied"))


def ran(owner: str, gave: int, machine: str = "m", *, varied: bool = False) -> Ran:
    """Return an execution; "me" is this machine."""
    return Ran(owner.encode(), machine, gave, owner == "me", varied)


def test_what_nobody_asks_to_be_checked_is_believed() -> None:
    """As it comes."""
    assert weigh([ran("a", 0)], Demand(1), NOTHING) == Settled(0, "unchecked")


def test_a_check_is_by_this_machine_if_it_can() -> None:
    """Which costs nobody anything; else by another owner; else it is said that there was none."""
    assert weigh([ran("a", 0)], CHECKED, NOTHING) == "own"
    assert weigh([ran("a", 0)], CHECKED, NO_OWN) == "elsewhere"
    assert weigh([ran("a", 0)], CHECKED, NO_OWN | {"elsewhere"}) == Settled(0, "unchecked")


def test_what_two_give_is_confirmed() -> None:
    """And the other peer of them has passed a check."""
    found = [ran("a", 0), ran("me", 0)]
    settled = weigh(found, CHECKED, NOTHING)
    assert settled == Settled(0, "confirmed")
    assert isinstance(settled, Settled)
    assert settled.passed(found) == (0,)


def test_two_machines_of_one_owner_are_one_word() -> None:
    """However many there are."""
    found = [ran("a", 0), ran("a", 0), ran("a", 0)]
    assert weigh(found, Demand(2, is_strict=True), NO_OWN) == "elsewhere"


def test_too_few_owners_are_not_enough() -> None:
    """When so many were demanded, nothing is believed without them."""
    lacking = NO_OWN | {"elsewhere"}
    assert weigh([ran("a", 0)], Demand(2, is_strict=True), lacking) == Settled(None, "unchecked")


def test_a_difference_is_looked_into_here_first() -> None:
    """Twice, the second time under other conditions."""
    found = [ran("a", 0), ran("b", 1)]
    assert weigh(found, CHECKED, NOTHING) == "own"
    assert weigh([*found, ran("me", 1)], CHECKED, NOTHING) == "varied"


def test_a_step_that_differs_from_itself_blames_nobody() -> None:
    """What was seen here stands: a lie could not be told from another honest result."""
    found = [ran("a", 0), ran("me", 1), ran("me", 2, varied=True)]
    assert weigh(found, CHECKED, NOTHING) == Settled(1, "nondeterministic")


def test_this_machines_word_alone_convicts_nobody() -> None:
    """A third is asked; without one it is disputed, and what was seen here counts."""
    found = [ran("a", 0), ran("me", 1), ran("me", 1, varied=True)]
    assert weigh(found, CHECKED, NOTHING) == "elsewhere"
    assert weigh(found, CHECKED, frozenset(("elsewhere",))) == Settled(1, "disputed", doubted=(0,))


def test_against_all_others_a_result_is_wrong() -> None:
    """On the same class of machine, and by two others, or on another class too."""
    found = [ran("a", 0), ran("me", 1), ran("me", 1, varied=True), ran("b", 1)]
    assert weigh(found, CHECKED, NOTHING) == "elsewhere"
    assert weigh([*found, ran("c", 1)], CHECKED, NOTHING) == Settled(3, "wrong", wrong=(0,))
    other = [*found[:3], ran("b", 1, "other")]
    assert weigh(other, CHECKED, NOTHING) == Settled(3, "wrong", wrong=(0,))


def test_nobody_is_blamed_by_machines_of_another_class_alone() -> None:
    """What the accused's class gives, nobody has seen."""
    found = [ran("a", 0, "x"), ran("me", 1), ran("me", 1, varied=True), ran("b", 1)]
    assert weigh(found, CHECKED, frozenset(("elsewhere",))) == Settled(3, "disputed", doubted=(0,))


def test_one_word_for_a_class_of_machines_blames_nobody() -> None:
    """Of which class a peer is, it says itself; two owners of the class are enough."""
    found = [ran("a", 0, "x"), ran("me", 1), ran("me", 1, varied=True), ran("b", 1, "x")]
    assert weigh(found, CHECKED, frozenset(("elsewhere",))) == Settled(3, "disputed", doubted=(0,))
    found += [ran("c", 1, "x")]
    assert weigh(found, CHECKED, NOTHING) == Settled(3, "wrong", wrong=(0,))


def test_what_this_machine_contradicts_is_never_believed() -> None:
    """Whoever else gave it, and where the second run here cannot be had."""
    lacking: frozenset[Ask] = frozenset(("varied", "elsewhere"))
    found = [ran("a", 0), ran("me", 1), ran("b", 0)]
    for demand, taken in ((CHECKED, 1), (Demand(2, by_own=True, is_strict=True), 1)):
        assert weigh(found, demand, lacking) == Settled(taken, "disputed", doubted=(0, 2))
    assert weigh(found, Demand(2, is_strict=True), lacking).accepted is None


def test_by_own_nothing_is_believed_that_was_not_seen_here() -> None:
    """However many owners say so."""
    found = [ran("a", 0), ran("b", 1), ran("c", 0), ran("d", 0)]
    demand = Demand(2, by_own=True, is_strict=True)
    assert weigh(found, demand, NO_OWN) == Settled(None, "disputed")


def test_no_more_owners_are_asked_than_was_said() -> None:
    """Of two that disagree no third is asked; this machine runs it, which costs no credits."""
    found = [ran("a", 0), ran("b", 1)]
    demand = Demand(2, is_strict=True, most=2)
    assert weigh(found, demand, NO_OWN) == Settled(None, "disputed", doubted=(0, 1))
    assert weigh(found, demand, NOTHING) == "own"
    found += [ran("me", 1), ran("me", 1, varied=True)]
    assert weigh(found, demand, NOTHING).accepted == 1
    assert weigh(found[:2], demand._replace(most=3), NO_OWN) == "elsewhere"


def test_a_class_of_machines_may_have_results_of_its_own() -> None:
    """Then it is neither wrong nor unsteady, and what was seen here stands."""
    found = [ran("a", 0, "x"), ran("me", 1), ran("me", 1, varied=True), ran("b", 0, "x")]
    assert weigh(found, CHECKED, NOTHING) == Settled(1, "machine", doubted=(0, 3))


def test_where_this_machine_cannot_the_majority_decides() -> None:
    """Those who differ have to pass all checks anew; nobody is accused."""
    found = [ran("a", 0), ran("b", 1), ran("c", 1)]
    assert weigh(found[:2], CHECKED, NO_OWN) == "elsewhere"
    assert weigh(found, CHECKED, NO_OWN) == Settled(1, "disputed", doubted=(0,))


class World(NamedTuple):
    """A network that some step is run in."""

    kind: Literal["sound", "unsteady", "of its machine"]
    machines: list[str]
    liars: set[int]
    has_own: bool


def world(chance: random.Random) -> World:
    """Return a network of two to eight peers, some of which lie."""
    machines = [chance.choice("xyz") for _ in range(chance.randint(2, 8))]
    liars = {at for at in range(len(machines)) if chance.random() < 0.3}
    kind = chance.choice(("sound", "sound", "unsteady", "of its machine"))
    return World(kind, machines, liars, chance.random() < 0.8)


def play(seed: int) -> tuple[World, list[Ran], list[object], Settled]:
    """Run one step in a network until it is settled."""
    chance = random.Random(seed)  # noqa: S311 - the same network for the same seed
    there = world(chance)
    left = list(range(len(there.machines)))
    chance.shuffle(left)
    given: list[object] = []
    found: list[Ran] = []

    def gives(machine: str) -> object:
        if there.kind == "unsteady":
            return chance.random()
        return machine if there.kind == "of its machine" else "right"

    def run(owner: bytes, machine: str, result: object, ask: Ask | None) -> None:
        given.append(result)
        is_own = ask in ("own", "varied")
        found.append(Ran(owner, machine, given.index(result), is_own, ask == "varied"))

    def elsewhere() -> None:
        at = left.pop()
        lies = at in there.liars and chance.random() < 0.5
        lie = (
            "lie",
            chance.random() if chance.random() < 0.5 else 0,
        )  # of two kinds: alike, or not
        result = lie if lies else gives(there.machines[at])
        run(b"%d" % at, there.machines[at], result, "elsewhere")

    lacking: set[Ask] = set() if there.has_own else {"own", "varied"}
    elsewhere()
    while not isinstance(decision := weigh(found, CHECKED, lacking), Settled):
        if decision != "elsewhere":
            run(b"me", "x", gives("x"), decision)
        elif left:
            elsewhere()
        else:
            lacking.add("elsewhere")
    return there, found, given, decision


@pytest.mark.parametrize("part", range(10))
def test_no_honest_peer_is_ever_accused(part: int) -> None:
    """In 10 000 networks with liars, unsteady steps, and steps that depend on the machine.

    And every lie that a check was drawn for is seen, where this machine can run the step, or more
    honest peers than liars are there.
    """
    ends: Counter[str] = Counter()
    for seed in range(part * 1_000, (part + 1) * 1_000):
        there, found, given, settled = play(seed)
        assert len(found) <= MOST
        for at in settled.wrong:
            assert int(found[at].owner) in there.liars, seed
        if there.kind == "sound" and there.has_own:
            assert settled.accepted is not None, seed
            assert given[settled.accepted] == "right", seed
        ends[settled.finding] += 1
    assert {"confirmed", "wrong", "disputed", "nondeterministic", "machine"} <= set(ends)
