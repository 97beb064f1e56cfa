"""How long a run would take, from how long its steps took."""

from engine.admission import Capacity
from engine.estimate import (
    MAX_SIMULATED,
    Expectation,
    Usual,
    expect,
    shared,
    usual,
)
from engine.forecast import Forecast
from engine.workflow.graph import Group, Need

KNOWN = {"a": Usual(100, 3), "b": Usual(50, 1), "c": Usual(1000, 2)}


def group(step, count=1, *needs, cpus=1, memory=0, scattered=True):
    """Make a group."""
    return Group(step, count, scattered, tuple(needs), False, cpus, memory, 0, True)


def forecasts(**actions):
    """Return one forecast for each letter of each step: r(un), u(se), w(ait), s(kip)."""
    names = {"r": "run", "u": "reuse", "w": "wait", "s": "skip"}
    return [
        Forecast(step, index, names[letter], None, "")
        for step, letters in actions.items()
        for index, letter in enumerate(letters)
    ]


CHAIN = (group("a", 4), group("b", 4, Need("a", "same")), group("c", 1, Need("b", "all")))


def test_the_usual_time_is_the_median():
    """One slow run does not change it."""
    assert usual({"a": [5, 1000, 7], "b": [4, 2], "c": []}) == {"a": Usual(7, 3), "b": Usual(2, 2)}


def test_steps_run_beside_one_another_as_the_plan_lets_them():
    """Two at once: 4 of 100, 4 of 50, then 1 of 1000."""
    found = expect(CHAIN, Capacity(2, 2, 100), forecasts(a="rrrr", b="wwww", c="w"), KNOWN)
    assert found == Expectation(200, 1300, ())
    found = expect(CHAIN, Capacity(8, 8, 100), forecasts(a="rrrr", b="wwww", c="w"), KNOWN)
    assert found == Expectation(100, 1150, ())


def test_what_is_reused_takes_no_time():
    """Nothing to run is nothing to wait for."""
    found = expect(CHAIN, Capacity(2, 2, 100), forecasts(a="uuur", b="uuuw", c="w"), KNOWN)
    assert found == Expectation(100, 1150, ())
    found = expect(CHAIN, Capacity(2, 2, 100), forecasts(a="uuuu", b="uuuu", c="u"), KNOWN)
    assert found == Expectation(0, 0, ())


def test_cpus_and_memory_are_what_the_machine_lends():
    """A step that takes them all runs alone."""
    wide = (group("a", 4, cpus=2),)
    assert expect(wide, Capacity(4, 4, 100), forecasts(a="rrrr"), KNOWN).at_least_ms == 200
    big = (group("a", 4, memory=60),)
    assert expect(big, Capacity(4, 4, 100), forecasts(a="rrrr"), KNOWN).at_least_ms == 400


def test_of_what_never_ran_nothing_is_invented():
    """It is named, and there is no upper bound."""
    found = expect(CHAIN, Capacity(2, 2, 100), forecasts(a="rrrr", b="wwww", c="w"), {})
    assert found == Expectation(0, None, ("a", "b", "c"))
    known = {"a": Usual(100, 1), "c": Usual(1, 1)}
    found = expect(CHAIN, Capacity(2, 2, 100), forecasts(a="rrrr", b="wwww", c="w"), known)
    assert found == Expectation(200, None, ("b",))


def test_instances_that_only_a_step_will_tell_are_unknown():
    """A scatter over a directory that is not made yet."""
    steps = (group("a"), group("b", None, Need("a", "one")), group("c", None, Need("b", "same")))
    found = expect(steps, Capacity(2, 2, 100), forecasts(a="r", b="w", c="w"), KNOWN)
    assert (found.at_most_ms, found.unknown) == (None, ("b", "c"))
    found = expect(steps, Capacity(2, 2, 100), forecasts(a="u", b="rrr", c="www"), KNOWN)
    assert found == Expectation(100, 2050, ())


def test_a_step_that_is_left_out_is_no_work():
    """Nor is what reads it."""
    steps = (Group("a", 1, False, (), True, 1, 0, 0, True), group("b", 1, Need("a", "one")))
    found = expect(steps, Capacity(2, 2, 100), forecasts(a="s", b="s"), KNOWN)
    assert found == Expectation(0, 0, ())


def test_thousands_of_instances_are_their_work_shared():
    """About what the plan would say, without asking it about each."""
    count = MAX_SIMULATED + 1
    steps = (group("a", count), group("b", 1, Need("a", "all")))
    capacity = Capacity(4, 4, 100)
    found = expect(steps, capacity, forecasts(a="r" * count, b="w"), KNOWN)
    assert found.at_least_ms == count * 100 // 4
    assert shared(steps, capacity, {"a": 4, "b": 1}, KNOWN) == 150
    assert shared((), capacity, {}, KNOWN) == 0
