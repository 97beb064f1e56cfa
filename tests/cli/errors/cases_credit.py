"""Errors of credit: what cannot be lent, settled or verified, and what of royalties is wrong."""

from collections.abc import Sequence
from pathlib import Path

from engine.content.blocks import Block
from peers.settling import ending, reset
from tests.cli.errors.desk import served
from tests.cli.errors.stage import Stage, meets
from tests.cli.program import Told
from tests.peers.books import backed, be, keep
from tests.peers.ledgers import Keeper, opened, work

CREDIT = "Credit"
STRANGER = "12D3KooWK99VoVxNE7XzyBwXEzW7xhK7Gpv85r9F3V3fyKSUKPH5"


def _home(stage: Stage, keeper: Keeper, papers: Sequence[Block] = ()) -> Path:
    """Use a home of the case's own, with the key and the ledger of a peer."""
    home = keep(stage.folder / "home", keeper, papers)
    be(home, keeper.key)
    stage.extra["TALLY_HOME"] = str(home)
    return home


def traded(stage: Stage) -> tuple[Keeper, Keeper]:
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
    me, other = traded(stage)
    del me
    return stage("credit", "limit", str(other.peer)[-6:])


@meets(CREDIT, "a peer that is not in the ledger")
def _(stage: Stage) -> Told:
    traded(stage)
    return stage("credit", "limit", "sssss", "5")


@meets(CREDIT, "a peer id with a wrong letter")
def _(stage: Stage) -> Told:
    traded(stage)
    return stage("credit", "limit", STRANGER[:-1] + "0", "5")


@meets(CREDIT, "a beginning that several peers have")
def _(stage: Stage) -> Told:
    traded(stage)
    stage.quietly_at("credit", "limit", STRANGER, "1")
    return stage("credit", "log", "12D3")


@meets(CREDIT, "less than nothing")
def _(stage: Stage) -> Told:
    _, other = traded(stage)
    return stage("credit", "limit", str(other.peer)[-6:], "-5")


@meets(CREDIT, "a millionth of a micro-credit")
def _(stage: Stage) -> Told:
    _, other = traded(stage)
    return stage("credit", "limit", str(other.peer)[-6:], "0.0000001")


@meets(CREDIT, "more credits than there are")
def _(stage: Stage) -> Told:
    _, other = traded(stage)
    return stage("credit", "limit", str(other.peer)[-6:], "9999999999")


@meets(CREDIT, "a limit for this peer itself")
def _(stage: Stage) -> Told:
    me, _ = traded(stage)
    return stage("credit", "limit", me.peer, "5")


@meets(CREDIT, "the same, while it runs")
def _(stage: Stage) -> Told:
    me, _ = traded(stage)
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
    _, other = traded(stage)
    return stage("credit", "reset", str(other.peer)[-6:], "5")


@meets(CREDIT, "a reset that is asked for and refused at once")
def _(stage: Stage) -> Told:
    _, other = traded(stage)
    return stage("credit", "reset", str(other.peer)[-6:], "5", "--refuse")


@meets(CREDIT, "an answer with a reason")
def _(stage: Stage) -> Told:
    _, other = traded(stage)
    return stage("credit", "reset", str(other.peer)[-6:], "--accept", "--why", "paid in cash")


@meets(CREDIT, "a reason that is too long")
def _(stage: Stage) -> Told:
    me, other = traded(stage)
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
    me, other = traded(stage)
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
    me, other = traded(stage)
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
    _, other = traded(stage)
    return stage("credit", "close", str(other.peer)[-6:])


@meets(CREDIT, "a peer that stops meanwhile")
def _(stage: Stage) -> Told:
    _, other = traded(stage)
    with served(stage.folder / "home", None):
        return stage("credit", "close", str(other.peer)[-6:])
