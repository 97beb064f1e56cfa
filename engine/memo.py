"""Memo: what is known to come out of a step. Step key -> a set of claims.

A claim is (Result, Attestation, signer): "this came out, and I ran it". Different claims on one
key are kept side by side and shown; which of them may be reused is a Policy's choice, made when a
run is planned. Apart from content: forgetting the memo loses no data, only the work saved.
"""

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from engine.content.cid import Cid
from engine.database import Database

UNSIGNED: Final = b""  # the signer of what this machine ran without a key

_CHUNK: Final = 500  # keys in one SELECT; SQLite takes 32 766 at most, more than some gain nothing


@dataclass(frozen=True, slots=True)
class Claim:
    """Somebody says that a step gave a result."""

    key: Cid
    result: Cid
    attestation: Cid
    signed: Cid | None  # the Signed attestation, unless there was no key
    signer: bytes  # Ed25519 public key, or UNSIGNED for this machine's own


Policy = Callable[[Sequence[Claim]], Claim | None]


def own_results(signer: bytes) -> Policy:
    """Return the policy that believes this machine's own runs only, the earliest first."""
    own = {UNSIGNED, signer}

    def choose(claims: Sequence[Claim]) -> Claim | None:
        return next((claim for claim in claims if claim.signer in own), None)

    return choose


class Memo:
    """The claims of one home."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def look_up(self, keys: Sequence[Cid]) -> dict[Cid, tuple[Claim, ...]]:
        """Return the claims on each key that has any, earliest first, without disowned ones."""
        found: dict[Cid, list[Claim]] = {}
        for start in range(0, len(keys), _CHUNK):
            for claim in self._chunk(keys[start : start + _CHUNK]):
                found.setdefault(claim.key, []).append(claim)
        return {key: tuple(claims) for key, claims in found.items()}

    def add(self, change: sqlite3.Connection, claims: Iterable[Claim]) -> None:
        """Keep claims; the first of one signer on one result stands."""
        change.executemany(
            "INSERT OR IGNORE INTO memo SELECT ?, ?, ?, ?, ?, ifnull(max(place), 0) + 1"
            " FROM memo WHERE key = ?",
            [(*_values(claim), claim.key.raw) for claim in claims],
        )

    def conflicts(self) -> dict[Cid, tuple[Claim, ...]]:
        """Return the keys on which claims disagree, with all that is claimed."""
        query = "SELECT key FROM memo GROUP BY key HAVING count(DISTINCT result) > 1"
        return self.look_up([Cid(raw) for (raw,) in self._database.rows(query)])

    def disown(self, signer: bytes) -> None:
        """Believe nothing a signer claimed or will claim; what it claimed stays recorded."""
        with self._database.change() as change:
            change.execute("INSERT OR IGNORE INTO disowned VALUES (?)", (signer,))

    def _chunk(self, keys: Sequence[Cid]) -> Iterator[Claim]:
        marks = ",".join("?" * len(keys))
        query = (
            f"SELECT key, result, attestation, signed, signer FROM memo WHERE key IN ({marks})"  # noqa: S608
            " AND signer NOT IN (SELECT signer FROM disowned) ORDER BY key, place"
        )
        for key, result, attestation, signed, signer in self._database.rows(
            query, [key.raw for key in keys]
        ):
            signature = None if signed is None else Cid(signed)
            yield Claim(Cid(key), Cid(result), Cid(attestation), signature, signer)


def _values(claim: Claim) -> tuple[bytes | None, ...]:
    signed = None if claim.signed is None else claim.signed.raw
    return claim.key.raw, claim.result.raw, claim.attestation.raw, signed, claim.signer
