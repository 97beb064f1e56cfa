"""Unpack a NAR into a real tree, and believe it only when its hash and size are right.

The bytes come from strangers. They go to a place that nobody uses yet; what they made is kept by
the caller (paths.py) only when this returns.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Protocol

from engine.errors import Damaged
from engine.nix import narreader
from engine.nix.hashing import Hashing
from engine.nix.nar import Directory, Node, Regular, Symlink
from engine.nix.treewriter import TreeWriter


class Expected(Protocol):
    """What a NAR has to be, as a ClosurePath says it."""

    @property
    def name(self) -> str:
        """Base name of the store path, for the error."""
        ...

    @property
    def nar_hash(self) -> bytes:
        """The sha256 of its bytes."""
        ...

    @property
    def nar_size(self) -> int:
        """How many bytes it has."""
        ...


def unpack(chunks: Iterable[bytes], expected: Expected, destination: Path) -> None:
    """Make the tree of a NAR at `destination`, where nothing is.

    Raises: Damaged, naming the store path, when the bytes are not the expected NAR. The
    destination then holds some part of it.
    """
    try:
        with Hashing() as digest:
            _write(narreader.read(_checked(chunks, expected, digest)), TreeWriter(destination))
    except Damaged as error:
        raise Damaged(error.what, where=f"/nix/store/{expected.name}") from None


def _checked(chunks: Iterable[bytes], expected: Expected, digest: Hashing) -> Iterator[bytes]:
    """Pass the chunks on, at most as many bytes as expected; check them when all have passed."""
    size = 0
    for chunk in chunks:
        size += len(chunk)
        if size > expected.nar_size:
            break
        digest.update(chunk)
        yield chunk
    if size != expected.nar_size or digest.digest() != expected.nar_hash:
        raise Damaged("a NAR does not have the size and hash that its closure says")


def _write(parts: Iterator[Node | bytes], writer: TreeWriter) -> None:
    for part in parts:
        if isinstance(part, Directory):
            writer.directory(part.path)
        elif isinstance(part, Symlink):
            writer.symlink(part.path, part.target)
        elif isinstance(part, Regular):
            writer.file(part.path, part.executable, _content(parts, part.size))
    writer.finish()


def _content(parts: Iterator[Node | bytes], size: int) -> Iterator[bytes]:
    """Take a file's pieces from the parts; there are exactly enough (narreader.read)."""
    while size:
        piece = next(parts, None)
        if not isinstance(piece, bytes):
            raise AssertionError("the reader gave a file less content than it said")
        size -= len(piece)
        yield piece
