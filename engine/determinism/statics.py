"""Statics: which programs of an environment no library can be preloaded into."""

from collections.abc import Mapping
from pathlib import Path
from posixpath import basename, dirname, join
from typing import Final

from engine.nix.folder import folder_of
from engine.wheels.inside import elf

_MAX_LINKS: Final = 8


def static_programs(programs: Mapping[str, str], farm: Path) -> tuple[str, ...]:
    """Return the programs that are static, given the place of each as a step sees it."""
    known: dict[Path, bool] = {}
    found = []
    for name, place in programs.items():
        path = _file(place, farm)
        if path is not None:
            if path not in known:
                known[path] = _is_static(path)
            if known[path]:
                found.append(name)
    return tuple(found)


def _is_static(path: Path) -> bool:
    with path.open("rb") as file:
        if file.read(4) != b"\x7fELF":
            return False
    read = elf.read(str(path))
    return read is None or not read.interpreter


def _file(place: str, farm: Path) -> Path | None:
    """Return the file that a place in the closure leads to; None when a step will see none."""
    for _ in range(_MAX_LINKS):
        folder = folder_of(farm, dirname(place))
        if folder is None:
            return None
        path = folder / basename(place)
        if not path.is_symlink():
            return path if path.is_file() else None
        place = join(dirname(place), str(path.readlink()))
    return None
