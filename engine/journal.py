"""Journal: the runs of one home, and what became of each of their steps.

A run whose process is gone without an end is *interrupted*; running the same work again goes on
with it, under the same name. Which process is alive is known from Claims: a run's id is claimed
for as long as it is being run.
"""

import json
import sqlite3
from collections.abc import Collection, Iterable
from dataclasses import replace
from typing import Final, NamedTuple

from engine.claims import Claims
from engine.content.cid import Cid
from engine.database import Database
from engine.durable import reached
from engine.errors import Refused
from engine.rows import (
    RUN_COLUMNS,
    STEP_COLUMNS,
    Name,
    NewRun,
    RunRow,
    RunStatus,
    StepRow,
    read_run,
    read_step,
)
from engine.sqlite import Row
from engine.words import two_words

LEARNED_RUNS: Final = 20  # from which it is learned how long steps take: the code changes
LEARNED_STEPS: Final = 100_000  # some tenths of a second

LATEST: Final = "latest"  # the run begun last; no name, as those are of two words

_ID_BYTES: Final = 6  # 12 hexadecimal digits: a million runs of one home do not collide
_RUN: Final = f"SELECT {RUN_COLUMNS} FROM runs "  # noqa: S608 - names of columns, from rows.py
# what a run that is gone on with tries again: there may be other instances of it this time
_UNDONE: Final = "DELETE FROM run_steps WHERE run = ? AND status IN ('failed', 'skipped')"
_ONE: Final = "DELETE FROM run_steps WHERE run = ? AND step = ? AND idx = ?"
_STEP: Final = f"SELECT {STEP_COLUMNS} FROM run_steps "  # noqa: S608 - as above


class StepCount(NamedTuple):
    """How many instances of a step came to the same."""

    step: str
    status: str
    instances: int
    wall_ms: int  # of all of them


