"""What is attested of a result, and whose signature on it holds."""

from collections.abc import Sequence

from nacl.exceptions import BadSignatureError
from nacl.signing import VerifyKey

from engine.content.blocks import BlockStore
from engine.content.cid import Cid
from engine.content.schema import kind_of
from engine.errors import Damaged, NotHere
from engine.step import ATTESTATION, SIGNED, Attestation, Signed

_DOMAIN = ATTESTATION.kind.encode() + b"\0"


def attested(store: BlockStore, proofs: Sequence[Cid]) -> tuple[Attestation | None, str]:
    """Return an attestation and its signer's key as hexadecimal text; "" for nobody.

    None when none of the proofs is here. Raises: Damaged when one is malformed, or signed by
    another key than it says.
    """
    said, signer = None, ""
    for cid in proofs:
        try:
            data = store.get(cid)
        except NotHere:
            continue
        if kind_of(data) == SIGNED.kind:
            signed = SIGNED.decode(data)
            _check(signed, cid)
            signer = signed.public_key.hex()
            data = signed.payload
        said = ATTESTATION.decode(data)
    return said, signer


def _check(signed: Signed, cid: Cid) -> None:
    try:
        VerifyKey(signed.public_key).verify(_DOMAIN + signed.payload, signed.signature)
    except (BadSignatureError, ValueError):
        raise Damaged("an attestation whose signature does not hold", where=str(cid)) from None
