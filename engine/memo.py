"""Memo: what is known to come out of a step. Step key -> a set of witnesses.

A witness is (Result, Attestation, signer): "this came out, and I ran it". Different ones on one
key are kept side by side and shown; which of them may be reused is a Policy's choice, made when a
run is planned. Apart from content: forgetting the memo loses no data, only the work saved.
"""

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from typing import Any, Final, NamedTuple

from engine.content.cid import Cid, are_cids
from engine.database import Database
from engine.errors import Damaged
from engine.sqlite import CHUNK

WITNESS_COLUMNS: Final = "key, result, attestation, signed, signer"
UNSIGNED: Final = b""  # the signer of what this machine ran without a key


class Witness(NamedTuple):
    """Somebody says that a step gave a result."""

    key: Cid
    result: Cid
    attestation: Cid
    signed: Cid | None  # the Signed attestation, unless there was no key
    signer: bytes  # Ed25519 public key, or UNSIGNED for this machine's own


Policy = Callable[[Sequence[Witness]], Witness | None]


def own_results(signer: bytes) -> Policy:
    """Return the policy that believes this machine's own runs only, the earliest first."""
    own = {UNSIGNED, signer}

    def choose(witnesses: Sequence[Witness]) -> Witness | None:
        return next((witness for witness in witnesses if witness.signer in own), None)

    return choose


def known_results(witnesses: Sequence[Witness]) -> Witness | None:
    """The policy that believes also the peers that ran steps for this machine.

    Nobody else is in the memo of a home. Its own runs come first, then the earliest.
    """
    own = own_results(UNSIGNED)(witnesses)
    return own if own is not None else next(iter(witnesses), None)


class Memo:
    """The witnesses of one home."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def look_up(self, keys: Sequence[Cid]) -> dict[Cid, tuple[Witness, ...]]:
        """Return the witnesses of each key, earliest first, without what is disowned."""
        found: dict[Cid, list[Witness]] = {}
        for start in range(0, len(keys), CHUNK):
            for witness in self._chunk(keys[start : start + CHUNK]):
                found.setdefault(witness.key, []).append(witness)
        return {key: tuple(witnesses) for key, witnesses in found.items()}

    def said_of(self, key: Cid) -> tuple[Witness, ...]:
        """Return all that is said of a key, earliest first, also by who is disowned."""
        query = f"SELECT {WITNESS_COLUMNS} FROM memo WHERE key = ? ORDER BY place"  # noqa: S608
        found = []
        for row in self._database.rows(query, (key.raw,)):
            with suppress(Damaged):  # for fsck
                found.append(read_witness(row))
        return tuple(found)

    def add(self, change: sqlite3.Connection, witnesses: Iterable[Witness]) -> None:
        """Keep witnesses; the first of one signer on one result stands."""
        change.executemany(
            "INSERT OR IGNORE INTO memo SELECT ?, ?, ?, ?, ?, ifnull(max(place), 0) + 1"
            " FROM memo WHERE key = ?",
            [(*_values(witness), witness.key.raw) for witness in witnesses],
        )

    def conflicts(self) -> dict[Cid, tuple[Witness, ...]]:
        """Return the keys on which witnesses disagree, with all that is said."""
        query = "SELECT key FROM memo GROUP BY key HAVING count(DISTINCT result) > 1"
        return self.look_up([Cid(raw) for (raw,) in self._database.rows(query)])

    def doubted(self, keys: Sequence[Cid]) -> set[tuple[Cid, Cid]]:
        """Return which results of some steps, by key, nobody gave who is believed still."""
        found: set[tuple[Cid, Cid]] = set()
        for start in range(0, len(keys), CHUNK):
            some = [key.raw for key in keys[start : start + CHUNK]]
            query = (
                f"SELECT key, result FROM memo WHERE key IN ({','.join('?' * len(some))})"  # noqa: S608
                " GROUP BY key, result HAVING min(signer IN (SELECT signer FROM disowned))"
            )
            rows = self._database.rows(query, some)
            found |= {(Cid(key), Cid(result)) for key, result in rows if are_cids((key, result))}
        return found

    def disowned(self) -> frozenset[bytes]:
        """Return whom nothing is believed of."""
        return frozenset(key for (key,) in self._database.rows("SELECT signer FROM disowned"))

    def disown(self, signer: bytes) -> None:
        """Believe nothing a signer said or will say; what it said stays recorded."""
        with self._database.change() as change:
            change.execute("INSERT OR IGNORE INTO disowned VALUES (?)", (signer,))

    def _chunk(self, keys: Sequence[Cid]) -> Iterator[Witness]:
        marks = ",".join("?" * len(keys))
        query = (
            f"SELECT {WITNESS_COLUMNS} FROM memo WHERE key IN ({marks})"  # noqa: S608
            " AND signer NOT IN (SELECT signer FROM disowned) ORDER BY key, place"
        )
        for row in self._database.rows(query, keys):
            with suppress(Damaged):  # for fsck; without it the step runs again
                yield read_witness(row)


def read_witness(row: tuple[Any, ...]) -> Witness:
    """Return the witness in WITNESS_COLUMNS, as the database has them.

    Raises: Damaged when that is not what was written.
    """
    key, result, attestation, signed, signer = row
    cids = (key, result, attestation) if signed is None else (key, result, attestation, signed)
    if not are_cids(cids) or type(signer) is not bytes:
        raise Damaged("a row of the memo is damaged")
    return Witness(
        Cid(key), Cid(result), Cid(attestation), None if signed is None else Cid(signed), signer
    )


def _values(said: Witness) -> tuple[bytes | None, ...]:
    signed = None if said.signed is None else said.signed.raw
    return said.key.raw, said.result.raw, said.attestation.raw, signed, said.signer
