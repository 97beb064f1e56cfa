"""What a run was and gave, read from records that anybody may have made."""

import pytest

from engine.content.cid import DAG_CBOR, Cid
from engine.errors import Damaged
from engine.run import Run, RunStep, run_pages
from engine.store.memory import MemoryStore
from engine.summary import run_steps

OTHER = Cid.of(DAG_CBOR, b"")


def step(name: str, index: int | None) -> RunStep:
    """Return a step that was skipped."""
    return RunStep(name, index, "skipped", None, None, ())


def stored(*steps: RunStep, repeated: int = 1) -> tuple[MemoryStore, Run]:
    """Return a run of one page, linked as often as is said, and the store that has the page."""
    store = MemoryStore()
    pages = run_pages(steps)
    store.put(pages)
    cids = tuple(page.cid for page in pages) * repeated
    return store, Run(OTHER, OTHER, {}, "succeeded", cids)


def test_steps_come_in_the_order_of_their_pages() -> None:
    """What a run has is what its pages have."""
    steps = (step("a", None), step("b", 0), step("b", 1))

    assert tuple(run_steps(*stored(*steps))) == steps


@pytest.mark.parametrize("index", [None, 0])
def test_a_step_that_comes_twice_is_damage(index: int | None) -> None:
    """An instance is run again once, and `a` is `a[0]`."""
    with pytest.raises(Damaged, match="twice"):
        list(run_steps(*stored(step("a", 0), step("a", index))))


def test_a_page_linked_from_everywhere_ends_at_once() -> None:
    """A small record cannot be read as millions of steps."""
    steps = run_steps(*stored(step("a", None), repeated=10_000))

    assert next(steps) == step("a", None)
    with pytest.raises(Damaged, match="twice"):
        next(steps)
