"""The sandboxes of this machine, put together: loaded by what runs steps, and not before."""

import os
import platform
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import takewhile
from pathlib import Path

from cli.builders import demand
from cli.workspace import Workspace
from engine.clock import SystemClock
from engine.closures import Closures, Placed
from engine.content.cid import Cid
from engine.host import Host
from engine.localrunner import LocalRunner
from engine.machine import Machine, machine_of
from engine.nix.records import CLOSURE
from engine.sandbox.bubblewrap import Bubblewrap
from engine.sandbox.processor import cpu_level
from engine.staging import Staging


class _Agreed:
    """Places the closures on which as many builders agree as the user demands."""

    def __init__(self, space: Workspace, carriers: dict[Cid, Cid]) -> None:
        self._space = space
        self._carriers = carriers
        self._closures = Closures(space.store, space.materialiser, carriers)
        self._agreed: set[Cid] = set()

    def place(self, closure: Cid) -> Placed:
        """Return where a closure is.

        Raises: Unavailable when too few builders agree; as Closures.place.
        """
        if closure not in self._agreed:
            record = CLOSURE.decode(self._space.store.get(closure))
            demand(self._space, record, closure, self._carriers.get(closure, closure))
            self._agreed.add(closure)
        return self._closures.place(closure)


@contextmanager
def open_host(space: Workspace, carriers: dict[Cid, Cid]) -> Iterator[Host]:
    """Open what all steps of this process share on this machine."""
    staging = Staging(space.work, space.store, space.claims, secrets.token_hex(8))
    closures = _Agreed(space, carriers)
    try:
        here = this_machine()
        clock, system = SystemClock(), f"{here.kernel} {platform.machine()}; {here.name}"
        yield Host(space.store, staging, closures, clock, system, None, machine=here)
    finally:
        staging.close()


def runner(space: Workspace, host: Host) -> LocalRunner:
    """Return what runs one step at a time in a sandbox of its own."""
    return LocalRunner(host, Bubblewrap(space.work))


def this_machine() -> Machine:
    """Return this machine, as it says of itself."""
    with Path("/proc/cpuinfo").open() as file:
        text = "".join(takewhile(str.strip, file))  # of the first processor; of hundreds it is slow
    cores = len(os.sched_getaffinity(0))
    kernel = f"{platform.system()} {platform.release()}"
    return machine_of(text, level=cpu_level(text), cores=cores, kernel=kernel)
