"""Signatures of a Nix binary cache: Ed25519 keys in Nix's key files, made and checked. Pure.

These vouch to stock Nix for a path's bytes. Tallystick itself believes a NAR's hash, and peers
sign records with their own identity: neither uses these keys.
"""

import base64
from dataclasses import field
from typing import TYPE_CHECKING, Self

from engine.errors import Refused
from engine.values import dataclass

if TYPE_CHECKING:  # only who signs or checks waits for it
    from nacl.signing import SigningKey


@dataclass(frozen=True, slots=True)
class PublicKey:
    """What goes in `trusted-public-keys`."""

    name: str
    key: bytes  # Ed25519, 32 bytes

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read "<name>:<base64 of 32 bytes>".

        Raises: Refused when it is anything else.
        """
        return cls(*_split(text, 32, "public key"))

    def verifies(self, message: bytes, signature: str) -> bool:
        """Return whether `signature` ("<name>:<base64>") is this key's, over `message`."""
        from nacl.exceptions import BadSignatureError
        from nacl.signing import VerifyKey

        try:
            name, raw = _split(signature, 64, "signature")
            VerifyKey(self.key).verify(message, raw)
        except (Refused, BadSignatureError):
            return False
        return name == self.name

    def __str__(self) -> str:
        return f"{self.name}:{base64.b64encode(self.key).decode()}"


@dataclass(frozen=True, slots=True)
class SecretKey:
    """What `nix-store --generate-binary-cache-key` writes; never printed by accident."""

    name: str
    seed: bytes = field(repr=False)  # Ed25519, 32 bytes

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read "<name>:<base64 of the seed and the public key>".

        Raises: Refused when it is anything else, or the two do not belong together.
        """
        name, raw = _split(text, 64, "secret key")
        key = cls(name, raw[:32])
        if key.public().key != raw[32:]:
            what = f"the halves of the secret key '{name}' do not belong together"
            fix = "make a key with 'nix-store --generate-binary-cache-key'"
            raise Refused(what, fix=fix)
        return key

    def public(self) -> PublicKey:
        """Return the key that verifies what this one signs."""
        return PublicKey(self.name, bytes(self._key().verify_key))

    def sign(self, message: bytes) -> str:
        """Return the text for a narinfo's Sig line."""
        raw = self._key().sign(message).signature
        return f"{self.name}:{base64.b64encode(raw).decode()}"

    def _key(self) -> "SigningKey":
        from nacl.signing import SigningKey

        return SigningKey(self.seed)

    def show(self) -> str:
        """Return the content of the key's file."""
        return f"{self.name}:{base64.b64encode(self.seed + self.public().key).decode()}"


def _split(text: str, size: int, what: str) -> tuple[str, bytes]:
    name, colon, encoded = text.strip().partition(":")
    try:
        raw = base64.b64decode(encoded, validate=True)
    except ValueError:  # of base64, or of a character that is none of its
        raw = b""
    if not name or not colon or len(raw) != size:
        raise Refused(f"not a Nix {what}", fix=f"a {what} is NAME:BASE64 of {size} bytes")
    return name, raw
