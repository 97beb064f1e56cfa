"""Rerunnable: what a word given to `tally rerun` stands for: a run, a bundle, an Open Resource."""

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from cli.workspace import Workspace
from engine.content.cid import Cid
from engine.errors import Refused

if TYPE_CHECKING:
    from cli.bundlefile import Look
    from engine.rows import RunRow
    from engine.thin import Thin
    from peers.resource import Opened
    from peers.run_receipts import Bill


class Rerunnable(NamedTuple):
    """What is to be run again."""

    run: Cid
    bill: "Bill | None" = None  # of a file, what its receipts say
    release: "Opened | None" = None  # the Open Resource whose run it is
    thin: "Thin | None" = None  # the part of it that there is, of a thin bundle


def find(space: Workspace, text: str, look: "Look | None" = None) -> Rerunnable:
    """Return the Run that `text` names; a file is imported, and the receipts in it looked at.

    `look`: as of `read_bundle`.
    """
    from cli.names import is_run, whole_cid
    from cli.partial import part_of, thin_at
    from cli.runview import find_row, is_known

    if is_file(text):
        return imported(space, Path(text), look)
    cid = whole_cid(text)
    if cid is not None and is_run(space, cid):
        return Rerunnable(cid, thin=part_of(space, cid))
    if cid is not None and (thin := thin_at(space, cid)) is not None:
        return Rerunnable(thin.whole, thin=thin)
    if cid is None and is_known(space, text):
        return Rerunnable(_ended(space.journal.find(text)))
    from cli.boundnames import bind
    from cli.resources import example, find_release

    if (release := find_release(space, text)) is not None:
        run = example(space, release)
        bind(space, text, release)
        return Rerunnable(run, None, release)
    return Rerunnable(_ended(find_row(space, text)))


def resource_of(space: Workspace, text: str) -> "Opened | None":
    """Return the Open Resource that a word names; None when it names a run, or nothing.

    Raises: Refused when it is not said whose; Unavailable when it does not come.
    """
    from cli.names import is_run, whole_cid
    from cli.runview import is_known

    cid = whole_cid(text)
    if is_known(space, text) or (cid is not None and is_run(space, cid)):
        return None
    from cli.resources import find_release

    return find_release(space, text)


def _ended(found: "RunRow") -> Cid:
    if found.run is None:
        raise Refused(f"run '{found.name}' has not ended", fix="wait, or cancel it")
    return found.run


def is_file(text: str) -> bool:
    """Return whether a word names a bundle file."""
    path = Path(text)
    return path.suffix == ".car" or path.is_file()


def imported(space: Workspace, path: Path, look: "Look | None" = None) -> Rerunnable:
    """Return the Run in a bundle file, imported, with what the receipts in it come to.

    Raises: as `read_bundle` does; Damaged when receipts do not hold.
    """
    from cli.bundlefile import read_bundle
    from cli.partial import thin_at
    from cli.resources import example, release_in
    from engine.bundle import run_in

    roots = read_bundle(space, path, look)
    if (release := release_in(space, roots)) is not None:
        return Rerunnable(example(space, release), None, release)
    if (thin := thin_at(space, roots[0])) is not None:
        return Rerunnable(thin.whole, thin=thin)
    run = run_in(space.store, roots)
    if len(roots) == 1:
        return Rerunnable(run)
    from peers.run_bill import bill_of

    return Rerunnable(run, bill_of(space.store, run, roots))
