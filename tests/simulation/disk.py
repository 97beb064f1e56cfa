"""Disk: what a peer has saved, and what it has only in memory: that goes with a crash.

What is asked for while a write goes on is written together after it; who asked is told later still.
A crash in between leaves what is durable with nobody who knows of it.
"""

from collections.abc import Callable, Iterable
from random import Random
from typing import Any

from engine.content.cid import Cid
from tests.simulation.agenda import Agenda


class Disk:
    """What is durable: named tables, and blocks."""

    def __init__(self) -> None:
        self.blocks: dict[Cid, bytes] = {}
        self.tables: dict[str, dict[Any, Any]] = {}


class Writer:
    """One life's way to a disk."""

    def __init__(self, disk: Disk, agenda: Agenda, random: Random) -> None:
        self.is_alive = True
        self.slowest_ms = 10
        self._disk = disk
        self._fresh: dict[Cid, bytes] = {}  # blocks that are here, and not durable
        self._writing: dict[Cid, bytes] = {}  # those that are about to be
        self._entries: list[tuple[str, Any, Any]] = []
        self._changes: list[Callable[[], None]] = []
        self._told: list[Callable[[], None]] = []  # once what waits is durable
        self._is_writing = False
        self._agenda = agenda
        self._random = random

    def table(self, name: str) -> dict[Any, Any]:
        """Return what is durable of a kind; it is changed by `save` alone."""
        return self._disk.tables.setdefault(name, {})

    def get(self, cid: Cid) -> bytes | None:
        """Return a block that is here."""
        for blocks in (self._disk.blocks, self._fresh, self._writing):
            if (data := blocks.get(cid)) is not None:
                return data
        return None

    def put(self, blocks: Iterable[tuple[Cid, bytes]]) -> None:
        """Have blocks; they are durable after the next `save`."""
        for cid, data in blocks:
            if cid not in self._disk.blocks and cid not in self._writing:
                self._fresh[cid] = data

    def save(self, then: Callable[[], None], **entries: tuple[Any, Any]) -> None:
        """Save at once an entry of each table, and all blocks; with None it is deleted."""
        self._write(entries, then)

    def perform(self, change: Callable[[], None], then: Callable[[], None]) -> None:
        """Have all blocks that are here made durable, and then something changed."""
        self._changes.append(change)
        self._write({}, then)

    def flush(self, then: Callable[[], None]) -> None:
        """Make all blocks durable that are here by now."""
        self._write({}, then)

    def _write(self, entries: dict[str, tuple[Any, Any]], then: Callable[[], None]) -> None:
        self._entries += [(name, key, value) for name, (key, value) in entries.items()]
        self._told.append(then)
        if not self._is_writing:
            self._begin()

    def _begin(self) -> None:
        """Begin to write all that waits: together, as a journal would."""
        self._is_writing = True
        blocks, self._fresh = self._fresh, {}
        self._writing = blocks
        entries, self._entries = self._entries, []
        changes, self._changes = self._changes, []
        told, self._told = self._told, []

        def write() -> None:
            self._disk.blocks.update(blocks)
            self._writing = {}
            for name, key, value in entries:
                table = self.table(name)
                table.pop(key, None)
                if value is not None:
                    table[key] = value
            for change in changes:
                change()
            for then in told:
                self._later(self._random.randint(0, 3), then)
            self._is_writing = False
            if self._told:
                self._begin()

        self._later(self._random.randint(1, self.slowest_ms), write)

    def _later(self, delay_ms: int, happens: Callable[[], None]) -> None:
        self._agenda.after(delay_ms, lambda: happens() if self.is_alive else None)
