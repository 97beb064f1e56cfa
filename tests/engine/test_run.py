"""The record of a run."""

import pytest

from engine.content.schema import Record
from engine.errors import Damaged
from engine.run import RUN_PAGE, RUN_PAGE_RECORD, RunPage, RunStep, run_pages

UNCHECKED = Record(RUN_PAGE_RECORD.kind, RunPage)


def step(name: str = "train", index: int | None = None, status: str = "skipped") -> RunStep:
    """Return a step that gave nothing."""
    return RunStep(name, index, status, None, None, ())


def test_many_steps_come_in_pages() -> None:
    """A page is full before the next begins, and no step is lost."""
    steps = tuple(step(index=index) for index in range(RUN_PAGE + 1))
    pages = [RUN_PAGE_RECORD.decode(block.data).steps for block in run_pages(steps)]

    assert [len(page) for page in pages] == [RUN_PAGE, 1]
    assert (*pages[0], *pages[1]) == steps


@pytest.mark.parametrize(
    "bad",
    [
        step(name=""),
        step(name="\x1b[31mred"),
        step(name="../../x"),
        step(name="a\nb"),
        step(index=-1),
        step(status="done"),
    ],
)
def test_a_step_that_no_workflow_has_is_damage(bad: RunStep) -> None:
    """A name from a stranger's record is printed as it is, so it has to be one."""
    with pytest.raises(Damaged):
        RUN_PAGE_RECORD.decode(UNCHECKED.encode(RunPage((bad,))))
