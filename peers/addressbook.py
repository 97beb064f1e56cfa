"""Address book: the peers that the user named, on disk: one address a line, for people to read."""

import contextlib
import os
import secrets
from pathlib import Path
from typing import Final

from engine.errors import Refused, Unavailable
from engine.folder import sync_names
from peers.identity import Address, PeerId

MAX_NAMED: Final = 1_000  # as many as a directory keeps


class AddressBook:
    """A file of addresses. For one thread."""

    def __init__(self, path: Path) -> None:
        """Read the file at `path`, if there is one.

        Raises: Refused with the line that is no address; Unavailable when it cannot be read.
        """
        self._path = path
        self._addresses = _read(path)

    def addresses(self) -> tuple[Address, ...]:
        """Return what is in it, in the order in which it was written."""
        return tuple(self._addresses)

    def __contains__(self, peer: object) -> bool:
        return any(address.peer == peer for address in self._addresses)

    def peers(self) -> frozenset[PeerId]:
        """Return whom the user named."""
        return frozenset(address.peer for address in self._addresses)

    def add(self, address: Address) -> None:
        """Write an address down, durably.

        Raises: Refused when there are too many; Unavailable when it cannot be written.
        """
        if address in self._addresses:
            return
        if len(self._addresses) >= MAX_NAMED:
            raise Refused(f"{MAX_NAMED} peers are named already", fix="remove some of them")
        self._write([*self._addresses, address])

    def remove(self, peer: PeerId) -> bool:
        """Strike out a peer, durably; return whether it was there.

        Raises: Unavailable when it cannot be written.
        """
        rest = [address for address in self._addresses if address.peer != peer]
        if len(rest) == len(self._addresses):
            return False
        self._write(rest)
        return True

    def _write(self, addresses: list[Address]) -> None:
        fresh = self._path.with_name(f".{self._path.name}.{secrets.token_hex(8)}")
        try:
            with fresh.open("x") as file:
                file.write("".join(f"{address}\n" for address in addresses))
                file.flush()
                os.fsync(file.fileno())
            fresh.replace(self._path)
            sync_names(self._path.parent)
        except OSError as error:
            with contextlib.suppress(OSError):
                fresh.unlink()
            what = f"the list of named peers cannot be written: {error.strerror}"
            raise Unavailable(what, where=str(self._path), fix="make room on the disk") from error
        self._addresses = addresses


def _read(path: Path) -> list[Address]:
    try:
        lines = path.read_text().splitlines()
    except FileNotFoundError:
        return []
    except (OSError, UnicodeDecodeError) as error:
        what = f"the list of named peers cannot be read: {error}"
        raise Unavailable(what, where=str(path), fix="mend it, or delete it") from error
    found = []
    for number, line in enumerate(lines, 1):
        try:
            found.append(Address.parse(line))
        except Refused as refused:
            where = f"{path}:{number}"
            raise Refused(refused.what, where=where, fix="correct the line, or delete it") from None
    return found
