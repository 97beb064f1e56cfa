"""A key in memory, always the same."""

from nacl.signing import SigningKey


class Key:
    """A Signer."""

    def __init__(self) -> None:
        self._key = SigningKey(bytes(32))
        self.public_key = bytes(self._key.verify_key)

    def sign(self, domain: bytes, payload: bytes) -> bytes:
        """Return the signature over `domain || 0x00 || payload`."""
        return self._key.sign(domain + b"\0" + payload).signature
