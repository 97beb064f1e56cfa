"""Run: one link from which all that is needed to repeat a run can be reached. Pure.

It holds what was used and what came of each step, nothing of when or where: that is in the
attestations. Steps come in the order of the workflow's groups, then by index, in pages.
"""

from typing import Final

from engine.content.blocks import Block
from engine.content.cid import Cid
from engine.content.schema import Record
from engine.errors import Damaged
from engine.values import dataclass
from engine.workflow.names import is_name

RUN_PAGE: Final = 1_000  # steps; more go in further pages, so that a record stays under 1 MiB

STATUSES: Final = ("succeeded", "failed", "cancelled")
STEP_STATUSES: Final = ("ran", "reused", "failed", "skipped")


@dataclass(frozen=True, slots=True)
class RunStep:
    """What became of one instance of a step."""

    name: str
    index: int | None  # None when the step is not scattered
    status: str  # one of STEP_STATUSES
    step: Cid | None  # its key; None when it was never resolved, as when it was skipped
    result: Cid | None  # None when it did not end
    attestations: tuple[Cid, ...]  # of that result: Attestation, or Signed around one

    @property
    def id(self) -> str:
        """The id that people see: "train[1]"."""
        return self.name if self.index is None else f"{self.name}[{self.index}]"


@dataclass(frozen=True, slots=True)
class RunPage:
    """Up to RUN_PAGE steps of a Run."""

    steps: tuple[RunStep, ...]


@dataclass(frozen=True, slots=True)
class Run:
    """A whole run."""

    workflow: Cid
    lock: Cid
    parameters: dict[str, str]  # compact JSON, as in engine/workflow/parameters.py
    status: str  # one of STATUSES
    pages: tuple[Cid, ...]  # RunPages


def _check_run(run: Run) -> None:
    if run.status not in STATUSES:
        raise Damaged(f"no run is '{run.status[:40]}'")


def _check_page(page: RunPage) -> None:
    if not 0 < len(page.steps) <= RUN_PAGE:
        raise Damaged(f"it has not 1 to {RUN_PAGE} steps")
    for status in {step.status for step in page.steps}.difference(STEP_STATUSES):
        raise Damaged(f"no step is '{status[:40]}'")
    names = {step.name for step in page.steps}  # they are printed, and looked for
    if not all(map(is_name, names)) or any((step.index or 0) < 0 for step in page.steps):
        wrong = next(s for s in page.steps if not is_name(s.name) or (s.index or 0) < 0)
        raise Damaged(f"no step is called {wrong.id[:80]!a}")


RUN: Final = Record("tallystick/run/1", Run, _check_run)
RUN_PAGE_RECORD: Final = Record("tallystick/run-page/1", RunPage, _check_page)


def run_pages(steps: tuple[RunStep, ...]) -> tuple[Block, ...]:
    """Return the pages of a run's steps, in order."""
    starts = range(0, len(steps), RUN_PAGE)
    return tuple(RUN_PAGE_RECORD.block(RunPage(steps[at : at + RUN_PAGE])) for at in starts)
