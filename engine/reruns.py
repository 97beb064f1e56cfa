"""Reruns: what came of the runs that were run again in one home. Losing them loses no content."""

from collections import Counter
from collections.abc import Iterable
from typing import Final, NamedTuple

from engine.content.cid import Cid
from engine.database import Database
from engine.redone import (
    REDONE_COLUMNS,
    STEP_COLUMNS,
    Redone,
    RedoneStep,
    read_redone,
    read_step,
    write_outputs,
)

MOST_KEPT: Final = 100  # reruns of one run: of more the oldest are forgotten

_WORST_FIRST: Final = (
    "CASE verdict WHEN 'failed' THEN 0 WHEN 'differs' THEN 1 WHEN 'equivalent' THEN 2 ELSE 3 END"
)


class Where(NamedTuple):
    """Where steps of a rerun ran, and how many."""

    system: str
    sandbox: str
    signer: str
    steps: int


class Reruns:
    """The reruns of one home."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def keep(self, redone: Redone, steps: Iterable[RedoneStep]) -> None:
        """Keep what came of a rerun, and forget the oldest of very many of one run."""
        with self._database.change() as change:
            values = (redone.run.raw, *redone[2:])
            entered = change.execute(
                "INSERT INTO reruns VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?, ?)", values
            )
            change.executemany(
                "INSERT INTO rerun_steps VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    (entered.lastrowid, place, *one[:-1], write_outputs(one.outputs))
                    for place, one in enumerate(steps)
                ),
            )
            old = "SELECT id FROM reruns WHERE run = ? ORDER BY id DESC LIMIT -1 OFFSET ?"
            for (number,) in change.execute(old, (redone.run.raw, MOST_KEPT)).fetchall():
                change.execute("DELETE FROM reruns WHERE id = ?", (number,))
                change.execute("DELETE FROM rerun_steps WHERE rerun = ?", (number,))

    def of(self, run: Cid) -> list[Redone]:
        """Return the reruns of a run, the latest first.

        Raises: Damaged when a row is not what was written; so does all that reads rows.
        """
        if not self._database.has_table("reruns"):
            return []
        query = f"SELECT {REDONE_COLUMNS} FROM reruns WHERE run = ? ORDER BY id DESC"  # noqa: S608 - names of columns, from redone.py
        return [read_redone(row) for row in self._database.rows(query, (run.raw,))]

    def steps(self, redone: Redone, most: int) -> list[RedoneStep]:
        """Return steps of a rerun, those that came out worst first."""
        query = (
            f"SELECT {STEP_COLUMNS} FROM rerun_steps WHERE rerun = ?"  # noqa: S608 - as above
            f" ORDER BY {_WORST_FIRST}, place LIMIT ?"
        )
        return [read_step(row) for row in self._database.rows(query, (redone.id, most))]

    def counts(self, redone: Redone) -> Counter[str]:
        """Return how many steps of a rerun came out how."""
        query = "SELECT verdict, count(*) FROM rerun_steps WHERE rerun = ? GROUP BY verdict"
        return Counter(dict(self._database.rows(query, (redone.id,))))

    def worse(self, run: Cid) -> Counter[str]:
        """Return how many steps of a run did not come out right in any rerun before the latest."""
        if not self._database.has_table("reruns"):
            return Counter()
        query = (
            "SELECT rerun_steps.verdict, count(DISTINCT step) FROM rerun_steps"
            " JOIN reruns ON reruns.id = rerun WHERE run = ?"
            " AND rerun < (SELECT max(id) FROM reruns WHERE run = ?)"
            " AND rerun_steps.verdict IN ('failed', 'differs') GROUP BY rerun_steps.verdict"
        )
        return Counter(dict(self._database.rows(query, (run.raw, run.raw))))

    def places(self, redone: Redone, most: int) -> list[Where]:
        """Return where the steps of a rerun ran, where most did first."""
        query = (
            "SELECT system, sandbox, signer, count(*) AS steps FROM rerun_steps"
            " WHERE rerun = ? AND system != '' GROUP BY system, sandbox, signer"
            " ORDER BY steps DESC, system, sandbox, signer LIMIT ?"
        )
        return [Where(*row) for row in self._database.rows(query, (redone.id, most))]
