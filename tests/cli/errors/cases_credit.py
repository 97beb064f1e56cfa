"""Errors of credit: what cannot be lent, settled or verified, and what of royalties is wrong."""

import shutil
import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from unittest.mock import patch

from engine.content.blocks import Block
from peers.ledger_book import signing
from peers.ledger_file import FILE
from peers.settling import ending, reset
from tests.cli.errors.desk import served
from tests.cli.errors.stage import Stage, meets
from tests.cli.program import Program, Told
from tests.peers.books import backed, be, keep
from tests.peers.ledgers import Keeper, opened, work

CREDIT = "Credit"
ROYALTIES = "Royalties"
STRANGER = "12D3KooWK99VoVxNE7XzyBwXEzW7xhK7Gpv85r9F3V3fyKSUKPH5"


def _home(stage: Stage, keeper: Keeper, papers: Sequence[Block] = ()) -> Path:
    """Use a home of the case's own, with the key and the ledger of a peer."""
    home = keep(stage.folder / "home", keeper, papers)
    be(home, keeper.key)
    stage.extra["TALLY_HOME"] = str(home)
    return home


def _traded(stage: Stage) -> tuple[Keeper, Keeper]:
    """Use the home of a peer that worked for another."""
    other, me, papers = backed()
    _home(stage, me, papers)
    return me, other


def _asks(stage: Stage, me: Keeper, *words: object) -> Told:
    """Type a command of credit while the node of a home runs, that has a ledger."""
    with served(stage.folder / "home", me.ledger.channel):
        return stage("credit", *words)


# whom, and how much


@meets(CREDIT, "a limit without an amount")
def _(stage: Stage) -> Told:
    me, other = _traded(stage)
    del me
    return stage("credit", "limit", str(other.peer)[-6:])


@meets(CREDIT, "a peer that is not in the ledger")
def _(stage: Stage) -> Told:
    _traded(stage)
    return stage("credit", "limit", "sssss", "5")


@meets(CREDIT, "a peer id with a wrong letter")
def _(stage: Stage) -> Told:
    _traded(stage)
    return stage("credit", "limit", STRANGER[:-1] + "0", "5")


@meets(CREDIT, "a beginning that several peers have")
def _(stage: Stage) -> Told:
    _traded(stage)
    stage.quietly_at("credit", "limit", STRANGER, "1")
    return stage("credit", "log", "12D3")


@meets(CREDIT, "less than nothing")
def _(stage: Stage) -> Told:
    _, other = _traded(stage)
    return stage("credit", "limit", str(other.peer)[-6:], "-5")


@meets(CREDIT, "a millionth of a micro-credit")
def _(stage: Stage) -> Told:
    _, other = _traded(stage)
    return stage("credit", "limit", str(other.peer)[-6:], "0.0000001")


@meets(CREDIT, "more credits than there are")
def _(stage: Stage) -> Told:
    _, other = _traded(stage)
    return stage("credit", "limit", str(other.peer)[-6:], "9999999999")


@meets(CREDIT, "a limit for this peer itself")
def _(stage: Stage) -> Told:
    me, _ = _traded(stage)
    return stage("credit", "limit", me.peer, "5")


@meets(CREDIT, "the same, while it runs")
def _(stage: Stage) -> Told:
    me, _ = _traded(stage)
    return _asks(stage, me, "limit", me.peer, "5")


@meets(CREDIT, "a limit while the end of a channel is not answered")
def _(stage: Stage) -> Told:
    me, other = opened()
    me.say(ending(me.channel(other)), other)
    _home(stage, me)
    return stage("credit", "limit", str(other.peer)[-6:], "5")


@meets(CREDIT, "a price that there is not")
def _(stage: Stage) -> Told:
    return stage("peer", "start", "--prices", "corsecond=0.01")


@meets(CREDIT, "a price that is given twice")
def _(stage: Stage) -> Told:
    return stage("peer", "start", "--prices", "failure=0.01,failure=0.02")


# what both have to sign


@meets(CREDIT, "a reset without a reason")
def _(stage: Stage) -> Told:
    _, other = _traded(stage)
    return stage("credit", "reset", str(other.peer)[-6:], "5")


@meets(CREDIT, "a reset that is asked for and refused at once")
def _(stage: Stage) -> Told:
    _, other = _traded(stage)
    return stage("credit", "reset", str(other.peer)[-6:], "5", "--refuse")


