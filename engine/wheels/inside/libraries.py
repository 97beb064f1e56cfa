"""Libraries: which shared libraries wheels need that no wheel has.

A wheel for manylinux brings most of its libraries and leaves a few to the system. What the loader
would look for is looked for here, while there is somebody to tell.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import NamedTuple

from . import elf
from .refusal import Refusal

SHOWN = 5  # missing libraries named in one message
NOT_CODE = (".py", ".pyc", ".pyi", ".txt", ".h", ".json")  # not worth a look


class Object(NamedTuple):
    """A shared object or program of a wheel; `path` is below the whole."""

    wheel: str
    path: str
    content: elf.Elf


class Need(NamedTuple):
    """An object of a wheel and a library that it does not get from a wheel."""

    by: Object
    library: str


def objects(found: dict[str, str], prefixes: dict[str, str]) -> list[Object]:
    """Return what is machine code among the files of the whole; `prefixes`: label -> prefix."""
    labels = {prefix: label for label, prefix in prefixes.items()}
    made = []
    for path, source in sorted(found.items()):
        content = None if path.endswith(NOT_CODE) else elf.read(source)
        if content is not None:
            prefix = source[: -len(path) - 1]
            made.append(Object(labels[prefix], path, content))
    return made


def needs(found: list[Object], loaded: frozenset[str]) -> list[Need]:
    """Return what is needed and neither offered by a wheel nor loaded by the interpreter.

    A library of another wheel counts, wherever it is: packages load such by code of their own.
    """
    offered = {each.content.soname for each in found} | {os.path.basename(o.path) for o in found}
    return [
        Need(each, library)
        for each in found
        for library in each.content.needed
        if library not in offered and library not in loaded
    ]


def provide(
    wanted: list[Need], loads: Callable[[str], bool], search: list[str], without: frozenset[str]
) -> dict[str, str]:
    """Return the libraries that the interpreter must load beforehand, and where each of them is.

    What the loader finds by itself needs nothing. It does not for an object with a search path
    (DT_RUNPATH) of its own: that one replaces the interpreter's. Raises Refusal for what is not in
    `search` either.
    """
    given: dict[str, str] = {}
    missing: list[Need] = []
    for need in wanted:
        known = not need.by.content.runpath and loads(need.library)
        if known or need.library in given or need.library in without:
            continue
        place = _find(need.library, search)
        if place:
            given[need.library] = place
        elif not loads(need.library):
            missing.append(need)
    if missing:
        raise _missing(missing)
    return given


def _find(library: str, search: list[str]) -> str:
    places = (os.path.join(directory, library) for directory in search)
    return next((place for place in places if os.path.isfile(place)), "")


def _missing(needed: list[Need]) -> Refusal:
    first: dict[str, Object] = {}
    for need in needed:
        first.setdefault(need.library, need.by)
    shown = [f"{name} (for {by.wheel}: {by.path})" for name, by in sorted(first.items())[:SHOWN]]
    more = f" and {len(first) - SHOWN} more" if len(first) > SHOWN else ""
    return Refusal(
        f"nobody provides {', '.join(shown)}{more}",
        needed[0].by.wheel,
        "give the environment a `python` whose closure has it in a lib directory, or, where it is"
        f" not used, `without: [{', '.join(sorted(first))}]`",
    )
