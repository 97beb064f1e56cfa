"""folder: where a directory that a step sees is in the farm of its closure, links followed.

A closure's links are a stranger's. They are followed here as the kernel will inside the sandbox,
where a farm is /nix/store and there is nothing beside it; never as this machine has its files.
"""

import os
from pathlib import Path
from typing import Final

from engine.nix.storepath import STORE_DIR

MAX_LINKS: Final = 40  # as the kernel

_STORE: Final = STORE_DIR.split("/")[1:]


def folder_of(farm: Path, directory: str) -> Path | None:
    """Return a directory given by its absolute path; None when a step will see none there."""
    at: list[str] = []  # names from the root, none of them a link
    ahead = directory.split("/")[::-1]
    links = 0
    while ahead and links <= MAX_LINKS:
        name = ahead.pop()
        if name == "..":
            at = at[:-1]
        elif (target := _target(_place(farm, [*at, name]))) is not None:
            at = [] if target.startswith("/") else at
            ahead += target.split("/")[::-1]
            links += 1
        elif name not in ("", "."):
            at.append(name)
    place = _place(farm, at)
    is_there = not ahead and place is not None and os.path.isdir(place)  # noqa: PTH112 - never raises
    return place if is_there else None


def _place(farm: Path, at: list[str]) -> Path | None:
    """Return where a path from the root is on this machine; None when it is not in the store."""
    return farm.joinpath(*at[len(_STORE) :]) if at[: len(_STORE)] == _STORE else None


def _target(place: Path | None) -> str | None:
    """Return what a link points to; None when it is no link."""
    try:
        return str(place.readlink()) if place is not None else None
    except OSError:
        return None
