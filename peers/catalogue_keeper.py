"""CatalogueKeeper: the catalogue's file for a node, which waits for no disk: for one other thread.

>>> keeper.work((), (), now_ms)                                          # doctest: +SKIP
Seen(kept=(Kept(...),), gone=frozenset(), wanted=frozenset())
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from engine.content.cid import Cid
from engine.errors import TallyError
from engine.runner import Signer
from peers.announcement import is_due, renew
from peers.catalogue_file import CatalogueFile, Kept
from peers.identity import PeerId
from peers.posting import Key


class Seen(NamedTuple):
    """What is in the file that the node has not, and which Releases the user uses."""

    kept: tuple[Kept, ...]
    gone: frozenset[bytes]  # names of what was there before
    wanted: frozenset[Cid]


class CatalogueKeeper:
    """Reads and writes for one node."""

    def __init__(self, home: Path, signer: Signer, published: Callable[[], frozenset[Cid]]) -> None:
        """Take what says which Releases are still published here: no others are renewed."""
        self._home = home
        self._signer = signer
        self._published = published
        self._file: CatalogueFile | None = None
        self._mark = -1
        self._seen: frozenset[bytes] = frozenset()  # names that the node has, or had
        self._wanted: frozenset[Cid] = frozenset()

    def work(self, kept: Sequence[Kept], gone: Sequence[Key], look_ms: int | None) -> Seen | None:
        """Write down what the node has taken, strike out what it has no more, and look.

        Return what is new, by the wall clock's `look_ms`; None when that was not asked.

        Raises: Unavailable when it cannot be read or written.
        """
        try:
            return self._work(self._opened(look_ms), kept, gone, look_ms)
        except TallyError:  # as damage that cannot be mended while a command has it open
            self.close()
            self._file = None
            raise

    def _work(
        self, file: CatalogueFile, kept: Sequence[Kept], gone: Sequence[Key], look_ms: int | None
    ) -> Seen | None:
        if gone:
            file.drop(gone)
        if kept:
            file.take(kept)
            self._seen |= {one.posting.cid.digest for one in kept}
        return None if look_ms is None else self._look(file, look_ms)

    def _look(self, file: CatalogueFile, now_ms: int) -> Seen:
        self._renew(file, now_ms)
        mark = file.mark()
        if mark == self._mark:
            return Seen((), frozenset(), self._wanted)
        names = file.names()
        found = file.kept([name for name in names if name not in self._seen], now_ms)
        gone = self._seen.difference(names)
        self._mark, self._seen, self._wanted = mark, frozenset(names), file.wanted()
        return Seen(tuple(found), gone, self._wanted)

    def _renew(self, file: CatalogueFile, now_ms: int) -> None:
        """Give those of our announcements more time that are still true."""
        ours = file.announced_by(PeerId(self._signer.public_key), now_ms)
        due = [one for one in ours if is_due(one, now_ms)]
        published = self._published() if due else frozenset()
        for one in due:
            if one.release in published:
                file.put(renew(one, self._signer, now_ms).data, now_ms)

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()

    def _opened(self, now_ms: int | None) -> CatalogueFile:
        """Return the file, opened anew when somebody took it away, or it could not be mended."""
        if self._file is not None and self._file.is_gone():
            self._file.close()
            self._file = None
        if self._file is None:
            self._file, self._mark, self._seen = CatalogueFile(self._home), -1, frozenset()
            if now_ms is not None:
                self._file.clean(now_ms)  # of what expired while no node ran
        return self._file
