"""Tree: many installed wheels as one prefix, of links to their files.

Directories are real and files are links, so that what pip's one site-packages allows works:
namespace packages, plugins put into another package's directory, a library found by a path that
leads from one package to another.
"""

from __future__ import annotations

import filecmp
import os
import posixpath

from .contents import SCRIPT_MARK
from .refusal import Refusal

KEEP_FIRST = ("tests", "test", "docs", "examples", "benchmarks")  # packed by mistake, never used

_ONE = "lock only one of the two"


def files(prefix: str) -> list[str]:
    """Return the paths of all files below a prefix, sorted."""
    found = []
    for directory, names, leaves in os.walk(prefix):
        links = [name for name in names if os.path.islink(os.path.join(directory, name))]
        found += [os.path.relpath(os.path.join(directory, n), prefix) for n in leaves + links]
    return sorted(found)


def merge(prefixes: dict[str, str], site: str) -> dict[str, str]:
    """Return each path of the whole and the file that is there; `prefixes`: label -> prefix.

    Raises Refusal when two wheels have different files for one place.
    """
    found: dict[str, str] = {}
    owners: dict[str, str] = {}
    for label in sorted(prefixes):
        for path in files(prefixes[label]):
            source = os.path.join(prefixes[label], path)
            if path not in found:
                found[path], owners[path] = source, label
            elif not _same(found[path], source) and not _useless(path, site):
                raise Refusal(
                    f"'{path}' is in {owners[path]} too, and is not the same", label, _ONE
                )
    _check_directories(found, owners)
    return found


def _same(one: str, other: str) -> bool:
    return filecmp.cmp(one, other, shallow=False)


def _useless(path: str, site: str) -> bool:
    """Return whether it does not matter which one stays; byte code is told by its source."""
    below = posixpath.relpath(path, site).split("/")
    return below[0] in KEEP_FIRST or "__pycache__" in below


def _check_directories(found: dict[str, str], owners: dict[str, str]) -> None:
    for path in found:
        above = posixpath.dirname(path)
        while above:
            if above in found:
                what = f"'{above}' is a file, and a directory in {owners[path]}"
                raise Refusal(what, owners[above], _ONE)
            above = posixpath.dirname(above)


def write(found: dict[str, str], out: str, python: str) -> None:
    """Make the whole: links, and scripts that are run by `python`."""
    for path, source in found.items():
        target = os.path.join(out, path)
        os.makedirs(os.path.dirname(target), exist_ok=True)
        if path.startswith("bin/") and _is_script(source):
            with open(source, "rb") as file:
                text = file.read()
            with open(target, "xb") as made:
                made.write(f"#!{python}".encode() + text[len(SCRIPT_MARK) :])
            os.chmod(target, 0o755)
        else:
            os.symlink(source, target)


def _is_script(path: str) -> bool:
    with open(path, "rb") as file:
        return file.read(len(SCRIPT_MARK) + 1) == SCRIPT_MARK + b"\n"
