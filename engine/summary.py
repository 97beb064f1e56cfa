"""Summary: what a run was and gave, from its record, or from the journal while it runs."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Protocol

from engine.attestations import UnknownVersion
from engine.content.blocks import BlockStore, ManyStore
from engine.content.cid import Cid
from engine.content.reader import Get
from engine.content.select import select
from engine.errors import Damaged, NotHere
from engine.evidence import attestation
from engine.exits import failed_by
from engine.rows import WHOLE, Name, StepRow
from engine.run import RUN, RUN_PAGE_RECORD, Run, RunStep
from engine.step import RESULT
from engine.values import dataclass
from engine.workflow.as_data import decode_workflow
from engine.workflow.model import Workflow
from engine.workflow.order import in_order
from engine.workflow.references import OutputRef, output_reference


@dataclass(frozen=True, slots=True)
class StepSummary:
    """One instance of a step."""

    name: str
    index: int | None  # None when the step is not scattered
    status: str  # "ran", "reused", "failed", "skipped"
    key: Cid | None
    result: Cid | None
    attestations: tuple[Cid, ...]
    wall_ms: int  # 0 when no process was started
    outputs: dict[str, Cid]

    @property
    def id(self) -> str:
        """The id that people see: "train[1]"."""
        return self.name if self.index is None else f"{self.name}[{self.index}]"


class Made(Protocol):
    """What an instance gave."""

    @property
    def name(self) -> str:
        """The step."""
        ...

    @property
    def index(self) -> int | None:
        """None when the step is not scattered."""
        ...

    @property
    def outputs(self) -> dict[str, Cid]:
        """By name; empty when it gave none."""
        ...


Output = Cid | tuple[Cid, ...] | None  # several of a gathered one; None of what was skipped


def of_part(store: BlockStore, run: Run, ids: Collection[str]) -> tuple[StepSummary, ...]:
    """Return the steps of a Run; of those not among `ids`, which are not here, only their status.

    Raises: as of_record.
    """
    return tuple(
        _of_step(store, step if step.id in ids else replace(step, result=None, attestations=()))
        for step in run_steps(store, run)
    )


def of_record(store: BlockStore, run: Run) -> tuple[StepSummary, ...]:
    """Return the steps of a Run, as its record has them.

    Raises: Unavailable when a page of it is not here; Damaged when it is malformed.
    """
    return tuple(_of_step(store, step) for step in run_steps(store, run))


def run_steps(store: BlockStore, run: Run) -> Iterator[RunStep]:
    """Yield the steps of a Run, page by page.

    Raises: Unavailable when a page is not here; Damaged when a step comes twice: one page that is
    linked from everywhere would else be steps without end.
    """
    seen: set[tuple[str, int]] = set()
    known = load_workflow(store, run.workflow).steps
    for page in run.pages:
        for step in RUN_PAGE_RECORD.decode(store.get(page)).steps:
            name = (step.name, step.index or 0)
            if name in seen:
                raise Damaged(f"the run has its step '{step.id[:80]}' twice", where=str(page))
            seen.add(name)
            if step.name not in known:
                raise Damaged(f"its workflow has no step '{step.id[:80]}'", where=str(page))
            yield step


def of_rows(
    store: ManyStore,
    rows: Sequence[StepRow],
    workflow: Workflow,
    known: Callable[[Name], dict[str, Cid] | None] = lambda _: None,
) -> tuple[StepSummary, ...]:
    """Return the steps of a run that the journal knows, in the order that its record has.

    `known` gives the outputs of an instance to whoever has them at hand; the store is asked, once
    for all, for the results of the others.
    """
    place = places(workflow, (row.step for row in rows))
    ordered = sorted(rows, key=lambda row: (place[row.step], row.index))
    outputs = {row[:2]: known(row[:2]) for row in ordered}
    asked = {row.result for row in ordered if row.result and outputs[row[:2]] is None}
    here = store.get_many(list(asked))

    def given(row: StepRow) -> dict[str, Cid]:
        found = outputs[row[:2]]
        if found is None and row.result in here:
            found = RESULT.decode(here[row.result]).outputs
        return _outputs(store, row.result) if found is None else found

    return tuple(
        StepSummary(
            row.step,
            row.index if workflow.steps[row.step].scatter and row.index != WHOLE else None,
            row.status,
            row.key,
            row.result,
            tuple(cid for cid in (row.attestation, row.signed) if cid is not None),
            row.wall_ms,
            given(row),
        )
        for row in ordered
    )


def places(workflow: Workflow, named: Iterable[str]) -> dict[str, int]:
    """Return the place of each step in the order of a workflow, which has all that are `named`.

    Raises: Damaged when it has not.
    """
    found = {name: at for at, name in enumerate(in_order(workflow))}
    for name in named:
        if name not in found:
            what = f"a row in the record of runs is damaged: no step is called {name[:80]!a}"
            raise Damaged(what, fix="run `tally fsck --repair`")
    return found


def final_outputs(get: Get, outputs: Mapping[str, str], steps: Iterable[Made]) -> dict[str, Output]:
    """Return the outputs of a workflow, given as references, as far as its steps gave them."""
    made = {(step.name, step.index): step.outputs for step in steps}
    return {name: _final(get, text, made) for name, text in outputs.items()}


def load_workflow(store: BlockStore, cid: Cid) -> Workflow:
    """Return the workflow of a run.

    Raises: Unavailable when it is not here; Damaged when it is malformed.
    """
    return decode_workflow(store.get(cid))


def load_run(store: BlockStore, cid: Cid) -> Run:
    """Return a Run record.

    Raises: Unavailable when it is not here; Damaged when it is malformed or another record.
    """
    return RUN.decode(store.get(cid))


def is_readable(store: BlockStore, cid: Cid) -> bool:
    """Return whether a Run record is here with all its pages."""
    try:
        for _ in run_steps(store, load_run(store, cid)):
            pass
    except (NotHere, Damaged):
        return False
    return True


def failure_of(store: BlockStore, step: StepSummary) -> str:
    """Return in words why a step failed; "" for one that did not, or never ran.

    Raises: NotHere when its records are not here.
    """
    if step.status != "failed" or step.result is None or not step.attestations:
        return ""
    reason = _reason(store, step.attestations[0])
    return failed_by(reason, RESULT.decode(store.get(step.result)).exit_code)


def _reason(store: BlockStore, cid: Cid) -> str:
    try:
        return attestation(store, cid).reason
    except UnknownVersion:
        return ""


def _of_step(store: BlockStore, step: RunStep) -> StepSummary:
    wall_ms = 0
    if step.status in ("ran", "failed") and step.attestations:
        wall_ms = _wall_ms(store, step.attestations[0])
    return StepSummary(
        step.name,
        step.index,
        step.status,
        step.step,
        step.result,
        step.attestations,
        wall_ms,
        _outputs(store, step.result),
    )


def _wall_ms(store: BlockStore, cid: Cid) -> int:
    try:
        return attestation(store, cid).wall_ms
    except (NotHere, UnknownVersion):  # a bundle need not carry how long things took
        return 0


def _outputs(store: BlockStore, result: Cid | None) -> dict[str, Cid]:
    if result is None:
        return {}
    try:
        return RESULT.decode(store.get(result)).outputs
    except NotHere:
        return {}


def _final(get: Get, text: str, made: dict[tuple[str, int | None], dict[str, Cid]]) -> Output:
    reference = output_reference(text)
    if reference.pick == "all":
        indexes = sorted(at for step, at in made if step == reference.step and at is not None)
        found = (_part(get, reference, made.get((reference.step, at))) for at in indexes)
        return tuple(cid for cid in found if cid is not None)
    return _part(get, reference, made.get((reference.step, reference.pick)))


def _part(get: Get, reference: OutputRef, outputs: dict[str, Cid] | None) -> Cid | None:
    if outputs is None or reference.output not in outputs:
        return None
    return select(get, outputs[reference.output], reference.path)[0]
