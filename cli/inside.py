"""`tally shell`: a shell, or any command, in the sandbox of a step that has run."""

import os
import shlex
import sys
from collections.abc import Iterator
from contextlib import closing
from typing import Final, Literal

import click

from cli.options import common
from cli.prepare import carriers_of
from cli.refs import find_step
from cli.report import emit_json, note
from cli.runview import RunView, view
from cli.sandboxes import open_host
from cli.settings import Settings
from cli.tty import is_terminal, lent
from cli.workspace import Workspace
from engine.errors import Refused
from engine.localrunner import Host, check_platform, job_of
from engine.nix.closure import programs_of
from engine.nix.records import CLOSURE
from engine.outcomes import failed_by
from engine.runner import limits_of
from engine.sandbox.base import Job, Outcome
from engine.sandbox.bubblewrap import Bubblewrap
from engine.sandbox.relay import Relay
from engine.shell import AGAIN, SHELL, UNLIMITED_MS, Wish, shell_job
from engine.step import RESULT, STEP, Step
from engine.summary import StepSummary, attestation, load_run, load_workflow
from engine.workflow.model import WorkflowStep
from engine.workflow.names import did_you_mean
from engine.workflow.units import parse_time

_SHOWN_PROGRAMS: Final = 12
_SHOWN_SCRIPT: Final = 400  # characters
_ENDED: Final = {"timeout": "it took longer than --time", "memory": "it was over its memory limit"}


@click.command()
@click.argument("run")
@click.argument("step")
@click.argument("command", nargs=-1, type=click.UNPROCESSED, metavar="[-- COMMAND…]")
@click.option("--again", is_flag=True, help="Run the step's own command first.")
@click.option("--time", "limit", metavar="T", help="End it after this long, as 10min.")
@common
def shell(
    settings: Settings,
    run: str,
    step: str,
    command: tuple[str, ...],
    again: bool,
    limit: str | None,
) -> int:
    """Open a shell in the sandbox of STEP of RUN, or run COMMAND there.

    It has the step's environment, inputs, variables and limits, but for the time, and its walls:
    no network, nothing of this machine. /out and /build are new, and gone at the end.
    """
    wall_ms = parse_time(limit) if limit is not None else UNLIMITED_MS
    on_terminal = is_terminal()
    if not (command or on_terminal):
        fix = "run a command instead: `tally shell RUN STEP -- sh -c '…'`"
        raise Refused("a shell needs a terminal, to read from and to print to", fix=fix)
    with Workspace(settings.home, writing=True) as space:
        found = view(space, run)
        one = find_step(found.steps, step)
        record = _record(space, found, one)
        written = load_workflow(space.store, found.workflow).steps[one.name]
        carriers = carriers_of(space, load_run(space.store, found.run)) if found.run else {}
        with open_host(space, carriers) as host:
            programs = _programs(space, host, record)
            wish = _wish(one, programs, command, again, wall_ms, on_terminal=on_terminal)
            if on_terminal:
                _say(list(_banner(found, one, _ended(space, one), written, record)))
            outcome = _visit(space, host, record, written, wish, on_terminal=on_terminal)
    if outcome.reason:
        note(_ENDED.get(outcome.reason, f"it was ended: {outcome.reason}"))
    if settings.json:
        emit_json({"id": one.id, "exit_code": outcome.exit_code, "reason": outcome.reason})
    return outcome.exit_code


def _record(space: Workspace, found: RunView, one: StepSummary) -> Step:
    if one.key is None:
        fix = f"'tally explain {found.name or found.run} {one.id}' says why"
        raise Refused(f"step '{one.id}' was {one.status}: it never had a sandbox", fix=fix)
    space.store.hold([one.key, *([found.run] if found.run else [])])
    record = STEP.decode(space.store.get(one.key))
    check_platform(record)
    return record


def _programs(space: Workspace, host: Host, record: Step) -> dict[str, str]:
    """Return the programs of a step's environment, by name."""
    farm = host.closures.place(record.closure).farm
    return programs_of(CLOSURE.decode(space.store.get(record.closure)), farm)


