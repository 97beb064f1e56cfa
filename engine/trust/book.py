"""TrustBook: what this home found when it checked what others gave. trust.db.

Losing the file loses no results: every peer is checked anew, as a stranger is.
"""

import secrets
import sqlite3
from collections.abc import Iterable, Sequence
from hashlib import blake2b
from pathlib import Path
from typing import Final, NamedTuple

from engine.content.cid import Cid
from engine.errors import Refused
from engine.sqlite import CHUNK, Schema, Sqlite
from engine.step import Step
from engine.trust.draw import SECRET

TRUST_FILE: Final = "trust.db"
MOST_PASSED: Final = 2**31  # counted of one peer
MOST_OWNED: Final = 10_000  # peers: all of them are read for each run

_TABLES: Final = """
CREATE TABLE secret (only INTEGER PRIMARY KEY CHECK (only = 1), secret BLOB NOT NULL);
CREATE TABLE standings (signer BLOB PRIMARY KEY, passed INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE unsteady (recipe BLOB PRIMARY KEY, what TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE owners (signer BLOB PRIMARY KEY, owner TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE findings (
    key BLOB, result BLOB, finding TEXT NOT NULL, evidence BLOB,
    PRIMARY KEY (key, result)) WITHOUT ROWID;
"""
# what could not be told this time takes nothing from what was found before
_FIND: Final = """\
INSERT INTO findings VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE
SET finding = excluded.finding, evidence = coalesce(excluded.evidence, evidence)
WHERE finding IN ('unchecked', 'disputed') OR excluded.finding NOT IN ('unchecked', 'disputed')
"""
SCHEMA: Final = Schema(
    versions=(_TABLES,),
    what="what is known of peers' results",
    when_damaged="'tally fsck --repair' makes it anew of what can still be read of it",
)


class Found(NamedTuple):
    """What a check of one result of a step came to."""

    key: Cid
    result: Cid
    finding: str  # one of weighing.Finding; "wrong" of the result that was, too
    evidence: Cid | None  # of a wrong one: a WrongResult


class TrustBook:
    """The checks of one home. For any thread."""

    def __init__(self, folder: Path) -> None:
        """Open the book of a home, made when there is none.

        Raises: as Sqlite does.
        """
        self._database = Sqlite(folder / TRUST_FILE, SCHEMA, fill)

    def secret(self) -> bytes:
        """Return what draws are made with: nobody else knows it."""
        (found,) = self._database.rows("SELECT secret FROM secret")
        return bytes(found[0])

    def passed(self, signers: Iterable[bytes]) -> dict[bytes, int]:
        """Return how many checks each of these passed since it failed one; none: not named."""
        wanted = list(dict.fromkeys(signers))
        found: dict[bytes, int] = {}
        for start in range(0, len(wanted), CHUNK):
            some = wanted[start : start + CHUNK]
            marks = ",".join("?" * len(some))
            query = f"SELECT signer, passed FROM standings WHERE signer IN ({marks})"  # noqa: S608
            found.update(self._database.rows(query, some))
        return found

    def is_unsteady(self, recipe: bytes) -> bool:
        """Return whether a step of that recipe once gave now this, now that."""
        query = "SELECT 1 FROM unsteady WHERE recipe = ?"
        return bool(self._database.rows(query, (recipe,)))

    def found(self, keys: Sequence[Cid]) -> list[Found]:
        """Return what is known of results of some steps."""
        found: list[Found] = []
        for start in range(0, len(keys), CHUNK):
            some = [key.raw for key in keys[start : start + CHUNK]]
            marks = ",".join("?" * len(some))
            query = f"SELECT key, result, finding, evidence FROM findings WHERE key IN ({marks})"  # noqa: S608
            found += map(_found, self._database.rows(query, some))
        return found

    def owners(self) -> dict[bytes, str]:
        """Return who owns which peer, as far as the user said."""
        return dict(self._database.rows("SELECT signer, owner FROM owners"))

    def own(self, signer: bytes, owner: str) -> None:
        """Note who owns a peer; "" for nobody who is known.

        Raises: Refused when the owners of too many are noted.
        """
        with self._database.change() as change:
            change.execute("DELETE FROM owners WHERE signer = ?", (signer,))
            if not owner:
                return
            ((count,),) = change.execute("SELECT count(*) FROM owners").fetchall()
            if count >= MOST_OWNED:
                raise Refused(f"the owners of {MOST_OWNED} peers are noted", fix="forget some")
            change.execute("INSERT INTO owners VALUES (?, ?)", (signer, owner))

    def keep(
        self,
        found: Iterable[Found],
        passed: Iterable[bytes] = (),
        failed: Iterable[bytes] = (),
        unsteady: Iterable[tuple[bytes, str]] = (),
    ) -> None:
        """Write down what a check came to: who passed it, who did not, which recipe is unsteady."""
        with self._database.change() as change:
            rows = [(one.key.raw, one.result.raw, one.finding, _raw(one.evidence)) for one in found]
            change.executemany(_FIND, rows)
            change.executemany(
                "INSERT INTO standings VALUES (?, 1)"
                " ON CONFLICT DO UPDATE SET passed = min(passed + 1, ?)",
                [(signer, MOST_PASSED) for signer in passed],
            )
            change.executemany(
                "INSERT OR REPLACE INTO standings VALUES (?, 0)", [(one,) for one in failed]
            )
            change.executemany("INSERT OR REPLACE INTO unsteady VALUES (?, ?)", list(unsteady))

    def close(self) -> None:
        """Close the file."""
        self._database.close()


def recipe_of(workflow: Cid, step: Step) -> bytes:
    """Return what steps of a workflow have in common that do the same to other inputs."""
    parts = (workflow.raw, step.closure.raw, *map(str.encode, (*step.command, step.script)))
    linked = step.script_link.raw if step.script_link else b""
    return blake2b(b"\0".join((*parts, linked)), digest_size=32).digest()


def fill(database: sqlite3.Connection) -> None:
    """Give a new file its secret."""
    database.execute("INSERT INTO secret VALUES (1, ?)", (secrets.token_bytes(SECRET),))


def _found(row: tuple[bytes, bytes, str, bytes | None]) -> Found:
    key, result, finding, evidence = row
    return Found(Cid(key), Cid(result), finding, None if evidence is None else Cid(evidence))


def _raw(cid: Cid | None) -> bytes | None:
    return None if cid is None else cid.raw
