"""A job becomes an order whose paths are the executor's, not this machine's."""

from pathlib import Path

import pytest

from engine.errors import Refused
from engine.sandbox import orders
from engine.sandbox.base import Job, Limits, Size

WORK = Path("/srv/tally/work")


def job(**changes: object) -> Job:
    """Make a job that never runs."""
    values: dict[str, object] = {
        "command": ("true",),
        "script": None,
        "variables": {"PATH": "/bin"},
        "closure": WORK / "closures" / "c",
        "shell": None,
        "inputs": WORK / "in" / "7",
        "trees": {},
        "outputs": {"b": "deep/b", "a": "a"},
        "limits": Limits(),
    }
    return Job(**(values | changes))  # type: ignore[arg-type]


def test_paths_are_those_of_the_executor() -> None:
    """No path of this machine gets into an order, so none can be seen in the sandbox."""
    order = orders.order(job(trees={"x": WORK / "trees" / "t"}), WORK, 9)
    assert (order.store, order.inputs) == ("/work/closures/c", "/work/in/7")
    assert order.trees == (("x", "/work/trees/t"),)
    assert b"/srv" not in order.arguments
    assert order.number == 9


def test_what_a_step_gave_before_is_seen_read_only() -> None:
    """One bind of the folder, or of the one that is put together from it and trees."""
    order = orders.order(job(was=WORK / "in" / "8"), WORK, 1)
    assert (order.was, order.was_trees) == ("/work/in/8", ())
    assert b"\0--ro-bind\0/work/in/8\0/was\0" in order.arguments
    order = orders.order(job(was=WORK / "in" / "8", was_trees={"d": WORK / "trees" / "t"}), WORK, 1)
    assert order.was_trees == (("d", "/work/trees/t"),)
    assert b"\0--ro-bind\0/scratch/was\0/was\0" in order.arguments
    assert b"/was" not in orders.order(job(), WORK, 1).arguments


def test_a_job_on_a_terminal_is_led() -> None:
    """The program that gives it the terminal comes first, and is there."""
    order = orders.order(job(), WORK, 1, Size(30, 100))
    assert (order.command, order.rows, order.columns) == (("/.leader", "true"), 30, 100)
    assert b"\0--ro-bind\0/scratch/leader\0/.leader\0" in order.arguments
    assert b"leader" not in orders.order(job(), WORK, 1).arguments


def test_parents_of_outputs_are_made() -> None:
    """The directories above each output are named, outputs are sorted by name."""
    order = orders.order(job(), WORK, 1)
    assert order.parents == ("deep",)
    assert order.outputs == (("a", "a"), ("b", "deep/b"))


@pytest.mark.parametrize("place", ["/etc", "/srv/tally/work/../secret"])
def test_nothing_outside_work_can_be_named(place: str) -> None:
    """A path elsewhere is a bug of ours, and never gets as far as a mount."""
    with pytest.raises(ValueError, match="subpath"):
        orders.order(job(inputs=Path(place)), WORK, 1)


def test_too_long_is_refused_before_anything_starts() -> None:
    """One word, all words together, or too many of them."""
    for command in (("x" * 131_072,), ("x" * 100_000,) * 30, ("x",) * 8_000):
        with pytest.raises(Refused):
            orders.order(job(command=command), WORK, 1)
    orders.order(job(command=("x" * 131_071,)), WORK, 1)
