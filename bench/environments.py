"""Environments: what steps of ours and bare sandboxes run in, built once by Nix."""

import os
import re
import subprocess
from functools import cache
from pathlib import Path
from typing import Final

from bench.machine import ROOT
from bench.process import Command

SOURCE: Final = Path(__file__).with_name("environments.nix")
_OPTIONS: Final = ROOT / "examples" / "env" / "nixenv.sh"


class Environments:
    """Store paths of environments.nix, and directories with their closures."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def path(self, name: str) -> str:
        """Return the store path of an environment."""
        command = ["nix-build", SOURCE, "-A", name, "--out-link", self._root(name)]
        return nix(self._folder, *command).strip()

    def closure(self, name: str) -> list[str]:
        """Return every store path that an environment needs."""
        return nix(self._folder, "nix-store", "-qR", self.path(name)).split()

    def farm(self, name: str) -> Path:
        """Return a directory that holds an environment's closure and nothing else."""
        farm = self._folder / "farms" / Path(self.path(name)).name
        if not farm.exists():
            farm.parent.mkdir(exist_ok=True)
            made = farm.with_suffix(f".{os.getpid()}")
            made.mkdir()
            subprocess.run(["cp", "-a", *self.closure(name), made], check=True)
            made.rename(farm)
        return farm

    def _root(self, name: str) -> Path:
        roots = self._folder / "roots"
        roots.mkdir(parents=True, exist_ok=True)
        return roots / name


def nix(folder: Path, *words: str | Path) -> str:
    """Run a Nix command with the options of the recipe; return what it says."""
    return Command(words, folder, nix_variables()).output()


@cache
def nix_variables() -> dict[str, str]:
    """Return the variables that nixenv.sh sets: build in a sandbox, offline."""
    found = re.search(r'NIX_CONFIG="([^"]*)"', _OPTIONS.read_text())
    if found is None:
        raise ValueError(f"no NIX_CONFIG in {_OPTIONS}")
    return {"NIX_CONFIG": found.group(1)}
