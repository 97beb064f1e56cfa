"""Witness messages: what peers tell each other of a third, as bodies. Pure.

    HEADS     this is what I know of the logs of others
    EVIDENCE  I want an entry; the answer has it, or the one after it, which names it, or nothing
    PROOF     somebody cheats, and this proves it

A head is believed by nobody: it says which entry to ask for. A proof that is read is of a known
kind and bounded; what it proves, `proofs.check` says.
"""

from collections.abc import Sequence
from typing import Final

from engine.content.cid import Cid
from engine.errors import Damaged
from peers.entry import Written
from peers.errors import RemoteFault
from peers.identity import KEY_BYTES, PeerId
from peers.messages import Subject, notice, request
from peers.place import Head, read_entry, read_id, read_place, spell
from peers.plain import Plain, pack, unpack
from peers.proofs import FRAUD_PROOF, FraudProof

HEADS_TYPE: Final = notice(Subject.CREDIT + 3)
EVIDENCE_TYPE: Final = request(Subject.CREDIT + 4)
PROOF_TYPE: Final = request(Subject.CREDIT + 5)

MAX_HEADS: Final = 64  # of a message, 6 KiB: what is new of whom both know; the rest comes later


def write_heads(heads: Sequence[Head]) -> bytes:
    """Return the body of a HEADS; there are 1 to MAX_HEADS."""
    return pack(tuple((head.author.key, spell(head.place)) for head in heads))


def read_heads(body: bytes) -> tuple[Head, ...]:
    """Read the body of a HEADS.

    Raises: RemoteFault.
    """
    match unpack(body):
        case tuple(heads) if 1 <= len(heads) <= MAX_HEADS:
            return tuple(map(_head, heads))
    raise RemoteFault(f"it has no heads, or over {MAX_HEADS}")


def write_want(entry: Cid) -> bytes:
    """Return the body of an EVIDENCE: which entry is wanted."""
    return entry.raw


def read_want(body: bytes) -> Cid:
    """Read the body of an EVIDENCE.

    Raises: RemoteFault.
    """
    return read_id(body)


def write_found(signed: bytes | None) -> bytes:
    """Return the body of the answer to an EVIDENCE: an entry, or nothing: it is not here."""
    return signed or b""


def read_found(body: bytes, wanted: Cid) -> Written | None:
    """Read the body of the answer to an EVIDENCE: the entry, or the one after it in the log.

    Raises: RemoteFault.
    """
    if not body:
        return None
    written = read_entry(body)
    if wanted not in (written.id, written.entry.previous):
        raise RemoteFault("it sent another entry than was wanted")
    return written


def write_proof(proof: FraudProof) -> bytes:
    """Return the body of a PROOF: the record."""
    return FRAUD_PROOF.encode(proof)


def read_proof(body: bytes) -> FraudProof:
    """Read the body of a PROOF.

    Raises: RemoteFault.
    """
    try:
        return FRAUD_PROOF.decode(body)
    except Damaged as error:
        raise RemoteFault(error.what) from None


def _head(value: Plain) -> Head:
    match value:
        case (bytes(key), place) if len(key) == KEY_BYTES:
            if (found := read_place(place)) is not None:
                return Head(PeerId(key), found)
    raise RemoteFault("a head is a key and the place of an entry")
