"""Leases: what a running process has put is kept from a gc that runs at the same time.

A process takes a lease in the same transaction as its first put. While the lease lives, nothing
that was put since then is swept, by whomever; and what is held under it counts as a root. A lease
lives while its process does (a lock on a file), and GRACE_MS longer when the process was killed,
so that running the same command again finds what was there.
"""

import os
import secrets
import sqlite3
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Final

from engine.content.cid import Cid
from engine.durable import reached
from engine.errors import Unavailable
from engine.locks import create_locked, open_locked
from engine.store.index import Index

GRACE_MS: Final = 15 * 60 * 1000  # a killed run is started again by a person or a timer
_RENEW_MS: Final = GRACE_MS // 3


class Lease:
    """The lease of one open store. Not for two threads at once."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / secrets.token_hex(16)
        self._descriptor: int | None = None
        self._renewed = 0
        self._moved: int | None = None  # the stamp of the last `move`
        self._recent: set[Cid] = set()  # held since then
        self.stamp: int | None = None  # nothing put since then is swept

    def ensure(self, change: sqlite3.Connection, stamp: int) -> None:
        """Take the lease in this change, or renew it when it is getting old."""
        if self._descriptor is None:
            self._descriptor = create_locked(self._path, 0o600)
            reached("lease.made")
        if self.stamp is None or stamp - self._renewed > _RENEW_MS:
            change.execute(
                "INSERT INTO leases VALUES (?, ?, ?) "
                "ON CONFLICT (id) DO UPDATE SET expires = excluded.expires",
                (self._path.name, stamp, stamp + GRACE_MS),
            )

    def took(self, stamp: int) -> None:
        """Take note that the change of `ensure` is durable."""
        if self.stamp is None:
            self.stamp = stamp
        if stamp - self._renewed > _RENEW_MS:
            self._renewed = stamp

    def hold(self, change: sqlite3.Connection, cids: Iterable[Cid]) -> None:
        """Make these roots for as long as the lease lives, or until it was moved twice."""
        cids = tuple(cids)
        self._recent.update(cids)
        self._hold(change, cids)

    def move(self, change: sqlite3.Connection, cids: Iterable[Cid]) -> None:
        """Hold only these from now on, and what was put or held since this was last done."""
        change.execute("DELETE FROM held WHERE lease = ?", (self._path.name,))
        self._hold(change, {*cids, *self._recent})
        since = self.stamp if self._moved is None else self._moved
        if since is not None:
            change.execute("UPDATE leases SET stamp = ? WHERE id = ?", (since, self._path.name))

    def moved(self, stamp: int) -> None:
        """Take note that the change of `move` is durable."""
        self.stamp = self.stamp if self._moved is None else self._moved
        self._moved = stamp
        self._recent.clear()

    def _hold(self, change: sqlite3.Connection, cids: Iterable[Cid]) -> None:
        rows = [(self._path.name, cid.raw) for cid in cids]
        change.executemany("INSERT OR IGNORE INTO held VALUES (?, ?)", rows)

    def end(self, index: Index) -> None:
        """Give the lease back: what was put counts from now on by its pins alone."""
        self._moved = None
        self._recent.clear()
        if self.stamp is not None:
            self.stamp = None
            with suppress(Unavailable), index.change() as change:  # a full disk: then the row
                _delete(change, self._path.name)  # outlasts the process by GRACE_MS
            reached("lease.deleted")
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None
            self._path.unlink(missing_ok=True)
            reached("lease.removed")


def floor(change: sqlite3.Connection, folder: Path, stamp: int) -> int:
    """Return the stamp from which on live leases keep everything; forget the dead ones."""
    lowest = stamp
    for name, since, expires in change.execute("SELECT * FROM leases").fetchall():
        if expires > stamp or _held_open(folder / name):
            lowest = min(lowest, since)
        else:
            _delete(change, name)
            (folder / name).unlink(missing_ok=True)
    return lowest


def held(index: Index) -> list[Cid]:
    """Return what is held under the leases there are."""
    return [Cid(raw) for (raw,) in index.rows("SELECT DISTINCT cid FROM held")]


def leases_of_nobody(index: Index, folder: Path) -> list[Path]:
    """Return the files of leases that were never taken: they are locked while they may be."""
    known = {name for (name,) in index.rows("SELECT id FROM leases")}
    return [path for path in folder.iterdir() if path.name not in known]


def _delete(change: sqlite3.Connection, name: str) -> None:
    change.execute("DELETE FROM leases WHERE id = ?", (name,))
    change.execute("DELETE FROM held WHERE lease = ?", (name,))


def _held_open(path: Path) -> bool:
    descriptor = open_locked(path)
    if descriptor is not None:
        os.close(descriptor)
    return descriptor is None and path.exists()
