"""Hashed: a keyed hash in place of signatures, as safe as they are where nobody guesses, and cheap.

Each peer has a Signer that makes its own; nobody here can make another's.
"""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from unittest import mock

from engine import seals
from engine.step import Signed
from peers.identity import PeerId
from tests.peers.keys import identity


class Hashed:
    """The key of a peer: a Signer."""

    def __init__(self, number: int) -> None:
        self.public_key = _public_key(number)

    @property
    def peer(self) -> PeerId:
        """Who that is."""
        return PeerId(self.public_key)

    def sign(self, domain: bytes, payload: bytes) -> bytes:
        """Return what stands for the signature."""
        return _hash(self.public_key, domain, payload)


@contextmanager
def hashed() -> Iterator[None]:
    """Have hashes taken for signatures."""
    with mock.patch.object(seals, "holds", _holds):
        yield


@cache
def _public_key(number: int) -> bytes:
    return identity(number).public_key


def _holds(kind: str, signed: Signed) -> bool:
    return signed.signature == _hash(signed.public_key, kind.encode(), signed.payload)


def _hash(key: bytes, domain: bytes, payload: bytes) -> bytes:
    return hashlib.blake2b(domain + b"\0" + payload, key=key).digest()
