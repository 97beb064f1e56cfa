"""The Nix store that tests build in: the system's where we can use it, else one of the session.

A private store is made once for all tests, with the inputs that ./setup/test has fetched, and each
home of a test borrows it.
"""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from cli.workspace import Workspace
from engine.nix.nixstore import NixStore
from engine.nix.storepath import StorePath

ROOT = Path(__file__).parents[2]
LOCKS = (
    "examples/env/inputs.lock",
    "examples/env/wheels.lock",
    "packaging/inputs.lock",
    "packaging/dev.lock",
)
BUSYBOX = StorePath.parse("/nix/store/ap5lw0pk87zllpr8psdiqgxx50yqpp1h-busybox")


def make(place: Path) -> NixStore:
    """Return a Nix store that has the recipes' inputs, below `place` if it is private.

    Skips the tests that need it, aloud, where there is no Nix or nothing was fetched.
    """
    if shutil.which("nix-store") is None:
        pytest.skip("NO TESTS WITH NIX: it is not installed; ./setup/test installs it")
    with Workspace(place) as workspace:
        store = workspace.nix.store
    if not store.is_system:
        _fill(store, place / "inputs")
    if not store.physical(BUSYBOX).exists():
        pytest.skip("NO TESTS WITH NIX: the recipe's inputs are not here; ./setup/test gets them")
    return store


def lend(store: NixStore, home: Path) -> Path:
    """Let the home of a test build in that store; return the home, made where it was absent."""
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not store.is_system:
        (home / "nix").symlink_to(store.root)
    return home


def _fill(store: NixStore, inputs: Path) -> None:
    """Add what was fetched from a copy of it: fetch-inputs writes where it reads."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    fetched = Path(os.environ.get("SETUP_INPUTS") or cache / "tallystick/inputs")
    if not fetched.is_dir():
        pytest.skip(f"NO TESTS WITH NIX: {fetched} is not there; ./setup/test fetches it")
    shutil.copytree(fetched, inputs, symlinks=True)
    command = [ROOT / "examples/env/fetch-inputs", inputs, *store.options()]
    for lock in LOCKS:
        variables = os.environ | {"LOCK": str(ROOT / lock)}
        subprocess.run(command, env=variables, capture_output=True, check=True)
