"""Profile: how a file or directory is cut into blocks, so that everybody gets the same CID.

Tallystick writes one profile, PUBLISHED: the shape that IPFS calls unixfs-v1-2025, with BLAKE3.
A Kubo after `ipfs config profile apply unixfs-v1-2025` makes the same CIDs with
`ipfs add --hash=blake3`. The others exist so that known answers can be tested against.
"""

import hashlib
from dataclasses import replace
from typing import Final, Literal

from engine.content.blocks import Block, Checked
from engine.content.cid import BLAKE3, SHA2_256, Cid
from engine.values import dataclass


@dataclass(frozen=True, slots=True)
class Profile:
    """The numbers that decide a UnixFS CID."""

    chunk: int = 1024 * 1024  # bytes of file in a leaf
    links: int = 1024  # children of a file node
    estimate: Literal["block", "links"] = "block"  # what `threshold` is compared with
    threshold: int = 256 * 1024  # bytes; a directory estimated over it is sharded
    function: int = BLAKE3

    def block(self, codec: int, data: bytes) -> Block:
        """Name some bytes."""
        if self.function == BLAKE3:
            return Checked.made(codec, data)
        if self.function != SHA2_256:
            raise ValueError(f"no such hash function: {self.function:#x}")
        digest = hashlib.sha256(data).digest()
        return Block(Cid(bytes((1, codec, SHA2_256, 32)) + digest), data)


PUBLISHED: Final = Profile()
KUBO_RAW_174: Final = Profile(links=174, estimate="links")
PUBLISHED_SHA2: Final = replace(PUBLISHED, function=SHA2_256)