def _wish(
    one: StepSummary,
    programs: dict[str, str],
    command: tuple[str, ...],
    again: bool,
    wall_ms: int,
    *,
    on_terminal: bool,
) -> Wish:
    """Return what is to be run.

    Raises: Refused when the environment has no such program, or no sh where one is needed.
    """
    has = ", ".join(list(programs)[:_SHOWN_PROGRAMS]) + (", …" if len(programs) > 12 else "")
    if (again or not command) and "sh" not in programs:
        fix = f"run a command of it: `tally shell RUN {one.id} -- COMMAND`; it has: {has}"
        raise Refused("this environment has no sh", fix=fix)
    variables = {}
    if on_terminal:
        variables = {"TERM": os.environ.get("TERM", "dumb"), "PS1": f"{one.id}$ "}
    if not command:
        return Wish(SHELL, again, variables, wall_ms)
    name = command[0]
    if "/" not in name and name not in programs:
        fix = did_you_mean(name, programs, f"it has: {has}")
        raise Refused(f"this environment has no '{name}'", fix=fix)
    return Wish((programs.get(name, name), *command[1:]), again, variables, wall_ms)


def _visit(
    space: Workspace,
    host: Host,
    record: Step,
    written: WorkflowStep,
    wish: Wish,
    *,
    on_terminal: bool,
) -> Outcome:
    """Run it, with the step's inputs where the step has them."""
    with closing(Bubblewrap(space.work)) as sandbox:
        staged = host.staging.stage(record)
        try:
            job = job_of(host, record, staged, limits_of(written.resources))
            return _run(sandbox, shell_job(job, wish), on_terminal=on_terminal)
        finally:
            host.staging.discard(staged)


def _run(sandbox: Bubblewrap, job: Job, *, on_terminal: bool) -> Outcome:
    if not on_terminal:
        return sandbox.run(job, _pass_on, None)
    keyboard = sys.stdin.fileno()
    relay = Relay(keyboard, sys.stdout.fileno())
    with lent(keyboard, relay.resize):
        return sandbox.interact(job, relay)


def _pass_on(stream: Literal["stdout", "stderr"], data: bytes) -> None:
    """Print what a command prints, as it is."""
    to = sys.stdout.buffer if stream == "stdout" else sys.stderr.buffer
    to.write(data)
    to.flush()


def _ended(space: Workspace, one: StepSummary) -> str:
    """Return what became of a step, in words."""
    if one.status != "failed" or one.result is None or not one.attestations:
        return one.status
    said, _ = attestation(space.store, one.attestations[0])
    exit_code = RESULT.decode(space.store.get(one.result)).exit_code
    return f"failed: {failed_by(said.reason, exit_code)}"


def _banner(
    found: RunView, one: StepSummary, ended: str, written: WorkflowStep, record: Step
) -> Iterator[tuple[str, str]]:
    """Yield what is said to whoever enters: a place, and what is there."""
    yield "step", f"{one.id} of {found.name or found.run}, which {ended}"
    for name in (*record.inputs, *record.gathers):
        what = written.inputs.get(name, "an entry of what it scatters over")
        yield f"/in/{name}", what
    for name, path in record.outputs.items():
        yield f"/out/{path}", f"where it makes its output '{name}'"
    yield "/build", "the current directory; it, /out and /tmp are new, and gone at the end"
    yield "/nix/store", f"the environment '{written.environment}'"
    yield AGAIN, "runs its command again: " + _shortened(record)


def _shortened(record: Step) -> str:
    text = record.script or shlex.join(record.command) or "(see /.script)"
    line = " ".join(text.split())
    return line if len(line) <= _SHOWN_SCRIPT else f"{line[:_SHOWN_SCRIPT]}…"


def _say(lines: list[tuple[str, str]]) -> None:
    width = max(len(place) for place, _ in lines)
    for place, what in lines:
        note(f"{place.ljust(width)}  {what}")
