"""LedgerBundle: a ledger as one file, with which anybody can see that it holds, with nothing else.

A CAR whose roots are the signed Statement and its Contents (statement.py): then come the pages, the
entries in the order in which they were taken, and what they name. ledger_bundle_check.py reads it.

>>> export(file, check(file, signatures), Scope(me, None), signer, path)  # doctest: +SKIP
Cid(...)
"""

from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path
from typing import NamedTuple

from engine.content import canonical, car
from engine.content.blocks import Block
from engine.content.cid import DAG_CBOR, Cid
from engine.content.schema import kind_of
from engine.errors import Refused
from engine.runner import Signer
from engine.step import SIGNED
from engine.wholefile import whole_file
from peers.entry import parse
from peers.identity import PeerId
from peers.ledger_check import Found
from peers.ledger_file import LedgerFile
from peers.named_by import named_by
from peers.signed import seal
from peers.statement import (
    CONTENTS,
    MAX_BALANCES,
    MAX_BLOCKS,
    STATEMENT,
    Contents,
    Item,
    Statement,
    entry_pages,
    evidence_pages,
    owed_by,
)


class Scope(NamedTuple):
    """What of a ledger is to be exported."""

    peer: PeerId | None  # the channels with that one; none: all
    made_ms: int  # when


def export(file: LedgerFile, found: Found, scope: Scope, signer: Signer, path: Path) -> Cid:
    """Write a ledger in which nothing was found wrong to a file; return the statement's CID.

    Raises: Refused when the file cannot be written there, or would be too large; Unavailable.
    """
    with file.still():
        channels = _channels(found, scope.peer)
        items = list(_items(file, channels))
        pages = entry_pages(items)
        evidence = _evidence(file, channels)
        papers = evidence_pages(evidence)
        many = len(items) + len(evidence) + len(pages) + len(papers)
        if many > MAX_BLOCKS - 2 or len(owed_by(found.ledger, scope.peer)) > MAX_BALANCES:
            fix = "export it peer by peer: 'tally credit export FILE PEER'"
            raise Refused("the ledger is too large for one file", fix=fix)
        contents = CONTENTS.block(
            Contents(tuple(one.cid for one in pages), tuple(one.cid for one in papers))
        )
        statement = seal(STATEMENT, _statement(found, scope, contents.cid), signer)
        entries = (_block(signed) for _, signed in file.named() if _is_in(signed, channels))
        rest = (Block(cid, _held(file, cid)) for cid in sorted(evidence))
        blocks = chain([statement, contents], pages, papers, entries, rest)
        with whole_file(path) as stream:
            car.write(stream, [statement.cid, contents.cid], blocks)
    return statement.cid


def _statement(found: Found, scope: Scope, contents: Cid) -> Statement:
    ledger = found.ledger
    balances = owed_by(ledger, scope.peer)
    peer = scope.peer.key if scope.peer else None
    return Statement(
        ledger.me.key, peer, scope.made_ms, found.entries, found.link, balances, contents
    )


def _channels(found: Found, peer: PeerId | None) -> frozenset[bytes] | None:
    """Return the channels with a peer; None for all there are."""
    if peer is None:
        return None
    channels = found.ledger.channels
    return frozenset(name for name, one in channels.items() if one.peer == peer)


def _items(file: LedgerFile, channels: frozenset[bytes] | None) -> Iterator[Item]:
    for name, signed in file.named():
        yield Item(name, Cid.of(DAG_CBOR, signed) if _is_in(signed, channels) else None)


def _is_in(signed: bytes, channels: frozenset[bytes] | None) -> bool:
    """Return whether an entry is shown: it is in these channels, and was not pruned."""
    if not signed or channels is None:
        return bool(signed)
    return parse(signed)[0].entry.channel in (None, *channels)


def _block(signed: bytes) -> Block:
    return Block(Cid.of(DAG_CBOR, signed), signed)


def _evidence(file: LedgerFile, channels: frozenset[bytes] | None) -> set[Cid]:
    """Return what entries name that is here, and what that leads to."""
    if channels is None:
        return set(file.all_evidence())
    entries = (parse(signed)[0] for _, signed in file.named() if _is_in(signed, channels))
    asked = [cid for written in entries for cid in named_by(written)]
    found: set[Cid] = set()
    while asked:
        cid = asked.pop()
        if cid not in found and (data := file.evidence(cid)) is not None:
            found.add(cid)
            asked += _leads_to(cid, data)
    return found


def _leads_to(cid: Cid, data: bytes) -> Iterable[Cid]:
    if cid.codec != DAG_CBOR:
        return ()
    payload = SIGNED.decode(data).payload if kind_of(data) == SIGNED.kind else data
    return canonical.links(payload)


def _held(file: LedgerFile, cid: Cid) -> bytes:
    data = file.evidence(cid)
    if data is None:
        raise AssertionError(cid)  # it was there, at this moment of the file
    return data
