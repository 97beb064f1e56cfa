"""How what was published is printed, and what would be."""

from collections.abc import Sequence

import click

from cli.publicity import Public, print_public, public_json
from cli.report import emit_json, note
from cli.settings import Settings
from peers.resource import Opened, Resource, printed


def emit_published(
    settings: Settings, made: Opened, seen: Sequence[Public], *, is_new: bool
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
                "public": public_json(seen),
            }
        )
    if is_new:
        print_public(seen)
    note(f"{printed(resource)} by {made.author}")
    return click.echo(str(made.cid))


def emit_draft(settings: Settings, found: Resource, seen: Sequence[Public]) -> None:
    """Print what would be public."""
    if settings.json:
        about = {"name": found.name, "version": found.version}
        return emit_json({"resource": None, **about, "public": public_json(seen)})
    print_public(seen)
    return note(f"it would be {printed(found)}; nothing was published")
