"""Pass: a requester's word that a peer may have of another what that one made for it. Pure.

So what came out of one step goes from who made it to who needs it next, and not through the
requester. Its signed record's CID is the scope by which its roots are wanted (exchange.py).
"""

from typing import Final

from engine.content.cid import Cid
from engine.content.schema import Record
from engine.errors import Damaged, Refused
from engine.values import dataclass
from peers.identity import KEY_BYTES, Address, PeerId
from peers.peer_record import MAX_ADDRESSES

MAX_PASSED: Final = 4_096  # roots of one pass: 170 KB


@dataclass(frozen=True, slots=True)
class Pass:
    """Who may have what of whom."""

    holder: bytes  # Ed25519, 32 bytes
    reader: bytes
    places: tuple[str, ...]  # where the holder says that it listens
    roots: tuple[Cid, ...]

    def addresses(self) -> tuple[Address, ...]:
        """Return where the holder may be found."""
        return tuple(Address.at(PeerId(self.holder), place) for place in self.places)


def _check_pass(one: Pass) -> None:
    if not len(one.holder) == len(one.reader) == KEY_BYTES:
        raise Damaged("a pass is from one peer to another, or says what one has itself")
    if len(one.places) > MAX_ADDRESSES:
        raise Damaged(f"a pass names over {MAX_ADDRESSES} places")
    try:
        one.addresses()
    except Refused as refused:
        raise Damaged(f"a pass names a place that is {refused.what}") from None
    if not 1 <= len(one.roots) <= MAX_PASSED:
        raise Damaged(f"a pass is for 1 to {MAX_PASSED} roots")


PASS: Final = Record("tallystick/pass/1", Pass, _check_pass)
