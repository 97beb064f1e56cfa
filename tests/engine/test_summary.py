"""What a run was and gave, read from records that anybody may have made."""

import pytest

from engine.content.cid import DAG_CBOR, RAW, Cid
from engine.errors import Damaged
from engine.run import Run, RunStep, run_pages
from engine.store.memory import MemoryStore
from engine.summary import StepSummary, final_outputs, run_steps
from engine.workflow.model import WORKFLOW
from tests.engine.workflow.corpus import steps as workflow_of

OTHER = Cid.of(DAG_CBOR, b"")
WRITTEN = workflow_of("  a: {run: x}\n  b: {run: x, scatter: {s: [0, 1]}}\n")


def step(name: str, index: int | None) -> RunStep:
    """Return a step that was skipped."""
    return RunStep(name, index, "skipped", None, None, ())


def stored(*steps: RunStep, repeated: int = 1) -> tuple[MemoryStore, Run]:
    """Return a run of one page, linked as often as is said, and the store that has the page."""
    store = MemoryStore()
    pages = run_pages(steps)
    workflow = WORKFLOW.block(WRITTEN)
    store.put((*pages, workflow))
    cids = tuple(page.cid for page in pages) * repeated
    return store, Run(workflow.cid, OTHER, {}, "succeeded", cids)


def test_steps_come_in_the_order_of_their_pages() -> None:
    """What a run has is what its pages have."""
    steps = (step("a", None), step("b", 0), step("b", 1))

    assert tuple(run_steps(*stored(*steps))) == steps


@pytest.mark.parametrize("index", [None, 0])
def test_a_step_that_comes_twice_is_damage(index: int | None) -> None:
    """An instance is run again once, and `a` is `a[0]`."""
    with pytest.raises(Damaged, match="twice"):
        list(run_steps(*stored(step("a", 0), step("a", index))))


def test_a_step_that_the_workflow_has_not_is_damage() -> None:
    """Who looks a step up in the workflow finds it there, whoever made the run."""
    with pytest.raises(Damaged, match="its workflow has no step 'ghost'"):
        list(run_steps(*stored(step("ghost", None))))


def test_a_page_linked_from_everywhere_ends_at_once() -> None:
    """A small record cannot be read as millions of steps."""
    steps = run_steps(*stored(step("a", None), repeated=10_000))

    assert next(steps) == step("a", None)
    with pytest.raises(Damaged, match="twice"):
        next(steps)


def test_the_outputs_of_a_workflow_leave_out_what_was_skipped() -> None:
    """Of a scattered step there are as many as gave one; a named one that was skipped is None."""
    workflow = workflow_of(
        "  a: {run: x, scatter: {s: [0, 1, 2]}, outputs: {o: o}}\n",
        "outputs: {o: a.o, p: 'a[1].o', q: 'a[2].o'}\n",
    )
    made = {0: Cid.of(RAW, b"0"), 2: Cid.of(RAW, b"2")}
    ran = [
        StepSummary("a", at, "ran", None, None, (), 0, {"o": made[at]} if at in made else {})
        for at in range(3)
    ]

    assert final_outputs(MemoryStore().get, workflow.outputs, ran) == {
        "o": (made[0], made[2]),
        "p": None,
        "q": made[2],
    }
