"""`tally run`: run a workflow."""

import click

from cli.options import common
from cli.report import note
from cli.settings import Settings
from cli.workspace import Workspace
from engine.errors import Refused, StepFailed, Unavailable


@click.command()
@click.argument("workflow", metavar="WORKFLOW|CID")
@click.option("-p", "params", metavar="NAME=VALUE", multiple=True, help="Set a param (as YAML).")
@click.option("--on", type=click.Choice(["local", "peers"]), default="local", show_default=True)
@click.option("-j", "--jobs", metavar="N", help="Steps that run at the same time.")
@click.option("-n", "--dry-run", is_flag=True, help="Only say what would run, and why.")
@click.option("--offline", is_flag=True, help="Use no network and no Nix.")
@click.option("-k", "--keep-going", is_flag=True, help="Run what a failed step does not prevent.")
@click.option("--force", metavar="STEP", multiple=True, help="Run a step whatever is known.")
@click.option("--detach", is_flag=True, help="Run in the background; 'tally log -f' follows it.")
@click.option("--max-cost", metavar="C", help="Credits to spend at most, on peers.")
@common
def run(
    settings: Settings,
    workflow: str,
    params: tuple[str, ...],
    on: str,
    dry_run: bool,
    offline: bool,
    keep_going: bool,
    force: tuple[str, ...],
    detach: bool,
    max_cost: str | None,
) -> int:
    """Run WORKFLOW, a file, or the CID of a run to be done again.

    What was done before with the same environment, command and inputs is reused. Interrupted, by
    whatever: the same command goes on from there.
    """
    from cli.execute import begin, execute
    from cli.prepare import find_workflow, prepare
    from cli.progress import watching
    from cli.runview import emit_run, view

    _local_only(on, max_cost)
    with Workspace(settings.home) as space:
        named = find_workflow(space, workflow)
        _known_steps(force, list(named.workflow.steps))
        prepared = prepare(space, named, params, offline=offline, lock=not dry_run)
        if dry_run:
            from cli.plan import emit_plan

            emit_plan(space, settings, prepared, frozenset(force))
            return 0
        row = begin(space, prepared)
        note(f"run {row.name}")
        with watching(prepared.groups) as watch:
            status = execute(
                space, settings, prepared, row, watch,
                keep_going=keep_going, forced=frozenset(force),
            )  # fmt: skip
        emit_run(view(space, row.name), as_json=settings.json)
    if status == "failed":
        raise StepFailed(f"run '{row.name}' failed", fix=f"'tally log {row.name}' shows why")
    if status == "cancelled":
        raise StepFailed(f"run '{row.name}' was cancelled", fix="the same command goes on with it")
    return 0


def _local_only(on: str, max_cost: str | None) -> None:
    if on == "peers" or max_cost is not None:
        raise Unavailable(
            "this version runs steps on this machine only", fix="leave out --on and --max-cost"
        )


def _known_steps(force: tuple[str, ...], steps: list[str]) -> None:
    from engine.workflow.names import did_you_mean

    for name in force:
        if name not in steps:
            raise Refused(f"no step '{name}' to force", fix=did_you_mean(name, steps))
