"""The search for causes, on steps that are played: pure functions of the conditions."""

from collections.abc import Callable
from itertools import count

import pytest

from engine.determinism.conditions import Conditions, Factor
from engine.determinism.diagnosis import diagnose, undecided
from engine.determinism.facts import Facts
from engine.determinism.finding import Finding

FACTS = Facts(seeds=("PYTHONHASHSEED",), processors=2)
FAILED = "failed"

Step = Callable[[Conditions, int], object]


def examine(step: Step, facts: Facts = FACTS, pairs: int = 1) -> Finding:
    """Run the search on a step; `step` is given the conditions and the number of the run."""
    trials = diagnose(facts, lambda a, b: a == b, lambda seen: seen == FAILED, pairs)
    number = count()
    conditions = next(trials)
    try:
        while True:
            conditions = trials.send(step(conditions, next(number)))
    except StopIteration as ended:
        finding: Finding = ended.value
        return finding


def follows(*factors: Factor) -> Step:
    """Return a step whose result follows some factors."""

    def step(conditions: Conditions, number: int) -> object:
        chance = ("random", "addresses", "schedule")
        return tuple(
            (
                conditions.state(one),
                number if one in chance and conditions.state(one) == "free" else 0,
            )
            for one in factors
        )

    return step


def causes(finding: Finding) -> list[str]:
    """Return the names of what was found."""
    return [one.cause for one in finding.causes]


def test_a_step_that_follows_nothing_is_run_twice() -> None:
    """Two runs are enough, and what varied in them is said."""
    finding = examine(lambda *_: 1)
    assert (finding.differs, finding.runs, finding.causes) == (False, 2, ())
    assert {"time", "random", "directories", "processors"} <= set(finding.varied)


@pytest.mark.parametrize(
    ("factor", "cause"),
    [
        ("time", "time"),
        ("random", "random bytes"),
        ("addresses", "addresses"),
        ("directories", "directory order"),
        ("processors", "processor count"),
        ("schedule", "threads"),
        ("machine", "machine"),
    ],
)
def test_a_factor_is_found(factor: Factor, cause: str) -> None:
    """What alone makes a step differ is its one cause, and holding it is enough."""
    finding = examine(follows(factor))
    assert causes(finding) == [cause]
    assert finding.alone
    held, freed = finding.causes[0].evidence[:2]
    assert (held.same, freed.same < freed.runs) == (held.runs, True)


def test_two_factors_are_two_causes() -> None:
    """Each of several causes is found."""
    assert causes(examine(follows("time", "directories"))) == ["time", "directory order"]


def test_open_seeds_are_hash_order() -> None:
    """A step whose variables leave the seed open differs by the seed, not by random bytes."""

    def step(conditions: Conditions, number: int) -> object:
        return (
            number
            if conditions.hashes == "free" and conditions.random == "free"
            else conditions.hashes
        )

    assert causes(examine(step)) == ["hash order"]


def test_unwritten_memory_is_told_from_addresses() -> None:
    """What changes with what fills fresh memory was never written to."""
    finding = examine(follows("addresses", "memory"))
    assert causes(finding) == ["uninitialised bytes"]


def test_chance_is_no_cause() -> None:
    """A step that differs of itself, rarely, gets no cause that happened to vary just then."""
    found = {
        cause
        for at in range(3, 20)
        for cause in causes(examine(lambda _, n, at=at: n in (1, at, at + 1)))
    }
    assert found == {"unknown"}


def test_what_differs_with_everything_held_is_threads_if_it_needs_them() -> None:
    """It fails where it may have no second thread: that is what remains."""

    def step(conditions: Conditions, number: int) -> object:
        return number if conditions.threads else FAILED

    assert causes(examine(step)) == ["threads"]


def test_what_differs_with_everything_held_is_else_unknown() -> None:
    """No cause is guessed; static programs that cannot be held are named."""
    finding = examine(lambda _, number: number, Facts(static=("tar",)))
    assert causes(finding) == ["unknown"]
    assert "tar" in finding.causes[0].why


def test_a_step_that_cannot_be_held_is_unknown() -> None:
    """One that fails with everything held tells nothing."""

    def step(conditions: Conditions, number: int) -> object:
        return FAILED if conditions.time == "held" else number

    assert causes(examine(step)) == ["unknown"]


def test_real_file_times_are_time() -> None:
    """What is held and another a second later follows a time that nobody can set."""
    seconds = [0]

    def step(conditions: Conditions, number: int) -> object:
        seconds[0] += conditions.moment != "any"
        return seconds[0]

    assert causes(examine(step)) == ["time"]


def test_kernels_are_varied_only_where_the_step_lets_them_be_chosen() -> None:
    """A step that overrides the numeric profile is run with other kernels."""
    own = Facts(overridden=("OPENBLAS_CORETYPE",), processors=2)

    def step(conditions: Conditions, number: int) -> object:
        return conditions.profile == "varied"

    assert causes(examine(step, own)) == ["CPU dispatch"]
    assert causes(examine(step)) == []


def test_a_step_that_prints_its_variables_is_not_blamed() -> None:
    """The same meaning in other words gives something else: it is the words that matter."""
    own = Facts(overridden=("OPENBLAS_CORETYPE",), processors=2)
    assert not examine(follows("profile"), own).differs


def test_more_pairs_find_what_is_seldom() -> None:
    """A difference in the fifth run is found by five pairs, and not by one."""
    assert not examine(lambda _, number: number == 4).differs
    assert examine(lambda _, number: number == 4, pairs=5).differs


def test_a_step_that_fails_of_itself_is_not_said_to_need_threads() -> None:
    """It fails without a second thread as it does with one: its cause is not known."""
    assert causes(examine(lambda _, n: FAILED if n in (1, 4, 5, 6) else n)) == ["unknown"]


def test_a_search_that_is_ended_says_what_was_known() -> None:
    """Before the first difference nothing differs; after it the cause is unknown."""
    assert not undecided(FACTS, 2, differs=False).differs
    assert causes(undecided(FACTS, 9, differs=True)) == ["unknown"]


def test_evidence_says_nothing_against_its_cause() -> None:
    """A step that needs threads, or fails when all is held, has no line that says otherwise."""
    (threads,) = examine(lambda c, n: n if c.threads else FAILED).causes
    assert [(one.conditions.threads, one.among) for one in threads.evidence] == [(True, True)]
    (fails,) = examine(lambda c, n: FAILED if c.random == "held" else n).causes
    assert (fails.why, fails.evidence) == ("it fails when everything is held", ())


def test_runs_held_against_one_another_are_said_to_be() -> None:
    """With more processors it is another than with one, and always the same other."""
    (cause,) = examine(follows("processors")).causes
    held, freed, again = cause.evidence
    assert (held.among, freed.among, again.among) == (True, False, True)
    assert (again.conditions, again.same) == (freed.conditions, again.runs)
