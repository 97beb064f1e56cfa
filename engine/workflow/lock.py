"""Lock: what the names in a workflow meant on the day. Pure.

Two forms. The record is part of a Run and holds everything: environments and inputs. The lock file
beside the workflow (lock_text.py) pins environments only; local inputs are read anew at each run.
"""

from typing import Final

from engine.content.cid import Cid
from engine.content.schema import Record
from engine.errors import Damaged
from engine.values import dataclass


@dataclass(frozen=True, slots=True)
class LockedEnvironment:
    """An environment as it was used, on one system."""

    environment: Cid  # the Environment record
    closure: Cid  # the Closure that step keys hold
    derivation: str  # "/nix/store/....drv", with "!outputs" where it says; "" when there is none
    source: str  # hash of what it was made from, as in the lock file


@dataclass(frozen=True, slots=True)
class Lock:
    """What a run used."""

    environments: dict[str, dict[str, LockedEnvironment]]  # name -> system -> environment
    inputs: dict[str, Cid]

    @property
    def carriers(self) -> dict[Cid, Cid]:
        """Which Environments carry the Closures, by Closure."""
        used = (one for systems in self.environments.values() for one in systems.values())
        return {one.closure: one.environment for one in used}


@dataclass(frozen=True, slots=True)
class Pin:
    """What a lock file says of one environment on one system."""

    derivation: str  # "" when the environment was not made by Nix here, as for {cid}
    environment: Cid


@dataclass(frozen=True, slots=True)
class PinnedEnvironment:
    """What a lock file says of one environment."""

    source: str  # "sha256:<64 hexadecimal digits>" of what the workflow file names
    systems: dict[str, Pin]  # by Nix's system name


@dataclass(frozen=True, slots=True)
class LockFile:
    """A whole lock file."""

    environments: dict[str, PinnedEnvironment]


def _check_lock(lock: Lock) -> None:
    for name, systems in lock.environments.items():
        if not systems:
            raise Damaged(f"its environment '{name[:80]}' is of no system")


LOCK: Final = Record("tallystick/lock/1", Lock, _check_lock)
