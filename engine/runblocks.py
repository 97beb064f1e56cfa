"""Run blocks: the Run record of a run that has ended, made of the rows of its steps. Pure."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from engine.content.blocks import Block
from engine.content.cid import Cid
from engine.errors import Damaged
from engine.rows import WHOLE, StepRow
from engine.run import RUN, Run, RunStep, run_pages
from engine.workflow.graph import Group

if TYPE_CHECKING:
    from engine.plan_events import Status


def run_blocks(
    workflow: Cid,
    lock: Cid,
    parameters: dict[str, str],
    status: "Status",
    groups: Sequence[Group],
    rows: Sequence[StepRow],
) -> tuple[Block, ...]:
    """Return the blocks of a run; the last one is the Run itself.

    Raises: Damaged when a row is of a step that no group is of.
    """
    pages = run_pages(_steps(groups, rows))
    links = tuple(page.cid for page in pages)
    return (*pages, RUN.block(Run(workflow, lock, parameters, status, links)))


def _steps(groups: Sequence[Group], rows: Sequence[StepRow]) -> tuple[RunStep, ...]:
    """Return what became of each instance, in the order of the groups, then by index."""
    order = {group.step: (place, group.scattered) for place, group in enumerate(groups)}
    if unknown := {row.step for row in rows}.difference(order):
        what = f"a row in the record of runs is damaged: no step is called {min(unknown)[:80]!a}"
        raise Damaged(what, fix="run `tally fsck --repair`")
    ordered = sorted(rows, key=lambda row: (order[row.step][0], row.index))
    return tuple(_step(row, scattered=order[row.step][1]) for row in ordered)


def _step(row: StepRow, *, scattered: bool) -> RunStep:
    return RunStep(
        name=row.step,
        index=row.index if scattered and row.index != WHOLE else None,
        status=row.status,
        step=row.key,
        result=row.result,
        attestations=tuple(cid for cid in (row.attestation, row.signed) if cid is not None),
    )
