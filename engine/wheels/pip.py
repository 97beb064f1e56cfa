"""Pip: the ordinary client of Python's package index, which fetches wheels.

It is run as the user would: its configuration, its index or mirror, its cache and its credentials
hold. What it brings is believed by its hash alone, and what it says decides nothing but messages.
"""

import importlib.util
import os
import re
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from engine.errors import Unavailable
from engine.wheels.absence import Answer
from engine.wheels.interpreter import Interpreter

SHOWN_LINES: Final = 4  # of what pip says, in an error
SHOWN_CHARACTERS: Final = 400  # of each: pip lists every version that there is

_FILE: Final = re.compile(r"/([^/\s]+\.(?:whl|tar\.gz|zip))(?=[\s#]|$)")


def download(
    requirements: Iterable[str],
    interpreter: Interpreter,
    destination: Path,
    options: Iterable[str] = (),
    *,
    explain: bool = False,
) -> Answer:
    """Fetch the wheels of lines as "numpy==2.2.6 --hash=sha256:…" to a directory.

    `options` are those of a requirements.txt; `explain` has pip say what it looked at.

    Raises: Unavailable when there is no pip.
    """
    if importlib.util.find_spec("pip") is None:
        raise Unavailable("wheels are fetched with pip, and it is not here", fix="install it")
    asked = destination / "requirements.txt"
    asked.write_text("\n".join([*_spelled(options), *requirements]) + "\n")
    command = [
        sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary=:all:",
        "--require-hashes", "--no-input", "--disable-pip-version-check", "--progress-bar=off",
        *_target(interpreter), f"--dest={destination}", f"--requirement={asked}",
        *(("-vv",) if explain else ()),
    ]  # fmt: skip
    done = subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace",
        check=False, env={**os.environ, "TMPDIR": str(destination)},
    )  # fmt: skip
    asked.unlink()
    if done.returncode == 0:
        return Answer("")
    files = frozenset(_FILE.findall(done.stdout)) if explain else frozenset()
    return Answer(_errors(done.stderr) or f"pip ended with {done.returncode}", files)


def _errors(text: str) -> str:
    lines = [line.strip()[:SHOWN_CHARACTERS] for line in text.splitlines() if line.strip()]
    errors = [line.removeprefix("ERROR: ") for line in lines if line.startswith("ERROR: ")]
    return "; ".join((errors or lines)[-SHOWN_LINES:])


def _target(interpreter: Interpreter) -> list[str]:
    """Return the options that say for which Python wheels are wanted, the best first."""
    abis = (interpreter.abi, "abi3", "none")
    return [
        f"--python-version={interpreter.version.partition('+')[0]}",
        "--implementation=cp",
        *(f"--abi={abi}" for abi in abis),
        *(f"--platform={platform}" for platform in interpreter.platforms()),
    ]


def _spelled(options: Iterable[str]) -> list[str]:
    """Return options as a requirements.txt has them: pip fills in ${VARIABLES} there."""
    return [option.replace("=", " ", 1) for option in options]
