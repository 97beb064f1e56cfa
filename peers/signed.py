"""Signed: a record's exact bytes with the signature of a peer. Pure, but for libsodium.

What is signed is `kind || 0x00 || bytes`, so that a signature on one kind of record holds for no
other. The bytes that came are kept and never encoded anew. libsodium refuses keys of small order
and signatures that could be altered; other libraries do not (docs/threats.md).

>>> opened = unseal(NOTE, seal(NOTE, note, signer).data)                 # doctest: +SKIP
>>> opened.signer, opened.value == note                                  # doctest: +SKIP
(PeerId(...), True)
"""

from typing import Generic, NamedTuple, TypeVar

from nacl.exceptions import BadSignatureError
from nacl.signing import VerifyKey

from engine.content.blocks import Block
from engine.content.cid import DAG_CBOR, Cid
from engine.content.schema import Record
from engine.errors import Damaged, Refused
from engine.runner import Signer
from engine.step import SIGNED, Signed
from peers.identity import PeerId

T = TypeVar("T")


class Unsealed(NamedTuple, Generic[T]):
    """A record that somebody signed."""

    value: T
    signer: PeerId
    cid: Cid  # of the signed record


def seal(kind: Record[T], value: T, signer: Signer) -> Block:
    """Return a value as a signed record."""
    payload = kind.encode(value)
    signature = signer.sign(kind.kind.encode(), payload)
    return SIGNED.block(Signed(payload, signer.public_key, signature))


def unseal(kind: Record[T], data: bytes) -> Unsealed[T]:
    """Return what is signed, and by whom.

    Raises: Damaged when it is malformed, of another kind, signed by a weak key, or not by its key.
    """
    signed = SIGNED.decode(data)
    try:
        signer = PeerId.of(signed.public_key)
        message = kind.kind.encode() + b"\0" + signed.payload
        VerifyKey(signed.public_key).verify(message, signed.signature)
    except (Refused, BadSignatureError, ValueError):
        raise Damaged(f"the signature on a {kind.kind} does not hold") from None
    return Unsealed(kind.decode(signed.payload), signer, Cid.of(DAG_CBOR, data))
