"""Pin log: the pins once more, as lines of text, for when the index is lost.

All else in the index can be found again from packs and files; what a person wanted kept cannot.
A pin is in it, durably, before the index has it, and is taken out after the index has let it go:
whoever is killed in between leaves a pin too many, never one too few.

    + bafkrei… added
    - bafkrei… added
"""

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from engine.content.cid import Cid
from engine.errors import Refused
from engine.filesystem import write_all
from engine.folder import sync_names

NAME: Final = "pins.log"
Pin = tuple[str, Cid]  # a name and what it keeps


class PinLog:
    """The log of one store, for whoever holds the index's write lock."""

    def __init__(self, root: Path) -> None:
        self._path = root / NAME

    def append(self, sign: str, name: str, cid: Cid) -> None:
        """Note that a pin is made (+) or taken away (-), in a log that is there.

        Raises: OSError.
        """
        line = f"{sign} {cid} {_safe(name)}\n".encode()
        descriptor = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC)
        try:
            end = os.fstat(descriptor).st_size
            try:
                write_all(descriptor, b"\n" + line if end else line)
                os.fsync(descriptor)
            except OSError:
                os.ftruncate(descriptor, end)  # gives a full disk its space back
                raise
        finally:
            os.close(descriptor)

    def exists(self) -> bool:
        """Return whether anything was ever pinned with a log."""
        return self._path.exists()

    def read(self) -> set[Pin]:
        """Return the pins that it tells of."""
        return parse(self._path.read_bytes()) if self.exists() else set()

    def write(self, pins: Iterable[Pin]) -> None:
        """Write it anew, with these pins alone.

        Raises: OSError.
        """
        fresh = self._path.with_name(f"{NAME}.new")
        with fresh.open("wb") as file:
            file.writelines(f"+ {cid} {_safe(name)}\n".encode() for name, cid in sorted(pins))
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(self._path)
        sync_names(self._path.parent)


def parse(data: bytes) -> set[Pin]:
    """Return the pins that a log tells of; a line that is damaged tells of none."""
    pins: set[Pin] = set()
    for line in data.splitlines():
        sign, _, rest = line.decode(errors="replace").partition(" ")
        text, space, name = rest.partition(" ")
        try:
            pin = (_plain(name), Cid.parse(text))
        except Refused:
            continue
        if space and sign == "+":
            pins.add(pin)
        elif space and sign == "-":
            pins.discard(pin)
    return pins


def _safe(name: str) -> str:
    """Return a name on one line."""
    return name.encode("unicode_escape").decode()


def _plain(text: str) -> str:
    return text.encode("ascii", "replace").decode("unicode_escape", "replace")
