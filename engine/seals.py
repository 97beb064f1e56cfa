"""Seals: signatures on records, made and checked. Pure, but for libsodium.

What is signed is `kind || 0x00 || payload`: a signature on one kind of record holds for no other.
libsodium refuses signatures that could be altered, and keys of small order, for which anyone can
sign; other libraries do not (docs/threats.md).
"""

from engine.content.blocks import Block
from engine.runner import Signer
from engine.step import SIGNED, Signed


def seal(kind: str, payload: bytes, signer: Signer) -> Block:
    """Return the exact bytes of a record of a kind, signed, as a record of its own."""
    signature = signer.sign(kind.encode(), payload)
    return SIGNED.block(Signed(payload, signer.public_key, signature))


def holds(kind: str, signed: Signed) -> bool:
    """Return whether a signature is that of its key, on a record of this kind."""
    from nacl.exceptions import BadSignatureError  # few records are signed
    from nacl.signing import VerifyKey

    message = kind.encode() + b"\0" + signed.payload
    try:
        VerifyKey(signed.public_key).verify(message, signed.signature)
    except (BadSignatureError, ValueError):
        return False
    return True
