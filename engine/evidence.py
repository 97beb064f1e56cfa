"""Evidence: what is attested of a result, by whom, and whether the signature holds. Pure.

>>> said = evidence(store, cid)
>>> said.signer, said.holds
('', True)
"""

from collections.abc import Collection
from typing import Any, NamedTuple

from engine.attestations import read_attestation, record_of
from engine.batch import BATCH, PROOF, batch_of, is_proved
from engine.content.blocks import BlockStore, ManyStore
from engine.content.cid import Cid
from engine.content.schema import Record, kind_of
from engine.seals import holds
from engine.step import SIGNED, Attestation


class Evidence(NamedTuple):
    """An attestation, and whose word it is."""

    said: Attestation
    signer: str  # the public key as hexadecimal text; "" for nobody
    holds: bool  # the signature is the signer's; true where there is none


def evidence(store: BlockStore, cid: Cid) -> Evidence:
    """Return what is attested, with its signature checked.

    Raises: NotHere when it is not here; Damaged when it is malformed; UnknownVersion.
    """
    data = store.get(cid)
    kind = kind_of(data)
    if kind == PROOF.kind:
        return _proved(store, data)
    if kind != SIGNED.kind:
        return Evidence(read_attestation(data), "", holds=True)
    signed = SIGNED.decode(data)
    said = read_attestation(signed.payload)
    return Evidence(said, signed.public_key.hex(), holds=holds(record_of(said).kind, signed))


def attestation(store: BlockStore, cid: Cid) -> Attestation:
    """Return what is attested, whoever says so.

    Raises: as `evidence` does.
    """
    data = store.get(cid)
    kind = kind_of(data)
    if kind == PROOF.kind:
        return read_attestation(store.get(PROOF.decode(data).attestation))
    return read_attestation(SIGNED.decode(data).payload if kind == SIGNED.kind else data)


def signers(store: ManyStore, cids: Collection[Cid]) -> dict[Cid, bytes]:
    """Return whose word each of these is, as a public key, as far as that is here and signed.

    Nothing is checked: it is for showing who was asked.
    """
    here = store.get_many(list(cids))
    named = {cid: batch_of(one) for cid, one in here.items()}
    proved = {cid: batch for cid, batch in named.items() if batch is not None}
    here |= store.get_many(list(set(proved.values())))
    keys = {cid: SIGNED.decode(one).public_key for cid, one in here.items() if _is(SIGNED, one)}
    signed = ((cid, proved.get(cid, cid)) for cid in cids)
    return {cid: keys[by] for cid, by in signed if by in keys}


def _proved(store: BlockStore, data: bytes) -> Evidence:
    proof = PROOF.decode(data)
    said = read_attestation(store.get(proof.attestation))
    signed = SIGNED.decode(store.get(proof.batch))
    is_whole = is_proved(BATCH.decode(signed.payload), proof, said)
    return Evidence(said, signed.public_key.hex(), is_whole and holds(BATCH.kind, signed))


def _is(record: Record[Any], data: bytes) -> bool:
    return kind_of(data) == record.kind
