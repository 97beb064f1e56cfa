"""Peers: the programs we are measured against, each in an environment of its own.

A Python peer gets a virtual environment in the cache directory, a Debian package that the machine
does not have is unpacked there; nothing is installed into the system. One that cannot be had is
skipped, and said so.
"""

import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

PYTHON: Final = {
    "doit": "doit==0.37.0",
    "snakemake": "snakemake==9.27.1",
    "dask": "dask==2026.8.0",
    "distributed": "distributed==2026.8.0",
    "parsl": "parsl==2026.10.26",
}
DEBIAN: Final = {  # name: package, program in it
    "ninja": ("ninja-build", "usr/bin/ninja"),
    "make": ("make", "usr/bin/make"),
    "restic": ("restic", "usr/bin/restic"),
    "casync": ("casync", "usr/bin/casync"),
}
SYSTEM: Final = {"bwrap": "bubblewrap", "nix-build": "nix-bin", "nix-store": "nix-bin"}
_VERSION: Final = {"restic": "version"}  # others: --version


@dataclass
class Peers:
    """Finds the programs of peers, and makes their environments on the way."""

    cache: Path
    install: bool  # whether one that is not here may be fetched
    say: Callable[[str], None]
    versions: dict[str, str] = field(default_factory=dict)
    _found: dict[str, Path | None] = field(default_factory=dict)

    def find(self, name: str) -> Path | None:
        """Return a peer's program, or None, said loudly, when it cannot be had."""
        if name not in self._found:
            self._found[name] = program = self._look(name)
            if program is not None:
                self.versions[name] = _version(program, _VERSION.get(name, "--version"))
        return self._found[name]

    def python(self, name: str) -> Path | None:
        """Return the interpreter of a Python peer's environment."""
        if name not in self._found:
            python = self._environment(name)
            self._found[name] = python
            if python is not None:
                asked = (
                    f"from importlib.metadata import version; print('{name}', version('{name}'))"
                )
                told = subprocess.run([python, "-c", asked], capture_output=True, text=True)
                self.versions[name] = told.stdout.strip()
        return self._found[name]

    def _look(self, name: str) -> Path | None:
        if name in PYTHON:
            python = self._environment(name)
            return python.with_name(name) if python else None
        if (system := shutil.which(name)) is not None:
            return Path(system)
        if name in DEBIAN:
            return self._unpacked(name, *DEBIAN[name])
        return self._skip(name, f"install {SYSTEM[name]}")

    def _environment(self, name: str) -> Path | None:
        folder = self.cache / "peers" / name
        python, ready = folder / "bin" / "python", folder / "ready"
        if ready.exists() and ready.read_text() == PYTHON[name]:
            return python
        if not self.install:
            return self._skip(name, "a run without --quick makes its environment")
        self.say(f"making an environment for {PYTHON[name]}")
        shutil.rmtree(folder, ignore_errors=True)
        made = _succeeds(sys.executable, "-m", "venv", folder) and _succeeds(
            python, "-m", "pip", "install", "-q", "--disable-pip-version-check", PYTHON[name]
        )
        if not made:
            return self._skip(name, f"pip cannot install {PYTHON[name]} here")
        ready.write_text(PYTHON[name])
        return python

    def _unpacked(self, name: str, package: str, program: str) -> Path | None:
        folder = self.cache / "peers" / package
        if not (folder / program).exists():
            if not self.install:
                return self._skip(name, f"install {package}, or run without --quick")
            self.say(f"unpacking {package}")
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)
            command = "apt-get download -qq $0 && dpkg-deb -x $0_*.deb . && rm $0_*.deb"
            if not _succeeds("sh", "-euc", command, package, cwd=folder):
                return self._skip(name, f"install {package}")
        return folder / program

    def _skip(self, name: str, fix: str) -> None:
        self.say(f"SKIPPED: everything against {name}, which is not here; {fix}")


def _succeeds(*words: str | Path, cwd: Path | None = None) -> bool:
    done = subprocess.run(list(map(str, words)), cwd=cwd, stdin=subprocess.DEVNULL)
    return done.returncode == 0


def _version(program: Path, asked: str) -> str:
    told = subprocess.run([program, asked], capture_output=True, text=True, check=False)
    lines = (told.stdout or told.stderr).strip().splitlines()
    return lines[0] if lines and not told.returncode else "unknown"
