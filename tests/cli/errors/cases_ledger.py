"""Errors of a ledger: one that is not there, was restored or changed, and one that was exported."""

import shutil
import sqlite3
from pathlib import Path
from typing import Any
from unittest.mock import patch

from peers.ledger_book import signing
from peers.ledger_file import FILE
from tests.cli.errors.cases_credit import STRANGER, traded
from tests.cli.errors.stage import Stage, meets
from tests.cli.program import Told
from tests.peers.books import be

LEDGER = "The ledger"


@meets(LEDGER, "a ledger to verify in a home that has none")
def _(stage: Stage) -> Told:
    stage.extra["TALLY_HOME"] = str(stage.folder / "home")
    return stage("credit", "verify")


@meets(LEDGER, "a limit in a ledger that was restored")
def _(stage: Stage) -> Told:
    _, other = traded(stage)
    ledger = stage.folder / "home" / FILE
    shutil.copy(ledger, stage.folder / "backup")
    ledger.unlink()
    shutil.copy(stage.folder / "backup", ledger)
    return stage("credit", "limit", str(other.peer)[-6:], "5")


@meets(LEDGER, "a limit while another process signs")
def _(stage: Stage) -> Told:
    me, other = traded(stage)
    with signing(stage.folder / "home", me.peer):
        return stage("credit", "limit", str(other.peer)[-6:], "5")


@meets(LEDGER, "a ledger with another peer's keys")
def _(stage: Stage) -> Told:
    me, other = traded(stage)
    del me
    shutil.rmtree(stage.folder / "home" / "keys")
    be(stage.folder / "home", other.key)
    return stage("credit", "limit", STRANGER, "5")


@meets(LEDGER, "a ledger that was changed")
def _(stage: Stage) -> Told:
    traded(stage)
    with sqlite3.connect(stage.folder / "home" / FILE) as raw:
        raw.execute("UPDATE entries SET signed = x'00' WHERE pos = 6")
    return stage("credit", "verify")


@meets(LEDGER, "balances that were changed")
def _(stage: Stage) -> Told:
    traded(stage)
    with sqlite3.connect(stage.folder / "home" / FILE) as raw:
        raw.execute("UPDATE channels SET balance = 5")
    return stage("credit", "verify")


def _exported(stage: Stage) -> Path:
    traded(stage)
    stage.quietly_at("credit", "export", "ledger.car")
    return stage.folder / "ledger.car"


@meets(LEDGER, "an exported ledger that is not there")
def _(stage: Stage) -> Told:
    return stage("credit", "verify", "ledger.car")


@meets(LEDGER, "a bundle of something else")
def _(stage: Stage) -> Told:
    stage.quietly("export", stage.run, "run.car")
    return stage("credit", "verify", "run.car")


@meets(LEDGER, "an exported ledger that is cut short")
def _(stage: Stage) -> Told:
    file = _exported(stage)
    file.write_bytes(file.read_bytes()[:-200])
    return stage("credit", "verify", "ledger.car")


@meets(LEDGER, "an exported ledger as a run")
def _(stage: Stage) -> Told:
    _exported(stage)
    return stage("rerun", "ledger.car")


@meets(LEDGER, "an exported ledger that another user may not read")
def _(stage: Stage) -> Told:
    file = _exported(stage)
    real = Path.open

    def refused(path: Path, *how: Any, **more: Any) -> Any:
        if path.name == file.name:
            raise PermissionError(13, "Permission denied", str(path))
        return real(path, *how, **more)

    with patch.object(Path, "open", refused):
        return stage("credit", "verify", "ledger.car")
