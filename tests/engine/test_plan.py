"""The plan, by lists of events and actions."""

import pytest

from engine.admission import Capacity
from engine.attempts import MAX_LOSSES
from engine.errors import Refused
from engine.plan import Plan
from engine.plan_events import (
    Cancel,
    Cancelled,
    CancelRequested,
    Done,
    Expand,
    Expanded,
    Failed,
    Finish,
    GiveUp,
    Lost,
    Ran,
    Resolve,
    Resolved,
    Returned,
    Reuse,
    Shared,
    Skip,
    Start,
    Unexpandable,
)
from engine.plan_table import State
from engine.questions import WINDOW
from engine.rows import WHOLE
from engine.workflow.graph import Group, Need

MACHINE = Capacity(slots=2, cpus=2, memory=100)


def group(step, *needs, count=1, skipped=False, cpus=1, memory=1, retries=0):
    """Return a group with little to say."""
    return Group(step, count, count != 1, needs, skipped, cpus, memory, retries, reusable=True)


def one(step):
    """Return a need on a step that is not scattered."""
    return Need(step, "one")


def plan_of(*groups, machine=MACHINE, keep_going=False):
    """Return a plan on a small machine."""
    return Plan(groups, machine, keep_going=keep_going)


def done(plan, step, index=0):
    """Answer that an instance ran and is recorded; return all that follows."""
    return plan.handle(Ran(step, index)) + plan.handle(Done(step, index))


def run_to_start(plan, step, index=0):
    """Answer that nothing is reusable."""
    return plan.handle(Resolved(step, (), (index,)))


def test_a_step_is_asked_for_before_it_is_started():
    """A step's key is asked for; only when nothing is reusable is it started."""
    plan = plan_of(group("a"))

    assert plan.begin() == (Resolve("a", range(1)),)
    assert run_to_start(plan, "a") == (Start("a", 0, 1),)
    assert done(plan, "a") == (Finish("succeeded"),)


def test_a_reusable_result_is_taken():
    """A reusable result ends the instance and frees what needs it."""
    plan = plan_of(group("a"), group("b", one("a")))
    plan.begin()

    assert plan.handle(Resolved("a", (0,), ())) == (Reuse("a", (0,)), Resolve("b", range(1)))


def test_groups_are_preferred_in_topological_order():
    """What is written out of order is asked for in the order of the needs."""
    plan = plan_of(group("late", one("early")), group("early"), group("free"))

    assert plan.begin() == (Resolve("early", range(1)), Resolve("free", range(1)))


def test_instances_of_one_step_are_asked_for_together():
    """What becomes ready together is one question, answered whole or in parts."""
    plan = plan_of(group("a", count=5))

    assert plan.begin() == (Resolve("a", range(5)),)
    assert plan.handle(Resolved("a", (0, 1, 4), (2,))) == (Reuse("a", (0, 1, 4)), Start("a", 2, 1))
    assert plan.handle(Resolved("a", (3,), ())) == (Reuse("a", (3,)),)
    assert done(plan, "a", 2) == (Finish("succeeded"),)


def test_what_became_true_together_is_followed_up_together():
    """All of it is taken in before anything is asked for: two ends of needs are one question."""
    plan = plan_of(group("a", count=2), group("b", Need("a", "same"), count=2))
    plan.begin()
    plan.handle(Resolved("a", (), (0, 1)))

    events = (Ran("a", 1), Ran("a", 0), Done("a", 0), Done("a", 1))

    assert plan.handle_all(events) == (Resolve("b", range(2)),)


def test_instances_in_two_states_do_not_move_together():
    """An answer that names an instance twice is a bug of whoever gives it, and is said to be."""
    plan = plan_of(group("a", count=3))
    plan.begin()
    plan.handle(Resolved("a", (1,), ()))

    with pytest.raises(ValueError, match="not in one state"):
        plan.handle(Resolved("a", (0, 1, 2), ()))


def test_items_are_matched():
    """Instance 1 may start when its own counterpart is done, whatever the others do."""
    plan = plan_of(group("a", count=2), group("b", Need("a", "same"), count=2))
    plan.begin()

    assert plan.handle(Resolved("a", (1,), ())) == (Reuse("a", (1,)), Resolve("b", range(1, 2)))


