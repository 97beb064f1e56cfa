"""DSSE: an envelope with bytes of any kind and signatures on them. Pure.

As https://github.com/secure-systems-lab/dsse has it, version 1. What is signed begins with
"DSSEv1", so no signature on an envelope is one on a record of ours, or the other way round
(engine/seals.py).

>>> pae("text/plain", b"hello")
b'DSSEv1 10 text/plain 5 hello'
"""

from base64 import b64encode
from typing import NamedTuple


class Signature(NamedTuple):
    """Somebody's signature on an envelope, by the name of the key."""

    key_id: str
    signature: bytes


def pae(kind: str, payload: bytes) -> bytes:
    """Return the bytes that are signed of a payload."""
    name = kind.encode()
    return b"DSSEv1 %d %b %d %b" % (len(name), name, len(payload), payload)


def envelope(kind: str, payload: bytes, signatures: list[Signature]) -> dict[str, object]:
    """Return an envelope, for JSON."""
    return {
        "payload": b64encode(payload).decode(),
        "payloadType": kind,
        "signatures": [
            {"keyid": one.key_id, "sig": b64encode(one.signature).decode()} for one in signatures
        ],
    }
