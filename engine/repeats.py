"""Repeats: whole runs that would do nothing again, because nothing has changed since.

A run of which every step was reused is remembered under the digest of its work, with two *marks*:
one changes whenever a witness in the memo may be gone, the other whenever a copy of a block is.
While both are as they were before that run looked for its results, the same work has the same
keys, the same witnesses, and every block of what they gave: its steps and its record are copied.
Marks are changed by the databases themselves (triggers in database.py and store/table.py), so that
no deletion can forget to.
"""

from collections.abc import Callable
from typing import Final, NamedTuple

from engine.database import Database
from engine.durable import reached
from engine.journal import Journal
from engine.rows import RUN_COLUMNS, STEP_COLUMNS, NewRun, RunRow, read_run

_HOLDS: Final = f"""SELECT {RUN_COLUMNS} FROM runs
    WHERE id = (SELECT repeats.run FROM repeats JOIN mark ON mark.mark = memo
        WHERE repeats.work = ? AND content = ?)
    AND status = 'succeeded' AND run IS NOT NULL
    AND NOT EXISTS (SELECT 1 FROM runs WHERE work = ? AND status = 'running')"""  # noqa: S608 - names of columns, from rows.py
_COPY: Final = f"""INSERT INTO run_steps SELECT ?, {STEP_COLUMNS}
    FROM run_steps WHERE run = ?"""  # noqa: S608 - as above

_CHANGED: Final = """SELECT 1 FROM run_steps AS one WHERE run = ?
    AND (status IS NOT 'reused' OR NOT EXISTS (SELECT 1 FROM memo WHERE memo.key = one.key
        AND memo.result = one.result AND memo.attestation = one.attestation))
    UNION ALL SELECT 1 FROM run_steps WHERE run = ?
    GROUP BY step HAVING min(idx) != 0 OR max(idx) != count(*) - 1 LIMIT 1"""

ContentMark = Callable[[], bytes | None]  # None while content may go without a word


class Marks(NamedTuple):
    """What was true of memo and store at one moment."""

    memo: bytes
    content: bytes


class Repeats:
    """The runs of one home that need not be looked through again."""

    def __init__(self, database: Database, journal: Journal, content_mark: ContentMark) -> None:
        self._database = database
        self._journal = journal
        self._content_mark = content_mark

    def marks(self) -> Marks | None:
        """Return the marks as they are now; None while nothing can be remembered by them."""
        content = self._content_mark()
        memo = next((mark for (mark,) in self._database.rows("SELECT mark FROM mark")), None)
        return None if content is None or memo is None else Marks(memo, content)

    def remember(self, work: bytes, run: str, before: Marks) -> None:
        """Remember a run, by id, of which every step was reused; `before` it looked for any."""
        with self._database.change() as change:
            change.execute(
                "INSERT OR REPLACE INTO repeats VALUES (?, ?, ?, ?)", (work, run, *before)
            )

    def find(self, work: bytes) -> RunRow | None:
        """Return the run that is remembered of this work, if that still holds.

        None too while one of this work was interrupted, and is to be gone on with.
        """
        found = self._database.rows(_HOLDS, (work, self._content_mark(), work))
        return read_run(found[0]) if found else None

    def repeat(self, new: NewRun, token: bytes, now_ms: int) -> RunRow | None:
        """Enter a run that has ended already, like the one that `find` returns; None without one.

        `token` is 16 random bytes.
        """
        with self._database.change() as change:
            earlier = self.find(new.work)
            if earlier is None or self._is_changed(earlier.id):
                return None
            row = self._journal.enter(new, token, now_ms, earlier.status, earlier.run)
            change.execute(_COPY, (row.id, earlier.id))
        reached("run.repeated")
        return row

    def _is_changed(self, run: str) -> bool:
        """Return whether a bit has flipped in what is to be copied, as far as that can be told."""
        return bool(self._database.rows(_CHANGED, (run, run)))
