"""Row check: the rows of state.db that are not what was written.

SQLite keeps no sums of what it stores: a bit that flips within a row gives another row. One that
has not the form that it was written with is found here. What a wrong CID of the right form names
is not in the store, or not of the right kind, and is found there.
"""

from collections.abc import Callable, Iterator
from typing import Final

from engine.database import Database
from engine.errors import Damaged
from engine.memo import WITNESS_COLUMNS, read_witness
from engine.redone import REDONE_COLUMNS, read_redone
from engine.redone import STEP_COLUMNS as REDONE_STEP_COLUMNS
from engine.redone import read_step as read_redone_step
from engine.rows import RUN_COLUMNS, STEP_COLUMNS, read_run, read_step
from engine.sqlite import Row
from engine.values import dataclass


@dataclass(frozen=True, slots=True)
class _Table:
    name: str
    key: tuple[str, ...]
    columns: str
    read: Callable[[Row], object]

    @property
    def exact_key(self) -> tuple[str, ...]:
        """The key, as bytes: it may be text that is none."""
        return tuple(f"CAST({column} AS BLOB)" for column in self.key)


_TABLES: Final = (
    _Table("runs", ("rowid",), RUN_COLUMNS, read_run),
    _Table("run_steps", ("run", "step", "idx"), STEP_COLUMNS, read_step),
    _Table("reruns", ("id",), REDONE_COLUMNS, read_redone),
    _Table("rerun_steps", ("rerun", "place"), REDONE_STEP_COLUMNS, read_redone_step),
    _Table("memo", ("key", "result", "signer"), WITNESS_COLUMNS, read_witness),
)


def damaged_rows(database: Database) -> Iterator[Damaged]:
    """Yield what is wrong with each row that is not what was written."""
    return (damaged for table in _TABLES for _, damaged in _check(database, table))


def drop_damaged_rows(database: Database) -> None:
    """Forget those rows: a run's record says what its rows said, and the memo costs time alone.

    Raises: Unavailable on a full disk.
    """
    with database.change() as change:
        for table in _TABLES:
            where = " AND ".join(f"{column} IS ?" for column in table.exact_key)
            for key, _ in _check(database, table):
                change.execute(f"DELETE FROM {table.name} WHERE {where}", key)  # noqa: S608


def _check(database: Database, table: _Table) -> Iterator[tuple[Row, Damaged]]:
    if not database.has_table(table.name):
        return
    query = f"SELECT {table.columns}, {', '.join(table.exact_key)} FROM {table.name}"  # noqa: S608
    for row in database.scan(query):
        try:
            _check_text(row)
            table.read(row[: -len(table.key)])
        except Damaged as damaged:
            yield row[-len(table.key) :], damaged


def _check_text(row: Row) -> None:
    """Look whether text is text: `scan` gives what is not UTF-8 as lone surrogates."""
    try:
        "".join(value for value in row if isinstance(value, str)).encode()
    except UnicodeEncodeError:
        raise Damaged("a row in the record of runs is damaged: text that is none") from None
