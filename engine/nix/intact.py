"""Intact: whether what was unpacked is still what it was, byte for byte. Reads all of it.

What is asked before a step begins is only whether anybody wrote to it (treewriter.is_untouched);
what a disk changes by itself is found here.
"""

import hashlib
import os
from pathlib import Path

from engine.errors import TallyError
from engine.nix.nar import Regular
from engine.nix.records import Closure
from engine.nix.walk import NarView, walk

_CHUNK = 1024 * 1024


def has_hash(tree: Path, nar_hash: bytes) -> bool:
    """Return whether a real tree has this NAR hash; one that cannot be read has none."""
    try:
        return is_exact(tree, nar_hash)
    except OSError:
        return False


def is_exact(tree: Path, nar_hash: bytes) -> bool:
    """Return whether a real tree has this NAR hash.

    Raises: OSError when that cannot be told: what a disk cannot read now it may read later.
    """
    try:
        digest = hashlib.sha256()
        for chunk in NarView.of(tree).chunks():
            digest.update(chunk)
    except (TallyError, PermissionError):
        return False
    return digest.digest() == nar_hash


def is_farm_of(farm: Path, closure: Closure, sources: dict[str, Path]) -> bool:
    """Return whether a farm is its closure; `sources` are intact trees of some of its paths.

    A file that is the very file of its source need not be read again.
    """
    if not farm.is_dir() or {entry.name for entry in farm.iterdir()} != {
        path.name for path in closure.paths
    }:
        return False
    return all(
        _is_same(farm / path.name, sources[path.name])
        if path.name in sources
        else has_hash(farm / path.name, path.nar_hash)
        for path in closure.paths
    )


def _is_same(tree: Path, source: Path) -> bool:
    try:
        nodes = list(walk(tree))
        if nodes != list(walk(source)):
            return False
        files = [os.fsdecode(node.path) for node in nodes if isinstance(node, Regular)]
        return all(_same_file(tree / path, source / path) for path in files)
    except (OSError, TallyError):
        return False


def _same_file(one: Path, other: Path) -> bool:
    if os.path.samestat(one.stat(), other.stat()):
        return True
    with one.open("rb") as left, other.open("rb") as right:
        while data := left.read(_CHUNK):
            if data != right.read(_CHUNK):
                return False
        return not right.read(1)
