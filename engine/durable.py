"""Durable: a name for each moment in which something becomes durable, or is about to.

A process may be killed at any of them, and nothing that was acknowledged may be lost. Naming them
lets a test be there (tests/long/points.py): each is an audit event, as the interpreter has its
own, so that nobody listens unless a hook was added, and it costs 0.2 us. It decides nothing.

>>> reached("pack.synced")
"""

import sys
from typing import Final, Literal

EVENT: Final = "tallystick.durable"

# part.moment: what has just been done. What is not yet done is what follows it in its file.
Point = Literal[
    # a database file (sqlite.py), of the store and of the home
    "database.opened",  # its tables are there
    "database.changed",  # all of a change was made, but its commit
    "database.committed",
    # one that was damaged, made anew (salvage.py)
    "salvage.made",
    "salvage.cleared",  # the old one's logs are away
    "salvage.named",
    # packs of small blocks (store/packs.py, store/writer.py)
    "pack.made",  # an empty file, not durable by its name
    "pack.named",
    "pack.entered",  # in the index
    "pack.taken",  # from another process, and what it left behind its end cut off
    "pack.written",  # bytes without a sync
    "pack.synced",
    "batch.entered",  # rows that stand for them, but the commit
    "batch.kept",
    # whole files (store/whole.py)
    "file.begun",
    "file.written",
    "file.synced",
    "file.renamed",  # in files/, not durable by its name
    "file.named",
    "file.kept",
    # leases, pins, what is borrowed (store/leases.py, pins.py, borrowed.py)
    "lease.made",
    "lease.deleted",  # its row, not its file
    "lease.removed",
    "pin.logged",
    "pin.kept",
    "pin.dropped",
    "borrowed.entered",
    # damage put aside (store/quarantine.py)
    "damage.copied",
    "damage.dropped",
    "damage.linked",
    "damage.retired",
    "damage.removed",
    # collecting (store/reserve.py, gc.py, space.py)
    "reserve.given",
    "reserve.made",
    "gc.marked",
    "gc.swept",
    "gc.retired",
    "gc.spared",
    "gc.cleared",  # strays are gone
    "gc.removed",  # a file is, its row is not
    "gc.emptied",
    "gc.moved",
    "index.found",  # again, from packs and files, but the commit (store/recover.py)
    "index.refound",
    # trees written out (store/get.py, staging.py), and hidden (trees.py)
    "get.written",
    "get.named",
    "stage.made",
    "stage.hidden",
    "stage.discarded",
    # environments (nix/settle.py, paths.py, farms.py, closure.py, capture.py)
    "tree.made",
    "tree.synced",
    "tree.renamed",
    "tree.named",
    "path.unpacked",
    "path.carried",
    "path.hidden",
    "path.put-away",
    "farm.stamped",
    "farm.unstamped",
    "farm.hidden",
    "farm.removed",
    "environment.captured",
    # results and runs (recorder.py, journal.py, repeats.py; cli/execute.py)
    "record.stored",
    "record.entered",
    "record.durable",
    "run.begun",
    "run.continued",
    "run.stored",
    "run.ended",
    "run.adopted",
    "run.repeated",
    "run.forgotten",
    # bundles and files of the user (bundle.py; cli)
    "bundle.written",
    "bundle.named",
    "bundle.taken",
    "lock.written",
    "lock.named",
    # Open Resources, what is said of them, and the keys that sign it (cli/publish.py;
    # peers/own_postings.py, keyring.py)
    "release.made",  # with a number, and not public yet
    "word.kept",
    "word.dropped",
    "key.noted",  # where it is to be, and that it has signed nothing
    "key.named",
]


def reached(point: Point) -> None:
    """Say that a moment has come, to whoever listens."""
    sys.audit(EVENT, point)
