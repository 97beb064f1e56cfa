"""Mending a home: what is damaged or missing is had again, from another copy or by a rerun.

What is tried, in this order: the rest of the store and of the home, the rows of the journal, Nix's
own store, peers and IPFS, the workflow's steps. Whether it was enough is for another look at
everything to say.
"""

from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from contextlib import suppress
from functools import partial
from pathlib import Path
from queue import SimpleQueue
from typing import Final, cast

from cli.bundlefile import enter
from cli.crews import open_slots
from cli.named import find_workflow
from cli.prepare import carriers_of, prepare
from cli.report import note
from cli.workspace import Workspace
from engine.agreement import disagreeing
from engine.clock import SystemClock
from engine.content.cid import DAG_CBOR, Cid
from engine.content.schema import kind_of
from engine.database import SCHEMA
from engine.entries import entries_of
from engine.environments import ENVIRONMENT_PIN
from engine.errors import Damaged, Refused, TallyError, Unavailable
from engine.nix.capture import keep
from engine.nix.environment import open_environment
from engine.nix.nixstore import NixStore
from engine.nix.records import ClosurePath
from engine.nix.storepath import STORE_DIR
from engine.plan_events import Status
from engine.products import Products
from engine.remake import Remaker, all_here, lost_below
from engine.rowcheck import drop_damaged_rows
from engine.rows import RunRow
from engine.run import RUN, Run, RunStep
from engine.runblocks import run_blocks
from engine.runner import Order, Report
from engine.salvage import salvage
from engine.slots import Slots
from engine.step import RESULT, STEP
from engine.store.add import add_path
from engine.store.fsck import Finding
from engine.store.recover import salvage_index
from engine.store.refind import refind
from engine.store.space import renew
from engine.summary import is_readable, load_run, load_workflow, run_steps
from engine.trees import Trees
from engine.trust.book import SCHEMA as TRUST
from engine.trust.booksalvage import salvage_book
from engine.workflow.graph import groups
from engine.workflow.lock import LOCK
from engine.workflow.parameters import bind
from peers.bindings_schema import NAME
from peers.bindings_schema import SCHEMA as NAMES

_REFUSED: Final = 8  # roots of which others had nothing; then no more is asked for


def mend_databases(home: Path) -> list[Finding]:
    """Make the database files of a home anew that cannot be read; return what was found.

    Raises: Unavailable while a tally process uses one, or on a full disk.
    """
    salvaged = (
        ("the record of runs", salvage(home / "state.db", SCHEMA) if home.exists() else None),
        ("the store's index", _salvage_index(home / "store")),
        (NAMES.what, salvage(home / NAME, NAMES) if home.exists() else None),
        (TRUST.what, salvage_book(home) if home.exists() else None),
    )
    return [
        Finding("damaged", None, f"{what} was damaged", str(kept), "")
        for what, kept in salvaged
        if kept is not None
    ]


def mend(space: Workspace, findings: Sequence[Finding]) -> None:
    """Have again what was found damaged or missing, as far as that can be.

    Raises: Unavailable on a full disk.
    """
    drop_damaged_rows(space.database)
    renew(space.store, {Path(one.where) for one in findings})
    missing = frozenset(one.cid for one in findings if one.cid is not None)
    refind(space.store, missing)
    _from_trees(space)
    for row in space.journal.runs():
        if row.run is not None and not is_readable(space.store, row.run):
            _record_again(space, row)
    if not space.journal.runs():
        _enter_runs(space)
    for row in tuple(disagreeing(space.store, space.journal)):
        space.journal.forget_steps(row.id)
    _environments(space)
    if space.sources:
        _from_elsewhere(space, missing)
    for row in space.journal.runs():
        if row.run is not None:
            with suppress(TallyError):  # without its records nothing more can be done
                _Mending(space, load_run(space.store, row.run)).mend(missing)


def drop_unknown(space: Workspace) -> None:
    """Remove what was staged or unpacked of content that is not known any more, damaged or not."""
    Trees(space.work, space.store).drop_unknown()
    for cid in space.materialiser.farms.all():
        if not space.store.has(cid):
            space.materialiser.farms.forget(cid)


def _salvage_index(root: Path) -> Path | None:
    return salvage_index(root, SystemClock().now_ms()) if root.exists() else None


def _from_trees(space: Workspace) -> None:
    """Put in the store what only directories that steps read still have."""
    for cid, tree in Trees(space.work, space.store).all().items():
        if not all_here(space.store, [cid]):
            with suppress(TallyError):
                add_path(space.store, tree)


