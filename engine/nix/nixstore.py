"""NixStore: which Nix store this machine builds in.

The system's where it can be written, by us or through a daemon that builds in a sandbox; else a
private one below $TALLY_HOME, which needs no root. Paths are called /nix/store/... in both.
"""

import os
import socket
from pathlib import Path
from typing import Final

from engine.nix.storepath import STORE_DIR, StorePath
from engine.values import dataclass

SYSTEM: Final = Path("/nix")
DAEMON: Final = Path("/nix/var/nix/daemon-socket/socket")


@dataclass(frozen=True, slots=True)
class NixStore:
    """A store; `root` is where it thinks the file system begins."""

    root: Path  # "/" for the system's

    @classmethod
    def private(cls, home: Path) -> "NixStore":
        """Return the private store of a $TALLY_HOME. Nix refuses one below a symlink."""
        return cls((home / "nix").resolve())

    @property
    def is_system(self) -> bool:
        """Whether this is the system's store."""
        return self.root == Path("/")

    def physical(self, path: StorePath) -> Path:
        """Return where a store path really is."""
        return self.root / STORE_DIR[1:] / path.base

    def options(self) -> tuple[str, ...]:
        """Return what every Nix command is given to use this store."""
        return () if self.is_system else ("--store", str(self.root))


def choose(home: Path, *, sandboxed_daemon: bool) -> NixStore:
    """Return the store to build in.

    `sandboxed_daemon`: whether the system's own settings have `sandbox = true`. A daemon takes no
    such setting from an ordinary user, so one that builds outside a sandbox is not used.
    """
    if _writable(SYSTEM / "store") and _writable(SYSTEM / "var/nix/db"):
        return NixStore(Path("/"))
    if sandboxed_daemon and _answers(DAEMON):
        return NixStore(Path("/"))
    return NixStore.private(home)


def _writable(path: Path) -> bool:
    """Return whether we may write there, or make it: root may, on a machine that has no /nix."""
    while not path.exists():
        path = path.parent
    return os.access(path, os.W_OK | os.X_OK)


def _answers(address: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as client:
        try:
            client.connect(str(address))
        except OSError:
            return False
        return True
