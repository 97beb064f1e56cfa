"""Blocks with names that no store has, for tests."""

import hashlib

from engine.content.cid import RAW
from engine.content.protobuf import text, uint
from engine.content.unixfs import FILE, Message


def odd(data: bytes, codec: int = RAW) -> bytes:
    """Return a name that no store has: of SHA-512."""
    return bytes((1, codec, 0x13, 64)) + hashlib.sha512(data).digest()


def inline(data: bytes, codec: int) -> bytes:
    """Return a name that is its content."""
    return bytes((1, codec, 0, len(data))) + data


def node_of(*links: tuple[bytes, int], kind: int = FILE) -> bytes:
    """Return a node that links to binary names, each with the bytes below it."""
    sizes = tuple(size for _, size in links)
    message = Message(kind, filesize=sum(sizes), blocksizes=sizes).encode()
    made = (text(2, text(1, name) + text(2, b"") + uint(3, size)) for name, size in links)
    return b"".join(made) + text(1, message)
