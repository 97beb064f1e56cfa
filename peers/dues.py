"""Dues: what is owed for results that are in the memo, until it is in the ledger.

The memo and the ledger are two files, and no commit is in both. So what a result costs is written
with it, in one commit; a receipt takes it into the ledger, and then it is left out here. Whoever
starts after a crash finds what has no receipt yet, and what has one.
"""

from collections.abc import Iterable
from sqlite3 import Connection
from typing import NamedTuple

from engine.content.cid import Cid
from engine.database import Database
from peers.identity import PeerId
from peers.receipts import LINE, Line


class Batch(NamedTuple):
    """Results that were handed back together, and not yet paid."""

    provider: PeerId
    agreement: Cid
    batch: Cid
    lines: tuple[Line, ...]


class Dues:
    """Those of one home. Safe for many threads."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(
        self,
        change: Connection,
        provider: PeerId,
        agreement: Cid,
        batch: Cid,
        lines: Iterable[Line],
    ) -> None:
        """Enter lines, in the change that makes their results durable."""
        change.executemany(
            "INSERT OR IGNORE INTO dues VALUES (?, ?, ?, ?, ?)",
            [
                (batch.raw, line.step.raw, provider.key, agreement.raw, LINE.encode(line))
                for line in lines
            ],
        )

    def drop(self, change: Connection, batch: Cid) -> None:
        """Leave out those of a batch: its receipts are durable."""
        change.execute("DELETE FROM dues WHERE batch = ?", (batch.raw,))

    def all(self) -> list[Batch]:
        """Return what is owed, a batch at a time."""
        query = "SELECT batch, provider, agreement, line FROM dues ORDER BY batch, step"
        found: dict[tuple[bytes, bytes, bytes], list[Line]] = {}
        for batch, provider, agreement, line in self._database.rows(query):
            found.setdefault((batch, provider, agreement), []).append(LINE.decode(line))
        return [
            Batch(PeerId(provider), Cid(agreement), Cid(batch), tuple(lines))
            for (batch, provider, agreement), lines in found.items()
        ]
