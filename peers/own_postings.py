"""OwnPostings: HOME/announced/, what this home said itself of Open Resources: a signed file each.

Nobody else has to have it, so it is apart from what can be had from others again, and written
before that is.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from engine.content.cid import RAW, Cid
from engine.durable import reached
from engine.errors import Damaged, Unavailable
from engine.folder import sync_names
from engine.wholefile import whole_file
from peers.posting import Key, Posting, beats, key_of, read

OWN: Final = "announced"


class OwnPostings:
    """Those of one home."""

    def __init__(self, home: Path) -> None:
        self._folder = home / OWN

    @staticmethod
    def is_here(home: Path) -> bool:
        """Return whether a home may have said anything."""
        return (home / OWN).is_dir()

    def __iter__(self) -> Iterator[Posting]:
        """Yield what was said; a file that is something else says nothing."""
        return _read(sorted(self._folder.glob("*.cbor")))

    def write(self, posting: Posting) -> None:
        """Keep what is said, durably, unless what is here counts more.

        Raises: Unavailable when it cannot be written.
        """
        path = self._path(key_of(posting))
        if any(not beats(posting, held) for held in _read([path])):
            return
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            what = f"what was announced cannot be kept: {error.strerror}"
            raise Unavailable(what, where=str(self._folder), fix="make it writable") from None
        with whole_file(path) as file:
            file.write(posting.data)
        reached("word.kept")

    def remove(self, key: Key) -> None:
        """Say something no more, durably.

        Raises: Unavailable when that cannot be written.
        """
        try:
            self._path(key).unlink()
            sync_names(self._folder)
        except FileNotFoundError:
            return
        except OSError as error:
            what = f"what was announced cannot be removed: {error.strerror}"
            raise Unavailable(what, where=str(self._folder), fix="make it writable") from None
        reached("word.dropped")

    def _path(self, key: Key) -> Path:
        name = Cid.of(RAW, key.kind.encode() + key.signer.key + key.release.raw)
        return self._folder / f"{name}.cbor"


def _read(paths: Iterable[Path]) -> Iterator[Posting]:
    for path in paths:
        try:
            yield read(path.read_bytes())
        except (Damaged, OSError):
            continue
