"""Hints: which addresses that somebody announced are worth dialling. Pure.

On a LAN anybody can announce anything. So nothing of an announcement is believed but that there is
an address to dial, of which so many are dialled a minute; who answers there is proved by that.

>>> hints = Hints(PeerId(bytes(32)), at_ms=0)
>>> hints.take("tally://nobody@10.0.0.1:4177", 0) is None
True
"""

from collections import OrderedDict
from typing import Final

from engine.errors import Refused
from peers.allowance import Allowance, Rate
from peers.identity import Address, PeerId

LONGEST: Final = 400  # characters: scheme, peer id, the longest host and a port have 330
AGAIN_MS: Final = 5 * 60_000  # an address is told again after this
MAX_TOLD: Final = 1_024  # addresses remembered as told; those told last
RATE: Final = Rate(messages=1, size=1)  # addresses a second
BURST_S: Final = 32  # as many are told at once: a LAN of that size is met when a peer starts


class Hints:
    """The addresses that were told lately."""

    def __init__(self, me: PeerId, at_ms: int) -> None:
        self._me = me
        self._told: OrderedDict[Address, int] = OrderedDict()  # when
        self._allowance = Allowance(RATE, at_ms, burst_s=BURST_S)

    def take(self, text: str, at_ms: int) -> Address | None:
        """Return the address in an announcement, or None when it is not to be dialled now."""
        try:
            address = Address.parse(text) if len(text) <= LONGEST else None
        except Refused:
            return None
        if address is None or address.peer == self._me or self._is_told(address, at_ms):
            return None
        if not self._allowance.take(at_ms, 0):
            return None
        self._told[address] = at_ms
        self._told.move_to_end(address)
        if len(self._told) > MAX_TOLD:
            self._told.popitem(last=False)
        return address

    def _is_told(self, address: Address, at_ms: int) -> bool:
        told = self._told.get(address)
        return told is not None and at_ms - told < AGAIN_MS
