"""Ending: the Run record of a run, made of what the journal has of its steps. Pure."""

from collections.abc import Iterable, Sequence

from engine.content.blocks import Block
from engine.content.cid import Cid
from engine.journal import StepRow
from engine.plan_events import WHOLE, Status
from engine.run import RUN, Run, RunStep, run_pages
from engine.workflow.graph import Group


def run_steps(groups: Sequence[Group], rows: Iterable[StepRow]) -> tuple[RunStep, ...]:
    """Return what became of each instance, in the order of the groups, then by index."""
    order = {group.step: (place, group.scattered) for place, group in enumerate(groups)}
    ordered = sorted(rows, key=lambda row: (order[row.step][0], row.index))
    return tuple(_run_step(row, scattered=order[row.step][1]) for row in ordered)


def run_record(
    workflow: Cid,
    lock: Cid,
    parameters: dict[str, str],
    status: Status,
    steps: tuple[RunStep, ...],
) -> tuple[Block, ...]:
    """Return the blocks of a run; the last one is the Run itself."""
    pages = run_pages(steps)
    links = tuple(page.cid for page in pages)
    return (*pages, RUN.block(Run(workflow, lock, parameters, status, links)))


def _run_step(row: StepRow, *, scattered: bool) -> RunStep:
    return RunStep(
        name=row.step,
        index=row.index if scattered and row.index != WHOLE else None,
        status=row.status,
        step=row.key,
        result=row.result,
        attestations=tuple(cid for cid in (row.attestation, row.signed) if cid is not None),
    )
