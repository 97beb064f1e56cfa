"""Named: the steps that are named between requester and provider, and their records. Pure.

What comes from outside is checked here and in the messages, at the door: whatever is wrong with it
is a RemoteFault, and the connection ends (docs/protocol.md).
"""

from typing import Final

from engine.content.blocks import Block, Checked
from engine.content.cid import Cid, are_cids
from peers.agreement import MAX_STEPS
from peers.errors import RemoteFault
from peers.plain import Plain

MAX_WHY: Final = 500  # characters that are shown to a person


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