def test_a_gather_waits_for_every_instance():
    """A gather is asked for when the last instance has ended."""
    plan = plan_of(group("a", count=2), group("b", Need("a", "all")))
    plan.begin()
    plan.handle(Resolved("a", (1,), ()))

    assert plan.handle(Resolved("a", (0,), ())) == (Reuse("a", (0,)), Resolve("b", range(1)))


def test_one_index_of_a_group_can_be_needed():
    """A need on instance 1 is met by that instance alone."""
    plan = plan_of(group("a", count=2), group("b", Need("a", "item", 1)))
    plan.begin()

    assert plan.handle(Resolved("a", (1,), ())) == (Reuse("a", (1,)), Resolve("b", range(1)))


def test_an_empty_scatter_is_gathered_as_nothing():
    """A gather of no instances has nothing to wait for."""
    plan = plan_of(group("a", count=0), group("b", Need("a", "all")))

    assert plan.begin() == (Resolve("b", range(1)),)


def test_an_empty_run_finishes():
    """A workflow whose steps have no instances succeeds at once."""
    assert plan_of(group("a", count=0)).begin() == (Finish("succeeded"),)


def test_a_directory_is_expanded_when_it_is_done():
    """The instances of a step over a directory are asked for once they are counted."""
    need = one("split")
    plan = plan_of(
        group("split"),
        group("each", need, count=None),
        group("all", Need("each", "all")),
    )
    plan.begin()

    assert plan.handle(Resolved("split", (0,), ())) == (Reuse("split", (0,)), Expand("each"))
    assert plan.count("each") is None
    assert plan.handle(Expanded("each", 2)) == (Resolve("each", range(2)),)
    plan.handle(Resolved("each", (0,), ()))
    assert plan.handle(Resolved("each", (1,), ())) == (
        Reuse("each", (1,)),
        Resolve("all", range(1)),
    )


def test_steps_over_one_directory_are_matched():
    """A step matched with an expanded one is expanded after it and follows item by item."""
    need = one("split")
    plan = plan_of(
        group("split"),
        group("a", need, count=None),
        group("b", need, Need("a", "same"), count=None),
    )
    plan.begin()
    plan.handle(Resolved("split", (0,), ()))

    assert plan.handle(Expanded("a", 1)) == (Expand("b"), Resolve("a", range(1)))
    assert plan.handle(Resolved("a", (0,), ())) == (Reuse("a", (0,)),)
    assert plan.handle(Expanded("b", 1)) == (Resolve("b", range(1)),)


def test_an_empty_directory_expands_to_nothing():
    """A directory without entries gives no instances and an empty gather."""
    need = one("split")
    plan = plan_of(
        group("split"),
        group("each", need, count=None),
        group("all", Need("each", "all")),
    )
    plan.begin()
    plan.handle(Resolved("split", (0,), ()))

    assert plan.handle(Expanded("each", 0)) == (Resolve("all", range(1)),)


def test_what_cannot_be_expanded_fails():
    """A directory that gives no instances fails the step and blocks what needs it."""
    need = one("split")
    plan = plan_of(
        group("split"),
        group("each", need, count=None),
        group("all", Need("each", "all")),
        keep_going=True,
    )
    plan.begin()
    plan.handle(Resolved("split", (0,), ()))

    assert plan.handle(Unexpandable("each")) == (
        GiveUp("each", WHOLE),
        Skip("all", 0, wanted=True),
        Finish("failed"),
    )


def test_a_failure_is_tried_again_as_often_as_said():
    """`retries: 1` makes two attempts."""
    plan = plan_of(group("a", retries=1))
    plan.begin()
    run_to_start(plan, "a")

    assert plan.handle(Failed("a", 0, retryable=True)) == (Start("a", 0, 2),)
    assert plan.handle(Failed("a", 0, retryable=True)) == (GiveUp("a", 0), Finish("failed"))


