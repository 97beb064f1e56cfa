"""Reader: finds a block and checks it, every time. What is wrong is taken out of the way.

A damaged block never leaves the store: its bytes go to quarantine, its row is dropped, and the
caller learns what to do. Once the right bytes are put again, everything is as before.
"""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from engine.content.cid import Cid
from engine.errors import Damaged, NotHere, TallyError, Unavailable
from engine.store.handles import Handles
from engine.store.index import Index
from engine.store.place import IN_PLACE, OWN, WHOLE, Place, Signature, Slice
from engine.store.quarantine import Quarantine
from engine.store.runs import Run, runs
from engine.store.table import drop_place, drop_slice

RangeReader = Callable[[str, int, int], bytes]
"""Makes bytes again: (locator, offset, length) -> bytes.

Raises: NotHere or FileNotFoundError when the source is gone; Damaged when it has changed; any
other Unavailable or OSError when that cannot be told: then the source is not given up.
"""


class Reader:
    """The way out of the store, for all threads of a process."""

    def __init__(self, root: Path, index: Index, readers: Mapping[str, RangeReader]) -> None:
        self._root, self._index, self._readers = root, index, readers
        self._places: dict[int, Place] = {}
        self._handles = Handles(root)
        self._quarantine = Quarantine(root, index)

    def get(self, cid: Cid) -> bytes:
        """Return the bytes of a block, checked, from the first place that has them.

        Raises: Unavailable when it is nowhere; Damaged when it was, changed.
        """
        failure: TallyError | None = None
        for _ in range(2):  # twice, because a gc may have moved it since the index was asked
            for at in self._index.find(cid):
                found = self.read(cid, at)
                if isinstance(found, bytes):
                    return found
                failure = found or failure
        raise failure or _nowhere(cid)

    def get_many(self, cids: Sequence[Cid], longest: int) -> dict[Cid, bytes]:
        """Return those blocks that are where the index says and right; `get` mends the others."""
        found: dict[Cid, bytes] = {}
        known = ((cid, at) for cid, at in self._index.find_many(cids) if at.length <= longest)
        for run in runs(known):
            place = self._place(run[0][1].place)
            if place is not None and place.solid:
                with suppress(OSError):
                    found.update(self._read_run(place, run))
        return found

    def _read_run(self, place: Place, run: Run) -> Iterator[tuple[Cid, bytes]]:
        """Yield the blocks of a run that are right, read in one piece."""
        start = run[0][1].offset
        end = max(at.offset + at.length for _, at in run)
        data = self._handles.read(place, start, end - start)
        for cid, at in run:
            block = data[at.offset - start : at.offset - start + at.length]
            if cid.matches(block):
                yield cid, block

    def has_many(self, cids: Sequence[Cid]) -> set[Cid]:
        """Return those blocks that `has` would find."""
        found: set[Cid] = set()
        for cid, at in self._index.find_many(cids):
            place = None if cid in found else self._place(at.place)
            if place is not None and self._unchanged(place):
                found.add(cid)
        return found

    def has(self, cid: Cid) -> bool:
        """Return whether a block lies anywhere, as far as can be told without reading it."""
        places = (self._place(at.place) for at in self._index.find(cid))
        return any(place is not None and self._unchanged(place) for place in places)

    def _unchanged(self, place: Place) -> bool:
        return place.kind != IN_PLACE or signature_at(place.path(self._root)) == place.signature

    def can_read(self, place: Place) -> bool:
        """Return whether this store was opened with what it takes to read a place."""
        return place.kind in OWN or place.kind in self._readers

    def read(self, cid: Cid, at: Slice) -> bytes | TallyError | None:
        """Return the bytes of one copy of a block, or what is wrong with it, or None: it moved."""
        place = self._place(at.place)
        if place is None:
            return None
        try:
            data = self._bytes(place, at)
        except FileNotFoundError:
            return self._gone(cid, at, place)
        except OSError as error:
            return Unavailable(
                f"a block cannot be read: {error.strerror}",
                where=str(error.filename or self._where(place)),
                fix="check the disk, then run `tally fsck`",
            )
        except (NotHere, Damaged) as error:  # from a reader of another kind
            return self._changed(place, error)
        except TallyError as error:
            return error
        return data if cid.matches(data) else self._wrong(cid, at, place, data)

    def _place(self, number: int) -> Place | None:
        place = self._places.get(number) or self._index.place(number)
        if place is not None:
            self._places[number] = place
        return place

    def _bytes(self, place: Place, at: Slice) -> bytes:
        if place.solid:
            return self._handles.read(place, at.offset, at.length)
        if place.kind == IN_PLACE:
            return _read_in_place(place, at)
        reader = self._readers.get(place.kind)
        if reader is None:
            return b""
        return reader(os.fsdecode(place.name), at.offset, at.length)

    def _where(self, place: Place) -> str:
        """Return where a place is, as people would look for it."""
        return str(place.path(self._root)) if place.kind in OWN else os.fsdecode(place.name)

    def _gone(self, cid: Cid, at: Slice, place: Place) -> TallyError | None:
        """Forget a block whose file is not there; None when it only moved."""
        self.forget(place.number)
        if self._index.place(place.number) != place:
            return None
        if not place.solid:
            return self._changed(place, _source_gone(place))
        if not self._index.read_only:
            with self._index.change() as change:
                drop_slice(change, cid, at)
        return NotHere(
            f"a file of the store is missing, and block {cid} with it",
            where=str(place.path(self._root)),
            fix="import or add it again; `tally fsck` lists all that is missing",
        )

    def _changed(self, place: Place, error: TallyError) -> TallyError:
        """Drop a borrowed place that no longer has what it had."""
        self.forget(place.number)
        if not self._index.read_only:
            with self._index.change() as change:
                drop_place(change, place.number)
        return error

    def _wrong(self, cid: Cid, at: Slice, place: Place, data: bytes) -> TallyError:
        """Take bytes that do not match their name out of the way."""
        if not self.can_read(place):
            return Unavailable(
                f"block {cid} is made from a '{place.kind}', which nothing here can read",
                where=os.fsdecode(place.name),
                fix="import a bundle that has it",
            )
        if not place.solid:
            return self._changed(place, _source_changed(place))
        self.forget(place.number)
        if self._index.read_only:
            return was_damaged(cid, place.path(self._root), "read it from another home")
        if place.kind == WHOLE:
            kept = self._quarantine.file(place, [(cid, at)])
        else:
            kept = self._quarantine.block(cid, at, data)
        return was_damaged(cid, place.path(self._root), put_aside_as(kept))

    def forget(self, number: int) -> None:
        """Remember nothing of a place."""
        self._places.pop(number, None)
        self._handles.forget(number)

    def close(self) -> None:
        """Close all files."""
        self._handles.close()


