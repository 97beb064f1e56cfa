"""Disk: what a peer has saved, and what it has only in memory: that goes with a crash.

Writes become durable one after the other, each some time after it was asked for; whoever asked is
told later still. A crash in between leaves what is durable with nobody who knows of it.
"""

from collections.abc import Callable, Iterable, Iterator
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
        self._agenda = agenda
        self._random = random
        self._last_ms = 0

    def table(self, name: str) -> dict[Any, Any]:
        """Return what is durable of a kind; it is changed by `save` alone."""
        return self._disk.tables.setdefault(name, {})

    def get(self, cid: Cid) -> bytes | None:
        """Return a block that is here."""
        data = self._fresh.get(cid)
        return data if data is not None else self._disk.blocks.get(cid)

    def put(self, blocks: Iterable[tuple[Cid, bytes]]) -> None:
        """Have blocks; they are durable after the next `save`."""
        for cid, data in blocks:
            if cid not in self._disk.blocks:
                self._fresh[cid] = data

    def save(self, then: Callable[[], None], **entries: tuple[Any, Any]) -> None:
        """Save at once an entry of each table, and all blocks; with None it is deleted."""
        self._write(entries, then)

    def flush(self, then: Callable[[], None]) -> None:
        """Make all blocks durable that are here by now."""
        self._write({}, then)

    def all(self) -> Iterator[tuple[Cid, bytes]]:
        """Return all blocks."""
        yield from self._disk.blocks.items()
        yield from self._fresh.items()

    def _write(self, entries: dict[str, tuple[Any, Any]], then: Callable[[], None]) -> None:
        blocks = dict(self._fresh)

        def write() -> None:
            self._disk.blocks.update(blocks)
            for cid in blocks:
                self._fresh.pop(cid, None)
            for name, (key, value) in entries.items():
                table = self.table(name)
                table.pop(key, None)
                if value is not None:
                    table[key] = value

        now_ms = self._agenda.now_ms
        self._last_ms = max(now_ms, self._last_ms) + self._random.randint(1, self.slowest_ms)
        self._later(self._last_ms - now_ms, write)
        self._later(self._last_ms - now_ms + self._random.randint(0, 3), then)

    def _later(self, delay_ms: int, happens: Callable[[], None]) -> None:
        self._agenda.after(delay_ms, lambda: happens() if self.is_alive else None)
