"""Work parts: what more than one of the work messages has in it. Pure.

What comes from outside is checked here and in the messages, at the door: whatever is wrong with it
is a RemoteFault, and the connection ends (docs/protocol.md).
"""

from collections.abc import Iterable, Iterator
from typing import Final

from engine.content.blocks import Block, Checked
from engine.content.cid import Cid, are_cids
from peers.agreement import MAX_STEPS
from peers.errors import RemoteFault
from peers.plain import Plain

MAX_WHY: Final = 500  # characters that are shown to a person
SMALL: Final = 4 * 1024  # bytes of content that travels with a lease or a batch; more is fetched
MAX_CARRIED: Final = 512 * 1024  # bytes of all that does: a message has room for that


def cids_of(raws: tuple[Plain, ...]) -> tuple[Cid, ...]:
    """Read CIDs: at least one, and no more than a lease has steps.

    Raises: RemoteFault.
    """
    if not 1 <= len(raws) <= MAX_STEPS or not are_cids(raws):
        raise RemoteFault(f"it names no steps, something else, or over {MAX_STEPS}")
    return tuple(Cid(raw) for raw in raws if isinstance(raw, bytes))


def checked(cid: Cid, data: Plain) -> Block:
    """Read a record, which is what it is named.

    Raises: RemoteFault.
    """
    if not isinstance(data, bytes):
        raise RemoteFault("a record is bytes")
    if (block := Checked.of(cid, data)) is None:
        raise RemoteFault(f"it sent bytes that are not {cid}")
    return block


def fitting(contents: Iterable[bytes]) -> Iterator[bytes | None]:
    """Yield what is small, as long as there is room, and None for the others."""
    room = MAX_CARRIED
    for data in contents:
        is_taken = len(data) <= min(SMALL, room)
        room -= len(data) if is_taken else 0
        yield data if is_taken else None
