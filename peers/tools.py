"""Tools: what all engagements of a provider share."""

from collections.abc import Callable
from typing import Final, NamedTuple

from engine.clock import Clock
from engine.recorder import Recorder
from engine.runner import Signer
from peers.credit_line import CreditLine
from peers.identity import Address
from peers.intake import Depot
from peers.provider_book import ProviderBook
from peers.shown import Shown
from peers.side_threads import SideThreads
from peers.wake import Wake
from peers.workbench import Workbench

MARGIN: Final = 2**30  # bytes of disk that are never filled for others
NO_ROOM: Final = "this peer has no room on its disk"


class Tools(NamedTuple):
    """What a provider runs the steps of others with."""

    depot: Depot
    workbench: Workbench
    threads: SideThreads
    book: ProviderBook
    recorder: Recorder  # of the book
    signer: Signer
    clock: Clock
    wake: Wake
    free_bytes: Callable[[], int]  # of the disk
    most_bytes: int  # of an environment, or of a step with its inputs
    shown: Shown
    credit: CreditLine
    meet: Callable[[Address], None]  # has a peer dialled, unless it is connected
    log: Callable[..., None]

    def has_room(self, size: int) -> bool:
        """Return whether the disk has room for so many bytes, and leaves its owner some."""
        return self.free_bytes() >= size + MARGIN

    def most(self) -> int:
        """Return how much may be fetched at a time: what is free stays its owner's."""
        return max(0, min(self.most_bytes, self.free_bytes() - MARGIN))
