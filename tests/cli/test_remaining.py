"""How long a run will still take, as its events come in."""

from cli.remaining import Remaining
from engine.admission import Capacity
from engine.estimate import Usual
from engine.progress import Counted, Ended, Reused, Started
from engine.rows import WHOLE
from engine.workflow.graph import Group, Need

KNOWN = {"a": Usual(1_000, 3), "b": Usual(5_000, 1)}
GROUPS = (
    Group("a", 4, True, (), False, 1, 0, 0, True),
    Group("b", 1, False, (Need("a", "all"),), False, 1, 0, 0, True),
)


class Clock:
    """Seconds that pass when a test says so."""

    now = 0.0

    def __call__(self) -> float:
        """Return the time."""
        return self.now


def remaining(clock: Clock, known: dict[str, Usual] = KNOWN) -> Remaining:
    """Return what tells of a run of 4 + 1 instances, two at once."""
    return Remaining(GROUPS, Capacity(2, 2, 100), known, clock)


def test_nothing_is_said_before_something_runs() -> None:
    """All of it may be reused."""
    clock = Clock()
    run = remaining(clock)
    assert run.left_ms() is None
    run.take(Reused("a", (0, 1)))
    assert run.left_ms() is None
    run.take(Started("a", 2, 1))
    assert run.left_ms() == 6_000  # two more seconds of work for two, or one and then five


def test_time_passes_while_a_step_runs() -> None:
    """But never more than it usually takes: nobody knows how late it is."""
    clock = Clock()
    run = remaining(clock)
    run.take(Reused("a", range(4)))
    run.take(Started("b", 0, 1))
    clock.now = 3.0
    assert run.left_ms() == 2_000
    clock.now = 60.0
    assert run.left_ms() == 0
    run.take(Ended("b", 0, "ran", 60_000, ""))
    assert run.left_ms() is None


def test_what_never_ran_is_not_guessed() -> None:
    """Nor is a number of instances that is not known yet."""
    run = remaining(Clock(), {"a": Usual(1_000, 1)})
    run.take(Started("a", 0, 1))
    assert run.left_ms() is None
    some = (Group("a", None, True, (), False, 1, 0, 0, True),)
    run = Remaining(some, Capacity(2, 2, 100), KNOWN, Clock())
    run.take(Started("a", 0, 1))
    assert run.left_ms() is None
    run.take(Counted("a", 4))
    assert run.left_ms() == 2_000


def test_a_step_that_will_not_run_is_left_out() -> None:
    """Skipped as a whole, it is no work any more."""
    run = remaining(Clock())
    run.take(Started("a", 0, 1))
    run.take(Ended("b", WHOLE, "skipped", 0, "cancelled"))
    assert run.left_ms() == 2_000