def _record_again(space: Workspace, row: RunRow) -> None:
    """Make the record of a run again from its rows, with whichever lock that succeeds."""
    with suppress(TallyError):
        workflow = load_workflow(space.store, row.workflow)
        ordered = groups(workflow, bind(workflow, row.parameters))
        steps = space.journal.steps(row.id)
        for lock in _of_kind(space, LOCK.kind):
            status = cast("Status", row.status)
            blocks = run_blocks(row.workflow, lock, row.parameters, status, ordered, steps)
            if blocks[-1].cid == row.run:
                space.store.put(blocks)
                return


def _enter_runs(space: Workspace) -> None:
    """Enter the runs whose records are here in a journal that has lost all its rows."""
    for cid in _of_kind(space, RUN.kind):
        with suppress(TallyError):
            enter(space, cid)


def _of_kind(space: Workspace, kind: str) -> Iterator[Cid]:
    for (raw,) in space.store.index.scan("SELECT DISTINCT cid FROM blocks"):
        cid = Cid(raw)
        with suppress(TallyError):
            if cid.codec == DAG_CBOR and kind_of(space.store.get(cid)) == kind:
                yield cid


def _environments(space: Workspace) -> None:
    """Unpack again what of environments is not here, from Nix's store if that has it."""
    for cid in {cid for cid, name in space.store.pins.all() if name == ENVIRONMENT_PIN}:
        with suppress(Refused, Unavailable, Damaged):  # then its run has it made again
            opened = open_environment(space.store, cid)
            for path in opened.closure.paths:
                if not all_here(space.store, [opened.environment.nars[path.name]]):
                    _path(space, path)


def _path(space: Workspace, path: ClosurePath) -> None:
    with suppress(Unavailable, Damaged, OSError):
        nix = (
            NixStore(Path("/")) if space.materialiser.paths.has(path.nar_hash) else space.nix.store
        )
        try:
            keep([path], nix, space.materialiser.paths, space.store)
        except Damaged:  # its files may be the very files of Nix's store
            note(f"{STORE_DIR}/{path.name}: repaired by Nix")
            space.nix.run("nix-store", "--repair-path", f"{STORE_DIR}/{path.name}")
            space.materialiser.paths.put_away(path.nar_hash)
            keep([path], space.nix.store, space.materialiser.paths, space.store)


def _from_elsewhere(space: Workspace, missing: frozenset[Cid]) -> None:
    """Have from others what of pins and runs is lost, as far as it is public there."""
    roots = [cid for cid, _ in space.store.pins.all()]
    roots += [row.run for row in space.journal.runs() if row.run is not None]
    refused = 0
    for root in dict.fromkeys(roots):
        lost = lost_below(space.store, root, missing)
        try:
            space.sources.have(lost, root)
        except TallyError:
            refused += 1  # as of what never left this home: to ask for all of it takes long
        if refused == _REFUSED:
            return


class _Mending:
    """One run, whose record is here."""

    def __init__(self, space: Workspace, run: Run) -> None:
        """Read what the run was.

        Raises: Unavailable, Damaged when that cannot be read.
        """
        self._space, self._run = space, run
        self._workflow = load_workflow(space.store, run.workflow)
        self._groups = groups(self._workflow, bind(self._workflow, run.parameters))
        self._steps = tuple(run_steps(space.store, run))

    def mend(self, missing: frozenset[Cid]) -> None:
        """Make again what is missing of it."""
        if not all(self._space.store.has(step.step) for step in self._steps if step.step):
            with suppress(TallyError):
                self._resolve_again()
        remaker = Remaker(self._space.store, self._workflow, self._groups, missing)
        steps = remaker.order(self._steps)
        if not steps:
            return
        carriers = carriers_of(self._space, self._run)
        with open_slots(self._space, carriers, 1) as slots:
            for step in steps:
                why = remaker.make(step, partial(_run, slots, step))
                note(f"{step.id}: " + (f"cannot be made again: {why}" if why else "made again"))

    def _resolve_again(self) -> None:
        """Put the records of steps whose inputs are known."""
        store = self._space.store
        named = find_workflow(self._space, str(RUN.cid(self._run)))
        resolver = prepare(self._space, named, (), offline=False).resolver
        unknown = {group.step for group in self._groups if group.count is None}
        products = Products()
        for step in self._steps:
            if step.name in unknown:
                unknown.remove(step.name)
                directory = resolver.directory(step.name, products.get)
                resolver.expand(step.name, entries_of(store, directory))
            if step.step is not None:
                resolved = resolver.step(step.name, step.index, products.get)
                store.put((*resolved.blocks, STEP.block(resolved.step)))
            if step.result is not None:
                outputs = RESULT.decode(store.get(step.result)).outputs
                products.add(step.name, step.index or 0, outputs)


def _run(slots: Slots, step: RunStep, order: Order) -> Report:
    ended: SimpleQueue[Future[Report]] = SimpleQueue()
    slots.start((step.name, step.index or 0), order, lambda stream, data: None, ended.put)
    return ended.get().result()
