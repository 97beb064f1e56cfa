"""`tally init`: a small working project."""

from pathlib import Path
from typing import Final

import click
from click.core import ParameterSource

from cli.options import common
from cli.report import emit_json, note
from cli.settings import Settings
from engine.errors import Refused

_FIRST: Final = "hello"  # the template that one begins with


@click.command()
@click.argument("directory", type=click.Path(file_okay=False), default=".")
@click.option(
    "--template",
    default=_FIRST,
    show_default=True,
    help="What to start from.",
    metavar="TEMPLATE",
)
@click.option(
    "--requirements",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Start from a lock file: requirements.txt, uv.lock or pylock.toml.",
)
@common
@click.pass_context
def init(
    context: click.Context,
    settings: Settings,
    directory: str,
    template: str,
    requirements: Path | None,
) -> None:
    """Write a small working project to DIRECTORY: workflow, environment, source.

    Nothing that is there already is changed.
    """
    from cli.project import of_lock, of_template, write

    if not directory:  # of a variable that is not set, perhaps: not here
        raise Refused("the directory has no name", fix="name one, or '.' for this one")
    place = Path(directory)
    is_chosen = context.get_parameter_source("template") is not ParameterSource.DEFAULT
    _refuse_unknown(template)
    if requirements is None:
        files = of_template(template)
    elif is_chosen:
        raise Refused("both --template and --requirements", fix="leave one of them out")
    else:
        files, template = of_lock(requirements, place), "requirements"
    write(place, files)
    if settings.json:
        return emit_json({"directory": str(place), "files": sorted(files)})
    note(f"wrote a '{template}' project to {place}; its README.md says how to run it")
    if requirements is None and not is_chosen:
        _say_that_it_is_a_template(place)
    return None


def _refuse_unknown(template: str) -> None:
    from cli.project import templates
    from engine.workflow.names import did_you_mean

    if template not in templates():
        fix = did_you_mean(template.lower(), templates())
        raise Refused(f"no template '{template}'", fix=fix)


def _say_that_it_is_a_template(place: Path) -> None:
    """Tell whoever wrote `tally init numpy` how to have that template, if it was meant."""
    from cli.project import templates

    if place.name in templates() and place.name != _FIRST:
        note(f"'{place.name}' is a template, too: tally init DIRECTORY --template {place.name}")
