"""Adders: the commands by which others take a file or a directory into a store of their own.

Each store is made beforehand and empty. `synced` says that the command returns when all is on the
disk: nobody but restic and us promises that unless told to.
"""

import sys
from pathlib import Path
from typing import Final

from bench.environments import nix_variables
from bench.machine import ROOT
from bench.process import Command

_BY_HAND: Final = ROOT / "bench" / "programs" / "add_by_hand.py"
_SYNCED: Final = ("--option", "sync-before-registering", "true")


def by_hand(file: Path, folder: Path, *, synced: bool) -> Command:
    """Return what reads, names with BLAKE3 and writes, and nothing more."""
    how = ("sync",) if synced else ()
    return Command((sys.executable, _BY_HAND, file, folder / "copy", *how), folder)


def nix(program: Path, path: Path, folder: Path, *, synced: bool) -> Command:
    """Return `nix-store --add`."""
    words = (program, "--store", folder / "store")
    Command((*words, "--init"), folder, nix_variables()).output()
    return Command((*words, *(_SYNCED if synced else ()), "--add", path), folder, nix_variables())


def restic(program: Path, path: Path, folder: Path) -> Command:
    """Return `restic backup`, which syncs each file of its repository."""
    given = {"RESTIC_PASSWORD": "bench", "RESTIC_CACHE_DIR": str(folder / "cache")}
    words = (program, "-q", "-r", folder / "repository")
    Command((*words, "init"), folder, given).output()
    return Command((*words, "backup", path), folder, given)


def casync(program: Path, path: Path, folder: Path) -> Command:
    """Return `casync make`, which syncs nothing."""
    store = f"--store={folder / 'store.castr'}"
    return Command((program, "make", store, folder / "index.caidx", path), folder)
