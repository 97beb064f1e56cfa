"""source_hash: whether the Nix source of a locked environment is still what it was.

Only Nix could say exactly what an evaluation reads, and a run under a lock does not ask Nix. So
this follows what can be seen: the file, and every file that a path literal in it names, and so on
(docs/adr/0014). It decides whether a notice is shown, never what is run.
"""

import hashlib
import os
import re
from pathlib import Path
from typing import Final

from engine.errors import Unavailable
from engine.nix.source import Carried, Flake, NixFile, Requirements, Source

LEFT_OUT: Final = frozenset({".git", "__pycache__"})
MAX_FILES: Final = 10_000  # looked at; a literal may name a directory that holds all of a disk
FLAKE: Final = ("flake.nix", "flake.lock")

# ./inputs.lock, ../nix/python.nix, ./. ; Nix reads no word without a slash as a path
_LITERAL: Final = re.compile(rb"(?<![\w./+-])\.{1,2}/[\w.+/-]*")


def source_hash(source: Source | Carried | Requirements) -> str:
    """Return a digest (hexadecimal) of the Nix source, the same wherever the directory is.

    Raises: Unavailable when the file that the source names cannot be read.
    """
    digest = hashlib.sha256()
    if isinstance(source, Requirements):
        digest.update(_of_lock(source))
    elif isinstance(source, NixFile):
        start = source.file / "default.nix" if source.file.is_dir() else source.file
        _add(digest, _text(source.attribute), start.parent, [start])
    elif isinstance(source, Flake) and (folder := _folder(source)) is not None:
        name = source.reference.partition("#")[2]
        _add(digest, _text(name), folder, [folder / file for file in FLAKE])
    else:
        digest.update(_text(str(source)))
    return digest.hexdigest()


def _of_lock(source: Requirements) -> bytes:
    """Return what the environment of a lock file follows from, wherever the file is."""
    try:
        text = hashlib.sha256(source.file.read_bytes()).hexdigest()
    except OSError:
        what = "there is no such lock file"
        raise Unavailable(what, where=str(source.file), fix="check the path") from None
    python = source_hash(source.python) if source.python is not None else ""
    groups = "default" if source.groups is None else ",".join(source.groups)
    parts = (text, python, ",".join(source.extras), groups, ",".join(source.without))
    return b"".join(map(_text, parts))


def _folder(flake: Flake) -> Path | None:
    """Return the directory of a flake on this machine, None when it is elsewhere."""
    path = flake.reference.partition("#")[0].removeprefix("path:")
    folder = flake.directory / path
    return folder if path.startswith((".", "/")) and (folder / FLAKE[0]).is_file() else None


def _add(digest: "hashlib._Hash", name: bytes, base: Path, starts: list[Path]) -> None:
    if not starts[0].is_file():
        fix = "correct its path: it is relative to the workflow file"
        raise Unavailable("there is no such Nix file", where=str(starts[0]), fix=fix)
    digest.update(name)
    for path in sorted(_followed(starts), key=os.fsencode):
        digest.update(_text(os.path.relpath(path, base)))
        digest.update(hashlib.sha256(path.read_bytes()).digest())


def _followed(starts: list[Path]) -> set[Path]:
    """Return all files that can be seen to be read from these on, themselves too."""
    found: set[Path] = set()
    waiting = list(starts)
    while waiting and len(found) < MAX_FILES:
        path = Path(os.path.normpath(waiting.pop()))
        if path in found or not path.is_file():
            continue
        found.add(path)
        if path.suffix == ".nix":
            for literal in _LITERAL.findall(path.read_bytes()):
                waiting += _named(path.parent, path.parent / os.fsdecode(literal))
    return found


def _named(holder: Path, path: Path) -> list[Path]:
    """Return the files that a literal names: a directory stands for what an import reads of it.

    One without a default.nix is data and counts whole, unless it holds the Nix file itself:
    a project is not part of its environment, and its lock file even changes with this digest.
    """
    if not path.is_dir():
        return [path]
    if (path / "default.nix").is_file():
        return [path / "default.nix"]
    if holder.resolve().is_relative_to(path.resolve()):
        return []
    found: list[Path] = []
    for directory, names, files in os.walk(path):
        names[:] = sorted(set(names) - LEFT_OUT)
        found += [Path(directory, name) for name in files]
        if len(found) >= MAX_FILES:
            break
    return found


def _text(text: str) -> bytes:
    data = os.fsencode(text)
    return len(data).to_bytes(8, "little") + data
