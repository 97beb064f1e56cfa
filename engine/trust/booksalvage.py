"""Book salvage: what of a damaged trust.db is brought over into a new one: rows that are whole."""

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Final, get_args

from engine.content.cid import are_cids
from engine.salvage import Rows, salvage
from engine.sqlite import Row
from engine.trust.book import MOST_PASSED, SCHEMA, TRUST_FILE, fill
from engine.trust.draw import SECRET
from engine.trust.weighing import Finding

_FINDINGS: Final = frozenset(get_args(Finding))


def salvage_book(home: Path) -> Path | None:
    """Make the book of a home anew unless it is sound; return where what it was is kept, or None.

    Raises: as salvage.
    """
    return salvage(home / TRUST_FILE, SCHEMA, fill, carry)


def carry(rows: Rows, new: sqlite3.Connection) -> None:
    """Put in the new file every row that is whole: also the secret, by which draws fall as before.

    A peer whose row is lost is checked as a stranger is.
    """
    for table, is_whole in _WHOLE.items():
        for row in filter(is_whole, rows(table)):
            marks = ",".join("?" * len(row))
            new.execute(f"INSERT OR REPLACE INTO {table} VALUES ({marks})", row)  # noqa: S608


def _is_secret(row: Row) -> bool:
    return row[0] == 1 and _is_blob(row[1], SECRET)


def _is_standing(row: Row) -> bool:
    return _is_blob(row[0]) and isinstance(row[1], int) and 0 <= row[1] <= MOST_PASSED


def _is_named(row: Row) -> bool:
    return _is_blob(row[0]) and isinstance(row[1], str)


def _is_found(row: Row) -> bool:
    key, result, finding, evidence = row
    return finding in _FINDINGS and are_cids(
        [key, result, *([] if evidence is None else [evidence])]
    )


def _is_blob(value: object, size: int = 32) -> bool:
    return isinstance(value, bytes) and len(value) == size


_WHOLE: Final[dict[str, Callable[[Row], bool]]] = {
    "secret": _is_secret,
    "standings": _is_standing,
    "unsteady": _is_named,
    "owners": _is_named,
    "findings": _is_found,
}