def test_what_would_fail_again_is_not_tried_again():
    """A failure that is not retryable is final."""
    plan = plan_of(group("a", retries=5))
    plan.begin()
    run_to_start(plan, "a")

    assert plan.handle(Failed("a", 0, retryable=False)) == (GiveUp("a", 0), Finish("failed"))


def test_what_is_being_recorded_holds_no_room():
    """When a step has run, the next may start; what needs it waits until it is durable."""
    plan = plan_of(group("a", cpus=2), group("b", cpus=2), group("c", one("a")))
    plan.begin()
    run_to_start(plan, "a")
    run_to_start(plan, "b")

    assert plan.handle(Ran("a", 0)) == (Start("b", 0, 1),)
    assert plan.handle(Done("a", 0)) == (Resolve("c", range(1)),)


def test_a_lost_runner_costs_no_retry():
    """Losses are tried again without `retries`, but not for ever."""
    plan = plan_of(group("a"))
    plan.begin()
    run_to_start(plan, "a")

    for attempt in range(2, MAX_LOSSES + 1):
        assert plan.handle(Lost("a", 0)) == (Start("a", 0, attempt),)
    assert plan.handle(Lost("a", 0)) == (GiveUp("a", 0), Finish("failed"))


def test_after_a_failure_nothing_new_starts():
    """Without keep-going what runs is let run and the rest is skipped."""
    plan = plan_of(group("a", count=4), group("b", Need("a", "all")))
    plan.begin()
    for index in range(4):
        run_to_start(plan, "a", index)

    assert plan.handle(Failed("a", 0, retryable=True)) == (GiveUp("a", 0),)
    assert done(plan, "a", 1) == (
        Skip("a", 2, wanted=True),
        Skip("a", 3, wanted=True),
        Skip("b", 0, wanted=True),
        Finish("failed"),
    )
    assert plan.state("a", 1) == State.DONE


def test_what_had_not_begun_when_another_failed_is_judged_anew():
    """It is skipped when the run stops for the failure; else it starts again, at no cost."""
    ahead = Capacity(slots=1, cpus=1, memory=100, ahead=1)
    for keep_going in (False, True):
        plan = plan_of(group("a", count=2), machine=ahead, keep_going=keep_going)
        plan.begin()
        plan.handle(Resolved("a", (), (0, 1)))

        failed = plan.handle(Failed("a", 0, retryable=True))
        assert failed[0] == GiveUp("a", 0)
        again = plan.handle(Returned("a", 1))
        stopped = (Skip("a", 1, wanted=True), Finish("failed"))
        assert again == ((Start("a", 1, 1),) if keep_going else stopped)


def test_keep_going_skips_only_what_needed_the_failed_one():
    """With keep-going the other branch goes on; a gather of a failed instance cannot."""
    plan = plan_of(
        group("a", count=2),
        group("b", Need("a", "same"), count=2),
        group("c", Need("b", "all", carries_skip=False)),
        keep_going=True,
    )
    plan.begin()
    run_to_start(plan, "a", 0)
    plan.handle(Resolved("a", (1,), ()))

    assert plan.handle(Failed("a", 0, retryable=False)) == (
        GiveUp("a", 0),
        Skip("b", 0, wanted=True),
    )
    assert plan.handle(Resolved("b", (1,), ())) == (
        Reuse("b", (1,)),
        Skip("c", 0, wanted=True),
        Finish("failed"),
    )


def test_a_key_that_cannot_be_computed_is_a_failure():
    """A step whose inputs cannot be resolved has failed without having started."""
    plan = plan_of(group("a", retries=3))
    plan.begin()

    assert plan.handle(Failed("a", 0, retryable=False)) == (GiveUp("a", 0), Finish("failed"))


def test_when_false_skips_what_reads_it():
    """A step left out by its author leaves out its readers, which is no failure."""
    plan = plan_of(group("a", skipped=True), group("b", one("a")))

    assert plan.begin() == (
        Skip("a", 0, wanted=False),
        Skip("b", 0, wanted=False),
        Finish("succeeded"),
    )


