"""`tally check-determinism`: run steps under varied conditions, and say what makes them differ."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from cli.options import common, ipfs_node
from cli.report import note
from cli.settings import Settings
from engine.errors import Refused

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from cli.rerunnable import Rerunnable
    from cli.workspace import Workspace
    from engine.determinism.conditions import Conditions
    from engine.determinism.examined import Examined, Left
    from engine.rerun import Recorded
    from engine.run import Run, RunStep


@click.command("check-determinism")
@click.argument("what", metavar="WORKFLOW|RUN")
@click.argument("step", required=False)
@click.option("-p", "params", metavar="NAME=VALUE", multiple=True, help="Set a param (as YAML).")
@click.option("--pairs", type=click.IntRange(1, 100), default=1, help="Pairs of runs to compare.")
@click.option("--offline", is_flag=True, help="Use no network and no Nix.")
@ipfs_node
@common
def check_determinism(
    settings: Settings,
    what: str,
    step: str | None,
    params: tuple[str, ...],
    pairs: int,
    offline: bool,
) -> None:
    """Say whether the steps of WORKFLOW or RUN give the same whatever the machine is like.

    Each step runs twice, under conditions as different as its contract lets them be: time, random
    bytes, addresses, the order of directories, processors, what /proc says. If what comes out
    differs, more runs find the cause. No result is reused, and none is kept for reuse.
    """
    from cli.aside import Aside, run_once
    from cli.determinismview import emit, require
    from cli.rerunnable import Rerunnable, find
    from cli.workspace import Workspace

    online = None if offline else settings
    if _is_workflow(what):
        with Aside(settings.home, writing=True, online=online) as aside:
            once = run_once(aside, settings, what, params, step, offline=offline)
            found = Rerunnable(once.run)
            examined = _examine(aside, settings, found, step, pairs, once.notes)
    else:
        _check(params)
        with Workspace(settings.home, writing=True, online=online) as space:
            found = find(space, what)
            examined = _examine(space, settings, found, step, pairs, {})
    emit(settings, found.run, examined)
    require(examined)


def _is_workflow(what: str) -> bool:
    path = Path(what)
    return path.suffix in (".yaml", ".yml", ".py", ".json") or (
        path.is_file() and path.suffix != ".car"
    )


def _check(params: tuple[str, ...]) -> None:
    """Look whether options go with a RUN.

    Raises: Refused for params: its steps run with those that are recorded.
    """
    if params:
        what = "a RUN has its params already: -p goes with a WORKFLOW"
        fix = "leave out -p, or name the file of the workflow"
        raise Refused(what, where=f"-p {params[0][:80]}", fix=fix)


def _examine(
    space: "Workspace",
    settings: Settings,
    found: "Rerunnable",
    step: str | None,
    pairs: int,
    notes: "Mapping[str, str]",
) -> "list[Examined | Left]":
    """Return what is found of each step of a run, in its order; `notes`: why some failed."""
    from cli.laboratories import open_laboratory
    from cli.repeat import bring
    from cli.sampling import Wanted, draw
    from engine.rerun import recorded_steps
    from engine.summary import load_run, run_steps
    from engine.thin import repeatable

    within = found.release.cid if found.release else found.run
    space.store.hold([found.run])  # a gc would take what only steps read
    record = load_run(space.store, found.run)
    steps = tuple(run_steps(space.store, record))
    lost = _lost(space, record, steps, step, notes)
    chosen: tuple[Recorded, ...] = ()
    if step is None or not lost:
        wanted = Wanted((step,) if step else (), None, None, None)
        drawn = draw(space.store, found.run, repeatable(space.store, record), wanted, found.thin)
        chosen = recorded_steps(space.store, record, drawn.steps)
    bring(space, within, record, chosen)
    failed = _failed(space, record, {one.id for one in chosen})
    given: dict[str, Examined | Left] = {one.id: one for one in lost}
    with open_laboratory(space, settings, record, within) as laboratory:
        for one in chosen:
            given[one.id] = laboratory.examine(one, pairs, _tell, failed.get(one.id, ""))
    return [given[one.id] for one in steps if one.id in given]


def _lost(
    space: "Workspace",
    record: "Run",
    steps: "Sequence[RunStep]",
    wanted: str | None,
    notes: "Mapping[str, str]",
) -> "list[Left]":
    """Return the instances, of those wanted, that gave nothing as a step failed."""
    from engine.determinism.examined import left
    from engine.summary import load_workflow
    from engine.workflow.graph import groups
    from engine.workflow.parameters import bind

    if record.status != "failed":
        return []
    workflow = load_workflow(space.store, record.workflow)
    found = left(steps, groups(workflow, bind(workflow, record.parameters)), notes)
    return [one for one in found if wanted in (None, one.id, one.id.partition("[")[0])]


def _failed(space: "Workspace", record: "Run", ids: "Collection[str]") -> dict[str, str]:
    """Return why instances failed when they were recorded, by id."""
    from engine.summary import failure_of, of_part

    if record.status != "failed":
        return {}
    found = (one for one in of_part(space.store, record, ids) if one.id in ids)
    return {
        one.id: failure_of(space.store, one) or "it failed"
        for one in found
        if one.status == "failed"
    }


def _tell(step: str, number: int, conditions: "Conditions") -> None:
    from cli.determinismview import under

    note(f"{step}: run {number}, {under(conditions)}")
