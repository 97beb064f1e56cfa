"""Signed: a record's exact bytes with the signature of a peer. Pure, but for libsodium.

A seal (engine/seals.py) whose key is a peer's. The bytes that came are kept and never encoded anew.

>>> opened = unseal(NOTE, seal(NOTE, note, signer).data)                 # doctest: +SKIP
>>> opened.signer, opened.value == note                                  # doctest: +SKIP
(PeerId(...), True)
"""

from typing import Generic, NamedTuple, TypeVar

from engine import seals
from engine.content.blocks import Block
from engine.content.cid import DAG_CBOR, Cid
from engine.content.schema import Record
from engine.errors import Damaged, Refused
from engine.runner import Signer
from engine.step import SIGNED
from peers.identity import PeerId

T = TypeVar("T")


class Unsealed(NamedTuple, Generic[T]):
    """A record that somebody signed."""

    value: T
    signer: PeerId
    cid: Cid  # of the signed record


def seal(kind: Record[T], value: T, signer: Signer) -> Block:
    """Return a value as a signed record."""
    return seals.seal(kind.kind, kind.encode(value), signer)


def unseal(kind: Record[T], data: bytes) -> Unsealed[T]:
    """Return what is signed, and by whom.

    Raises: Damaged when it is malformed, of another kind, signed by a weak key, or not by its key.
    """
    signed = SIGNED.decode(data)
    signer = _signer(signed.public_key)
    if signer is None or not seals.holds(kind.kind, signed):
        raise Damaged(f"the signature on a {kind.kind} does not hold")
    return Unsealed(kind.decode(signed.payload), signer, Cid.of(DAG_CBOR, data))


def claimed(kind: Record[T], data: bytes) -> Unsealed[T]:
    """Return what is said to be signed, and by whom; `unseal` says whether that is so.

    Raises: Damaged when it is malformed.
    """
    signed = SIGNED.decode(data)
    return Unsealed(kind.decode(signed.payload), PeerId(signed.public_key), Cid.of(DAG_CBOR, data))


def _signer(key: bytes) -> PeerId | None:
    """Return whose key it is; None for a weak one, which is nobody's."""
    try:
        return PeerId.of(key)
    except Refused:
        return None