def test_a_gather_leaves_out_what_is_skipped():
    """Through [*] a skipped step does not skip its reader."""
    plan = plan_of(
        group("a", count=2, skipped=True), group("b", Need("a", "all", carries_skip=False))
    )

    assert plan.begin()[-1] == Resolve("b", range(1))


def test_a_skipped_step_over_a_directory_is_skipped_whole():
    """A step whose instances were never counted is skipped as a whole, as are its readers."""
    need = one("split")
    plan = plan_of(
        group("split"),
        group("a", need, count=None, skipped=True),
        group("b", need, Need("a", "same"), count=None),
    )

    assert plan.begin() == (Skip("a", WHOLE, wanted=False), Resolve("split", range(1)))
    assert plan.handle(Resolved("split", (0,), ())) == (
        Reuse("split", (0,)),
        Skip("b", WHOLE, wanted=False),
        Finish("succeeded"),
    )


def test_cancel_stops_what_runs_and_skips_the_rest():
    """A cancelled run ends when its running steps have ended."""
    plan = plan_of(group("a"), group("b", one("a")))
    plan.begin()
    run_to_start(plan, "a")

    assert plan.handle(CancelRequested()) == (Cancel("a", 0),)
    assert plan.handle(CancelRequested()) == ()
    assert plan.handle(Cancelled("a", 0)) == (
        Skip("a", 0, wanted=True),
        Skip("b", 0, wanted=True),
        Finish("cancelled"),
    )


def test_a_cancel_that_comes_too_late_changes_nothing():
    """A run whose last step finished all the same has succeeded."""
    plan = plan_of(group("a"))
    plan.begin()
    run_to_start(plan, "a")
    plan.handle(CancelRequested())

    assert done(plan, "a") == (Finish("succeeded"),)


def test_another_run_may_have_done_the_work():
    """A started instance whose result another run made is reused."""
    plan = plan_of(group("a"))
    plan.begin()
    run_to_start(plan, "a")

    assert plan.handle(Shared("a", 0)) == (Reuse("a", (0,)), Finish("succeeded"))


def test_memory_is_not_lent_twice():
    """A step waits for the memory that others hold; a smaller one may pass it."""
    plan = plan_of(group("big", memory=80), group("bigger", memory=90), group("small", memory=10))
    plan.begin()

    assert run_to_start(plan, "big") == (Start("big", 0, 1),)
    assert run_to_start(plan, "bigger") == ()
    assert run_to_start(plan, "small") == (Start("small", 0, 1),)
    done(plan, "small")
    assert done(plan, "big") == (Start("bigger", 0, 1),)


def test_a_step_larger_than_the_machine_is_refused():
    """What can never start is refused before anything runs, with the fix."""
    with pytest.raises(Refused, match="asks for cpus: 3; this machine lends 2") as caught:
        plan_of(group("a", cpus=3))

    assert caught.value.fix == "lower resources.cpus of 'a' to at most 2"


def test_an_event_with_no_row_is_a_bug():
    """What cannot have happened is an error and not ignored."""
    plan = plan_of(group("a"))
    plan.begin()

    with pytest.raises(ValueError, match="RESOLVING has no row for SUCCEEDED"):
        plan.handle(Done("a", 0))


def test_a_circle_is_a_bug():
    """The workflow's check names circles; a plan refuses to be built on one."""
    with pytest.raises(ValueError, match="circle"):
        plan_of(group("a", one("b")), group("b", one("a")))


def test_keys_are_asked_for_in_a_window():
    """Of many instances only so many are held between question and start."""
    plan = plan_of(group("a", count=3 * WINDOW))

    assert plan.begin() == (Resolve("a", range(WINDOW)),)
    run_to_start(plan, "a", 0)
    assert len(run_to_start(plan, "a", 1)) == 2  # it starts, and one more is asked for


def test_a_chain_of_a_hundred_thousand_can_be_skipped():
    """What an end reaches is followed without deep calls."""
    chain = [group("s0", skipped=True)]
    chain += [group(f"s{n}", one(f"s{n - 1}")) for n in range(1, 100_000)]

    assert plan_of(*chain).begin()[-1] == Finish("succeeded")
