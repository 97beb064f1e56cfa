"""Step messages: steps that a provider is handed, that it hands back, and that are stopped. Pure.

A lease travels as the bytes that were signed; of the steps themselves, only what is small.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Final, NamedTuple

from engine.content.blocks import Block
from engine.content.cid import Cid
from engine.errors import Damaged
from peers.agreement import LEASE, MAX_STEPS, Lease
from peers.errors import RemoteFault
from peers.messages import Subject, request
from peers.named import MAX_WHY, checked, cids_of
from peers.pass_record import MAX_PASSED, PASS, Pass
from peers.plain import Plain, pack, unpack
from peers.signed import Unsealed, unseal
from peers.small import fitting

LEASE_TYPE: Final = request(Subject.WORK + 1)
RETURN_TYPE: Final = request(Subject.WORK + 3)
STOP_TYPE: Final = request(Subject.WORK + 4)

CLAIM_TYPE: Final = request(Subject.WORK + 6)

MAX_NEED: Final = 2**53 - 1  # bytes, milliseconds or cores
MAX_PASSES: Final = 16  # of a lease


class Need(NamedTuple):
    """What the step's record does not say and whoever runs it must know; nobody signs it."""

    environment: Cid  # an Environment that carries the step's closure
    memory: int  # bytes
    disk: int  # bytes of scratch and outputs
    wall_ms: int
    cores: int = 1
    is_fresh: bool = False  # it is to run, whatever is known of it


class SignedPass(NamedTuple):
    """A pass that came with a lease."""

    value: Unsealed[Pass]
    signed: bytes


class Handed(NamedTuple):
    """A lease, the steps that it is of, and what each of them needs."""

    lease: Unsealed[Lease]
    signed: bytes  # the lease, as it came
    steps: tuple[Cid, ...]
    needs: tuple[Need, ...]
    records: Mapping[Cid, Block]  # of some of the steps; the others' are fetched
    passes: tuple[SignedPass, ...] = ()  # for what of the steps' inputs is with other peers


class Steps(NamedTuple):
    """Some steps under an agreement, and what is to be said of them."""

    agreement: Cid
    steps: tuple[Cid, ...]
    why: str


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
    taken = tuple(one or b"" for one in fitting(records))
    return pack((signed, needed, taken, tuple(passes)))


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
            return Steps(cids_of((agreement,))[0], cids_of(steps), why)
    raise RemoteFault("steps of another form")


class Claim(NamedTuple):
    """How long steps had run that were stopped, as their provider says."""

    agreement: Cid
    ran: tuple[tuple[Cid, int], ...]  # milliseconds


def write_claim(claim: Claim) -> bytes:
    """Return the body of a CLAIM."""
    return pack((claim.agreement.raw, tuple((step.raw, ms) for step, ms in claim.ran)))


def read_claim(body: bytes) -> Claim:
    """Read the body of a CLAIM.

    Raises: RemoteFault.
    """
    match unpack(body):
        case (bytes(agreement), tuple(ran)) if len(ran) <= MAX_STEPS:
            return Claim(cids_of((agreement,))[0], tuple(map(_ran, ran)))
    raise RemoteFault("a claim of another form")


def _ran(pair: Plain) -> tuple[Cid, int]:
    match pair:
        case (bytes(step), ms):
            return cids_of((step,))[0], _amount(ms)
    raise RemoteFault("what a step had run has another form")


def _plain(need: Need) -> tuple[Plain, ...]:
    return (need.environment.raw, *need[1:])


def _group(plain: Plain) -> Iterator[tuple[Need, Cid]]:
    """Yield neighbours of a lease that need the same."""
    match plain:
        case (bytes(raw), *amounts, bool(is_fresh), tuple(steps)) if len(amounts) == 4:
            memory, disk, wall_ms, cores = map(_amount, amounts)
            need = Need(cids_of((raw,))[0], memory, disk, wall_ms, cores, is_fresh)
            yield from ((need, step) for step in cids_of(steps))
            return
    raise RemoteFault("needs of another form")


def _amount(value: Plain) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= MAX_NEED:
        raise RemoteFault(f"what a step needs is from 1 to {MAX_NEED}")
    return value


def _of_steps(steps: tuple[Cid, ...], records: tuple[Plain, ...]) -> dict[Cid, Block]:
    if records and len(records) != len(steps):
        raise RemoteFault("a lease comes with the records of its steps, or with none")
    return {step: checked(step, data) for step, data in zip(steps, records, strict=False) if data}


def _passes(signed: tuple[Plain, ...]) -> tuple[SignedPass, ...]:
    if len(signed) > MAX_PASSES:
        raise RemoteFault(f"a lease comes with over {MAX_PASSES} passes")
    found = tuple(SignedPass(unseal(PASS, one), one) for one in signed if isinstance(one, bytes))
    if len(found) != len(signed):
        raise RemoteFault("a pass is bytes")
    if sum(len(one.value.value.roots) for one in found) > MAX_PASSED:
        raise RemoteFault(f"a lease comes with passes for over {MAX_PASSED} roots")
    return found
