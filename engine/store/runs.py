"""Runs: slices that lie near one another, to be read in one piece.

Blocks that were put together lie together, so that a thousand small files are a few reads.
"""

from collections.abc import Iterable, Iterator
from operator import itemgetter
from typing import Final

from engine.content.cid import Cid
from engine.store.place import Slice

_LENGTH: Final = 1024 * 1024  # bytes of one run, unless it is one block
_GAP: Final = 4096  # bytes read for nothing, which take less time than another read

Run = list[tuple[Cid, Slice]]


def runs(slices: Iterable[tuple[Cid, Slice]]) -> Iterator[Run]:
    """Yield slices, ordered by where they lie, cut where another read is better."""
    run: Run = []
    for cid, at in sorted(slices, key=itemgetter(1)):
        if run and not _continues(run[0][1], run[-1][1], at):
            yield run
            run = []
        run.append((cid, at))
    if run:
        yield run


def _continues(first: Slice, last: Slice, at: Slice) -> bool:
    near = at.place == last.place and at.offset <= last.offset + last.length + _GAP
    return near and at.offset + at.length - first.offset <= _LENGTH
