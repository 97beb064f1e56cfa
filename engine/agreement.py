"""Agreement: whether what the journal says of a run's steps is what the run ended with.

A bit that flips within a row may give another row of the right form: another step, another index,
a result that nobody made. The record of a run that has ended says the same, and has an address.
"""

from collections.abc import Iterable, Iterator

from engine.content.blocks import BlockStore
from engine.errors import Damaged, NotHere
from engine.journal import Journal
from engine.rows import WHOLE, RunRow, StepRow
from engine.run import RunStep
from engine.summary import load_run, load_workflow, run_steps


def disagreeing(store: BlockStore, journal: Journal) -> Iterator[RunRow]:
    """Yield the runs of which the rows of steps are not as they were written."""
    return (run for run in journal.runs() if not _agrees(store, journal, run))


def _agrees(store: BlockStore, journal: Journal, run: RunRow) -> bool:
    rows = journal.steps(run.id)
    if not rows:
        return True  # it was imported: its record is asked
    try:
        if run.run is None:
            known = load_workflow(store, run.workflow).steps
            return all(row.step in known for row in rows)
        return _are_those_of(rows, run_steps(store, load_run(store, run.run)))
    except (NotHere, Damaged):  # of which others tell; nothing is known better than the rows
        return True


def _are_those_of(rows: list[StepRow], steps: Iterable[RunStep]) -> bool:
    recorded = {(step.name, step.index): step for step in steps}
    return len(rows) == len(recorded) and all(
        _is(row, recorded.get((row.step, row.index)) or recorded.get((row.step, None)))
        for row in rows
    )


def _is(row: StepRow, step: RunStep | None) -> bool:
    if step is None or (step.index is None and row.index not in (0, WHOLE)):
        return False
    proofs = tuple(cid for cid in (row.attestation, row.signed) if cid is not None)
    said = (step.status, step.step, step.result, step.attestations)
    return said == (row.status, row.key, row.result, proofs)
