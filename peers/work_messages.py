"""Work messages: what requester and provider send each other of an agreement, as bodies. Pure.

What is signed travels as the bytes that were signed. What comes from outside is checked here, at
the door: whatever is wrong with it is a RemoteFault, and the connection ends (docs/protocol.md).
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby, islice
from types import MappingProxyType
from typing import Final, NamedTuple

from engine.content.blocks import Block, Checked
from engine.content.cid import BYTES, RAW, Cid, are_cids
from engine.errors import Damaged
from peers.agreement import (
    ACCEPTANCE,
    BATCH,
    LEASE,
    MAX_AMOUNT,
    MAX_STEPS,
    OFFER,
    Acceptance,
    Batch,
    Lease,
    Offer,
    Said,
)
from peers.errors import RemoteFault
from peers.messages import Subject, notice, request
from peers.pass_record import MAX_PASSED, PASS, Pass
from peers.plain import Plain, pack, unpack
from peers.signed import Unsealed, unseal

OFFER_TYPE: Final = request(Subject.WORK)
LEASE_TYPE: Final = request(Subject.WORK + 1)
BATCH_TYPE: Final = request(Subject.WORK + 2)
RETURN_TYPE: Final = request(Subject.WORK + 3)
STOP_TYPE: Final = request(Subject.WORK + 4)
END_TYPE: Final = notice(Subject.WORK + 5)

MAX_WHY: Final = 500  # characters that are shown to a person
SMALL: Final = 4 * 1024  # bytes of content that travels with a lease or a batch; more is fetched
MAX_CARRIED: Final = 512 * 1024  # bytes of all that does: a message has room for that
MAX_PASSES: Final = 16  # of a lease
MAX_SIZES: Final = 1_024  # of a batch, 40 KiB: a hint of where to run what reads that

_LEAF: Final = 3 * BYTES


class Refusal(NamedTuple):
    """A provider's no to an offer."""

    why: str


class Need(NamedTuple):
    """What the step's record does not say and whoever runs it must know; nobody signs it."""

    environment: Cid  # an Environment that carries the step's closure
    memory: int  # bytes
    disk: int  # bytes of scratch and outputs
    wall_ms: int
    cores: int = 1
    is_fresh: bool = False  # it is to run, whatever is known of it


class Handed(NamedTuple):
    """A lease, the steps that it is of, and what each of them needs."""

    lease: Unsealed[Lease]
    signed: bytes  # the lease, as it came
    steps: tuple[Cid, ...]
    needs: tuple[Need, ...]
    records: Mapping[Cid, Block]  # of some of the steps; the others' are fetched
    passes: tuple["SignedPass", ...] = ()  # for what of the steps' inputs is with other peers


class SignedPass(NamedTuple):
    """A pass that came with a lease."""

    value: Unsealed[Pass]
    signed: bytes


class Told(NamedTuple):
    """A batch, what it is of, and the records of that: of each a Result and an Attestation."""

    batch: Unsealed[Batch]
    said: tuple[Said, ...]
    records: tuple[Block, ...]
    signed: Block  # the batch as it came
    carried: Mapping[Cid, Block]  # some of what came out; the rest is fetched
    sizes: Mapping[Cid, int]  # of some of that rest: about how many bytes, as the provider says


class Steps(NamedTuple):
    """Some steps under an agreement, and what is to be said of them."""

    agreement: Cid
    steps: tuple[Cid, ...]
    why: str


def read_offer(body: bytes) -> Unsealed[Offer]:
    """Read the body of an OFFER: the signed record.

    Raises: RemoteFault.
    """
    try:
        return unseal(OFFER, body)
    except Damaged as error:
        raise RemoteFault(error.what) from None


def write_answer(answer: bytes | Refusal) -> bytes:
    """Return the body of the answer to an OFFER: a signed acceptance, or why not."""
    if isinstance(answer, Refusal):
        return pack((0, answer.why[:MAX_WHY]))
    return pack((1, answer))


