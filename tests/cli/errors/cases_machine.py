"""Errors of this machine: what is missing, full, damaged or made by another version."""

import errno
import os
import sqlite3
from pathlib import Path
from unittest.mock import patch

from tests.cli.errors.stage import GOOD, Stage, meets
from tests.cli.program import Program, Told

MACHINE = "This machine"
DAMAGE = "Damage"


def _own_home(stage: Stage) -> Path:
    """Use a home of the case's own, with nothing in it."""
    home = stage.folder / "home"
    stage.extra["TALLY_HOME"] = str(home)
    Program(home)("add", stage.folder / stage.write("letter.txt", "hello\n"))
    return home


@meets(MACHINE, "a home that cannot be written")
def _(stage: Stage) -> Told:
    home = _own_home(stage)
    access = os.access
    with patch("os.access", lambda path, mode: Path(path) != home and access(path, mode)):
        return stage("add", "letter.txt")


@meets(MACHINE, "a disk that is full")
def _(stage: Stage) -> Told:
    _own_home(stage)
    full = OSError(errno.ENOSPC, "No space left on device")
    stage.write("more.txt", "more\n")
    with patch("engine.store.packs._write_all", side_effect=full):
        told = stage("add", "more.txt")
    return Told(told.code, told.out, _numbers(told.err))


@meets(MACHINE, "a disk that fails")
def _(stage: Stage) -> Told:
    _own_home(stage)
    fails = OSError(errno.EIO, "Input/output error")
    stage.write("more.txt", "more\n")
    with patch("engine.store.packs._write_all", side_effect=fails):
        return stage("add", "more.txt")


@meets(MACHINE, "a home that cannot be written and has nothing")
def _(stage: Stage) -> Told:
    home = stage.folder / "home"
    (home / "work").mkdir(parents=True)
    stage.extra["TALLY_HOME"] = str(home)
    (home / "claims").write_bytes(b"")
    access = os.access
    with patch("os.access", lambda path, mode: Path(path) != home and access(path, mode)):
        return stage("runs")


@meets(MACHINE, "a file of the home that cannot be opened")
def _(stage: Stage) -> Told:
    home = _own_home(stage)
    (home / "claims").mkdir()
    return stage("runs")


@meets(MACHINE, "no room for what is written out")
def _(stage: Stage) -> Told:
    home = _own_home(stage)
    cid = Program(home).told("add", stage.folder / "letter.txt")["cid"]
    nothing = os.statvfs_result((4096, 4096, 100, 0, 0, 100, 100, 100, 0, 255))
    with patch("os.fstatvfs", return_value=nothing):
        return stage("get", cid, "copy.txt")


@meets(MACHINE, "a disk that is full while a file is written out")
def _(stage: Stage) -> Told:
    home = _own_home(stage)
    cid = Program(home).told("add", stage.folder / "letter.txt")["cid"]
    full = OSError(errno.ENOSPC, "No space left on device")
    with patch("engine.store.get._publish", side_effect=full):
        return stage("get", cid, "copy.txt")


@meets(MACHINE, "a disk that is full while a bundle is written")
def _(stage: Stage) -> Told:
    home = _own_home(stage)
    cid = Program(home).told("add", stage.folder / "letter.txt")["cid"]
    full = OSError(errno.ENOSPC, "No space left on device")
    with patch("engine.wholefile.os.fsync", side_effect=full):
        return stage("export", cid, "letter.car")


@meets(MACHINE, "a disk that is full elsewhere")
def _(stage: Stage) -> Told:
    full = OSError(errno.ENOSPC, "No space left on device")
    with patch("pathlib.Path.write_text", side_effect=full):
        return stage("config", "set", "jobs", "2")


@meets(MACHINE, "a processor that is too old", "nix", "sandbox")
def _(stage: Stage) -> Told:
    stage.good("  a: {run: 'true'}\n")
    with patch("engine.sandbox.processor.cpu_level", return_value=2):
        return stage("run", "w.yaml", "--force", "a")


@meets(MACHINE, "a home that a newer version made")
def _(stage: Stage) -> Told:
    home = _own_home(stage)
    stage.extra["TALLY_HOME"] = str(home)
    Program(home)("runs")
    with sqlite3.connect(home / "state.db") as database:
        database.execute("PRAGMA user_version = 99")
    return stage("runs")


@meets(MACHINE, "no bubblewrap", "nix")
def _(stage: Stage) -> Told:
    stage.good("  a: {run: x}\n")
    with patch("engine.sandbox.binary._candidates", list):
        return stage("run", "w.yaml")


@meets(MACHINE, "a bubblewrap that is too old", "nix")
def _(stage: Stage) -> Told:
    old = Path(stage.folder / stage.write("bwrap", "#!/bin/sh\necho bubblewrap 0.4.1\n"))
    old.chmod(0o755)
    stage.good("  a: {run: x}\n")
    with patch("engine.sandbox.binary._candidates", lambda: [(old, None)]):
        return stage("run", "w.yaml")


