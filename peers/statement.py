"""Statement: what a peer says of its ledger at one time, signed, and what leads to all of it. Pure.

    Signed Statement ─→ Contents ─→ pages of entries, in the order in which they were taken
                                 ─→ pages of evidence

A statement is about all channels, or about those with one peer: then the entries of others are
there by their ids alone, so that the chain can be followed and their content is told to nobody.
"""

from collections.abc import Iterable, Sequence
from typing import Final, TypeVar

from engine.content.blocks import Block
from engine.content.cid import Cid
from engine.content.schema import Record
from engine.errors import Damaged
from engine.values import dataclass
from peers.balance import Balance, balances_of
from peers.identity import KEY_BYTES, PeerId
from peers.ledger import Ledger
from peers.order import LINK_BYTES

T = TypeVar("T")

PAGE: Final = 1_000  # entries, or blocks of evidence: a page is then 90 KB
MAX_PAGES: Final = 4_000  # of each: four million entries
MAX_BLOCKS: Final = 2_000_000  # of a file: where each is takes 200 bytes of memory
MAX_BALANCES: Final = 2_000  # channels: as many fit in a record


@dataclass(frozen=True, slots=True)
class Owed:
    """How one channel stands: as Balance, which says what each is."""

    peer: bytes
    generation: int
    balance: int
    unvouchered: int
    limit_granted: int
    limit_received: int
    reserved: int
    reserved_received: int
    is_frozen: bool
    is_over: bool


@dataclass(frozen=True, slots=True)
class Statement:
    """How far a ledger goes, and how its channels stand."""

    owner: bytes  # Ed25519
    peer: bytes | None  # it is about the channels with that one; none: about all
    made_ms: int  # since 1970 UTC, as its owner says
    entries: int
    last: bytes  # link, after that many (order.py)
    balances: tuple[Owed, ...]
    contents: Cid


@dataclass(frozen=True, slots=True)
class Item:
    """An entry in its place."""

    entry: Cid  # its id
    signed: Cid | None  # the block that it is; none: it is between others


@dataclass(frozen=True, slots=True)
class EntryPage:
    """Some entries, in order."""

    items: tuple[Item, ...]


@dataclass(frozen=True, slots=True)
class EvidencePage:
    """Some blocks that entries name."""

    blocks: tuple[Cid, ...]


@dataclass(frozen=True, slots=True)
class Contents:
    """All that a statement is about."""

    entries: tuple[Cid, ...]  # pages
    evidence: tuple[Cid, ...]  # pages


def owed_by(ledger: Ledger, peer: PeerId | None) -> tuple[Owed, ...]:
    """Return how the channels of a ledger stand, or those with one peer."""
    found = balances_of(ledger).values()
    return tuple(_owed(one) for one in found if peer in (None, one.peer))


def balance(owed: Owed) -> Balance:
    """Return the same as it is shown."""
    values = [getattr(owed, name) for name in Owed.__match_args__[1:]]
    return Balance(b"", PeerId(owed.peer), *values)


def entry_pages(items: Sequence[Item]) -> list[Block]:
    """Return the pages of some entries."""
    return [ENTRY_PAGE.block(EntryPage(part)) for part in _parts(items)]


def evidence_pages(blocks: Iterable[Cid]) -> list[Block]:
    """Return the pages of some evidence."""
    return [EVIDENCE_PAGE.block(EvidencePage(part)) for part in _parts(sorted(blocks))]


def _parts(things: Sequence[T]) -> list[tuple[T, ...]]:
    return [tuple(things[at : at + PAGE]) for at in range(0, len(things), PAGE)]


def _owed(one: Balance) -> Owed:
    return Owed(one.peer.key, *one[2:])


def _check_statement(statement: Statement) -> None:
    if len(statement.owner) != KEY_BYTES or len(statement.last) != LINK_BYTES:
        raise Damaged(f"a key has {KEY_BYTES} bytes, and a link {LINK_BYTES}")
    if statement.peer is not None and len(statement.peer) != KEY_BYTES:
        raise Damaged(f"a key has {KEY_BYTES} bytes")
    if not 0 <= statement.entries <= PAGE * MAX_PAGES or statement.made_ms < 0:
        raise Damaged("its time or its number of entries is none")
    if len(statement.balances) > MAX_BALANCES:
        raise Damaged(f"it is about {MAX_BALANCES} channels at most")


def _check_items(page: EntryPage) -> None:
    if not 1 <= len(page.items) <= PAGE:
        raise Damaged(f"a page has 1 to {PAGE} entries")


def _check_blocks(page: EvidencePage) -> None:
    if not 1 <= len(page.blocks) <= PAGE:
        raise Damaged(f"a page has 1 to {PAGE} blocks")


def _check_contents(contents: Contents) -> None:
    if max(len(contents.entries), len(contents.evidence)) > MAX_PAGES:
        raise Damaged(f"it has {MAX_PAGES} pages at most")


STATEMENT: Final = Record("tallystick/statement/1", Statement, _check_statement)
ENTRY_PAGE: Final = Record("tallystick/entry-page/1", EntryPage, _check_items)
EVIDENCE_PAGE: Final = Record("tallystick/evidence-page/1", EvidencePage, _check_blocks)
CONTENTS: Final = Record("tallystick/ledger-contents/1", Contents, _check_contents)
