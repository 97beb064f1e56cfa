"""The files of a binary cache, wherever it is: in a folder, in content, or on the web (web.py).

All are read in pieces, with a bound that the reader says: what a stranger sends has no end.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Final, Protocol

from engine.content import reader
from engine.content.cid import Cid
from engine.content.names import impossible_path
from engine.content.reader import Get
from engine.errors import Damaged, NotHere, Refused, Unavailable

CHUNK: Final = 256 * 1024  # bytes


class Missing(NotHere):
    """A file that a cache has not, where the cache itself can be read."""


class CacheFiles(Protocol):
    """The files of one cache."""

    where: str  # for people
    at_once: int  # threads that may read

    def read(self, name: str, most: int) -> Iterator[bytes]:
        """Yield a file; `name` is relative to the cache.

        Raises: Missing when there is no such file; Damaged when it has more than `most` bytes;
        Unavailable when it cannot be had now.
        """
        ...

    def close(self) -> None:
        """End what was kept open for it."""
        ...


class FolderCache:
    """A cache in a folder of this machine."""

    at_once = 1

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.where = str(folder)

    def read(self, name: str, most: int) -> Iterator[bytes]:
        """Yield a file: as CacheFiles."""
        path = self._folder / within(name)
        try:
            with path.open("rb") as file:
                yield from bounded(iter(lambda: file.read(CHUNK), b""), most, str(path))
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            raise missing(name, self.where) from None
        except OSError as error:
            fix = "make it readable for this user"
            what = f"a binary cache cannot be read: {error.strerror}"
            raise Unavailable(what, where=str(path), fix=fix) from None

    def close(self) -> None:
        """Do nothing."""


class ContentCache:
    """A cache that is a directory of content."""

    at_once = 1

    def __init__(self, get: Get, cid: Cid) -> None:
        self._get = get
        self._cid = cid
        self.where = str(cid)

    def read(self, name: str, most: int) -> Iterator[bytes]:
        """Yield a file: as CacheFiles."""
        cid = self._cid
        for part in within(name).split("/"):
            link = reader.lookup(self._get, cid, part)
            if link is None:
                raise missing(name, self.where)
            cid = link.cid
        yield from bounded(reader.read(self._get, cid), most, f"{self.where}/{name}")

    def close(self) -> None:
        """Do nothing."""


def within(name: str) -> str:
    """Return the name of a file in a cache.

    Raises: Damaged when it leads out of it.
    """
    if why := impossible_path(name):
        raise Damaged(f"a binary cache that names '{name[:280]}': {why}")
    return name


def bounded(chunks: Iterator[bytes], most: int, where: str) -> Iterator[bytes]:
    """Yield some bytes.

    Raises: Damaged as soon as there are more than `most`.
    """
    for chunk in chunks:
        most -= len(chunk)
        if most < 0:
            raise Damaged("a file of a binary cache is longer than it may be", where=where)
        yield chunk


def missing(name: str, where: str) -> Missing:
    """Return the error for a file that is not in a cache."""
    fix = "name another cache, or one that has all of it"
    return Missing(f"a binary cache has no '{name[:280]}'", where=where, fix=fix)


def whole(files: CacheFiles, name: str, most: int) -> bytes:
    """Return a small file.

    Raises: as CacheFiles.read.
    """
    return b"".join(files.read(name, most))


def folder_of(text: str) -> Path:
    """Return the folder of a cache that is named by its path, or as Nix names it.

    Raises: Refused when there is none.
    """
    path = Path(text.removeprefix("file://").partition("?")[0])
    if not path.is_dir():
        fix = "name a folder that 'nix copy --to file://DIR' wrote, an address, or a CID"
        raise Refused("there is no such folder", where=str(path), fix=fix)
    return path
