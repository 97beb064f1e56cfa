"""`tally credit`: the ledger of this home: who owes whom, and that all of it holds."""

import itertools
from pathlib import Path

import click

from cli.creditfile import (
    account_with,
    accounts,
    opened,
    peer_called,
    promises,
    put_back,
    standing,
    tell_put_back,
)
from cli.creditnode import ask_node, grant, identity_of
from cli.options import common
from cli.report import emit_json, emit_table, note, printable
from cli.settings import Settings
from engine.errors import Refused
from peers.credits import read, show


@click.group()
def credit() -> None:
    """Say what peers owe each other, and see that it is right."""


@credit.command()
@common
def balance(settings: Settings) -> None:
    """Say for each peer who owes whom how much, and how much is lent."""
    from cli.creditview import BALANCES, account_as_json, balance_rows
    from cli.creditwords import waiting

    found = accounts(settings.home)
    if settings.json:
        told = {"unit": "microcredit", "peers": [*map(account_as_json, found)]}
        return emit_json(told | {"restored": put_back(settings.home)})
    tell_put_back(settings.home)
    if not found:
        note("nobody owes anybody anything: no peer was traded with yet")
    emit_table(balance_rows((one.balance for one in found), "you"), BALANCES)
    for words in itertools.chain.from_iterable(map(waiting, found)):
        note(words)
    return None


@credit.command()
@click.argument("peer", required=False)
@click.argument("amount", required=False)
@common
def limit(settings: Settings, peer: str | None, amount: str | None) -> None:
    """Show how much is lent, or lend PEER up to AMOUNT credits.

    A limit below what is owed already takes nothing back: it only keeps more from being lent.
    """
    from cli.creditview import LIMITS, limit_rows, limits_json

    if peer is not None:
        _lend(settings.home, peer, amount)
    found = standing(settings.home)
    peers, again = found.values(), promises(settings.home, found, settings.newcomer_limit)
    if settings.json:
        told = {"unit": "microcredit", "peers": limits_json(peers, again)}
        return emit_json(told | {"restored": put_back(settings.home)})
    tell_put_back(settings.home)
    if not peers:
        newcomer = show(settings.newcomer_limit)
        note(f"no peer was traded with yet; a new one may owe up to {newcomer} (newcomer_limit)")
    return emit_table(limit_rows(peers, again), LIMITS)


def _lend(home: Path, peer: str, amount: str | None) -> None:
    if amount is None:
        raise Refused("say how much", fix="'tally credit limit PEER AMOUNT', as in 5 or 0.25")
    granted = read(amount)
    found = peer_called(home, peer)
    grant(home, found, granted)
    note(f"{found} is lent up to {show(granted)}")


@credit.command()
@click.argument("peer")
@common
def close(settings: Settings, peer: str) -> None:
    """End the channel with PEER, at exactly zero; its peer has to agree."""
    found = peer_called(settings.home, peer)
    ask_node(settings.home, "close", str(found))
    note(f"{found} is asked to end it, too: 'tally credit balance' says when it has ended")


@credit.command(context_settings={"ignore_unknown_options": True})  # an amount may be below zero
@click.argument("peer")
@click.argument("amount", required=False)
@click.option("--why", metavar="TEXT", help="What was agreed on, for both to read.")
@click.option("--accept", "answer", flag_value="accept", help="Sign what PEER asks for.")
@click.option("--refuse", "answer", flag_value="refuse", help="Say no to what PEER asks for.")
@common
def reset(
    settings: Settings, peer: str, amount: str | None, why: str | None, answer: str | None
) -> None:
    """Say what the balance with PEER is to be, because you have settled it otherwise.

    AMOUNT is positive when they owe you. It is in force once the other side has run this with
    --accept; what is traded meanwhile counts besides. With --accept, AMOUNT is what you expect to
    be asked for.
    """
    from cli.creditwords import settled

    found = peer_called(settings.home, peer)
    balance = None if amount is None else _signed(amount)
    _check_reset(balance, why, answer)
    was, words = account_with(settings.home, found), [] if balance is None else [str(balance)]
    if answer is None:
        words.append(why or "")
    ask_node(settings.home, answer or "reset", str(found), *words)
    note(settled(found, answer, was, account_with(settings.home, found)))


