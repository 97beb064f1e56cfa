"""Samples: drawn by a seed, in an order, and what a clean one proves."""

import random
from itertools import permutations

import pytest

from engine.content.cid import DAG_CBOR, Cid
from engine.errors import Refused
from engine.sample import check_seed, fitting, order
from engine.verdict import can_be_wrong

RUN = Cid.of(DAG_CBOR, b"\xa0")
OTHER = Cid.of(DAG_CBOR, b"\xa1")
GOLDEN = (5, 3, 1, 4, 0, 2)
IDS = [f"train[{at}]" for at in range(100)]


def test_a_seed_draws_one_order_of_all_steps() -> None:
    """Everybody who has the seed and the Run gets the same order, of each step once."""
    assert order("s", RUN, IDS) == order("s", RUN, IDS)
    assert sorted(order("s", RUN, IDS)) == list(range(100))


def test_the_order_is_what_it_always_was() -> None:
    """A bundle that was drawn years ago is still seen to be drawn with its seed."""
    assert order("a seed", RUN, IDS[:6]) == GOLDEN


def test_another_seed_or_run_draws_another_order() -> None:
    """Nobody who does not know both can foresee it."""
    orders = {order("s", RUN, IDS), order("t", RUN, IDS), order("s", OTHER, IDS)}
    assert len(orders) == 3


def test_each_step_is_drawn_first_about_as_often_as_any() -> None:
    """Over 6 000 seeds, none of six is drawn first in fewer than 850 or more than 1 150."""
    firsts = [order(str(seed), RUN, IDS[:6])[0] for seed in range(6_000)]
    assert all(850 < firsts.count(at) < 1_150 for at in range(6))


@pytest.mark.parametrize("seed", ["", "x" * 201, "zeile\n", "ä", "\x1b[1m"])
def test_a_seed_can_be_printed_and_typed(seed: str) -> None:
    """Anything else is refused."""
    with pytest.raises(Refused):
        check_seed(seed)


def test_a_budget_takes_the_first_that_fit_and_passes_none_by() -> None:
    """Where the next does not fit it ends, though a later one would."""
    assert fitting(10, [4, 5, 2, 1]) == 2
    assert fitting(10, [4, 6]) == 2
    assert fitting(10, [11, 1]) == 0
    assert fitting(10, []) == 0
    assert fitting(0, [0, 0, 1]) == 2


def _lies(times_ms: list[int], wrong: set[int], budget_ms: int, *, passing: bool) -> float:
    """Return in which share of all orders the bound of a clean sample is broken."""
    broken = 0
    total = len(times_ms)
    orders = list(permutations(range(total)))
    for drawn in orders:
        times = [times_ms[at] for at in drawn]
        if passing:
            taken, left = [], budget_ms
            for at, time in zip(drawn, times, strict=True):
                if time <= left:
                    taken.append(at)
                    left -= time
        else:
            taken = list(drawn[: fitting(budget_ms, times)])
        if wrong.isdisjoint(taken) and 100 * len(wrong) / total >= can_be_wrong(len(taken), total):
            broken += 1
    return broken / len(orders)


@pytest.mark.parametrize("seed", range(8))
def test_a_bound_holds_whatever_durations_whoever_lies_has_recorded(seed: int) -> None:
    """Of all orders of seven steps, in under one of twenty a clean sample says too much."""
    dice = random.Random(seed)  # noqa: S311
    times = [dice.choice([0, 1, 2, 5, 9]) for _ in range(7)]
    wrong = set(dice.sample(range(7), dice.randint(1, 6)))
    for budget_ms in (1, 4, 9, 30):
        assert _lies(times, wrong, budget_ms, passing=False) < 0.05


def test_passing_by_what_takes_long_would_break_the_bound() -> None:
    """Whoever records a long time for the steps that lie would never be caught."""
    times, wrong = [1] * 6 + [99, 99], {6, 7}
    assert _lies(times, wrong, 10, passing=True) == 1.0
    assert _lies(times, wrong, 10, passing=False) < 0.05
