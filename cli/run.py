"""`tally run`: run a workflow."""

import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Final

import click

from cli.options import common, ipfs_node, trust
from cli.report import note
from cli.settings import Settings
from cli.workspace import Workspace
from engine.errors import StepFailed

if TYPE_CHECKING:
    from cli.prepare import How, Prepared, Where
    from cli.remaining import Remaining
    from cli.runview import RunView
    from engine.checks import Check

_POLL_S: Final = 0.05


@click.command()
@click.argument("workflow", metavar="WORKFLOW|CID|RESOURCE")
@click.option("-p", "params", metavar="NAME=VALUE", multiple=True, help="Set a param (as YAML).")
@click.option("--on", type=click.Choice(["local", "peers"]), default="local", show_default=True)
@click.option("-j", "--jobs", metavar="N", help="Steps that run at the same time.")
@click.option("-n", "--dry-run", is_flag=True, help="Only say what would run, and why.")
@click.option("--offline", is_flag=True, help="Use no network and no Nix.")
@click.option("-k", "--keep-going", is_flag=True, help="Run what a failed step does not prevent.")
@click.option("--force", metavar="STEP", multiple=True, help="Run a step whatever is known.")
@click.option(
    "--keep-intermediates", is_flag=True, help="On peers: bring here also what only steps read."
)
@click.option("--detach", is_flag=True, help="Run in the background; 'tally log -f' follows it.")
@click.option("--max-cost", metavar="C", help="Credits to spend at most, on peers.")
@trust
@click.option(
    "--royalty", metavar="FILE|CID", multiple=True, help="Pay its authors, when peers are paid."
)
@click.option("--no-royalty", is_flag=True, help="Pay nobody but the peers that run steps.")
@ipfs_node
@common
def run(
    settings: Settings,
    workflow: str,
    params: tuple[str, ...],
    on: "Where",
    dry_run: bool,
    offline: bool,
    keep_going: bool,
    force: tuple[str, ...],
    keep_intermediates: bool,
    detach: bool,
    royalty: tuple[str, ...],
    no_royalty: bool,
) -> int:
    """Run WORKFLOW: a file, the CID of a run to be done again, or an Open Resource.

    Who made an Open Resource says who is paid when peers run it, and what must hold of it.
    What was done before with the same environment, command and inputs is reused. Interrupted, by
    whatever: the same command goes on from there.
    """
    from cli.named import check_forced, find_workflow, overrides
    from cli.paying import to_pay
    from cli.prepare import How, prepare
    from cli.repeated import repeated

    forced = frozenset(force)
    online = None if offline else settings
    with Workspace(settings.home, writing=True, online=online) as space:
        named = find_workflow(space, workflow, is_dry=dry_run)
        check_forced(named.workflow, force)
        royalty = to_pay(space, named, royalty, on, refused=no_royalty)
        if on == "peers" and not dry_run:
            from cli.elsewhere import check_peers

            check_peers(settings.home)
        prepared = prepare(space, named, params, offline=offline, lock=not dry_run, on=on)
        if dry_run:
            from cli.planview import emit_plan

            emit_plan(space, settings, prepared, forced, royalty)
            return 0
        checks = named.release.resource.checks if named.release else ()
        if not forced and not checks and repeated(space, settings, prepared):
            return 0
        how = How(
            forced,
            keep_going=keep_going,
            keep_intermediates=keep_intermediates,
            royalties=_consent(space, royalty, on),
        )
        found = _begun(space, settings, prepared, how, checks, detach=detach)
    if detach:  # the claim on the run is given back: whoever goes on with it can take it
        _go_on_in_background(settings, found.name)
        return 0
    _judge(found)
    if found.checks:
        from cli.checked import must_hold

        must_hold(found.checks, sorted(overrides(params)))
    return 0


def _consent(
    space: Workspace, words: Sequence[str], on: "Where"
) -> tuple[tuple[bytes, ...], tuple[bytes, ...]]:
    """Read which authors are to be paid, and say so: whoever lets it go on consents."""
    if not words:
        return (), ()
    from cli.royalties import UNPAID, royalties_of, tell_royalties

    if on == "local":
        note(UNPAID)
        return (), ()
    royalties = royalties_of(space, words)
    space.store.put(royalties.blocks)  # there they are, whatever ends this before it is paid
    tell_royalties(royalties)
    return royalties.signed, royalties.parents


def _begun(
    space: Workspace,
    settings: Settings,
    prepared: "Prepared",
    how: "How",
    checks: "Sequence[Check]",
    *,
    detach: bool,
) -> "RunView":
    """Begin a run, or go on with it; drive it to its end unless it is detached; print it."""
    from cli.execute import begin, execute
    from cli.livelog import also_to_files
    from cli.progress import watching
    from cli.runview import emit_run, view_row, view_steps
    from cli.steptree import Steps

    row = begin(space, prepared)
    note(f"run {row.name}")
    if detach:
        found = view_row(space, row)
    else:
        steps = Steps.of_groups(prepared.groups)
        with (
            watching(steps, lambda: _remaining(space, settings, prepared)) as shown,
            also_to_files(space.home, row.id, steps, shown) as watch,
        ):
            done = execute(space, settings, prepared, row, watch, how)
        found = view_steps(space, space.journal.find(row.id), done.rows, done.products)
        if prepared.on == "peers":
            from cli.paid import settled

            found = replace(found, cost=settled(space.home, row.name))
        if checks and found.status == "succeeded":
            from cli.checked import judge_all

            judged = judge_all(space.store.get, checks, found.outputs)
            found = replace(found, checks=tuple(judged))
    emit_run(found, as_json=settings.json)
    return found


def _remaining(space: Workspace, settings: Settings, prepared: "Prepared") -> "Remaining":
    from cli.remaining import learned  # only a terminal asks

    return learned(space, settings, prepared)


def _judge(found: "RunView") -> None:
    """Look whether a run succeeded.

    Raises: StepFailed when it did not.
    """
    if found.status == "failed":
        raise _failed(found)
    if found.status == "cancelled":
        raise StepFailed(
            f"run '{found.name}' was cancelled",
            fix="the same command begins anew, and reuses what was done",
        )


def _failed(found: "RunView") -> StepFailed:
    """Return what failed in a run, and where to look: a step that began has printed something."""
    failed = [step for step in found.steps if step.status == "failed"]
    begun = [step.id for step in failed if step.attestations]
    fix = "correct what is said of it above, then run it again"
    if begun:
        step = f'"{begun[0]}"' if "[" in begun[0] else begun[0]  # shells take [0] for a pattern
        fix = f"'tally log {found.name} {step}' has all that it printed"
    others = f" and {len(failed) - 1} more" if len(failed) > 1 else ""
    return StepFailed(f"run '{found.name}' failed: step '{failed[0].id}'{others}", fix=fix)


def _go_on_in_background(settings: Settings, name: str) -> None:
    """Run the same command again as a process of its own, which goes on with the run."""
    import subprocess

    folder = settings.home / "detached"
    folder.mkdir(mode=0o700, exist_ok=True)
    words = [word for word in sys.argv[1:] if word != "--detach"]
    with (folder / f"{name}.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, sys.argv[0], *words],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    with Workspace(settings.home) as space:  # until it has the run, others would call it dead
        while process.poll() is None and space.journal.find(name).status == "interrupted":
            time.sleep(_POLL_S)
    note(f"it goes on in the background; what it says is in {log.name}")
