"""`tally credit`: the ledger of this home: who owes whom, and that all of it holds."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import click

from cli.creditnode import ask_node, grant, identity_of
from cli.options import common
from cli.report import emit_json, emit_table, note, printable
from cli.settings import Settings
from engine.errors import Refused
from peers.credits import read, show
from peers.identity import PeerId

if TYPE_CHECKING:
    from peers.balance import Balance
    from peers.ledger_file import LedgerFile

Asked: TypeAlias = tuple[int, str]  # what a balance is to be, and why


@click.group()
def credit() -> None:
    """Say what peers owe each other, and see that it is right."""


@credit.command()
@common
def balance(settings: Settings) -> None:
    """Say for each peer who owes whom how much, and how much is lent."""
    from cli.creditview import BALANCES, as_json, asked_as_json, balance_rows
    from cli.creditwords import request, sentence

    standing, asked = _standing(settings.home), _asked(settings.home)
    if settings.json:
        peers = [
            as_json(one) | {"words": sentence(one), "asked": asked_as_json(asked.get(one.peer))}
            for one in standing
        ]
        return emit_json({"unit": "microcredit", "peers": peers})
    if not standing:
        note("nobody owes anybody anything: no peer was traded with yet")
    emit_table(balance_rows(standing, "you"), BALANCES)
    for peer, what in asked.items():
        note(request(peer, *what))
    return None


@credit.command()
@click.argument("peer", required=False)
@click.argument("amount", required=False)
@common
def limit(settings: Settings, peer: str | None, amount: str | None) -> None:
    """Show how much is lent, or lend PEER up to AMOUNT credits.

    A limit below what is owed already takes nothing back: it only keeps more from being lent.
    """
    if peer is not None and amount is None:
        raise Refused("say how much", fix="'tally credit limit PEER AMOUNT', as in 5 or 0.25")
    if peer is not None and amount is not None:
        granted = read(amount)
        found = _peer(settings.home, peer)
        grant(settings.home, found, granted)
        note(f"{found} is lent up to {show(granted)}")
    from cli.creditview import LIMITS, as_json, limit_rows

    standing = _standing(settings.home)
    if settings.json:
        return emit_json({"unit": "microcredit", "peers": [as_json(one) for one in standing]})
    return emit_table(limit_rows(standing), LIMITS)


@credit.command()
@click.argument("peer")
@common
def close(settings: Settings, peer: str) -> None:
    """End the channel with PEER, at exactly zero; its peer has to agree."""
    found = _peer(settings.home, peer)
    ask_node(settings.home, "close", str(found))
    note(f"{found} is asked to end it, too: 'tally credit balance' says when it has")


@credit.command(context_settings={"ignore_unknown_options": True})  # an amount may be below zero
@click.argument("peer")
@click.argument("balance", required=False, metavar="AMOUNT")
@click.option("--why", metavar="TEXT", help="What was agreed on, for both to read.")
@click.option("--accept", is_flag=True, help="Sign what PEER asks for.")
@common
def reset(
    settings: Settings, peer: str, balance: str | None, why: str | None, accept: bool
) -> None:
    """Say what the balance with PEER is to be, because you have settled it otherwise.

    AMOUNT is positive when they owe you. It is in force once the other side has run this with
    --accept; what is traded meanwhile counts besides.
    """
    found = _peer(settings.home, peer)
    if accept and balance is None:
        ask_node(settings.home, "reset", str(found))
        return note(f"signed: the balance with {found} is what both of you agreed on")
    if accept or balance is None or why is None:
        what = "say what it is to be and why, or accept what is asked for"
        raise Refused(what, fix="'tally credit reset PEER AMOUNT --why TEXT', or '--accept'")
    sign = -1 if balance.startswith("-") else 1
    amount = sign * read(balance.removeprefix("-"))
    ask_node(settings.home, "reset", str(found), str(amount), why)
    return note(f"{found} is asked: 'tally credit reset PEER --accept' there puts it in force")


@credit.command()
@click.argument("peer", required=False)
@common
def log(settings: Settings, peer: str | None) -> None:
    """Print what was signed, own entries and those of others, the newest last."""
    from cli.creditview import entry_as_json
    from cli.creditwords import entry_line

    only = None if peer is None else _peer(settings.home, peer)
    with _opened(settings.home) as file:
        me = file.me
        peers = {one.channel: one.peer for one in file.balances()}
        for pos, written in file.said():
            other = peers.get(written.entry.channel or b"")
            if only is not None and only not in (other, written.author):
                continue
            when, words = entry_line(written, me, other)
            if settings.json:
                emit_json(entry_as_json(pos, written, other, words))
            else:
                click.echo(printable(f"{when}  {words}"))


@credit.command()
@click.argument("file", required=False, type=click.Path(path_type=Path))
@common
def verify(settings: Settings, file: Path | None) -> None:
    """See that the ledger of this home, or one that was exported to FILE, holds.

    All of it is looked at, from the first entry: signatures, order, what every entry does, what
    it rests on, and balances. Nothing is asked of anybody.
    """
    from cli.creditview import tell_lacks
    from peers.ledger_check import check
    from peers.signatures import looking

    if file is not None:
        return _verify_file(settings, file)
    with _opened(settings.home) as book, looking(book.end()[0]) as signatures:
        me, found = book.me, check(book, signatures)
    facts = {
        "peer": str(me),
        "entries": found.entries,
        "link": found.link.hex(),
        "lacks": dict(found.lacks),
        "restored": found.restored,
    }
    if settings.json:
        return emit_json(facts)
    click.echo(f"{me}: all {found.entries} entries hold")
    tell_lacks(found.lacks)
    if found.restored:
        note(f"the ledger was put back: {found.restored}; it goes on once other peers were heard")
    return None


def _verify_file(settings: Settings, path: Path) -> None:
    from cli.creditview import BALANCES, about, stated, statement_as_json, tell_lacks
    from peers.ledger_bundle import verify
    from peers.signatures import MANY, looking

    with looking(MANY) as signatures:
        statement, found = verify(path, signatures)
    if settings.json:
        return emit_json(statement_as_json(statement) | {"lacks": dict(found.lacks)})
    click.echo(about(statement))
    emit_table(stated(statement), BALANCES)
    return tell_lacks(found.lacks)


@credit.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.argument("peer", required=False)
@common
def export(settings: Settings, file: Path, peer: str | None) -> None:
    """Write the ledger, or what concerns PEER, to FILE, which anybody can verify.

    It is a signed statement of how the ledger stands, with every entry and what they rest on:
    'tally credit verify FILE' needs nothing else.
    """
    from engine.clock import SystemClock
    from peers.ledger_bundle import Scope
    from peers.ledger_bundle import export as write
    from peers.ledger_check import check
    from peers.signatures import looking

    only = None if peer is None else _peer(settings.home, peer)
    with _opened(settings.home) as book, looking(book.end()[0]) as signatures:
        found = check(book, signatures)
        scope = Scope(only, SystemClock().now_ms())
        cid = write(book, found, scope, identity_of(settings.home), file)
    size = file.stat().st_size
    if settings.json:
        return emit_json({"cid": str(cid), "file": str(file), "size": size})
    return note(f"{file}: {found.entries} entries, stated as {cid}")


@credit.command()
@common
def prune(settings: Settings) -> None:
    """Let go of entries before checkpoints that both sides signed.

    Balances, limits and the order of all entries stay; what was paid for before is not known any
    more, and a peer that restores a ledger from before then cannot have from here what it lacks.
    """
    from peers.ledger_book import signing
    from peers.pruning import prune
    from peers.signatures import looking

    with _opened(settings.home) as file:
        many = file.end()[0]
    me = identity_of(settings.home).peer
    with signing(settings.home, me) as book, looking(many) as signatures:
        entries, papers = prune(book, signatures)
    if settings.json:
        return emit_json({"entries": entries, "papers": papers})
    return note(f"{entries} entries and {papers} papers that they rest on are gone")


@contextmanager
def _opened(home: Path) -> "Iterator[LedgerFile]":
    from peers.ledger_file import LedgerFile

    file = LedgerFile(home)
    try:
        yield file
    finally:
        file.close()


def _standing(home: Path) -> "list[Balance]":
    """Return how it stands with each peer, in the channel that is in use; none without a ledger."""
    from peers.ledger_file import LedgerFile

    if not LedgerFile.is_here(home):
        return []
    with _opened(home) as file:
        latest = {one.peer: one for one in file.balances()}  # by generation
        return list(latest.values())


def _asked(home: Path) -> "dict[PeerId, Asked]":
    """Return who wants a balance set anew, to what, and why."""
    from peers.ledger_file import LedgerFile
    from peers.settling import asked_reset, balance_after

    if not LedgerFile.is_here(home):
        return {}
    with _opened(home) as file:
        accounts = file.load().channels.values()
    asked = [(one, reset) for one in accounts if (reset := asked_reset(one)) is not None]
    return {one.peer: (balance_after(one, reset), reset.reason) for one, reset in asked}


def _peer(home: Path, text: str) -> PeerId:
    """Return the peer whose id ends, or begins, like that."""
    known = {str(one.peer): one.peer for one in _standing(home)}
    if text in known:
        return known[text]
    ends = text.removeprefix("…")
    found = [peer for name, peer in known.items() if name.endswith(ends) or name.startswith(text)]
    if len(found) > 1:
        raise Refused(f"{len(found)} peers are called like {text!r}", fix="write more of the id")
    return found[0] if found and ends else PeerId.parse(text)
