"""What compares the outputs of a run: its author's programs, each in its environment."""

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from functools import cache
from pathlib import Path

from cli.crews import open_slots
from cli.heard import Heard
from cli.lockfile import environments
from cli.prepare import carriers_of, use_of
from cli.settings import Settings
from cli.workspace import Workspace
from engine.comparing import Comparing, Make
from engine.content.cid import Cid
from engine.content.select import select
from engine.crew import Crew
from engine.errors import Unavailable
from engine.opinion import Asked, Opinion
from engine.progress import Watch
from engine.rows import Name
from engine.run import Run
from engine.runner import Order, limits_of
from engine.sourced import Sourced
from engine.step import STEP, SYSTEM
from engine.summary import load_workflow
from engine.workflow.comparisons import Comparisons
from engine.workflow.found import Select
from engine.workflow.lock import LOCK, Lock
from engine.workflow.model import Comparator, Workflow
from engine.workflow.parameters import Params, bind
from engine.workflow.resolve import EnvironmentUse


def comparing_in(
    space: Workspace, settings: Settings, run: Run, within: Cid, opened: ExitStack, watch: Watch
) -> Callable[[Crew | None], Comparing]:
    """Return what opens the comparing of a run's outputs, in a crew of this machine.

    Without a crew, slots are opened for it, and closed with `opened`. Peers compare nothing: whose
    result is looked at has no say in what it is worth.
    """

    def open_(crew: Crew | None) -> Comparing:
        here = crew or opened.enter_context(
            open_slots(space, carriers_of(space, run), settings.jobs)
        )
        store = Sourced(space.store, space.sources, within)
        return Comparing(store, here, _of_run(space, run, within), watch)

    return open_


def compare_all(
    space: Workspace, settings: Settings, run: Run, within: Cid, asked: Sequence[Asked]
) -> dict[Name, Opinion]:
    """Have outputs of a run compared, and return the opinions by what each is called.

    Of a comparator that fails it is told why, and what it printed last.

    Raises: Unavailable when this machine cannot; Damaged when what is recorded is not all right.
    """
    if not asked:
        return {}
    with ExitStack() as opened:
        heard = Heard()
        open_ = comparing_in(space, settings, run, within, opened, heard)
        opinions = open_(None).ask_all(asked)
        heard.tell(asked, opinions)
        return opinions


def _of_run(space: Workspace, run: Run, within: Cid) -> Make:
    workflow = load_workflow(space.store, run.workflow)
    lock = LOCK.decode(space.store.get(run.lock))
    return making(space, workflow, bind(workflow, run.parameters), lock, within)


def making(space: Workspace, workflow: Workflow, bound: Params, lock: Lock, within: Cid) -> Make:
    """Return what makes the steps that compare outputs of a run; `within`: as in cli/repeat.py."""
    comparisons = Comparisons(workflow, bound, lock.inputs, choosing(space, within))
    use = using(space, lock, within)

    def make(comparator: Comparator, was: Cid, now: Cid) -> Order:
        found = comparisons.step(comparator, use(comparator.environment), was, now)
        if space.sources:
            space.sources.have(found.step.inputs.values(), within)
        record = STEP.block(found.step)
        blocks = (record, *found.blocks)
        return Order(record.cid, found.step, blocks, limits_of(found.resources))

    return make


def using(space: Workspace, lock: Lock, within: Cid) -> Callable[[str], EnvironmentUse]:
    """Return what has an environment of a run ready, by its name.

    It raises Unavailable when that was never locked for this system, or cannot be had.
    """
    settling = environments(space, Path(), offline=True, within=within)

    @cache
    def use(name: str) -> EnvironmentUse:
        if (locked := lock.environments.get(name, {}).get(SYSTEM)) is None:
            what = f"its environment '{name}' was never locked for {SYSTEM}"
            raise Unavailable(what, where=str(within), fix="run it where its author did")
        return use_of(space, settling.open(locked.environment))

    return use


def choosing(space: Workspace, within: Cid) -> Select:
    """Return what takes parts of the inputs of a run."""
    store = Sourced(space.store, space.sources, within)

    def choose(cid: Cid, path: str) -> Cid:
        part, blocks = select(store.get, cid, path)
        store.put(blocks)
        return part

    return choose
