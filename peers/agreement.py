"""Agreement: what two peers sign before, while and after one runs steps for the other. Pure.

    Offer        by the requester: for one run and one provider, the terms. Its CID is the agreement
    Acceptance   by the provider: it is bound from here on
    Lease        by the requester: these steps, by the root of their keys, for so long
    Batch        by the provider: these results, by the root of what it says of each

No time in here is compared with a clock of the other side: durations count from the message that
carries them, on the monotonic clock of whoever judges.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

from engine import merkle
from engine.batch import BATCH as BATCH  # what a provider signs; its reading is the engine's too
from engine.batch import MAX_STEPS as MAX_STEPS
from engine.batch import Batch as Batch
from engine.batch import Said as Said
from engine.batch import check_counted
from engine.content.cid import Cid
from engine.content.schema import Record
from engine.errors import Damaged
from engine.values import dataclass
from peers.credits import MAX_CREDITS
from peers.identity import KEY_BYTES, PeerId
from peers.signed import Unsealed

RUN_BYTES: Final = 16
MARK_BYTES: Final = 8  # of those, the first: they say which run it is
MAX_MANIFESTS: Final = 16  # one run of an Open Resource has one or two
MAX_PRICES: Final = 16  # there are six kinds of thing to pay for
MAX_LEASE_MS: Final = 7 * 24 * 3600 * 1000
MAX_EPOCH: Final = 2**53 - 1  # exact in every language
MAX_POLICY: Final = 200  # characters


@dataclass(frozen=True, slots=True)
class Offer:
    """The terms on which a provider would run steps of one run."""

    run_id: bytes  # 16 bytes: 8 that are the same for the run, 8 random for this offer of it
    requester: bytes  # Ed25519, 32 bytes
    provider: bytes
    prices: dict[str, int]  # micro-credits; see docs/protocol.md
    price_cap: int  # micro-credits that all of it costs at most
    policy: str  # how results come to be believed, as the workflow says it
    royalties: tuple[Cid, ...]  # manifests
    cores: int  # for all steps that run at one time
    memory_bytes: int  # likewise
    disk_bytes: int
    lease_ms: int  # of the longest lease
    claim_ms: int  # after the end of a lease, in which its batch still counts
    epoch: int = 0  # of the provider's log: once that began anew, it accepts nothing older


@dataclass(frozen=True, slots=True)
class Acceptance:
    """The provider's yes to an offer, and to no other."""

    agreement: Cid  # of the signed Offer


@dataclass(frozen=True, slots=True)
class Lease:
    """Steps that are handed over now."""

    agreement: Cid
    number: int  # from 1, without a gap
    count: int  # of steps
    root: bytes  # of their keys in order (merkle.py)
    lease_ms: int  # from when it comes in


class Agreement(NamedTuple):
    """An offer that was accepted."""

    cid: Cid
    offer: Offer

    @property
    def requester(self) -> PeerId:
        """Whose run it is."""
        return PeerId(self.offer.requester)

    @property
    def provider(self) -> PeerId:
        """Who runs it."""
        return PeerId(self.offer.provider)


def _check_offer(offer: Offer) -> None:
    if len(offer.run_id) != RUN_BYTES or offer.requester == offer.provider:
        raise Damaged("an offer is for one run, from one peer to another")
    if not len(offer.requester) == len(offer.provider) == KEY_BYTES:
        raise Damaged("a key has 32 bytes")
    if len(offer.prices) > MAX_PRICES or len(offer.royalties) > MAX_MANIFESTS:
        raise Damaged("it has too many prices or manifests")
    if not all(0 <= amount <= MAX_CREDITS for amount in (*offer.prices.values(), offer.price_cap)):
        raise Damaged(f"an amount is from 0 to {MAX_CREDITS} micro-credits")
    if min(offer.cores, offer.memory_bytes, offer.disk_bytes) < 1:
        raise Damaged("no step runs on nothing")
    if not 0 < offer.lease_ms <= MAX_LEASE_MS or not 0 <= offer.claim_ms <= MAX_LEASE_MS:
        raise Damaged("a lease lasts for a week at most")
    if not 0 <= offer.epoch <= MAX_EPOCH:
        raise Damaged(f"an epoch is from 0 to {MAX_EPOCH}")
    if len(offer.policy) > MAX_POLICY:
        raise Damaged(f"a policy has {MAX_POLICY} characters at most")


def _check_lease(lease: Lease) -> None:
    check_counted(lease.number, lease.count, lease.root)
    if not 0 < lease.lease_ms <= MAX_LEASE_MS:
        raise Damaged("a lease lasts for a week at most")


OFFER: Final = Record("tallystick/offer/1", Offer, _check_offer)
ACCEPTANCE: Final = Record("tallystick/acceptance/1", Acceptance)
LEASE: Final = Record("tallystick/lease/1", Lease, _check_lease)


def bind(offer: Unsealed[Offer], acceptance: Unsealed[Acceptance]) -> Agreement:
    """Return what two peers have agreed on.

    Raises: Damaged when one of them did not sign this.
    """
    terms = offer.value
    if offer.signer.key != terms.requester or acceptance.signer.key != terms.provider:
        raise Damaged("an agreement is not signed by its two sides")
    if acceptance.value.agreement != offer.cid:
        raise Damaged("another offer was accepted")
    return Agreement(offer.cid, terms)


def check_lease(agreement: Agreement, lease: Unsealed[Lease], keys: Sequence[Cid]) -> None:
    """Look whether a lease is the requester's, within the agreement, and of these steps.

    Raises: Damaged when it is not.
    """
    _check_signed(agreement.cid, agreement.requester, lease.value.agreement, lease.signer)
    if lease.value.lease_ms > agreement.offer.lease_ms:
        raise Damaged("a lease is longer than was agreed")
    _check_root(lease.value, [key.raw for key in keys])


def check_batch(agreement: Agreement, batch: Unsealed[Batch], said: Sequence[Said]) -> None:
    """Look whether a batch is the provider's, under the agreement, and of these results.

    Raises: Damaged when it is not.
    """
    _check_signed(agreement.cid, agreement.provider, batch.value.agreement, batch.signer)
    _check_root(batch.value, [one.leaf for one in said])


def _check_signed(agreement: Cid, whose: PeerId, under: Cid, signer: PeerId) -> None:
    if under != agreement or signer != whose:
        raise Damaged("it is of another agreement, or signed by somebody else")


def _check_root(numbered: Lease | Batch, things: Sequence[bytes]) -> None:
    if len(things) != numbered.count or merkle.root(things) != numbered.root:
        raise Damaged("what came with it is not what was signed")
