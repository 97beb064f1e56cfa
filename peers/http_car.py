"""The blocks of a CAR that is asked for over HTTP, depth first, each once. Pure.

First what proves the path, then of what is at its end: its first block, what makes it up, or all
that it leads to (https://specs.ipfs.tech/http-gateways/trustless-gateway/).
"""

from collections.abc import Iterator
from typing import Final

from engine.content import reader
from engine.content.blocks import Block
from engine.content.cid import DAG_CBOR, RAW, Cid
from engine.content.links import STRANGER, links, walk
from engine.content.reader import Get
from peers.http_request import Asked, Bytes

# a CAR of the empty identity CID, without its block: what clients ask a gateway for to know it
PROBE_CAR: Final = bytes.fromhex("19a265726f6f747381d82a450001550000") + b"gversion\x01"


class Trail:
    """Takes blocks and remembers them, until they are told."""

    def __init__(self, get: Get) -> None:
        self._get = get
        self._told: set[Cid] = set()
        self._waiting: list[Block] = []

    def get(self, cid: Cid) -> bytes:
        """Return the bytes of a block, which is to be told."""
        data = self._get(cid)
        if cid not in self._told:
            self._told.add(cid)
            self._waiting.append(Block(cid, data))
        return data

    def tell(self) -> Iterator[Block]:
        """Yield what was taken since this was last called."""
        waiting, self._waiting = self._waiting, []
        yield from waiting


def blocks(asked: Asked, cid: Cid, trail: Trail) -> Iterator[Block]:
    """Yield what is asked for of `cid`, at the end of a path by which `trail` has come.

    Raises: Damaged over the bounds of what a stranger may send; what `get` raises.
    """
    trail.get(cid)
    yield from trail.tell()
    if asked.scope == "all":
        yield from _all(cid, trail)
    elif asked.scope == "entity" and cid.codec != DAG_CBOR:
        yield from _entity(cid, asked.bytes, trail)


def _all(cid: Cid, trail: Trail) -> Iterator[Block]:
    held: dict[Cid, bytes] = {}  # the one that was yielded last

    def below(one: Cid) -> Iterator[Cid]:
        return links(one, held.pop(one)) if one.codec != RAW else iter(())

    for one in walk(below, [cid], STRANGER):
        data = trail.get(one)
        if one.codec != RAW:
            held[one] = data
        yield from trail.tell()


def _entity(cid: Cid, span: Bytes | None, trail: Trail) -> Iterator[Block]:
    found = reader.stat(trail.get, cid)
    if found.kind == "directory":
        for _ in reader.each_entry(trail.get, cid):
            yield from trail.tell()
        yield from trail.tell()
    elif found.kind == "file":
        first, length = within(span, found.size)
        for _ in reader.read(trail.get, cid, first, length):
            yield from trail.tell()


def within(span: Bytes | None, size: int) -> tuple[int, int]:
    """Return the offset and length of what is asked for of so many bytes; 0 long when outside."""
    first, last = span or (0, None)
    first = max(0, size + first) if first < 0 else first
    last = size - 1 if last is None else size + last if last < 0 else min(last, size - 1)
    return first, max(0, last - first + 1)