@meets(CREDIT, "an answer with a reason")
def _(stage: Stage) -> Told:
    _, other = _traded(stage)
    return stage("credit", "reset", str(other.peer)[-6:], "--accept", "--why", "paid in cash")


@meets(CREDIT, "a reason that is too long")
def _(stage: Stage) -> Told:
    me, other = _traded(stage)
    return _asks(stage, me, "reset", str(other.peer)[-6:], "0", "--why", "paid in cash " * 20)


@meets(CREDIT, "a reset, where one is not answered")
def _(stage: Stage) -> Told:
    other, me, papers = backed()
    me.say(reset(me.channel(other), 17_658_740, "paid in cash"), other)
    _home(stage, me, papers)
    return _asks(stage, me, "reset", str(other.peer)[-6:], "1.765874", "--why", "paid in cash")


@meets(CREDIT, "a reset to another balance than is expected")
def _(stage: Stage) -> Told:
    other, me, papers = backed()
    other.say(reset(other.channel(me), 17_658_740, "paid in cash"), me)
    _home(stage, me, papers)
    return _asks(stage, me, "reset", str(other.peer)[-6:], "-1.765874", "--accept")


@meets(CREDIT, "an answer to what nobody asks for")
def _(stage: Stage) -> Told:
    me, other = _traded(stage)
    return _asks(stage, me, "reset", str(other.peer)[-6:], "--accept")


@meets(CREDIT, "a refusal before all that is owed has a voucher")
def _(stage: Stage) -> Told:
    me, other = opened()
    work(me, other, 100, 10)
    other.say(reset(other.channel(me), 5, "paid in cash"), me)
    _home(stage, me)
    return _asks(stage, me, "reset", str(other.peer)[-6:], "--refuse")


@meets(CREDIT, "an end while somebody owes something")
def _(stage: Stage) -> Told:
    me, other = _traded(stage)
    return _asks(stage, me, "close", str(other.peer)[-6:])


@meets(CREDIT, "an end that is not answered")
def _(stage: Stage) -> Told:
    me, other = opened()
    me.say(ending(me.channel(other)), other)
    _home(stage, me)
    return _asks(stage, me, "close", str(other.peer)[-6:])


@meets(CREDIT, "an end of what has ended")
def _(stage: Stage) -> Told:
    me, other = opened()
    end = ending(me.channel(other))
    me.say(end, other)
    other.say(end, me)
    _home(stage, me)
    return _asks(stage, me, "close", str(other.peer)[-6:])


@meets(CREDIT, "an end while no peer runs in this home")
def _(stage: Stage) -> Told:
    _, other = _traded(stage)
    return stage("credit", "close", str(other.peer)[-6:])


@meets(CREDIT, "a peer that stops meanwhile")
def _(stage: Stage) -> Told:
    _, other = _traded(stage)
    with served(stage.folder / "home", None):
        return stage("credit", "close", str(other.peer)[-6:])


# the ledger


@meets(CREDIT, "a ledger to verify in a home that has none")
def _(stage: Stage) -> Told:
    stage.extra["TALLY_HOME"] = str(stage.folder / "home")
    return stage("credit", "verify")


@meets(CREDIT, "a limit in a ledger that was restored")
def _(stage: Stage) -> Told:
    _, other = _traded(stage)
    ledger = stage.folder / "home" / FILE
    shutil.copy(ledger, stage.folder / "backup")
    ledger.unlink()
    shutil.copy(stage.folder / "backup", ledger)
    return stage("credit", "limit", str(other.peer)[-6:], "5")


@meets(CREDIT, "a limit while another process signs")
def _(stage: Stage) -> Told:
    me, other = _traded(stage)
    with signing(stage.folder / "home", me.peer):
        return stage("credit", "limit", str(other.peer)[-6:], "5")


@meets(CREDIT, "a ledger with another peer's keys")
def _(stage: Stage) -> Told:
    me, other = _traded(stage)
    del me
    shutil.rmtree(stage.folder / "home" / "keys")
    be(stage.folder / "home", other.key)
    return stage("credit", "limit", STRANGER, "5")


