"""file_hash: the hash that a lock file has of a file."""

import hashlib
from pathlib import Path
from typing import Final

_CHUNK: Final = 1024 * 1024


def file_hash(file: Path) -> str:
    """Return the sha256 of a file, hexadecimal."""
    digest = hashlib.sha256()
    with file.open("rb") as data:
        while chunk := data.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()
