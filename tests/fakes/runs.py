"""Runs of workflows in a home without walls, as sides that can be compared."""

from collections.abc import Callable, Mapping
from pathlib import Path

from engine.content.cid import Cid
from engine.sandbox.base import Job
from engine.sandbox.scripted import Act, Scripted
from engine.sides import Side
from engine.summary import load_run, load_workflow, of_record
from engine.workflow.lock import LOCK
from engine.workflow.resolve import EnvironmentUse
from tests.fakes.home import NOWHERE, Home

HEAD = """\
workflow: sample
environments: {env: {store: /nix/store/00000000000000000000000000000001-env}}
defaults: {environment: env}
"""

Play = Callable[[Job], Act]


def side_of(
    home: Home,
    text: str,
    play: Play,
    *,
    params: Mapping[str, str] | None = None,
    inputs: Mapping[str, Path] | None = None,
    environment: EnvironmentUse = NOWHERE,
    forced: frozenset[str] = frozenset(),
) -> Side:
    """Run a workflow, each step as `play` says, and return it as a side."""
    ran = home.run(
        HEAD + text,
        home.runners([Scripted(play)]),
        params=params,
        inputs=inputs,
        environment=environment,
        keep_going=True,
        forced=forced,
    )
    return recorded_side(home, ran.run, ran.row.name)


def recorded_side(home: Home, cid: Cid, name: str) -> Side:
    """Return a recorded run as a side."""
    run = load_run(home.store, cid)
    steps = {step.id: step for step in of_record(home.store, run)}
    lock = LOCK.decode(home.store.get(run.lock))
    return Side(name, load_workflow(home.store, run.workflow), run.parameters, steps, lock)