def read_answer(body: bytes) -> Unsealed[Acceptance] | Refusal:
    """Read the body of the answer to an OFFER.

    Raises: RemoteFault.
    """
    match unpack(body):
        case (0, str(why)) if len(why) <= MAX_WHY:
            return Refusal(why)
        case (1, bytes(signed)):
            try:
                return unseal(ACCEPTANCE, signed)
            except Damaged as error:
                raise RemoteFault(error.what) from None
    raise RemoteFault("it answers an offer with neither yes nor no")


def write_lease(
    signed: bytes,
    steps: Sequence[Cid],
    needs: Sequence[Need],
    records: Sequence[bytes] = (),
    passes: Iterable[bytes] = (),
) -> bytes:
    """Return the body of a LEASE; neighbours that need the same say it once.

    Of `records`, in the order of the steps and empty for those not to be sent, it takes what fits.
    """
    alike = groupby(zip(needs, steps, strict=True), lambda one: one[0])
    groups = ((need, tuple(step.raw for _, step in of)) for need, of in alike)
    needed = tuple((*_plain(need), raws) for need, raws in groups)
    fitting = tuple(one or b"" for one in _fitting(records))
    return pack((signed, needed, fitting, tuple(passes)))


def read_lease(body: bytes) -> Handed:
    """Read the body of a LEASE. That the steps are those of the lease, its agreement says.

    Raises: RemoteFault.
    """
    match unpack(body):
        case (bytes(signed), tuple(groups), tuple(records), tuple(passes)):
            try:
                lease = unseal(LEASE, signed)
                passed = _passes(passes)
            except Damaged as error:
                raise RemoteFault(error.what) from None
            needed = [one for group in groups for one in _group(group)]
            if not 1 <= len(needed) <= MAX_STEPS:
                raise RemoteFault(f"a lease is of 1 to {MAX_STEPS} steps")
            needs, steps = zip(*needed, strict=True)
            return Handed(lease, signed, steps, needs, _of_steps(steps, records), passed)
    raise RemoteFault("a lease of another form")


def write_batch(
    signed: bytes,
    said: Sequence[Said],
    records: Sequence[Block],
    carried: Iterable[bytes] = (),
    sizes: Mapping[Cid, int] = MappingProxyType({}),
) -> bytes:
    """Return the body of a BATCH; `records` has a Result and an Attestation for each of `said`.

    Of `carried`, raw blocks that came out, it takes what fits; of `sizes` what is read.
    """
    leaves = tuple(one.leaf for one in said)
    fitting = tuple(one for one in _fitting(carried) if one is not None)
    some = islice(sizes.items(), MAX_SIZES)
    told = tuple((cid.raw, min(size, MAX_AMOUNT)) for cid, size in some)
    return pack((signed, leaves, tuple(record.data for record in records), fitting, told))


def read_batch(body: bytes) -> Told:
    """Read the body of a BATCH: each record is what it is named.

    Raises: RemoteFault.
    """
    match unpack(body):
        case (bytes(signed), tuple(leaves), tuple(records), tuple(carried), tuple(sizes)):
            try:
                said = tuple(map(_said, leaves))
                batch = unseal(BATCH, signed)
                whole, leaf = Block(batch.cid, signed), _leaves(carried)
                return Told(batch, said, _records(said, records), whole, leaf, _sizes(sizes))
            except Damaged as error:
                raise RemoteFault(error.what) from None
    raise RemoteFault("a batch of another form")


def write_steps(steps: Steps) -> bytes:
    """Return the body of a RETURN or a STOP."""
    raws = tuple(step.raw for step in steps.steps)
    return pack((steps.agreement.raw, raws, steps.why[:MAX_WHY]))


def read_steps(body: bytes) -> Steps:
    """Read the body of a RETURN or a STOP.

    Raises: RemoteFault.
    """
    match unpack(body):
        case (bytes(agreement), tuple(steps), str(why)) if len(why) <= MAX_WHY:
            return Steps(_cids((agreement,))[0], _cids(steps), why)
    raise RemoteFault("steps of another form")


def write_end(agreement: Cid) -> bytes:
    """Return the body of an END: nothing more comes under an agreement."""
    return agreement.raw


def read_end(body: bytes) -> Cid:
    """Read the body of an END.

    Raises: RemoteFault.
    """
    return _cids((body,))[0]


