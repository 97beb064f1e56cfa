"""What `tally credit` prints: columns for people, JSON for scripts."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, Final, NamedTuple

from cli.creditaccount import Account, Asked
from cli.creditlog import when
from cli.creditwords import sentence, short
from cli.report import note
from peers.balance import Balance
from peers.credits import digits
from peers.entry import Written
from peers.identity import PeerId
from peers.ledger_check import Found
from peers.statement import Statement, balance

BALANCES: Final = ("peer", "balance", "in words")
LIMITS: Final = ("peer", "you lend", "set aside", "it lends you", "set aside")
_ANEW: Final = "when you trade again"

_LACKS: Final = {
    "offer": "the offer that they rest on",
    "lines": "their lines, which say what was paid for",
    "manifest": "the manifest that says who is paid",
    "proof": "the proof of what they say",
}


def balance_rows(standing: Iterable[Balance], owner: str) -> list[tuple[str, str, str]]:
    """Return a row for each peer: what it owes the owner of a ledger, in numbers and in words."""
    return [(str(one.peer), digits(one.balance), sentence(one, owner)) for one in standing]


class Again(NamedTuple):
    """What opens the next channel of two peers who have ended theirs."""

    granted: int
    received: int | None  # as its owner has set it; None: what a newcomer may owe it


def limit_rows(
    standing: Iterable[Balance], promises: Mapping[PeerId, Again]
) -> list[tuple[str, ...]]:
    """Return a row for each peer: what each of the two lends, and has set aside of that."""
    return [
        (str(one.peer), *(_ended(promises[one.peer]) if one.is_over else _lent(one)))
        for one in standing
    ]


def _ended(again: Again) -> tuple[str, ...]:
    theirs = "-" if again.received is None else f"ended; {digits(again.received)} {_ANEW}"
    return f"ended; {digits(again.granted)} {_ANEW}", "-", theirs, "-"


def limits_json(
    standing: Iterable[Balance], promises: Mapping[PeerId, Again]
) -> list[dict[str, Any]]:
    """Return the same for scripts."""
    return [
        as_json(one)
        | {
            "granted_anew": again.granted if again else None,
            "received_anew": again.received if again else None,
        }
        for one in standing
        for again in [promises.get(one.peer) if one.is_over else None]
    ]


def _lent(one: Balance) -> tuple[str, ...]:
    lent = one.limit_granted, one.reserved, one.limit_received, one.reserved_received
    return tuple(map(digits, lent))


def tell_lacks(lacks: Counter[str]) -> None:
    """Say of how many entries only the signature was seen, and why."""
    for what, count in sorted(lacks.items()):
        those = "that" if count == 1 else "those"
        note(f"{_entries(count)} without {_LACKS[what]}: of {those} the signature alone is seen")


def tell_hidden(count: int, *, is_whole: bool = True) -> None:
    """Say how many entries are there by their ids alone, and what nobody sees therefore."""
    if not count:
        return
    if is_whole:
        why = "pruned: a later checkpoint says what came of them, between the two who signed it"
    else:
        why = "of other peers, or pruned: nobody sees which"
    note(f"{_entries(count)} not shown, being {why}")


def held(entries: int, hidden: int) -> str:
    """Say of how many entries it was seen that they hold, of all."""
    if hidden:
        return f"{entries - hidden} of {entries} entries are shown, and hold"
    return "its one entry holds" if entries == 1 else f"all {entries} entries hold"


def _entries(count: int) -> str:
    return "one entry is" if count == 1 else f"{count} entries are"


def about(statement: Statement, hidden: int) -> str:
    """Say whose ledger an exported one is, how far it goes, and how much of it is shown."""
    which = f" with {PeerId(statement.peer)}" if statement.peer else ""
    ledger = f"{PeerId(statement.owner)}: its ledger{which}"
    return f"{ledger}, {when(statement.made_ms)} UTC: {held(statement.entries, hidden)}"


def stated(statement: Statement) -> list[tuple[str, str, str]]:
    """Return a row for each balance that a statement has."""
    owner = short(PeerId(statement.owner))
    return balance_rows(_balances(statement), owner)


def statement_as_json(statement: Statement) -> dict[str, Any]:
    """Return what a statement says."""
    return {
        "peer": str(PeerId(statement.owner)),
        "with": str(PeerId(statement.peer)) if statement.peer else None,
        "made_ms": statement.made_ms,
        "entries": statement.entries,
        "link": statement.last.hex(),
        "unit": "microcredit",
        "peers": [*map(as_json, _balances(statement))],
    }


def _balances(statement: Statement) -> list[Balance]:
    """Return the balances that a statement has: of each peer the oldest channel first."""
    found = map(balance, statement.balances)
    return sorted(found, key=lambda one: (one.peer, one.generation))


def as_json(one: Balance) -> dict[str, Any]:
    """Return how it stands with a peer."""
    return {
        "peer": str(one.peer),
        "balance": one.balance,
        "unvouchered": one.unvouchered,
        "limit_granted": one.limit_granted,
        "limit_received": one.limit_received,
        "reserved": one.reserved,
        "reserved_received": one.reserved_received,
        "frozen": one.is_frozen,
        "ended": one.is_over,
    }


def found_as_json(me: PeerId, found: Found) -> dict[str, Any]:
    """Return what was found of a ledger in which nothing is wrong."""
    return {
        "peer": str(me),
        "entries": found.entries,
        "link": found.link.hex(),
        "hidden": found.hidden,
        "lacks": dict(found.lacks),
        "restored": found.restored,
    }


def account_as_json(account: Account) -> dict[str, Any]:
    """Return the same, in words too, and what is not answered."""
    return as_json(account.balance) | {
        "words": sentence(account.balance),
        "asked": _asked_as_json(account.asked),
        "asking": _asked_as_json(account.asking),
        "ending": account.is_ending,
        "refused": account.refused,
    }


def _asked_as_json(asked: Asked | None) -> dict[str, Any] | None:
    return None if asked is None else {"balance": asked.balance, "why": asked.why}


def entry_as_json(pos: int, written: Written, other: PeerId | None, words: str) -> dict[str, Any]:
    """Return one entry, in its place."""
    entry = written.entry
    return {
        "position": pos,
        "id": str(written.id),
        "kind": type(written.body).__name__.lower(),
        "author": str(written.author),
        "peer": str(other) if other else None,
        "epoch": entry.epoch,
        "number": entry.number,
        "made_ms": entry.made_ms,
        "words": words,
    }
