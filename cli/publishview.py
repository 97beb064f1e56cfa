"""How what was published is printed, and what would be."""

from collections.abc import Sequence

import click

from cli.disclosure import Disclosed, disclosed_json, print_disclosed
from cli.report import emit_json, note
from cli.settings import Settings
from peers.resource import Opened, Resource, printed


def emit_published(
    settings: Settings, made: Opened, seen: Sequence[Disclosed], *, is_new: bool
) -> None:
    """Print what was published; what is public by it when that is new."""
    resource = made.resource
    if settings.json:
        return emit_json(
            {
                "resource": str(made.cid),
                "name": resource.name,
                "version": resource.version,
                "new": is_new,
                "run": resource.example and str(resource.example),
                "royalty": str(resource.royalty),
                "public": disclosed_json(seen),
            }
        )
    if is_new:
        print_disclosed(seen)
    note(f"{printed(resource)} by {made.author}")
    return click.echo(str(made.cid))


def emit_draft(settings: Settings, found: Resource, seen: Sequence[Disclosed]) -> None:
    """Print what would be public."""
    if settings.json:
        about = {"name": found.name, "version": found.version}
        return emit_json({"resource": None, **about, "public": disclosed_json(seen)})
    print_disclosed(seen)
    return note(f"it would be {printed(found)}; nothing was published")
