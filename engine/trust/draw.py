"""Draw: whether a result is checked, decided after whoever ran it has given its word. Pure.

The word is a signed attestation, whose CID goes into the draw with a secret of this home: nobody
else can know how it falls, and it falls the same way whenever it is asked. So nothing of it need be
kept, and whoever is killed between a result and its check draws that check again.

>>> drawn(bytes(32), Cid.of(0x71, b"an attestation"), MILLION)
True
"""

from hashlib import blake2b
from typing import Final

from engine.content.cid import Cid
from engine.trust.policy import MILLION

SECRET: Final = 32  # bytes
SURE: Final = 10  # checks that a peer has to pass before any of its steps goes unchecked

_BITS: Final = 64


def likelihood(passed: int, least: int) -> int:
    """Return how likely a check is, in millionths, of a peer that passed so many in a row.

    Certain at first, then 1/passed: the rule of BOINC's adaptive replication.

    >>> likelihood(9, 50_000), likelihood(10, 50_000), likelihood(1_000, 50_000)
    (1000000, 100000, 50000)
    """
    return MILLION if passed < SURE else max(least, MILLION // passed)


def drawn(secret: bytes, attestation: Cid, likely: int) -> bool:
    """Return whether what an attestation says is to be checked."""
    digest = blake2b(attestation.raw, key=secret, digest_size=_BITS // 8).digest()
    return int.from_bytes(digest, "big") * MILLION < likely << _BITS
