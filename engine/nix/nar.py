"""NAR: Nix's archive, the bytes of a store path that its hash is taken of. Pure.

It keeps names, contents, symlinks and the executable bit; no times, no owners. The same tree has
one archive. This module knows what the parts are and writes them; narreader.py reads them back.
A tree is given as its nodes, parents before children, the names in a directory sorted by bytes;
names are bytes, since a NAR does not say that they are text.

>>> b"".join(part for part in layout([Symlink(b"", b"x")]) if isinstance(part, bytes))[8:21]
b'nix-archive-1'
"""

import struct
from collections.abc import Iterable, Iterator
from typing import Final

from engine.values import dataclass

MAX_DEPTH: Final = 64  # directories in directories: the bound of Nix itself
MAX_ENTRIES: Final = 500_000  # of a store path; the largest in nixpkgs hold some 300 000
MAX_NAME: Final = 255  # bytes; what Linux takes
MAX_TARGET: Final = 4095  # bytes; what Linux takes


@dataclass(frozen=True, slots=True)
class Directory:
    """A directory; its children follow."""

    path: bytes  # relative to the root, "" for the root itself


@dataclass(frozen=True, slots=True)
class Regular:
    """A file; where it is in the tree, not what is in it."""

    path: bytes
    size: int  # bytes
    executable: bool


@dataclass(frozen=True, slots=True)
class Symlink:
    """A symlink, wherever it points."""

    path: bytes
    target: bytes


Node = Directory | Regular | Symlink


def string(data: bytes) -> bytes:
    """Print the format's only primitive: a length, the bytes, zeros up to a multiple of 8."""
    return struct.pack("<Q", len(data)) + data + bytes(-len(data) % 8)


MAGIC: Final = string(b"nix-archive-1")
OPEN: Final = string(b"(")
CLOSE: Final = string(b")")
TYPE: Final = string(b"type")
ENTRY: Final = string(b"entry") + OPEN + string(b"name")
NODE: Final = string(b"node")
DIRECTORY: Final = OPEN + TYPE + string(b"directory")
SYMLINK: Final = OPEN + TYPE + string(b"symlink") + string(b"target")
REGULAR: Final = OPEN + TYPE + string(b"regular")
EXECUTABLE: Final = string(b"executable") + string(b"")
CONTENTS: Final = string(b"contents")


def layout(nodes: Iterable[Node]) -> Iterator[bytes | Regular]:
    """Yield the archive of a tree: bytes as they are, and a Regular where its content goes.

    No two Regulars come without bytes between, which pad the first and introduce the second.
    """
    pending = bytearray(MAGIC)
    depth = 0  # of open directories
    for node in nodes:
        level = node.path.count(b"/") + 1 if node.path else 0
        pending += (CLOSE + CLOSE) * (depth - level)  # of a directory, and of its entry
        depth = level
        if node.path:
            pending += ENTRY + string(node.path.rpartition(b"/")[2]) + NODE
        pending += _introduce(node)
        if isinstance(node, Directory):
            depth += 1
            continue
        if isinstance(node, Regular) and node.size:
            yield bytes(pending)
            yield node
            pending = bytearray(-node.size % 8)
        pending += CLOSE + CLOSE * bool(node.path)
    yield bytes(pending + _closing(depth))


def _introduce(node: Node) -> bytes:
    """Return what comes before a node's content."""
    if isinstance(node, Directory):
        return DIRECTORY
    if isinstance(node, Symlink):
        return SYMLINK + string(node.target)
    executable = EXECUTABLE if node.executable else b""
    return REGULAR + executable + CONTENTS + struct.pack("<Q", node.size)


def _closing(depth: int) -> bytes:
    """Return the ends of `depth` open directories; the root's has no entry around it."""
    return (CLOSE + CLOSE) * (depth - 1) + CLOSE if depth else b""
