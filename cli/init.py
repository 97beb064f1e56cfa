"""`tally init`: a small working project."""

import shutil
import stat
from pathlib import Path
from typing import Final

import click

from cli.options import common
from cli.report import emit_json, note
from cli.settings import Settings
from engine.errors import Refused

_TEMPLATES: Final = Path(__file__).parent / "templates"
_RECIPE: Final = "env"  # beside the templates: the environments that all of them use


def templates() -> list[str]:
    """Return the names of the templates."""
    return sorted(p.name for p in _TEMPLATES.iterdir() if p.is_dir() and p.name != _RECIPE)


@click.command()
@click.argument("directory", type=click.Path(file_okay=False, path_type=Path), default=".")
@click.option(
    "--template",
    default="hello",
    show_default=True,
    help="What to start from.",
    metavar="TEMPLATE",
)
@common
def init(settings: Settings, directory: Path, template: str) -> None:
    """Write a small working project to DIRECTORY: workflow, environment, source.

    Nothing that is there already is changed.
    """
    if template not in templates():
        raise Refused(f"no template '{template}'", fix=f"known: {', '.join(templates())}")
    files = {**_files(_TEMPLATES / template), **_files(_TEMPLATES / _RECIPE, _RECIPE)}
    for name in files:
        if (directory / name).exists():
            raise Refused(
                "there is something already",
                where=str(directory / name),
                fix="name a new directory",
            )
    for name, source in files.items():
        target = directory / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source, target)
        target.chmod(target.stat().st_mode | stat.S_IWUSR)  # in a Nix store nobody may write
    if settings.json:
        return emit_json({"directory": str(directory), "files": sorted(files)})
    note(f"wrote a '{template}' project to {directory}; its README.md says how to run it")
    return None


def _files(root: Path, prefix: str = "") -> dict[str, Path]:
    """Return the files of a template by their path in the project."""
    below = (path for path in root.rglob("*") if path.is_file())
    return {
        str(Path(prefix) / path.relative_to(root)): path
        for path in below
        if "__pycache__" not in path.parts
    }
