"""Evidence: what is attested of a result, by whom, and whether the signature holds. Pure.

>>> said = evidence(store, cid)
>>> said.signer, said.holds
('', True)
"""

from typing import NamedTuple

from engine.content.blocks import BlockStore
from engine.content.cid import Cid
from engine.content.schema import kind_of
from engine.seals import holds
from engine.step import ATTESTATION, SIGNED, Attestation, Signed


class Evidence(NamedTuple):
    """An attestation, and whose word it is."""

    said: Attestation
    signer: str  # the public key as hexadecimal text; "" for nobody
    holds: bool  # the signature is the signer's; true where there is none


def evidence(store: BlockStore, cid: Cid) -> Evidence:
    """Return what is attested, with its signature checked.

    Raises: NotHere when it is not here; Damaged when it is malformed.
    """
    said, signed = _read(store, cid)
    if signed is None:
        return Evidence(said, "", holds=True)
    return Evidence(said, signed.public_key.hex(), holds=holds(ATTESTATION.kind, signed))


def attestation(store: BlockStore, cid: Cid) -> Attestation:
    """Return what is attested, whoever says so.

    Raises: as `evidence` does.
    """
    return _read(store, cid)[0]


def _read(store: BlockStore, cid: Cid) -> tuple[Attestation, Signed | None]:
    data = store.get(cid)
    if kind_of(data) != SIGNED.kind:
        return ATTESTATION.decode(data), None
    signed = SIGNED.decode(data)
    return ATTESTATION.decode(signed.payload), signed
