"""Database: state.db, what this machine knows besides content: the memo, the runs, the reruns.

The only file that opens it; memo.py, journal.py and reruns.py have the SQL.
"""

from pathlib import Path
from typing import Final

from engine.sqlite import Schema, Sqlite

_RUNS: Final = """
CREATE TABLE memo (
    key BLOB, result BLOB, attestation BLOB NOT NULL, signed BLOB, signer BLOB,
    place INTEGER NOT NULL,
    PRIMARY KEY (key, result, signer)) WITHOUT ROWID;
CREATE TABLE disowned (signer BLOB PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE runs (
    id TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE, work BLOB NOT NULL, workflow BLOB NOT NULL,
    title TEXT NOT NULL, parameters TEXT NOT NULL, status TEXT NOT NULL,
    created_ms INTEGER NOT NULL, finished_ms INTEGER, run BLOB, cancel INTEGER NOT NULL DEFAULT 0);
CREATE INDEX runs_by_work ON runs (work);
CREATE TABLE run_steps (
    run TEXT, step TEXT, idx INTEGER, status TEXT NOT NULL, key BLOB, result BLOB,
    attestation BLOB, signed BLOB, wall_ms INTEGER NOT NULL, stdout BLOB, stderr BLOB,
    note TEXT NOT NULL,
    PRIMARY KEY (run, step, idx)) WITHOUT ROWID;
"""
# A mark is another one whenever something that was true of the memo may not be so any more.
_REPEATS: Final = """
CREATE TABLE repeats (
    work BLOB PRIMARY KEY, run TEXT NOT NULL, memo BLOB NOT NULL, content BLOB NOT NULL)
    WITHOUT ROWID;
CREATE TABLE mark (only INTEGER PRIMARY KEY CHECK (only = 1), mark BLOB NOT NULL);
INSERT INTO mark VALUES (1, randomblob(16));
CREATE TRIGGER memo_lost AFTER DELETE ON memo
    BEGIN UPDATE mark SET mark = randomblob(16); END;
CREATE TRIGGER memo_changed AFTER UPDATE ON memo
    BEGIN UPDATE mark SET mark = randomblob(16); END;
CREATE TRIGGER disowned_added AFTER INSERT ON disowned
    BEGIN UPDATE mark SET mark = randomblob(16); END;
CREATE TRIGGER run_steps_lost AFTER DELETE ON run_steps
    BEGIN DELETE FROM repeats WHERE run = old.run; END;
"""
# What others are owed for results in the memo, until it is entered where that is kept.
_DUES: Final = """
CREATE TABLE dues (
    batch BLOB, step BLOB, provider BLOB NOT NULL, agreement BLOB NOT NULL, line BLOB NOT NULL,
    PRIMARY KEY (batch, step)) WITHOUT ROWID;
"""
# What came of runs being run again: by the Run's CID, as its record may be here by import alone.
_RERUNS: Final = """
CREATE TABLE reruns (
    id INTEGER PRIMARY KEY AUTOINCREMENT, run BLOB NOT NULL, began_ms INTEGER NOT NULL,
    ended_ms INTEGER NOT NULL, verdict TEXT NOT NULL, steps INTEGER NOT NULL,
    possible INTEGER NOT NULL, chain INTEGER NOT NULL, seed TEXT NOT NULL, proves TEXT NOT NULL);
CREATE INDEX reruns_by_run ON reruns (run, id);
CREATE TABLE rerun_steps (
    rerun INTEGER, place INTEGER, step TEXT NOT NULL, verdict TEXT NOT NULL, note TEXT NOT NULL,
    system TEXT NOT NULL, sandbox TEXT NOT NULL, signer TEXT NOT NULL, wall_ms INTEGER NOT NULL,
    outputs TEXT NOT NULL,
    PRIMARY KEY (rerun, place)) WITHOUT ROWID;
"""
SCHEMA: Final = Schema(
    versions=(_RUNS, _REPEATS, _DUES, _RERUNS),
    what="the record of runs",
    when_damaged="run `tally fsck --repair`: it keeps what can still be read",
)


class Database(Sqlite):
    """The state of one home."""

    def __init__(self, path: Path) -> None:
        """Open the file at `path`, made when absent.

        Raises: Unavailable when it cannot be opened; Refused when a newer version made it.
        """
        super().__init__(path, SCHEMA)

    def has_table(self, name: str) -> bool:
        """Return whether there is a table: a file that is only read may be of an older version."""
        return not self.read_only or bool(
            self.rows("SELECT 1 FROM sqlite_master WHERE name = ?", (name,))
        )
