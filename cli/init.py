"""`tally init`: a small working project."""

import re
import shutil
import stat
from pathlib import Path
from typing import Final

import click
from click.core import ParameterSource

from cli.options import common
from cli.report import emit_json, note
from cli.settings import Settings
from engine.errors import Refused

_TEMPLATES: Final = Path(__file__).parent / "templates"
_RECIPE: Final = "env"  # beside the templates: the environments that all of them use
_PLAIN: Final = re.compile(r"[\w.+-]+", re.ASCII)  # a file name that needs no quotes anywhere
_LOCKED: Final = "requirements"  # the one that a lock file is added to


def templates() -> list[str]:
    """Return the names of the templates."""
    found = {path.name for path in _TEMPLATES.iterdir() if path.is_dir()}
    return sorted(found - {_RECIPE, _LOCKED})


@click.command()
@click.argument("directory", type=click.Path(file_okay=False, path_type=Path), default=".")
@click.option(
    "--template",
    default="hello",
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
    directory: Path,
    template: str,
    requirements: Path | None,
) -> None:
    """Write a small working project to DIRECTORY: workflow, environment, source.

    Nothing that is there already is changed.
    """
    if template not in templates():
        raise Refused(f"no template '{template}'", fix=f"known: {', '.join(templates())}")
    if requirements is None:
        files = {**_files(_TEMPLATES / template), **_files(_TEMPLATES / _RECIPE, _RECIPE)}
    else:
        if context.get_parameter_source("template") is not ParameterSource.DEFAULT:
            raise Refused("both --template and --requirements", fix="leave one of them out")
        template = _LOCKED
        files = _from_lock(requirements, directory)
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
    if requirements is not None:
        _name_lock(directory, requirements.name)
    if settings.json:
        return emit_json({"directory": str(directory), "files": sorted(files)})
    note(f"wrote a '{template}' project to {directory}; its README.md says how to run it")
    return None


def _from_lock(lock: Path, directory: Path) -> dict[str, Path]:
    """Return the files of a project with a lock file, which may be in its place already.

    Raises: Refused, with its line, for one that no environment can be made from.
    """
    from engine.wheels.choice import choose
    from engine.wheels.interpreter import OWN
    from engine.wheels.open_lock import open_lock

    for package in open_lock(lock, OWN).packages:
        choose(package, OWN)
    if not _PLAIN.fullmatch(lock.name):
        raise Refused("a name with signs in it", where=str(lock), fix="rename the lock file")
    files = _files(_TEMPLATES / _LOCKED)
    return files if _is_there(lock, directory) else {**files, lock.name: lock}


def _is_there(lock: Path, directory: Path) -> bool:
    place = directory / lock.name
    return place.exists() and place.samefile(lock)


def _name_lock(directory: Path, name: str) -> None:
    """Let what was written name the lock file as it is called."""
    for file in ("workflow.yaml", "README.md"):
        text = (directory / file).read_text()
        (directory / file).write_text(text.replace("requirements.txt", name))


def _files(root: Path, prefix: str = "") -> dict[str, Path]:
    """Return the files of a template by their path in the project."""
    below = (path for path in root.rglob("*") if path.is_file())
    return {
        str(Path(prefix) / path.relative_to(root)): path
        for path in below
        if "__pycache__" not in path.parts
    }
