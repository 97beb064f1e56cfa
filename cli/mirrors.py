"""Mirrors: who says to have what a URL has: the runs and Open Resources that this home knows of."""

from collections.abc import Iterator
from contextlib import suppress
from itertools import islice
from typing import TYPE_CHECKING, Final

from cli.workspace import Workspace
from engine.clock import SystemClock
from engine.content.cid import Cid
from engine.content.reader import Get
from engine.errors import Damaged, NotHere, Refused
from engine.mirrors import Mirror, mirrored
from engine.workflow.as_data import decode_workflow
from engine.workflow.lock import LOCK

if TYPE_CHECKING:
    from peers.resource import Opened

MAX_RUNS: Final = 1_000  # the newest: each takes three records
MAX_ANNOUNCED: Final = 3  # anybody may announce what they do not have


def mirrors(space: Workspace, sha256: str) -> Iterator[Mirror]:
    """Yield who says to have a file of that sha256: what is known here first, then strangers."""
    yield from _of_runs(space, sha256)
    yield from _of_releases_here(space, sha256)
    if space.sources:
        yield from _announced(space, sha256)


def reading(space: Workspace, mirror: Mirror) -> Get:
    """Return what gets the blocks of a mirror: of a stranger's one by one, as they turn out right.

    Raises: NotHere when nobody gives them.
    """
    if mirror.is_known:
        space.sources.have([mirror.cid], mirror.within)
    return _getting(space, mirror.within)


def _of_runs(space: Workspace, sha256: str) -> Iterator[Mirror]:
    from engine.summary import load_run

    ended = (row.run for row in space.journal.runs() if row.run is not None)
    for cid in islice(ended, MAX_RUNS):
        with suppress(Damaged, NotHere, Refused):
            run = load_run(space.store, cid)
            records = (cid, run.workflow, run.lock)
            yield from _of(space.store.get, records, sha256, is_known=True)


def _of_releases_here(space: Workspace, sha256: str) -> Iterator[Mirror]:
    from cli.boundnames import pinned

    for one in pinned(space):
        with suppress(Damaged, NotHere, Refused):
            yield from _of_release(space.store.get, one, sha256, is_known=True)


def _announced(space: Workspace, sha256: str) -> Iterator[Mirror]:
    """Yield what announced resources locked, whose records come from whoever has them."""
    from peers.catalogue_file import CatalogueFile
    from peers.resource import opened

    if not CatalogueFile.is_here(space.home):
        return
    digest = bytes.fromhex(sha256)
    with CatalogueFile(space.home) as file:
        notices = file.notices(SystemClock().now_ms())
    having = (one.release for one in notices if digest in one.announcement.digests)
    for release in islice(dict.fromkeys(having), MAX_ANNOUNCED):
        get = _getting(space, release)
        with suppress(Damaged, NotHere, Refused):
            yield from _of_release(get, opened(get, release), sha256, is_known=False)


def _getting(space: Workspace, within: Cid) -> Get:
    return lambda cid: space.sources.get(cid, within)


def _of_release(get: Get, found: "Opened", sha256: str, *, is_known: bool) -> Iterator[Mirror]:
    records = (found.cid, found.resource.workflow, found.resource.lock)
    return _of(get, records, sha256, is_known=is_known)


def _of(
    get: Get, records: tuple[Cid, Cid, Cid], sha256: str, *, is_known: bool
) -> Iterator[Mirror]:
    """Yield what a run or a release, with its workflow and its lock, says of a sha256."""
    within, workflow, lock = records
    found = mirrored(decode_workflow(get(workflow)), LOCK.decode(get(lock))).get(sha256)
    if found is not None:
        yield Mirror(found, within, is_known)
