"""`tally plan`: what would run and why, and what would be reused; nothing is run."""

import click

from cli.named import check_forced, find_workflow
from cli.options import common, ipfs_node
from cli.paying import to_pay
from cli.planview import emit_plan
from cli.prepare import Where, prepare
from cli.settings import Settings
from cli.workspace import Workspace


@click.command()
@click.argument("workflow", metavar="WORKFLOW|CID|RESOURCE")
@click.option("-p", "params", metavar="NAME=VALUE", multiple=True, help="Set a param (as YAML).")
@click.option("--on", type=click.Choice(["local", "peers"]), default="local", show_default=True)
@click.option("--offline", is_flag=True, help="Use no network and no Nix.")
@click.option("--force", metavar="STEP", multiple=True, help="Run a step whatever is known.")
@click.option("--max-cost", metavar="C", help="Credits to spend at most, on peers.")
@click.option(
    "--royalty", metavar="FILE|CID", multiple=True, help="Pay its authors, when peers are paid."
)
@click.option("--no-royalty", is_flag=True, help="Pay nobody but the peers that run steps.")
@ipfs_node
@common
def plan(
    settings: Settings,
    workflow: str,
    params: tuple[str, ...],
    on: Where,
    offline: bool,
    force: tuple[str, ...],
    royalty: tuple[str, ...],
    no_royalty: bool,
) -> None:
    """Show what WORKFLOW would run and why, and what it would reuse.

    With '--on peers' also what would leave this machine, and to whom; what it would cost, and who
    would run what.
    """
    online = None if offline else settings
    with Workspace(settings.home, writing=True, online=online) as space:
        named = find_workflow(space, workflow, is_dry=True)
        check_forced(named.workflow, force)
        royalty = to_pay(space, named, royalty, on, refused=no_royalty)
        prepared = prepare(space, named, params, offline=offline, lock=False, on=on)
        emit_plan(space, settings, prepared, frozenset(force), royalty)
