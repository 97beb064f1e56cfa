"""`tally check-determinism`: run steps under varied conditions, and say what makes them differ."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from cli.options import common, ipfs_node
from cli.report import note
from cli.settings import Settings
from engine.errors import Differs

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cli.rerunnable import Rerunnable
    from cli.workspace import Workspace
    from engine.determinism.conditions import Conditions
    from engine.determinism.laboratory import Examined


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
    from cli.determinismview import emit
    from cli.rerunnable import Rerunnable, find
    from cli.workspace import Workspace

    online = None if offline else settings
    if _is_workflow(what):
        with Aside(settings.home, writing=True, online=online) as aside:
            found = Rerunnable(run_once(aside, settings, what, params, step, offline=offline))
            examined = _examine(aside, settings, found, step, pairs)
    else:
        with Workspace(settings.home, writing=True, online=online) as space:
            found = find(space, what)
            examined = _examine(space, settings, found, step, pairs)
    emit(settings, found.run, examined)
    _judge(examined)


def _is_workflow(what: str) -> bool:
    path = Path(what)
    return path.suffix in (".yaml", ".yml", ".py", ".json") or (
        path.is_file() and path.suffix != ".car"
    )


def _examine(
    space: "Workspace", settings: Settings, found: "Rerunnable", step: str | None, pairs: int
) -> "list[Examined]":
    from cli.laboratories import open_laboratory
    from cli.repeat import bring
    from cli.sampling import Wanted, draw
    from engine.rerun import recorded_steps
    from engine.summary import load_run
    from engine.thin import repeatable

    within = found.release.cid if found.release else found.run
    space.store.hold([found.run])  # a gc would take what only steps read
    record = load_run(space.store, found.run)
    wanted = Wanted((step,) if step else (), None, None, None)
    drawn = draw(space.store, found.run, repeatable(space.store, record), wanted, found.thin)
    chosen = recorded_steps(space.store, record, drawn.steps)
    bring(space, within, record, chosen)
    with open_laboratory(space, settings, record, within) as laboratory:
        return [laboratory.examine(one, pairs, _tell) for one in chosen]


def _tell(step: str, number: int, conditions: "Conditions") -> None:
    from cli.determinismview import under

    note(f"{step}: run {number}, {under(conditions)}")


def _judge(examined: "Sequence[Examined]") -> None:
    """Look whether everything is deterministic.

    Raises: Differs when something is not.
    """
    bad = [one for one in examined if one.finding.differs]
    if not bad:
        return
    causes = ", ".join(one.cause for one in bad[0].finding.causes)
    others = f" and {len(bad) - 1} more" if len(bad) > 1 else ""
    what = f"step '{bad[0].id}'{others} gives something else each time: {causes}"
    raise Differs(what, fix="do as is said of it above, then check again")
