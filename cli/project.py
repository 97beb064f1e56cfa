"""Project: the files of a small working project, and how they are written: all of them, or none."""

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Final, TypeAlias

from engine.errors import Refused
from engine.values import dataclass

SCHEMA: Final = ".tally/workflow.schema.json"  # in the project, so that it is there after a clone
MODELINE: Final = f"# yaml-language-server: $schema={SCHEMA}\n"  # what editors look for

_TEMPLATES: Final = Path(__file__).parent / "templates"
_RECIPE: Final = "env"  # beside the templates: the environments that all of them use
_LEFT_OUT: Final = frozenset({"__pycache__", "workflow.lock"})  # made where a template is tried
_TEXTS: Final = (".yaml", ".md")  # files that name others by their place among the examples
_LOCKED: Final = "requirements"  # the one that a lock file is added to
_PLAIN: Final = re.compile(r"[\w.+-]+", re.ASCII)  # a file name that needs no quotes anywhere


@dataclass(frozen=True, slots=True)
class Content:
    """What is in a file."""

    data: bytes
    executable: bool = False


Files: TypeAlias = Mapping[str, Content]  # by their path in the project


def templates() -> list[str]:
    """Return the names of the templates."""
    found = {path.name for path in _TEMPLATES.iterdir() if path.is_dir()}
    return sorted(found - {_RECIPE, _LOCKED})


def of_template(template: str) -> Files:
    """Return the files of a project from a template."""
    files = _below(_TEMPLATES / template)
    for name in (name for name in files if name.endswith(_TEXTS)):
        to_top = "../" * (name.count("/") + 1)
        files[name] = _replaced(files[name], f"{to_top}{_RECIPE}", f"{to_top[3:]}{_RECIPE}")
        files[name] = _replaced(files[name], f"\nexamples/{template}/", "\n./")  # a command
        files[name] = _replaced(files[name], f"examples/{template}/", "")
    return _for_editors({**files, **_below(_TEMPLATES / _RECIPE, _RECIPE)})


def of_lock(lock: Path, directory: Path) -> Files:
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
    files = _below(_TEMPLATES / _LOCKED)
    for name in ("workflow.yaml", "README.md"):
        files[name] = _replaced(files[name], "requirements.txt", lock.name)
    if not _is_there(lock, directory):
        files[lock.name] = Content(lock.read_bytes())
    return _for_editors(files)


def write(directory: Path, files: Files) -> None:
    """Write a project; when that fails half way, what was written is taken away again.

    Raises: Refused when something is there already, or a file where a directory should be.
    """
    _refuse_below_a_file(directory)
    for name in files:
        _refuse_taken(directory, name)
    with _undone_when_it_fails() as made:
        for name, content in files.items():
            target = directory / name
            _make_folders(target.parent, made)
            with target.open("xb") as file:
                made.append(target)
                file.write(content.data)
            if content.executable:
                target.chmod(target.stat().st_mode | 0o111)


def _refuse_below_a_file(directory: Path) -> None:
    there = next(path for path in (directory, *directory.parents) if path.exists())
    if not there.is_dir():
        fix = "name another directory"
        raise Refused("a file is where a directory should be", where=str(there), fix=fix)


def _refuse_taken(directory: Path, name: str) -> None:
    for path in (directory, directory / name):
        if path.is_symlink() and not path.exists():
            fix = "remove it, or name another directory"
            raise Refused("a symlink that leads nowhere", where=str(path), fix=fix)
    if (directory / name).exists():
        where = str(directory / name)
        raise Refused("there is something already", where=where, fix="name a new directory")


@contextmanager
def _undone_when_it_fails() -> Iterator[list[Path]]:
    made: list[Path] = []
    try:
        yield made
    except BaseException:  # an interruption too: a project is there whole, or not at all
        for path in reversed(made):
            with suppress(OSError):  # as somebody else's file in it: the reason is told already
                path.rmdir() if path.is_dir() else path.unlink()
        raise


def _make_folders(folder: Path, made: list[Path]) -> None:
    missing = []
    while not folder.exists():
        missing.append(folder)
        folder = folder.parent
    for each in reversed(missing):
        each.mkdir()
        made.append(each)


def _for_editors(files: dict[str, Content]) -> Files:
    """Return a project in which an editor knows what a workflow file may say."""
    from engine.workflow.json_schema import json_schema

    workflow = files["workflow.yaml"]
    marked = replace(workflow, data=MODELINE.encode() + workflow.data)
    schema = Content(f"{json.dumps(json_schema(), indent=2)}\n".encode())
    return {**files, "workflow.yaml": marked, SCHEMA: schema}


def _is_there(lock: Path, directory: Path) -> bool:
    place = directory / lock.name
    return place.exists() and place.samefile(lock)


def _replaced(content: Content, was: str, now: str) -> Content:
    return replace(content, data=content.data.replace(was.encode(), now.encode()))


def _below(root: Path, prefix: str = "") -> dict[str, Content]:
    """Return the files of a template."""
    found = (path for path in sorted(root.rglob("*")) if path.is_file())
    return {
        str(Path(prefix) / path.relative_to(root)): Content(
            path.read_bytes(), executable=bool(path.stat().st_mode & 0o100)
        )
        for path in found
        if not _LEFT_OUT.intersection(path.parts)
    }
