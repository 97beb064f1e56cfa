"""Release: a link to a Resource, a key, and that key's signature on the Resource's bytes. Pure.

The CID of a Release is that of the Open Resource: all of it can be reached from there. What is
signed are the exact bytes of the Resource, by the rule of engine/seals.py.

>>> read(RELEASE.encode(release)).public_key                             # doctest: +SKIP
b'...'
"""

from typing import Final

from engine.content.cid import Cid
from engine.content.schema import Record
from engine.errors import Damaged
from engine.values import dataclass

MAX_RELEASE: Final = 256  # bytes; one has 198
RESOURCE: Final = "tallystick/resource/1"  # the kind of what it links to (peers/resource.py)
RESOURCE_PIN: Final = "resource"  # keeps one that was used here, as far as it was brought here
UNSHARED_PIN: Final = "unshared"  # keeps one that was made, until it is public
KEY: Final = 32
SIGNATURE: Final = 64


@dataclass(frozen=True, slots=True)
class Release:
    """That somebody released a Resource."""

    resource: Cid
    public_key: bytes  # Ed25519, 32 bytes
    signature: bytes  # 64 bytes


def read(data: bytes) -> Release:
    """Return the Release whose bytes are `data`; whether its signature holds is not looked at.

    Raises: Damaged when it is none.
    """
    if len(data) > MAX_RELEASE:
        raise Damaged(f"a release has {MAX_RELEASE} bytes at most, this one has {len(data)}")
    return RELEASE.decode(data)


def _check(release: Release) -> None:
    if len(release.public_key) != KEY or len(release.signature) != SIGNATURE:
        raise Damaged(f"a release has a key of {KEY} bytes and a signature of {SIGNATURE}")


RELEASE: Final = Record("tallystick/release/1", Release, _check)
