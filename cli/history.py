"""`tally runs`, `tally show` and `tally cancel`: the runs of this home."""

import time
from dataclasses import replace
from typing import TYPE_CHECKING, Final

import click

from cli.options import common, offline
from cli.paid import paid
from cli.report import emit_json, emit_table, human_seconds, note
from cli.settings import Settings
from cli.workspace import Workspace
from engine.errors import Refused
from engine.rows import RunRow

_ENDS: Final = {
    "succeeded": "it has succeeded",
    "failed": "it has failed",
    "cancelled": "it was cancelled",
    "interrupted": "it was interrupted",
}

if TYPE_CHECKING:  # `tally runs` need not wait for all that a run is made of
    from cli.evidenceview import Vouched
    from cli.runview import RunView


@click.command()
@common
def runs(settings: Settings) -> None:
    """List the runs, the latest first."""
    with Workspace(settings.home) as space:
        found = space.journal.runs()
    if settings.json:
        return emit_json(
            {
                "runs": [
                    {
                        "id": run.id,
                        "name": run.name,
                        "workflow": run.title,
                        "status": run.status,
                        "created_ms": run.created_ms,
                        "finished_ms": run.finished_ms,
                        "run": str(run.run) if run.run else None,
                    }
                    for run in found
                ]
            }
        )
    rows = [
        (run.name, run.title, run.status, _when(run.created_ms), _took(run), str(run.run or "-"))
        for run in found
    ]
    if not rows:
        note("no run yet; 'tally run WORKFLOW' makes one")
    return emit_table(rows, ("name", "workflow", "status", "begun", "took", "run"))


def _when(milliseconds: int) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(milliseconds / 1000))


def _took(run: RunRow) -> str:
    return "-" if run.finished_ms is None else human_seconds(run.finished_ms - run.created_ms)


@click.command()
@click.argument("run", metavar="RUN|RESOURCE")
@click.option(
    "--evidence", is_flag=True, help="Who vouches for each step: where, when and how it ran."
)
@common
@offline
def show(settings: Settings, run: str, evidence: bool) -> None:
    """Show RUN: its steps, their outputs, and the outputs of the workflow; or an Open Resource."""
    from cli.runview import emit_run, view

    if not evidence and _shown(settings, run):
        return None
    with Workspace(settings.home, online=settings) as space:
        found = view(space, run)
        if found.name and not evidence:
            found = replace(found, cost=paid(space.home, found.name))
        told = _vouched(space, found) if evidence else None
    if told is None:
        return emit_run(found, as_json=settings.json)
    from cli.evidenceview import emit

    return emit(told, as_json=settings.json)


def _vouched(space: Workspace, found: "RunView") -> "Vouched":
    from cli.evidenceview import vouched  # few ask for it, and it loads cryptography

    return vouched(space, found)


def _shown(settings: Settings, text: str) -> bool:
    """Show an Open Resource, if that is what a word stands for."""
    from cli.runview import is_known

    with Workspace(settings.home) as space:
        if is_known(space, text):
            return False
    from cli.resources import find_release
    from cli.resourceview import emit_release

    with Workspace(settings.home, online=settings) as space:
        if (found := find_release(space, text)) is not None:
            emit_release(space, settings, found)
        return found is not None


@click.command()
@click.argument("run")
@common
def cancel(settings: Settings, run: str) -> None:
    """Stop RUN; a step that another run waits for goes on."""
    with Workspace(settings.home, writing=True) as space:
        found = space.journal.find(run)
        if found.status != "running":
            what = f"run '{found.name}' is not running: {_ENDS.get(found.status, found.status)}"
            raise Refused(what, fix="'tally runs' says which runs are running")
        space.journal.request_cancel(found.id)
    if settings.json:
        return emit_json({"run": found.id, "name": found.name})
    return note(f"asked run '{found.name}' to stop")
