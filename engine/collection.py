"""Collection: what the runs of a home need, told to the store's gc.

The facts are read from the records of runs; retention.py decides what goes; gc.py sweeps. A
run that has not ended keeps everything it has made.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

from engine.content.blocks import BlockStore
from engine.content.cid import DAG_CBOR, Cid
from engine.content.links import links
from engine.content.schema import kind_of
from engine.environments import ENVIRONMENT_PIN
from engine.errors import Damaged, NotHere
from engine.journal import Journal
from engine.nix.carried import KIND
from engine.nix.closure import Materialiser
from engine.nix.records import CLOSURE, ENVIRONMENT, Closure
from engine.release import RESOURCE
from engine.rows import RunRow
from engine.run import Run
from engine.step import GATHER_PAGE_RECORD, RESULT, STEP
from engine.store.disk import DiskStore
from engine.store.gc import gc
from engine.store.retention import Drop, Kept, Kind, Policy, to_drop
from engine.summary import StepSummary, is_readable, load_run, load_workflow, of_record
from engine.trees import Trees
from engine.values import dataclass
from engine.workflow.lock import LOCK, Lock
from engine.workflow.references import OutputRef, output_reference


@dataclass(frozen=True, slots=True)
class Collected:
    """What a collection did, or would do."""

    drops: tuple[Drop, ...]
    blocks: int
    freed: int  # bytes


LinksOf = Callable[[Cid, bytes], Iterable[Cid]]
_RECORDS: Final = (STEP, GATHER_PAGE_RECORD, RESULT, LOCK)
_NAMING: Final = frozenset((RESOURCE, *(record.kind for record in _RECORDS)))


class Collection:
    """Collects one home."""

    def __init__(
        self, work: Path, store: DiskStore, materialiser: Materialiser, journal: Journal
    ) -> None:
        self._work = work
        self._store = store
        self._materialiser = materialiser
        self._journal = journal

    def collect(self, policy: Policy, *, dry_run: bool) -> Collected:
        """Let go of what the policy does not keep, and of what no run or pin leads to.

        Raises: Damaged, with nothing gone, when a record on the way was, or one of a run is not
        here; Unavailable on a full disk.
        """
        runs = self._journal.runs()
        self._check_records(runs)
        ended = [run.run for run in runs if run.run is not None]
        facts = [fact for fact in self._facts(ended) if self._store.has(fact.cid)]
        drops = to_drop(facts, policy)
        gone = {drop.cid for drop in drops}
        environments = {fact.cid for fact in facts if fact.kind == "environment"}
        if not dry_run:
            self._forget(environments & gone)
        roots = [*ended, *self._unfinished(runs)]
        swept = gc(self._store, roots, _sparing(gone), keep_seconds=0, dry_run=dry_run)
        if not dry_run:
            self._materialiser.sweep(lambda: self._store.derived(KIND))
            Trees(self._work, self._store).sweep(self._store.has)
            drops = tuple(drop for drop in drops if not self._store.has(drop.cid))  # unless held
        return Collected(drops, swept.dropped, swept.freed)

    def needed(self) -> tuple[list[Cid], LinksOf]:
        """Return runs, and what follows their links except to what a collection has taken.

        An intermediate output or an environment that is gone as a whole is made again when it is
        wanted; one that is here must be complete.
        """
        ended = [run.run for run in self._journal.runs() if run.run is not None]
        may_go = {drop.cid for drop in to_drop(self._facts(ended), Policy(environments=0))}
        may_go |= set(self._locked(ended)) - {cid for cid, _ in self._store.pins.all()}
        return ended, _sparing({cid for cid in may_go if not self._store.has(cid)})

    def _locked(self, runs: Iterable[Cid]) -> Iterator[Cid]:
        for cid in runs:
            with suppress(NotHere, Damaged):
                run = load_run(self._store, cid)
                yield from _environments(LOCK.decode(self._store.get(run.lock)))

    def _facts(self, runs: Iterable[Cid]) -> Iterator[Kept]:
        pins = self._store.pins.all()
        pinned = {cid for cid, name in pins if name != ENVIRONMENT_PIN}
        used = self._materialiser.farms.last_used_ms()
        locked = {cid for cid, name in pins if name == ENVIRONMENT_PIN}
        for cid in runs:
            with suppress(NotHere, Damaged):  # of a run without all its records, what is stays
                run = load_run(self._store, cid)
                lock = LOCK.decode(self._store.get(run.lock))
                locked |= set(_environments(lock))
                for content, kind in (*_outputs(self._store, run), *_inputs(lock)):
                    yield Kept(content, kind, 0, 0, content in pinned)
        for cid in locked:
            with suppress(NotHere):
                yield self._environment(cid, used, pinned)

    def _environment(self, cid: Cid, used: dict[Cid, int], pinned: set[Cid]) -> Kept:
        closure, record = self._closure(cid)
        size = sum(path.nar_size for path in record.paths)
        return Kept(cid, "environment", size, used.get(closure, 0), cid in pinned)

    def _closure(self, environment: Cid) -> tuple[Cid, Closure]:
        closure = ENVIRONMENT.decode(self._store.get(environment)).closure
        return closure, CLOSURE.decode(self._store.get(closure))

    def _unfinished(self, runs: Iterable[RunRow]) -> Iterator[Cid]:
        """Yield what runs that have not ended have made so far."""
        for run in runs:
            if run.run is None:
                yield run.workflow
                for row in self._journal.steps(run.id):
                    made = (row.key, row.result, row.attestation, row.signed)
                    yield from (cid for cid in made if cid)

    def _check_records(self, runs: Iterable[RunRow]) -> None:
        """Look whether the records of runs are here: what one that is not led to is not known."""
        for run in runs:
            if run.run is not None and not is_readable(self._store, run.run):
                let_go = f"`tally gc --unpin {run.name}`"
                raise Damaged(
                    f"the record of run '{run.name}' is damaged: what is needed is not known",
                    where=str(run.run),
                    fix=f"run `tally fsck --repair`, or let go of the run: {let_go}",
                )

    def _forget(self, environments: set[Cid]) -> None:
        self._materialiser.forget(environments)
        for cid in environments:
            self._store.pins.unpin(cid, ENVIRONMENT_PIN)


def _outputs(store: BlockStore, run: Run) -> Iterator[tuple[Cid, Kind]]:
    """Yield the outputs of a run's steps: final ones, and those that only other steps read.

    One of which a part is an output of the workflow is final: nothing else leads to the part.
    """
    texts = load_workflow(store, run.workflow).outputs.values()
    finals = [output_reference(text) for text in texts]
    for step in of_record(store, run):
        named = {ref.output for ref in finals if _names(ref, step)}
        for output, cid in step.outputs.items():
            yield cid, "output" if output in named else "intermediate"


def _names(reference: OutputRef, step: StepSummary) -> bool:
    return reference.step == step.name and reference.pick in ("all", step.index)


def _inputs(lock: Lock) -> Iterator[tuple[Cid, Kind]]:
    return ((cid, "input") for cid in lock.inputs.values())


def _environments(lock: Lock) -> Iterator[Cid]:
    return (one.environment for systems in lock.environments.values() for one in systems.values())


def _sparing(gone: set[Cid]) -> LinksOf:
    """Return what follows links, but not from where a step, a lock or a resource names what goes.

    A directory or a log that has the same content somewhere in it still needs it.
    """

    def follow(cid: Cid, data: bytes) -> Iterable[Cid]:
        if cid.codec == DAG_CBOR and kind_of(data) in _NAMING:
            return (link for link in links(cid, data) if link not in gone)
        return links(cid, data)

    return follow
