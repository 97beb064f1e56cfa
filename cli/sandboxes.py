"""The sandboxes of this machine, put together: loaded by what runs steps, and not before."""

import platform
import secrets
from collections.abc import Iterator
from contextlib import contextmanager

from cli.workspace import Workspace
from engine.clock import SystemClock
from engine.closures import Closures
from engine.content.cid import Cid
from engine.host import Host
from engine.localrunner import LocalRunner
from engine.sandbox.bubblewrap import Bubblewrap
from engine.staging import Staging


@contextmanager
def open_host(space: Workspace, carriers: dict[Cid, Cid]) -> Iterator[Host]:
    """Open what all steps of this process share on this machine."""
    staging = Staging(space.work, space.store, space.claims, secrets.token_hex(8))
    closures = Closures(space.store, space.materialiser, carriers)
    try:
        yield Host(space.store, staging, closures, SystemClock(), _system(), None)
    finally:
        staging.close()


def runner(space: Workspace, host: Host) -> LocalRunner:
    """Return what runs one step at a time in a sandbox of its own."""
    return LocalRunner(host, Bubblewrap(space.work))


def _system() -> str:
    """Return the kernel and the processor, as the machine says."""
    return f"{platform.system()} {platform.release()} {platform.machine()}"
