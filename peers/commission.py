"""Commission: which run of this home wants something of peers, and what it may cost. Pure."""

from typing import NamedTuple

from blake3 import blake3

from peers.agreement import MARK_BYTES
from peers.budget import Budget
from peers.credits import Credits
from peers.royalties import Royalties


class Commission(NamedTuple):
    """What is known of a run before any step."""

    run: str  # as the journal names it
    most: Credits  # all of it, with what its authors get
    royalties: Royalties

    @property
    def mark(self) -> bytes:
        """What all offers for it begin with, after a restart, too."""
        return mark_of(self.run)

    def budget(self) -> Budget:
        """Return what there is for work."""
        work = self.royalties.work_within(self.most)
        return Budget(work, Credits(self.most - work))


def mark_of(run: str) -> bytes:
    """Return by what the offers for a run are known to be for one."""
    return blake3(run.encode()).digest(MARK_BYTES)
