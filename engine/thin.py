"""Thin: a part of a run as a bundle, with all that it takes to run some of its steps again. Pure.

It begins at a record that says which steps, of which Run. The Run and all its pages are in it, so
that nobody can put other steps in their place, and how many there are is known. Of the rest there
is what these steps lead to: their records, inputs, environments, outputs, logs and signatures,
and what compares their outputs.
"""

from collections.abc import Iterator, Sequence
from typing import Final

from engine.content.blocks import BlockStore
from engine.content.cid import DAG_CBOR, RAW, Cid
from engine.content.links import OURS, reachable
from engine.content.schema import Record, kind_of
from engine.errors import Damaged
from engine.run import RUN, Run, RunStep
from engine.sample import MAX_SEED, order
from engine.step import STEP
from engine.summary import run_steps
from engine.values import dataclass
from engine.workflow.as_data import decode_workflow
from engine.workflow.comparators import comparators
from engine.workflow.lock import LOCK
from engine.workflow.model import Comparator
from engine.workflow.references import InputRef, parse_reference

MAX_PICKS: Final = 20_000  # steps: a record of 100 KB; more of them is no sample
THIN_PIN: Final = "sampled"  # keeps what came in a thin bundle, which is not all of a run


@dataclass(frozen=True, slots=True)
class Thin:
    """Some steps of a run."""

    picks: tuple[int, ...]  # places among the steps that gave a result, as drawn
    seed: str  # what they were drawn with; "" when somebody chose them
    whole: Cid  # the Run


def _check(thin: Thin) -> None:
    if not 0 < len(thin.picks) <= MAX_PICKS or len(set(thin.picks)) < len(thin.picks):
        raise Damaged(f"it has not 1 to {MAX_PICKS} steps, or one twice")
    if min(thin.picks) < 0:
        raise Damaged("it has a step before the first")
    if len(thin.seed) > MAX_SEED or not (thin.seed.isascii() and thin.seed.isprintable()):
        raise Damaged("its seed cannot be printed")


THIN: Final = Record("tallystick/thin/1", Thin, _check)


def is_thin(store: BlockStore, root: Cid) -> bool:
    """Return whether a root, which is here, is a Thin record."""
    return root.codec == DAG_CBOR and kind_of(store.get(root)) == THIN.kind


def repeatable(store: BlockStore, run: Run) -> tuple[RunStep, ...]:
    """Return the steps of a run that gave a result: those that can be run again.

    Raises: NotHere when a page is not here; Damaged when one is malformed.
    """
    return tuple(step for step in run_steps(store, run) if step.result)


def picked(thin: Thin, steps: Sequence[RunStep]) -> tuple[RunStep, ...]:
    """Return the steps of a sample, in its order, of all that can be run again.

    Raises: Damaged when it has one that the run has not.
    """
    if max(thin.picks) >= len(steps):
        raise Damaged("a sample of more steps than its run has", where=str(thin.whole))
    return tuple(steps[at] for at in thin.picks)


def is_drawn(thin: Thin, steps: Sequence[RunStep]) -> bool:
    """Return whether a sample is what the order of its seed begins with."""
    drawn = order(thin.seed, thin.whole, [step.id for step in steps])
    return bool(thin.seed) and drawn[: len(thin.picks)] == thin.picks


def content(store: BlockStore, root: Cid) -> Iterator[Cid]:
    """Yield all that a thin bundle holds, each block once, and what links to it before it.

    A block is read only after it was yielded.

    Raises: NotHere for one that is not here; Damaged for what is malformed, or not of the run.
    """
    seen: set[Cid] = set()
    for cid in _all(store, root):
        if cid not in seen:
            seen.add(cid)
            yield cid


def missing(store: BlockStore, root: Cid) -> Iterator[Cid]:
    """Yield what a thin bundle should hold and is not here; below a record, nothing is looked for.

    Raises: Damaged as content.
    """
    for cid in content(store, root):
        if not store.has(cid):
            yield cid
            if cid.codec != RAW:
                return


def deep_parts(store: BlockStore, root: Cid) -> Iterator[Cid]:
    """Yield what a thin bundle has with all that it leads to: of steps, then of environments.

    Raises: as content.
    """
    yield from _of_steps(store, root)
    yield from environments(store, root)


def _all(store: BlockStore, root: Cid) -> Iterator[Cid]:
    yield root
    yield (whole := THIN.decode(store.get(root)).whole)
    run = RUN.decode(store.get(whole))
    yield from (run.workflow, run.lock, *run.pages)
    for parts in (_of_steps, environments):
        yield from reachable(store.get, parts(store, root), OURS)


def _of_steps(store: BlockStore, root: Cid) -> Iterator[Cid]:
    for one in _steps(store, root):
        yield from (cid for cid in (one.step, one.result, *one.attestations) if cid)
    lock = LOCK.decode(store.get(_run(store, root).lock))
    for comparator in _comparators(store, root):
        references = map(parse_reference, comparator.inputs.values())
        names = [one.name for one in references if isinstance(one, InputRef)]
        yield from (lock.inputs[name] for name in names if name in lock.inputs)


def environments(store: BlockStore, root: Cid) -> Iterator[Cid]:
    """Yield the environments that the steps of a thin bundle run in, and what compares them.

    Raises: as content.
    """
    lock = LOCK.decode(store.get(_run(store, root).lock))
    for comparator in _comparators(store, root):
        locked = lock.environments.get(comparator.environment, {})
        yield from (locked[system].environment for system in sorted(locked))
    carriers = lock.carriers
    steps = (STEP.decode(store.get(one.step)) for one in _steps(store, root) if one.step)
    used = {step.closure for step in steps}
    yield from (carriers[closure] for closure in sorted(used) if closure in carriers)


def _run(store: BlockStore, root: Cid) -> Run:
    return RUN.decode(store.get(THIN.decode(store.get(root)).whole))


def _comparators(store: BlockStore, root: Cid) -> Iterator[Comparator]:
    """Yield what compares the outputs of the steps that are in a thin bundle."""
    workflow = decode_workflow(store.get(_run(store, root).workflow))
    for name in dict.fromkeys(one.name for one in _steps(store, root)):
        if name in workflow.steps:
            yield from (one for _, one in comparators(workflow.steps[name]))


def _steps(store: BlockStore, root: Cid) -> tuple[RunStep, ...]:
    thin = THIN.decode(store.get(root))
    return picked(thin, repeatable(store, RUN.decode(store.get(thin.whole))))
