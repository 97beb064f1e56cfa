"""Batch messages: what a provider says came out of steps, as the body of a message. Pure.

What is signed travels as the bytes that were signed, and what is small of what came out with it.
"""

from collections.abc import Container, Iterable, Mapping, Sequence
from itertools import islice
from types import MappingProxyType
from typing import Final, NamedTuple

from engine.content.blocks import Block, Checked
from engine.content.cid import BYTES, RAW, Cid
from engine.errors import Damaged
from peers.agreement import BATCH, Batch, Said
from peers.errors import RemoteFault
from peers.messages import Subject, request
from peers.named import checked, cids_of
from peers.plain import Plain, pack, unpack
from peers.signed import Unsealed, unseal
from peers.small import fitting

BATCH_TYPE: Final = request(Subject.WORK + 2)

MAX_BYTES: Final = 2**53 - 1  # of one size
MAX_SIZES: Final = 1_024  # of a batch, 40 KiB: a hint of where to run what reads that

_LEAF: Final = 3 * BYTES


class Told(NamedTuple):
    """A batch, what it is of, and the records of that: of each a Result and an Attestation."""

    batch: Unsealed[Batch]
    said: tuple[Said, ...]
    records: tuple[Block, ...]
    signed: Block  # the batch as it came
    carried: Mapping[Cid, Block]  # some of what came out; the rest is fetched
    sizes: Mapping[Cid, int]  # of some of that rest: about how many bytes, as the provider says
    known: frozenset[Cid]  # steps that it did not run for this, as it says


def write_batch(
    signed: bytes,
    said: Sequence[Said],
    records: Sequence[Block],
    carried: Iterable[bytes] = (),
    sizes: Mapping[Cid, int] = MappingProxyType({}),
    known: Container[Cid] = (),
) -> bytes:
    """Return the body of a BATCH; `records` has a Result and an Attestation for each of `said`.

    Of `carried`, raw blocks that came out, it takes what fits; of `sizes` what is read.
    """
    leaves = tuple(one.leaf for one in said)
    taken = tuple(one for one in fitting(carried) if one is not None)
    some = islice(sizes.items(), MAX_SIZES)
    told = tuple((cid.raw, min(size, MAX_BYTES)) for cid, size in some)
    had = tuple(at for at, one in enumerate(said) if one.step in known)
    return pack((signed, leaves, tuple(record.data for record in records), taken, told, had))


def read_batch(body: bytes) -> Told:
    """Read the body of a BATCH: each record is what it is named.

    Raises: RemoteFault.
    """
    match unpack(body):
        case (
            bytes(signed),
            tuple(leaves),
            tuple(records),
            tuple(carried),
            tuple(sizes),
            tuple(had),
        ):
            try:
                said = tuple(map(_said, leaves))
                batch = unseal(BATCH, signed)
                whole, leaf = Block(batch.cid, signed), _leaves(carried)
                known = _known(said, had)
                return Told(batch, said, _records(said, records), whole, leaf, _sizes(sizes), known)
            except Damaged as error:
                raise RemoteFault(error.what) from None
    raise RemoteFault("a batch of another form")


def _said(leaf: Plain) -> Said:
    if not isinstance(leaf, bytes) or len(leaf) != _LEAF:
        raise RemoteFault("what is said of a step is three CIDs")
    parts = tuple(leaf[at : at + BYTES] for at in range(0, _LEAF, BYTES))
    return Said(*cids_of(parts))


def _records(said: tuple[Said, ...], records: tuple[Plain, ...]) -> tuple[Block, ...]:
    named = [cid for one in said for cid in (one.result, one.attestation)]
    if len(records) != len(named):
        raise RemoteFault("a batch has two records for each step")
    found = []
    for cid, data in zip(named, records, strict=True):
        found.append(checked(cid, data))
    return tuple(found)


def _leaves(carried: tuple[Plain, ...]) -> dict[Cid, Block]:
    found: dict[Cid, Block] = {}
    for data in carried:
        if not isinstance(data, bytes):
            raise RemoteFault("what came out is bytes")
        block = Checked.made(RAW, data)
        found[block.cid] = block
    return found


def _known(said: tuple[Said, ...], places: tuple[Plain, ...]) -> frozenset[Cid]:
    if len(places) > len(said):
        raise RemoteFault("more was known than is said")
    return frozenset(said[_place(at, len(said))].step for at in places)


def _place(value: Plain, count: int) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < count:
        raise RemoteFault("what is known is not among what is said")
    return value


def _sizes(pairs: tuple[Plain, ...]) -> dict[Cid, int]:
    if len(pairs) > MAX_SIZES:
        raise RemoteFault(f"a batch says over {MAX_SIZES} sizes")
    found = {}
    for pair in pairs:
        match pair:
            case (bytes(raw), int(size)) if 0 <= size <= MAX_BYTES:
                found[cids_of((raw,))[0]] = size
            case _:
                raise RemoteFault("a size of another form")
    return found
