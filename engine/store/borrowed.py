"""Borrowed bytes: blocks that lie in a user's file, or can be made again from something else.

They cost no space. They may change or go at any time, so they are checked on every read like all
others, and forgotten when they are no longer what they were.
"""

import os
import sqlite3
import stat
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from engine.content.blocks import Block
from engine.content.cid import Cid
from engine.durable import reached
from engine.errors import Refused, Unavailable
from engine.store.base import Leaf
from engine.store.blocks import checked
from engine.store.index import Index
from engine.store.place import IN_PLACE, OWN, Signature
from engine.store.table import add_place, drop_packed, drop_place, insert_leaves
from engine.store.writer import Writer

_UNKNOWN: Final = Signature(0, 0, 0)  # of a source that is not a file


class Borrowed:
    """The borrowed places of one store."""

    def __init__(self, index: Index, writer: Writer) -> None:
        self._index = index
        self._writer = writer

    def in_place(
        self, path: Path, root: Cid, leaves: Sequence[Leaf], nodes: Sequence[Block]
    ) -> None:
        """Index a user's file.

        Raises: Unavailable when it cannot be read; Refused when it is not a file.
        """
        name = os.fsencode(path.absolute())
        signature = _signature(path)

        def place(change: sqlite3.Connection, stamp: int) -> None:
            for old in self._index.places("WHERE kind = ? AND name = ?", (IN_PLACE, name)):
                drop_place(change, old.number)
            number = add_place(change, IN_PLACE, name, root, signature)
            insert_leaves(change, number, leaves, stamp)

        self._writer.keep(checked(nodes), place)

    def derived(
        self, kind: str, locator: str, leaves: Sequence[Leaf], nodes: Sequence[Block], instead: bool
    ) -> None:
        """Index what the reader `kind` can make again from `locator`.

        With `instead`, packed copies of the leaves are given up for it.

        Raises: Unavailable on a full disk.
        """
        if kind in OWN:
            raise ValueError(f"'{kind}' is not the name of a reader")
        name = os.fsencode(locator)

        def place(change: sqlite3.Connection, stamp: int) -> None:
            known = self._index.places("WHERE kind = ? AND name = ?", (kind, name))
            number = known[0].number if known else add_place(change, kind, name, None, _UNKNOWN)
            insert_leaves(change, number, leaves, stamp)
            if instead:
                drop_packed(change, leaves)
            reached("borrowed.entered")

        self._writer.keep(checked(nodes), place)


def _signature(path: Path) -> Signature:
    try:
        status = path.stat()
    except OSError as error:
        raise Unavailable(
            f"the file cannot be read: {error.strerror}", where=str(path), fix="check the path"
        ) from error
    if not stat.S_ISREG(status.st_mode):
        raise Refused(
            "only a regular file can be added in place",
            where=str(path),
            fix="name the files in it, or add it without --in-place",
        )
    return Signature.of(status)