def _check_reset(amount: int | None, why: str | None, answer: str | None) -> None:
    """Look whether a reset is asked for, or answered, and not both."""
    if answer is None and (amount is None or not (why or "").strip()):
        what = "say what it is to be and why, or answer what is asked for"
    elif answer is not None and why is not None:
        what = "who answers gives no reason"
    elif answer == "refuse" and amount is not None:
        what = "who refuses says no amount"
    else:
        return
    fix = "'tally credit reset PEER AMOUNT --why TEXT', '--accept' or '--refuse'"
    raise Refused(what, fix=fix)


def _signed(text: str) -> int:
    """Read an amount that may be below zero."""
    return (-1 if text.startswith("-") else 1) * read(text.removeprefix("-"))


@credit.command()
@click.argument("peer", required=False)
@common
def log(settings: Settings, peer: str | None) -> None:
    """Print what was signed, own entries and those of others, the newest last."""
    from cli.creditlog import Talk, entry_line
    from cli.creditview import entry_as_json

    only = None if peer is None else peer_called(settings.home, peer)
    with opened(settings.home) as file:
        talk = Talk(file.me, {one.channel: one.peer for one in file.balances()})
        for pos, written in file.said():
            told = talk.hear(written)
            if only is not None and only not in (told.other, written.author):
                continue
            when, words = entry_line(told)
            if settings.json:
                emit_json(entry_as_json(pos, written, told.other, words))
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
    return _verify_own(settings) if file is None else _verify_file(settings, file)


def _verify_own(settings: Settings) -> None:
    from cli.creditview import found_as_json, held, tell_hidden, tell_lacks
    from peers.ledger_check import check
    from peers.signatures import looking

    with opened(settings.home) as book, looking(book.end()[0]) as signatures:
        me, found = book.me, check(book, signatures)
    if settings.json:
        return emit_json(found_as_json(me, found))
    click.echo(f"{me}: {held(found.entries, found.hidden)}")
    tell_hidden(found.hidden)
    tell_lacks(found.lacks)
    return tell_put_back(settings.home)


def _verify_file(settings: Settings, path: Path) -> None:
    from cli import creditview as view
    from peers.ledger_bundle_check import verify
    from peers.signatures import MANY, looking

    with looking(MANY) as signatures:
        statement, found = verify(path, signatures)
    if settings.json:
        seen = {"hidden": found.hidden, "lacks": dict(found.lacks)}
        return emit_json(view.statement_as_json(statement) | seen)
    click.echo(view.about(statement, found.hidden))
    emit_table(view.stated(statement), view.BALANCES)
    view.tell_hidden(found.hidden, is_whole=statement.peer is None)
    return view.tell_lacks(found.lacks)


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

    only = None if peer is None else peer_called(settings.home, peer)
    with opened(settings.home) as book, looking(book.end()[0]) as signatures:
        found = check(book, signatures)
        scope = Scope(only, SystemClock().now_ms())
        cid = write(book, found, scope, identity_of(settings.home), file)
    size = file.stat().st_size
    if settings.json:
        told = {"cid": str(cid), "file": str(file), "size": size}
        return emit_json(told | {"restored": found.restored})
    tell_put_back(settings.home)
    return note(f"{file}: {found.entries} entries, stated as {cid}")


@credit.command()
@common
def prune(settings: Settings) -> None:
    """Let go of entries before checkpoints that both sides signed.

    Balances, limits and the order of all entries stay; what was paid for before is not known any
    more, and a peer that restores a ledger from before then cannot have from here what it lacks: if
    it loses its ledger and has no backup, it cannot trade with this one any more.
    """
    from cli.creditwords import gone
    from peers.ledger_book import signing
    from peers.pruning import prune
    from peers.signatures import looking

    with opened(settings.home) as file:
        many = file.end()[0]
    me = identity_of(settings.home).peer
    with signing(settings.home, me) as book, looking(many) as signatures:
        entries, papers = prune(book, signatures)
    if settings.json:
        return emit_json({"entries": entries, "papers": papers})
    return note(gone(entries, papers))
