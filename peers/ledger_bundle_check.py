"""Checking a ledger bundle: whether it is what its owner signed, and follows from itself.

>>> verify(path, signatures).statement.entries                           # doctest: +SKIP
100000
"""

from pathlib import Path
from typing import BinaryIO, Final, NamedTuple, TypeVar

from engine.content import car
from engine.content.cid import Cid
from engine.content.schema import Record, kind_of
from engine.errors import Damaged, Refused, Unavailable
from engine.step import SIGNED
from peers.audit import Audit, Signatures, Start
from peers.identity import PeerId
from peers.ledger import ledger_of
from peers.ledger_check import Found
from peers.order import Taken, link
from peers.signed import unseal
from peers.statement import (
    CONTENTS,
    ENTRY_PAGE,
    EVIDENCE_PAGE,
    MAX_BLOCKS,
    STATEMENT,
    Contents,
    Item,
    Statement,
    owed_by,
)

T = TypeVar("T")

_NONE: Final = "name a file that 'tally credit export' wrote"
_AGAIN: Final = "ask for the file again, or for another copy of it"


class Exported(NamedTuple):
    """A file in which nothing is wrong."""

    statement: Statement
    found: Found


def verify(path: Path, signatures: Signatures) -> Exported:
    """Look at all of an exported ledger.

    Raises: Refused when it is none; Damaged, with the first entry that is wrong; Unavailable when
    it cannot be read.
    """
    try:
        with path.open("rb") as stream:
            return _Bundle(path, stream).verify(signatures)
    except (FileNotFoundError, IsADirectoryError):
        raise Refused("there is no such file", where=str(path), fix=_NONE) from None
    except OSError as error:
        what = f"cannot be read: {error.strerror}"
        raise Unavailable(what, where=str(path), fix="make it readable for this user") from None


def is_statement(data: bytes) -> bool:
    """Return whether a block is the statement with which an exported ledger begins.

    Raises: Damaged when it is malformed.
    """
    return kind_of(data) == SIGNED.kind and kind_of(SIGNED.decode(data).payload) == STATEMENT.kind


class _Bundle:
    """An exported ledger, all blocks of which match their names; where each of them is."""

    def __init__(self, path: Path, stream: BinaryIO) -> None:
        self._path = path
        self._stream = stream
        self._places: dict[Cid, tuple[int, int]] = {}
        try:
            self._roots = self._index()
        except (Damaged, Refused) as error:
            error.where = error.where or str(path)
            if isinstance(error, Refused):  # a bundle of runs is none of a ledger
                error.fix = _NONE
            raise

    def _index(self) -> tuple[Cid, ...]:
        reader = car.Reader(self._stream)
        if len(reader.roots) != 2:
            raise Refused("it is a bundle, and not of a ledger", fix=_NONE)
        try:
            for block in reader:
                if block.cid in self._places:
                    raise Damaged("it has a block twice")
                size = len(block.data)
                self._places[block.cid] = (self._stream.tell() - size, size)
                if len(self._places) > MAX_BLOCKS:
                    raise Refused(f"it has over {MAX_BLOCKS} blocks", fix=_NONE)
        except Damaged as damaged:
            raise Damaged(damaged.what, where=self._entry_after(reader.roots), fix=_AGAIN) from None
        return reader.roots

    def _entry_after(self, roots: tuple[Cid, ...]) -> str:
        """Return where damage is that comes after the blocks that were read."""
        try:
            contents = self._read(roots[1], CONTENTS)
            items = self._items(contents)
        except Damaged:
            return str(self._path)
        before = len({*contents.entries, *contents.evidence}) + 2
        there = [pos for pos, item in enumerate(items, 1) if item.signed]
        at = len(self._places) - before
        return f"{self._path}, entry {there[at]}" if at < len(there) else str(self._path)

    def verify(self, signatures: Signatures) -> Exported:
        """Look at all of it.

        Raises: Refused, Damaged.
        """
        statement = self._statement()
        contents = self._read(statement.contents, CONTENTS)
        items = self._items(contents)
        evidence = self._evidence(contents)
        pages = (*self._roots, *contents.entries, *contents.evidence)
        entries = (one.signed for one in items if one.signed)
        if list(self._places) != list(dict.fromkeys((*pages, *entries, *evidence))):
            raise self._damaged("it has other blocks than it says that it has, or not in order")
        if len(items) != statement.entries:
            raise self._damaged(f"it has {len(items)} entries, and says {statement.entries}")
        return Exported(statement, self._audit(statement, items, frozenset(evidence), signatures))

    def _audit(
        self,
        statement: Statement,
        items: list[Item],
        evidence: frozenset[Cid],
        signatures: Signatures,
    ) -> Found:
        start = Start(ledger_of(PeerId(statement.owner)))
        papers = lambda cid: self._get(cid) if cid in evidence else None  # noqa: E731
        audit = Audit(str(self._path), start, papers, signatures)
        with audit.naming():
            for pos, item in enumerate(items, 1):
                if item.signed is None:
                    audit.leave_out(pos, item.entry)
                    continue
                taken = Taken(pos, self._get(item.signed), link(audit.link, item.entry))
                audit.take(taken)
            if audit.link != statement.last:
                raise Damaged("the ledger does not end with its last entry")
            peer = PeerId(statement.peer) if statement.peer else None
            if peer is None:  # else what is between others is not shown
                audit.check_whole()
            if owed_by(audit.ledger, peer) != statement.balances:
                raise Damaged("the balances that it states are not what its entries give")
        return Found(audit.ledger, audit.pos, audit.link, audit.lacks, None, audit.hidden)

    def _statement(self) -> Statement:
        data = self._get(self._roots[0])
        if not is_statement(data):
            raise Refused("it is a bundle, and not of a ledger", where=str(self._path), fix=_NONE)
        opened = unseal(STATEMENT, data)
        if opened.signer.key != opened.value.owner or opened.value.contents != self._roots[1]:
            raise self._damaged("its statement is not signed by its owner, or not about this")
        return opened.value

    def _items(self, contents: Contents) -> list[Item]:
        return [item for page in contents.entries for item in self._read(page, ENTRY_PAGE).items]

    def _evidence(self, contents: Contents) -> list[Cid]:
        pages = (self._read(page, EVIDENCE_PAGE) for page in contents.evidence)
        return [cid for page in pages for cid in page.blocks]

    def _read(self, cid: Cid, kind: Record[T]) -> T:
        return kind.decode(self._get(cid))

    def _get(self, cid: Cid) -> bytes:
        if cid not in self._places:
            raise self._damaged(f"it lacks a block that it leads to: {cid}")
        start, size = self._places[cid]
        self._stream.seek(start)
        return cid.check(self._stream.read(size))

    def _damaged(self, what: str) -> Damaged:
        return Damaged(what, where=str(self._path), fix=_AGAIN)