class Journal:
    """The runs of one home."""

    def __init__(self, database: Database, claims: Claims) -> None:
        self._database = database
        self._claims = claims

    def begin(self, new: NewRun, token: bytes, now_ms: int) -> RunRow:
        """Begin a run, or go on with the latest interrupted one of the same work.

        `token` is 16 random bytes. The run is this process's until `end` or its death.
        """
        query = f"{_RUN} WHERE work = ? AND status = 'running' ORDER BY created_ms DESC"
        for row in self._database.rows(query, (new.work,)):
            if self._claims.take(_claim(row[0])):
                with self._database.change() as change:
                    change.execute("UPDATE runs SET cancel = 0 WHERE id = ?", (row[0],))
                    change.execute(_UNDONE, (row[0],))
                reached("run.continued")
                return self._run(row)
        entered = self.enter(new, token, now_ms)
        reached("run.begun")
        return entered

    def enter(
        self,
        new: NewRun,
        token: bytes,
        now_ms: int,
        status: RunStatus = "running",
        run: Cid | None = None,
    ) -> RunRow:
        """Enter a run; one that is running is this process's until `end` or its death."""
        identity = token[:_ID_BYTES].hex()
        if status == "running":
            self._claims.take(_claim(identity))
        base = two_words(token[_ID_BYTES:])
        ended_ms = None if status == "running" else now_ms
        with self._database.change() as change:
            taken = {name for (name,) in change.execute("SELECT name FROM runs")}
            tries = (base if n == 1 else f"{base}-{n}" for n in range(1, len(taken) + 2))
            name = next(each for each in tries if each not in taken)
            parameters = json.dumps(new.parameters, sort_keys=True)
            values = (identity, name, new.work, new.workflow.raw, new.title, parameters, status)
            change.execute(
                "INSERT INTO runs VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0)",
                (*values, now_ms, ended_ms, _raw(run)),
            )
        return RunRow(
            identity, name, new.workflow, new.title, new.parameters, status, now_ms, ended_ms, run,
            imported=run == new.work,
        )  # fmt: skip

    def add_steps(self, change: sqlite3.Connection, run: str, steps: Iterable[StepRow]) -> None:
        """Record what became of instances; the latest word on each counts."""
        change.executemany(
            f"INSERT OR REPLACE INTO run_steps VALUES ({','.join('?' * 12)})",  # noqa: S608
            ((run, *step) for step in steps),
        )

    def end(self, id: str, status: RunStatus, run: Cid | None, now_ms: int) -> None:  # noqa: A002
        """Record a run's end and let go of it."""
        with self._database.change() as change:
            change.execute(
                "UPDATE runs SET status = ?, run = ?, finished_ms = ? WHERE id = ?",
                (status, _raw(run), now_ms, id),
            )
        reached("run.ended")
        self._claims.release(_claim(id))

    def runs(self) -> list[RunRow]:
        """Return all runs, the latest first.

        Raises: Damaged when a row is not what was written; so does all that reads rows.
        """
        return [self._run(row) for row in self._database.rows(f"{_RUN} ORDER BY created_ms DESC")]

    def steps(self, id: str, only: Collection[str] | None = None) -> list[StepRow]:  # noqa: A002
        """Return what is recorded of a run's instances, in order of steps and indexes.

        `only` names the steps that are asked for, unless all are.
        """
        names = () if only is None else tuple(only)
        chosen = "" if only is None else f"AND step IN ({','.join('?' * len(names))})"
        query = f"{_STEP} WHERE run = ? {chosen} ORDER BY step, idx"
        return [read_step(row) for row in self._database.rows(query, (id, *names))]

    def counts(self, id: str) -> list[StepCount]:  # noqa: A002
        """Return how many instances of each step came to what, in order of steps."""
        query = (
            "SELECT step, status, count(*), CAST(total(wall_ms) AS INTEGER) FROM run_steps"
            " WHERE run = ? GROUP BY step, status ORDER BY step, status"
        )
        return [StepCount(*row) for row in self._database.rows(query, (id,))]

    def durations(self, title: str) -> dict[str, list[int]]:
        """Return how long each step of the workflows of that name took, where it ran to its end.

        In milliseconds, of the latest LEARNED_RUNS runs; at most LEARNED_STEPS in all.
        """
        query = (
            "SELECT step, wall_ms FROM run_steps WHERE status = 'ran' AND run IN"
            " (SELECT id FROM runs WHERE title = ? ORDER BY created_ms DESC LIMIT ?) LIMIT ?"
        )
        found: dict[str, list[int]] = {}
        for step, wall_ms in self._database.rows(query, (title, LEARNED_RUNS, LEARNED_STEPS)):
            found.setdefault(step, []).append(wall_ms)
        return found

    def find(self, text: str) -> RunRow:
        """Return the run that has this name, id or Run CID, or a unique beginning of one.

        LATEST is the run begun last. Raises: Refused when there is none, or more than one, with
        what is near.
        """
        runs = self.runs()
        exact = [run for run in runs if text in (run.name, run.id) or text == str(run.run)]
        exact = runs[:1] if text == LATEST else exact
        begins = [run for run in runs if text and _begins(run, text)]
        found = exact or begins
        if len({run.id for run in found}) > 1 and not exact:
            names = ", ".join(run.name for run in found[:5])
            raise Refused(f"'{text}' begins more than one run", fix=f"say which: {names}")
        if not found:
            from difflib import get_close_matches

            near = get_close_matches(text, [run.name for run in runs], n=1)
            fix = f"did you mean '{near[0]}'?" if near else "`tally runs` lists them"
            raise Refused(f"no run '{text[:80]}'", fix=fix)
        return found[0]

    def request_cancel(self, id: str) -> None:  # noqa: A002
        """Ask the process that has a run to stop it."""
        with self._database.change() as change:
            change.execute("UPDATE runs SET cancel = 1 WHERE id = ?", (id,))

    def cancel_requested(self, id: str) -> bool:  # noqa: A002
        """Return whether somebody asked for a run to be stopped."""
        return bool(self._database.rows("SELECT cancel FROM runs WHERE id = ?", (id,))[0][0])

    def adopt(self, run: Cid, new: NewRun, status: RunStatus, token: bytes, now_ms: int) -> RunRow:
        """Enter a run that was made elsewhere, under a name of its own; twice is no change.

        Its `work` is its own CID, which is no digest of work that a command here could go on with.
        """
        known = [row for row in self.runs() if row.run == run]
        if known:
            return known[0]
        entered = self.enter(new, token, now_ms, status, run)
        reached("run.adopted")
        return entered

    def forget(self, id: str) -> None:  # noqa: A002
        """Forget a run altogether, as of one whose record is damaged beyond repair."""
        with self._database.change() as change:
            change.execute("DELETE FROM runs WHERE id = ?", (id,))
            change.execute("DELETE FROM run_steps WHERE run = ?", (id,))
        reached("run.forgotten")

    def forget_steps(self, id: str, names: Iterable[Name] | None = None) -> None:  # noqa: A002
        """Forget what became of a run's steps, or of some instances.

        Its record says that, or they are done again.
        """
        with self._database.change() as change:
            if names is None:
                change.execute("DELETE FROM run_steps WHERE run = ?", (id,))
                return
            change.executemany(_ONE, [(id, *name) for name in names])

    def retry(self, id: str, names: Iterable[Name] = ()) -> None:  # noqa: A002
        """Forget what of a run failed or was left out, and some instances: it is gone on with."""
        with self._database.change() as change:
            change.execute(_UNDONE, (id,))
            change.executemany(_ONE, [(id, *name) for name in names])

    def let_go(self, run: Cid) -> None:
        """Forget a run that was adopted; one that was made here stays."""
        with self._database.change() as change:
            change.execute("DELETE FROM runs WHERE run = ? AND work = ?", (run.raw, run.raw))
        reached("run.forgotten")

    def _run(self, row: Row) -> RunRow:
        run = read_run(row)
        if run.status == "running" and self._claims.is_free(_claim(run.id)):
            return replace(run, status="interrupted")
        return run


def _claim(identity: str) -> bytes:
    return b"run " + identity.encode()


def _begins(run: RunRow, text: str) -> bool:
    return (
        run.id.startswith(text)
        or run.name.startswith(text)
        or (run.run is not None and str(run.run).startswith(text))
    )


def _raw(cid: Cid | None) -> bytes | None:
    return None if cid is None else cid.raw
