"""`tally log`: what the steps of a run printed, live while it runs."""

import time
from collections.abc import Callable
from typing import Final

import click

from cli.options import common
from cli.refs import is_run, parse_step, whole_cid
from cli.report import emit_json, note, printable
from cli.settings import Settings
from cli.workspace import Workspace
from engine.content.cid import Cid
from engine.content.reader import read
from engine.errors import Refused, Unavailable
from engine.summary import StepSummary, attestation, load_run, load_workflow, of_record, of_rows

_POLL_S: Final = 0.2


@click.command()
@click.argument("run")
@click.argument("step", required=False)
@click.option("-f", "--follow", is_flag=True, help="Go on until the run has ended.")
@common
def log(settings: Settings, run: str, step: str | None, follow: bool) -> None:
    """Print what the steps of RUN printed, or what STEP (as train[1]) did."""
    with Workspace(settings.home) as space:
        wanted = _wanted(step)
        said: set[str] = set()
        while True:
            ended, steps = _steps(space, run)
            if step is not None and ended and not any(wanted(one) for one in steps):
                raise Refused(f"the run has no step '{step}'", fix=f"it has: {_names(steps)}")
            for one in steps:
                if wanted(one) and one.id not in said and one.attestations:
                    said.add(one.id)
                    _print(space, one, settings)
            if ended or not follow:
                return
            time.sleep(_POLL_S)


def _names(steps: tuple[StepSummary, ...]) -> str:
    return ", ".join(dict.fromkeys(one.id for one in steps[:20]))


def _wanted(step: str | None) -> Callable[[StepSummary], bool]:
    if step is None:
        return lambda one: True
    name, index = parse_step(step)
    return lambda one: one.name == name and (index is None or one.index == index)


def _steps(space: Workspace, text: str) -> tuple[bool, tuple[StepSummary, ...]]:
    """Return whether the run has ended, and its steps so far."""
    cid = whole_cid(text)
    if cid is None or not is_run(space, cid):
        row = space.journal.find(text)
        if row.run is None:
            workflow = load_workflow(space.store, row.workflow)
            rows = space.journal.steps(row.id)
            return row.status != "running", of_rows(space.store, rows, workflow)
        cid = row.run
    return True, of_record(space.store, load_run(space.store, cid))


def _print(space: Workspace, step: StepSummary, settings: Settings) -> None:
    said, _ = attestation(space.store, step.attestations[0])
    streams = {"stdout": said.stdout, "stderr": said.stderr}
    if settings.json:
        texts = {name: _text(space, cid) for name, cid in streams.items()}
        return emit_json({"id": step.id, "truncated": said.truncated, **texts})
    for name, cid in streams.items():
        for line in _text(space, cid).splitlines():
            click.echo(f"{step.id} {name} | {printable(line)}")
    if said.truncated:
        note(f"{step.id}: it printed more than is kept")
    return None


def _text(space: Workspace, cid: Cid | None) -> str:
    if cid is None:
        return ""
    try:
        return b"".join(read(space.store.get, cid)).decode("utf-8", "replace")
    except Unavailable:
        return ""
