"""Host: what all runners of this machine share: one store, one place for inputs, one clock.

It is put together once for a process (cli/sandboxes.py) and handed to each slot's runner. What a
runner has for itself is its sandbox.
"""

from typing import Protocol

from engine.clock import Clock
from engine.closures import Placed
from engine.content.cid import Cid
from engine.machine import Machine
from engine.runner import Signer
from engine.staging import Staging
from engine.store.base import ContentStore
from engine.values import dataclass


class Places(Protocol):
    """Where closures are on this machine: engine/closures.py, or a fake."""

    def place(self, closure: Cid) -> Placed:
        """Return where a closure is."""
        ...


@dataclass(frozen=True, slots=True)
class Host:
    """What all runners of this machine share."""

    store: ContentStore
    staging: Staging
    closures: Places
    clock: Clock
    system: str  # kernel and CPU, as the machine says: goes into attestations
    signer: Signer | None
    most_staged: int | None = None  # bytes of a step's inputs, however few blocks spell them
    machine: Machine | None = None  # said of this machine's own steps; None: no more than `system`
