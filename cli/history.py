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
from engine.errors import Damaged, Refused
from engine.rows import RunRow

_ENDS: Final = {
    "succeeded": "it has succeeded",
    "failed": "it has failed",
    "cancelled": "it was cancelled",
    "interrupted": "it was interrupted",
}

if TYPE_CHECKING:  # `tally runs` need not wait for all that a run is made of
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
@click.option("--evidence", is_flag=True, help="Who ran each step, where, when and how.")
@common
@offline
def show(settings: Settings, run: str, evidence: bool) -> None:
    """Show RUN: its steps, their outputs, and the outputs of the workflow; or an Open Resource."""
    from cli.runview import emit_run, view

    if not evidence and _shown(settings, run):
        return
    with Workspace(settings.home, online=settings) as space:
        found = view(space, run)
        if found.name and not evidence:
            found = replace(found, cost=paid(space.home, found.name))
        rows = _evidence(space, found) if evidence else []
    if not evidence:
        emit_run(found, as_json=settings.json)
    elif settings.json:
        emit_json({"run": str(found.run), "evidence": rows})
    else:
        _emit_evidence(rows)
    _refuse_forged(rows)


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


def _evidence(space: Workspace, found: "RunView") -> list[dict[str, object]]:
    """Return what is attested of every step, in order."""
    from engine.evidence import evidence

    rows: list[dict[str, object]] = []
    for step in found.steps:
        told = {cid: evidence(space.store, cid) for cid in step.attestations}
        vouched = [one.said for one in told.values() if one.signer]
        for cid, (said, signer, holds) in told.items():
            if not signer and said in vouched:
                continue  # the same, without the signature
            rows.append(
                {
                    "id": step.id,
                    "attestation": str(cid),
                    "peer": _peer_of(signer),
                    "signer": signer or None,
                    "signature": ("good" if holds else "bad") if signer else None,
                    "sandbox": said.sandbox,
                    "system": said.system,
                    "started_ms": said.started_ms,
                    "wall_ms": said.wall_ms,
                    "processor_ms": said.processor_ms,
                    "peak_memory": said.peak_memory,
                    "reason": said.reason,
                    "stdout": str(said.stdout) if said.stdout else None,
                    "stderr": str(said.stderr) if said.stderr else None,
                }
            )
    return rows


def _peer_of(signer: str) -> str | None:
    """Return the peer whose key signed, if one did."""
    if not signer:
        return None
    from peers.identity import PeerId  # few are signed, and it loads cryptography

    return str(PeerId(bytes.fromhex(signer)))


def _emit_evidence(rows: list[dict[str, object]]) -> None:
    for row in rows:
        pairs = (("step", row["id"]), *((key, row[key]) for key in row if key != "id"))
        unsigned = {"peer": "nobody: this attestation is unsigned"}
        emit_table((key, str(value or unsigned.get(key, "-"))) for key, value in pairs)
        click.echo()


def _refuse_forged(rows: list[dict[str, object]]) -> None:
    """Raise Damaged when a signature is not the signer's."""
    bad = [row for row in rows if row["signature"] == "bad"]
    if bad:
        others = f" and {len(bad) - 1} more" if len(bad) > 1 else ""
        what = f"what is attested of '{bad[0]['id']}'{others} is not signed by who it says"
        fix = "believe nothing of it, and get the run again from whoever has it"
        raise Damaged(what, where=str(bad[0]["attestation"]), fix=fix)


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
