"""Contents: what is in a wheel, and where each of it goes. Nothing is written here."""

from __future__ import annotations

import posixpath
import re
import zipfile
from typing import NamedTuple

from .refusal import Refusal

MAX_ENTRIES = 100_000  # of a wheel; as of any tree in Tallystick
MAX_BYTES = 16 * 2**30  # unpacked; torch with CUDA has 3 GB
MAX_NAME = 1_000  # bytes of a path in a wheel: with what goes before it, Linux takes 4 095
MAX_PART = 255
MAX_METADATA = 16 * 2**20  # bytes of WHEEL or entry_points.txt

BAD = "get it from its author again: what is in it is not what a wheel holds"
SCRIPT_MARK = b"#!python"  # what a wheel writes for "the Python that I am installed for"

_LINK = 0o120000
_KIND = 0o170000


class Placed(NamedTuple):
    """A file of a wheel and its path below the prefix that it is installed to."""

    entry: zipfile.ZipInfo
    path: str
    executable: bool


class Layout(NamedTuple):
    """Where things go below a prefix."""

    site: str  # as "lib/python3.11/site-packages"
    headers: str  # as "include/python3.11"


def files_of(archive: zipfile.ZipFile, wheel: str) -> list[zipfile.ZipInfo]:
    """Return the files of an archive, sorted; raises Refusal for what may not be in a wheel."""
    entries = archive.infolist()
    if len(entries) > MAX_ENTRIES:
        raise Refusal(f"more than {MAX_ENTRIES} files in it", wheel, BAD)
    if sum(entry.file_size for entry in entries) > MAX_BYTES:
        raise Refusal(f"more than {MAX_BYTES} bytes in it", wheel, BAD)
    seen = set()
    for entry in entries:
        _check(entry, wheel)
        if entry.filename in seen:
            raise Refusal(f"'{entry.filename}' is in it twice", wheel, BAD)
        seen.add(entry.filename)
    return sorted((e for e in entries if not e.is_dir()), key=lambda entry: entry.filename)


def _check(entry: zipfile.ZipInfo, wheel: str) -> None:
    name = entry.filename[:-1] if entry.is_dir() else entry.filename
    parts = name.split("/")
    if any(part in ("", ".", "..") for part in parts) or re.search(r"[\\\x00-\x1f\x7f]", name):
        raise Refusal(f"the path '{name[:200]}' in it leads elsewhere", wheel, BAD)
    encoded = name.encode("utf-8", "surrogateescape")
    if len(encoded) > MAX_NAME or any(len(part.encode()) > MAX_PART for part in parts):
        raise Refusal(f"the path '{name[:200]}…' in it is too long", wheel, BAD)
    if (entry.external_attr >> 16) & _KIND == _LINK:
        raise Refusal(f"'{name}' in it is a symlink", wheel, BAD)
    if entry.flag_bits & 1:
        raise Refusal(f"'{name}' in it is encrypted", wheel, BAD)


def dist_info(files: list[zipfile.ZipInfo], wheel: str) -> str:
    """Return the one directory of a wheel's metadata."""
    found = {
        entry.filename.split("/")[0]
        for entry in files
        if re.fullmatch(r"[^/]+\.dist-info/WHEEL", entry.filename)
    }
    if len(found) != 1:
        raise Refusal(f"it has {len(found)} .dist-info directories, not one", wheel, BAD)
    return found.pop()


def read(archive: zipfile.ZipFile, name: str, wheel: str) -> str | None:
    """Return a text file of a wheel, None when it is not there."""
    try:
        entry = archive.getinfo(name)
    except KeyError:
        return None
    if entry.file_size > MAX_METADATA:
        raise Refusal(f"its '{name}' is too long", wheel, BAD)
    return archive.read(entry).decode("utf-8", "replace")


def place(files: list[zipfile.ZipInfo], info: str, layout: Layout, wheel: str) -> list[Placed]:
    """Return where each file goes: what pip does with --prefix. RECORD is written anew."""
    data = info[: -len(".dist-info")] + ".data"
    project = info.split("-")[0]
    below = {
        "purelib": layout.site,
        "platlib": layout.site,
        "headers": posixpath.join(layout.headers, project),
        "scripts": "bin",
        "data": "",
    }
    placed = []
    for entry in files:
        top, _, rest = entry.filename.partition("/")
        path, scheme = posixpath.join(layout.site, entry.filename), ""
        if top == data:
            scheme, _, rest = rest.partition("/")
            if scheme not in below or not rest:
                raise Refusal(f"'{entry.filename}' in it has no place", wheel, BAD)
            path = posixpath.join(below[scheme], rest)
        elif top == info and rest.startswith("RECORD"):
            continue
        executable = scheme == "scripts" or bool((entry.external_attr >> 16) & 0o111)
        placed.append(Placed(entry, path, executable))
    _check_targets(placed, wheel)
    return placed


def _check_targets(placed: list[Placed], wheel: str) -> None:
    """Look whether two files of a wheel go to one place, or one goes below another."""
    targets = {each.path for each in placed}
    if len(targets) != len(placed):
        raise Refusal("two files in it go to one place", wheel, BAD)
    for path in targets:
        above = posixpath.dirname(path)
        while above:
            if above in targets:
                raise Refusal(f"'{above}' in it is a file and a directory", wheel, BAD)
            above = posixpath.dirname(above)
