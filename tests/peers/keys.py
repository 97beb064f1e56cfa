"""Keys that are the same in every run."""

from peers.keyring import Identity


def identity(number: int) -> Identity:
    """Return the key of some peer."""
    return Identity(number.to_bytes(32, "big"))
