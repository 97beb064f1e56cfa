"""Offer messages: how an agreement begins, and that it ends, as bodies of messages. Pure.

What is signed travels as the bytes that were signed.
"""

from typing import Final, NamedTuple

from engine.content.cid import Cid
from engine.errors import Damaged
from peers.agreement import ACCEPTANCE, OFFER, Acceptance, Offer
from peers.errors import RemoteFault
from peers.messages import Subject, notice, request
from peers.named import MAX_WHY, cids_of
from peers.plain import pack, unpack
from peers.signed import Unsealed, unseal

OFFER_TYPE: Final = request(Subject.WORK)
END_TYPE: Final = notice(Subject.WORK + 5)


class Refusal(NamedTuple):
    """A provider's no to an offer."""

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


def write_end(agreement: Cid) -> bytes:
    """Return the body of an END: nothing more comes under an agreement."""
    return agreement.raw


def read_end(body: bytes) -> Cid:
    """Read the body of an END.

    Raises: RemoteFault.
    """
    return cids_of((body,))[0]