@meets(MACHINE, "what 'tally doctor' misses")
def _(stage: Stage) -> Told:
    _own_home(stage)
    with patch("engine.sandbox.binary._candidates", list):
        told = stage("doctor")
    lines = [line for line in told.err.splitlines() if line.startswith(("error", "  fix"))]
    return Told(told.code, told.out, "\n".join(lines) + "\n")


@meets(MACHINE, "an error of the system that nothing expects")
def _(stage: Stage) -> Told:
    stage.write("w.yaml", GOOD)
    broken = OSError(errno.EMFILE, "Too many open files", str(stage.folder / "w.yaml"))
    with patch("cli.named.load", side_effect=broken):
        return stage("run", "w.yaml")


@meets(MACHINE, "Ctrl-C")
def _(stage: Stage) -> Told:
    stage.write("w.yaml", GOOD)
    with patch("cli.named.load", side_effect=KeyboardInterrupt):
        return stage("run", "w.yaml")


@meets(MACHINE, "a bug in Tallystick")
def _(stage: Stage) -> Told:
    with patch("engine.journal.Journal.runs", side_effect=ZeroDivisionError("division by zero")):
        told = stage("runs")
    return Told(told.code, told.out, told.err[told.err.index("error: ") :])


@meets(DAMAGE, "stored bytes that were changed")
def _(stage: Stage) -> Told:
    home = _own_home(stage)
    cid = Program(home).told("add", stage.folder / "letter.txt")["cid"]
    for pack in (home / "store" / "packs").glob("*.pack"):
        pack.write_bytes(pack.read_bytes().replace(b"hello", b"jello"))
    told = stage("cat", cid)
    return Told(told.code, told.out, _numbers(told.err))


@meets(DAMAGE, "stored bytes that were changed, looked for")
def _(stage: Stage) -> Told:
    home = _own_home(stage)
    for pack in (home / "store" / "packs").glob("*.pack"):
        pack.write_bytes(pack.read_bytes().replace(b"hello", b"jello"))
    told = stage("fsck")
    return Told(told.code, told.out, _numbers(told.err))


@meets(DAMAGE, "a file of the store that is gone")
def _(stage: Stage) -> Told:
    home = _own_home(stage)
    stage.write("large.bin", bytes(2**20))
    cid = Program(home).told("add", stage.folder / "large.bin")["cid"]
    for file in (home / "store" / "files").rglob("*"):
        if file.is_file():
            file.unlink()
    return stage("get", cid, "large")


@meets(DAMAGE, "a file that was added in place and has changed")
def _(stage: Stage) -> Told:
    home = _own_home(stage)
    stage.write("large.bin", bytes(2**20))
    cid = Program(home).told("add", "--in-place", stage.folder / "large.bin")["cid"]
    stage.write("large.bin", bytes(2**20 + 1))
    return stage("get", cid, "large")


@meets(DAMAGE, "a file that was added in place and is gone")
def _(stage: Stage) -> Told:
    home = _own_home(stage)
    stage.write("large.bin", bytes(2**20))
    cid = Program(home).told("add", "--in-place", stage.folder / "large.bin")["cid"]
    (stage.folder / "large.bin").unlink()
    return stage("get", cid, "large")


@meets(DAMAGE, "a disk that cannot be read")
def _(stage: Stage) -> Told:
    home = _own_home(stage)
    cid = Program(home).told("add", stage.folder / "letter.txt")["cid"]
    fails = OSError(errno.EIO, "Input/output error")
    with patch("engine.store.handles.Handles.read", side_effect=fails):
        told = stage("cat", cid)
    return Told(told.code, told.out, _numbers(told.err))


@meets(DAMAGE, "blocks that are missing, looked for")
def _(stage: Stage) -> Told:
    home = _own_home(stage)
    stage.write("large.bin", bytes(2**20))
    Program(home).told("add", stage.folder / "large.bin")
    for file in (home / "store" / "files").rglob("*"):
        if file.is_file():
            file.unlink()
    return stage("fsck")


@meets(DAMAGE, "a record of runs that is damaged")
def _(stage: Stage) -> Told:
    home = _own_home(stage)
    (home / "state.db").write_bytes(b"not a database" * 100)
    return stage("runs")


@meets(DAMAGE, "a record of runs that cannot be opened")
def _(stage: Stage) -> Told:
    home = _own_home(stage)
    (home / "state.db").mkdir()
    return stage("runs")


@meets(DAMAGE, "an index that is damaged")
def _(stage: Stage) -> Told:
    home = _own_home(stage)
    (home / "store" / "index.db").write_bytes(b"not a database" * 100)
    return stage("fsck")


def _numbers(text: str) -> str:
    import re

    return re.sub(r"\b\d{4,}\b", "…", text)