def was_damaged(cid: Cid, path: Path, fix: str) -> Damaged:
    """Return the error for a block that was damaged."""
    return Damaged(f"block {cid} was damaged on the disk", where=str(path), fix=fix)


def put_aside_as(kept: Path) -> str:
    """Return what to do about damage that is out of the way now."""
    again = "run `tally fsck --repair`, or import or add it again"
    return f"{again}; what was there is kept as {kept}"


def signature_at(path: Path) -> Signature | None:
    """Return how a file looks now, or None when it is gone."""
    with suppress(FileNotFoundError, NotADirectoryError):
        return Signature.of(path.stat())
    return None


def _read_in_place(place: Place, at: Slice) -> bytes:
    """Return some of a user's file; nothing when it is another file by now."""
    path = Path(os.fsdecode(place.name))
    if signature_at(path) != place.signature:  # before it is opened: it may be a pipe by now
        path.stat()
        return b""
    with path.open("rb", buffering=0) as file:
        return os.pread(file.fileno(), at.length, at.offset)


def _nowhere(cid: Cid) -> NotHere:
    return NotHere(f"block {cid} is not here", fix="import a bundle that has it, or add it again")


def _source_gone(place: Place) -> NotHere:
    return NotHere(
        "what blocks were to be read from is gone",
        where=os.fsdecode(place.name),
        fix="put it back and add it again, or import a bundle that has it",
    )


def _source_changed(place: Place) -> TallyError:
    if place.kind == IN_PLACE:
        return NotHere(
            "a file has changed since it was added in place",
            where=os.fsdecode(place.name),
            fix="add it again; without --in-place the store keeps its own copy",
        )
    return Damaged(
        f"a '{place.kind}' no longer gives the bytes it gave",
        where=os.fsdecode(place.name),
        fix="make it again, or import a bundle that has it",
    )