def _plain(need: Need) -> tuple[Plain, ...]:
    return (need.environment.raw, *need[1:])


def _group(plain: Plain) -> Iterator[tuple[Need, Cid]]:
    """Yield neighbours of a lease that need the same."""
    match plain:
        case (bytes(raw), *amounts, bool(is_fresh), tuple(steps)) if len(amounts) == 4:
            memory, disk, wall_ms, cores = map(_amount, amounts)
            need = Need(_cids((raw,))[0], memory, disk, wall_ms, cores, is_fresh)
            yield from ((need, step) for step in _cids(steps))
            return
    raise RemoteFault("needs of another form")


def _amount(value: Plain) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= MAX_AMOUNT:
        raise RemoteFault(f"what a step needs is from 1 to {MAX_AMOUNT}")
    return value


def _cids(raws: tuple[Plain, ...]) -> tuple[Cid, ...]:
    if not 1 <= len(raws) <= MAX_STEPS or not are_cids(raws):
        raise RemoteFault(f"it names no steps, something else, or over {MAX_STEPS}")
    return tuple(Cid(raw) for raw in raws if isinstance(raw, bytes))


def _said(leaf: Plain) -> Said:
    if not isinstance(leaf, bytes) or len(leaf) != _LEAF:
        raise RemoteFault("what is said of a step is three CIDs")
    parts = tuple(leaf[at : at + BYTES] for at in range(0, _LEAF, BYTES))
    return Said(*_cids(parts))


def _records(said: tuple[Said, ...], records: tuple[Plain, ...]) -> tuple[Block, ...]:
    named = [cid for one in said for cid in (one.result, one.attestation)]
    if len(records) != len(named):
        raise RemoteFault("a batch has two records for each step")
    found = []
    for cid, data in zip(named, records, strict=True):
        found.append(_checked(cid, data))
    return tuple(found)


def _of_steps(steps: tuple[Cid, ...], records: tuple[Plain, ...]) -> dict[Cid, Block]:
    if records and len(records) != len(steps):
        raise RemoteFault("a lease comes with the records of its steps, or with none")
    return {step: _checked(step, data) for step, data in zip(steps, records, strict=False) if data}


def _leaves(carried: tuple[Plain, ...]) -> dict[Cid, Block]:
    found: dict[Cid, Block] = {}
    for data in carried:
        if not isinstance(data, bytes):
            raise RemoteFault("what came out is bytes")
        block = Checked.made(RAW, data)
        found[block.cid] = block
    return found


def _passes(signed: tuple[Plain, ...]) -> tuple[SignedPass, ...]:
    if len(signed) > MAX_PASSES:
        raise RemoteFault(f"a lease comes with over {MAX_PASSES} passes")
    found = tuple(SignedPass(unseal(PASS, one), one) for one in signed if isinstance(one, bytes))
    if len(found) != len(signed):
        raise RemoteFault("a pass is bytes")
    if sum(len(one.value.value.roots) for one in found) > MAX_PASSED:
        raise RemoteFault(f"a lease comes with passes for over {MAX_PASSED} roots")
    return found


def _sizes(pairs: tuple[Plain, ...]) -> dict[Cid, int]:
    if len(pairs) > MAX_SIZES:
        raise RemoteFault(f"a batch says over {MAX_SIZES} sizes")
    found = {}
    for pair in pairs:
        match pair:
            case (bytes(raw), int(size)) if 0 <= size <= MAX_AMOUNT:
                found[_cids((raw,))[0]] = size
            case _:
                raise RemoteFault("a size of another form")
    return found


def _checked(cid: Cid, data: Plain) -> Block:
    if not isinstance(data, bytes):
        raise RemoteFault("a record is bytes")
    if (block := Checked.of(cid, data)) is None:
        raise RemoteFault(f"it sent bytes that are not {cid}")
    return block


def _fitting(contents: Iterable[bytes]) -> Iterator[bytes | None]:
    """Yield what is small, as long as there is room, and None for the others."""
    room = MAX_CARRIED
    for data in contents:
        is_taken = len(data) <= min(SMALL, room)
        room -= len(data) if is_taken else 0
        yield data if is_taken else None
