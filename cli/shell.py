"""`tally shell`: a shell, or any command, in the sandbox of a step that has run."""

import os
import sys
from contextlib import ExitStack
from dataclasses import replace
from typing import Final, Literal

import click

from cli.options import common
from cli.report import emit_json, note
from cli.sandboxes import open_host
from cli.settings import Settings
from cli.tty import is_terminal, lent
from cli.visited import Visited, banner, find_visited
from cli.workspace import Workspace
from engine.errors import Refused, Unavailable
from engine.host import Host
from engine.jobs import job_of
from engine.nix.closure import programs_of
from engine.nix.records import CLOSURE
from engine.runner import limits_of
from engine.sandbox.base import Job, Outcome
from engine.sandbox.bubblewrap import Bubblewrap
from engine.sandbox.relay import Relay
from engine.shell import SHELL, UNLIMITED_MS, Wish, shell_job
from engine.staging import Staged
from engine.step import Step
from engine.workflow.names import did_you_mean, some_of
from engine.workflow.units import parse_time

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
    no network, nothing of this machine. What it gave, if it did, is in /was; /out and /build are
    new, and gone at the end.
    """
    wall_ms = parse_time(limit) if limit is not None else UNLIMITED_MS
    on_terminal = is_terminal()
    if not (command or on_terminal):
        fix = "run a command instead: `tally shell RUN STEP -- sh -c '…'`"
        raise Refused("a shell needs a terminal, to read from and to print to", fix=fix)
    with Workspace(settings.home, writing=True) as space:
        step_view = find_visited(space, run, step)
        with open_host(space, step_view.carriers) as host:
            programs = _programs(space, host, step_view.record)
            wish = _wish(step_view.one.id, programs, command, again, wall_ms, on_terminal)
            outcome = _visit(space, host, step_view, wish, on_terminal=on_terminal)
    if outcome.reason:
        note(_ENDED.get(outcome.reason, f"it was ended: {outcome.reason}"))
    if settings.json:
        told = {"id": step_view.one.id, "exit_code": outcome.exit_code, "reason": outcome.reason}
        emit_json(told)
    return outcome.exit_code


def _programs(space: Workspace, host: Host, record: Step) -> dict[str, str]:
    """Return the programs of a step's environment, by name."""
    farm = host.closures.place(record.closure).farm
    return programs_of(CLOSURE.decode(space.store.get(record.closure)), farm)


def _wish(
    step: str,
    programs: dict[str, str],
    command: tuple[str, ...],
    again: bool,
    wall_ms: int,
    on_terminal: bool,
) -> Wish:
    """Return what is to be run.

    Raises: Refused when the environment has no such program, or no sh where one is needed.
    """
    has = some_of(programs)
    if (again or not command) and "sh" not in programs:
        fix = f"run a command of it: `tally shell RUN {step} -- COMMAND`; it has: {has}"
        raise Refused("this environment has no sh", fix=fix)
    variables = {}
    if on_terminal:
        variables = {"TERM": os.environ.get("TERM", "dumb"), "PS1": f"{step}$ "}
    if not command:
        return Wish(SHELL, again, variables, wall_ms)
    name = command[0]
    if "/" not in name and name not in programs:
        fix = did_you_mean(name, programs, f"it has: {has}")
        raise Refused(f"this environment has no '{name}'", fix=fix)
    return Wish((programs.get(name, name), *command[1:]), again, variables, wall_ms)


def _visit(
    space: Workspace, host: Host, visited: Visited, wish: Wish, *, on_terminal: bool
) -> Outcome:
    """Run it, with the step's inputs where the step has them, and what it gave beside."""
    with ExitStack() as closing:
        sandbox = Bubblewrap(space.work)
        closing.callback(sandbox.close)
        staged = host.staging.stage(visited.record)
        closing.callback(host.staging.discard, staged)
        was = _stage_results(host, visited)
        closing.callback(host.staging.discard, was)
        if on_terminal:
            _say(list(banner(visited, was)))
        job = job_of(host, visited.record, staged, limits_of(visited.written.resources))
        job = replace(job, was=was.folder, was_trees=was.trees)
        return _run(sandbox, shell_job(job, wish), on_terminal=on_terminal)


def _stage_results(host: Host, visited: Visited) -> Staged:
    """Stage what the step gave; nothing where a gc has taken it."""
    made = visited.one.outputs
    wanted = {name: made[name] for name in visited.written.outputs if name in made}
    try:
        return host.staging.stage(replace(visited.record, inputs=wanted, gathers={}))
    except Unavailable as error:
        note(f"what the step gave cannot be shown: {error.what}")
        return Staged(None, {})


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


def _say(lines: list[tuple[str, str]]) -> None:
    width = max(len(place) for place, _ in lines)
    for place, what in lines:
        note(f"{place.ljust(width)}  {what}")