@meets(CREDIT, "a ledger that was changed")
def _(stage: Stage) -> Told:
    _traded(stage)
    with sqlite3.connect(stage.folder / "home" / FILE) as raw:
        raw.execute("UPDATE entries SET signed = x'00' WHERE pos = 6")
    return stage("credit", "verify")


@meets(CREDIT, "balances that were changed")
def _(stage: Stage) -> Told:
    _traded(stage)
    with sqlite3.connect(stage.folder / "home" / FILE) as raw:
        raw.execute("UPDATE channels SET balance = 5")
    return stage("credit", "verify")


def _exported(stage: Stage) -> Path:
    _traded(stage)
    stage.quietly_at("credit", "export", "ledger.car")
    return stage.folder / "ledger.car"


@meets(CREDIT, "an exported ledger that is not there")
def _(stage: Stage) -> Told:
    return stage("credit", "verify", "ledger.car")


@meets(CREDIT, "a bundle of something else")
def _(stage: Stage) -> Told:
    stage.quietly("export", stage.run, "run.car")
    return stage("credit", "verify", "run.car")


@meets(CREDIT, "an exported ledger that is cut short")
def _(stage: Stage) -> Told:
    file = _exported(stage)
    file.write_bytes(file.read_bytes()[:-200])
    return stage("credit", "verify", "ledger.car")


@meets(CREDIT, "an exported ledger as a run")
def _(stage: Stage) -> Told:
    _exported(stage)
    return stage("rerun", "ledger.car")


@meets(CREDIT, "an exported ledger that another user may not read")
def _(stage: Stage) -> Told:
    file = _exported(stage)
    real = Path.open

    def refused(path: Path, *how: Any, **more: Any) -> Any:
        if path.name == file.name:
            raise PermissionError(13, "Permission denied", str(path))
        return real(path, *how, **more)

    with patch.object(Path, "open", refused):
        return stage("credit", "verify", "ledger.car")


# royalties


def _author(stage: Stage) -> Program:
    stage.extra["TALLY_HOME"] = str(stage.folder / "home")
    return Program(stage.folder / "home")


@meets(ROYALTIES, "a manifest that is not there")
def _(stage: Stage) -> Told:
    _author(stage)
    return stage("royalty", "show", "authors")


@meets(ROYALTIES, "a file that is no manifest")
def _(stage: Stage) -> Told:
    _author(stage)
    stage.write("w.yaml", "workflow: w\n")
    return stage("royalty", "show", "w.yaml")


@meets(ROYALTIES, "a manifest that was changed")
def _(stage: Stage) -> Told:
    _author(stage).told("royalty", "make", "authors")
    data = (stage.folder / "authors").read_bytes()
    stage.write("authors", data[:-1] + bytes([data[-1] ^ 1]))
    return stage("royalty", "show", "authors")


@meets(ROYALTIES, "a share that is too large")
def _(stage: Stage) -> Told:
    _author(stage)
    return stage("royalty", "make", "authors", "--share", "31")


@meets(ROYALTIES, "a share that is none")
def _(stage: Stage) -> Told:
    _author(stage)
    return stage("royalty", "make", "authors", "--share", "a lot")


@meets(ROYALTIES, "authors without this peer")
def _(stage: Stage) -> Told:
    home = stage.folder / "home"
    home.mkdir()
    be(home, backed()[0].key)
    _author(stage)
    return stage("royalty", "make", "authors", "--author", STRANGER)


@meets(ROYALTIES, "a weight that is none")
def _(stage: Stage) -> Told:
    _author(stage)
    return stage("royalty", "make", "authors", "--author", f"{STRANGER}=much")


@meets(ROYALTIES, "a parent without its part")
def _(stage: Stage) -> Told:
    _author(stage)
    return stage("royalty", "make", "authors", "--parent", "base")


@meets(ROYALTIES, "too many manifests for one run")
def _(stage: Stage) -> Told:
    author = _author(stage)
    names = [f"authors{number}" for number in range(17)]
    for name in names:
        author.told("royalty", "make", name)
    words = [word for name in names for word in ("--royalty", name)]
    stage.good("  a: {run: x}\n")
    shown = "tally plan w.yaml --on peers --royalty authors0 --royalty authors1 …"
    stage.extra.pop("TALLY_HOME")
    return stage("plan", "w.yaml", "--on", "peers", *words, shown=shown)
