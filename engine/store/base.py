"""ContentStore: a BlockStore that also keeps whole files.

A file over SMALL bytes is stored once, whole, and the blocks it is made of are places in it
(`Leaf`), so that staging it as a step's input is a hard link and not a copy. Smaller files are
one raw block each. The protocol alone; disk.py has the real one.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final, Protocol

from engine.content.blocks import Block, ManyStore
from engine.content.blocks import Leaf as Leaf  # where writers of whole files look for it
from engine.content.cid import Cid

SMALL: Final = 64 * 1024  # bytes; up to here a file is one raw block in a pack


class FileWriter(Protocol):
    """A whole file on its way into the store: written or filled, then committed or aborted."""

    def write(self, data: bytes | memoryview) -> None:
        """Append some bytes; a memoryview's buffer is the caller's again on return.

        Raises: Unavailable on a full disk.
        """
        ...

    def take(self, source: int, size: int, piece: int) -> Iterator[bytes]:
        """Fill a file that is empty with `size` bytes of an open one; yield what it then holds.

        It comes in pieces of `piece` bytes; less comes where `source` ends early.

        Raises: OSError when `source` cannot be read; Unavailable on a full disk.
        """
        ...

    def commit(self, root: Cid, leaves: Sequence[Leaf], nodes: Sequence[Block]) -> None:
        """Keep the file as `root`, durably; it becomes the home of its leaves.

        The leaves cover it without gaps, in order; `nodes` are the dag-pb blocks above them. The
        writer computed every leaf's name from the bytes it wrote. A root that is here already is
        no change.

        Raises: Unavailable on a full disk.
        """
        ...

    def abort(self) -> None:
        """Forget what was written; harmless after a commit."""
        ...


class ContentStore(ManyStore, Protocol):
    """Blocks by name, and whole files by the name of their root."""

    def new_file(self) -> FileWriter:
        """Begin a whole file."""
        ...

    def adopt_in_place(
        self, path: Path, root: Cid, leaves: Sequence[Leaf], nodes: Sequence[Block]
    ) -> None:
        """Index a user's own file where it is, without copying it; dropped when it changes.

        Raises: Unavailable when it cannot be read.
        """
        ...

    def path_of(self, root: Cid) -> Path | None:
        """Return the store's own read-only file (0444) that holds exactly `root`, if there is one.

        None when it is kept as small blocks or in a user's own file.

        Raises: Damaged when it was found to be, just now, and some of it was in no other place.
        """
        ...
