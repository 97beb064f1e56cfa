"""Public roots: what the owner of a home lets everybody have.

There is one record of it, a pin: it is kept as every pin is, and with it all that it leads to.
Who takes the pin away does not let it be had any more from here.
"""

from typing import Final, Protocol

from engine.content.cid import Cid

PUBLIC_PIN: Final = "published"


class Pinned(Protocol):
    """The pins of a store (pins.py)."""

    def all(self) -> list[tuple[Cid, str]]:
        """Return every pin as (CID, name)."""
        ...


def public_roots(pins: Pinned) -> frozenset[Cid]:
    """Return what is public, with all that it leads to."""
    return frozenset(cid for cid, name in pins.all() if name == PUBLIC_PIN)
