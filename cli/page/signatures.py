"""What is attested of a result, and whose signature on it holds."""

from collections.abc import Sequence

from engine.attestations import UnknownVersion
from engine.content.blocks import BlockStore
from engine.content.cid import Cid
from engine.errors import Damaged, NotHere
from engine.evidence import evidence
from engine.step import Attestation


def attested(store: BlockStore, proofs: Sequence[Cid]) -> tuple[Attestation | None, str]:
    """Return an attestation and its signer's key as hexadecimal text; "" for nobody.

    None when none of the proofs is here and known. Raises: Damaged when one is malformed, or signed
    by another key than it says.
    """
    said, signer = None, ""
    for cid in proofs:
        try:
            found = evidence(store, cid)
        except (NotHere, UnknownVersion):
            continue
        if not found.holds:
            raise Damaged("an attestation whose signature does not hold", where=str(cid))
        said, signer = found.said, found.signer or signer
    return said, signer
