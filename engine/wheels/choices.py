"""Choices: which of several hashes an index said is the wheel, once it was asked.

Kept in the home, so that the same lock asks nobody again. It saves a question, and is no record:
what an environment is made of is in its derivation.
"""

import hashlib
import tempfile
from pathlib import Path

from engine.wheels.interpreter import Interpreter
from engine.wheels.pinned import Pinned


class Choices:
    """A directory with a file for each choice."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def get(self, package: Pinned, interpreter: Interpreter) -> str | None:
        """Return the hash that was chosen; None when it was not, or is none of the lock's."""
        try:
            digest = self._place(package, interpreter).read_text()
        except (OSError, UnicodeDecodeError):
            return None
        return digest if digest in package.hashes else None

    def put(self, package: Pinned, interpreter: Interpreter, sha256: str) -> None:
        """Keep a choice."""
        place = self._place(package, interpreter)
        place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile("w", dir=place.parent, delete=False) as fresh:
            fresh.write(sha256)
        Path(fresh.name).replace(place)

    def _place(self, package: Pinned, interpreter: Interpreter) -> Path:
        asked = [package.name, package.version, interpreter.abi, *interpreter.platforms()[:1]]
        text = "\n".join([*asked, *package.hashes])
        return self._directory / hashlib.sha256(text.encode()).hexdigest()
