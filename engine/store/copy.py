"""Copying: the content of one file from a store to a descriptor, every byte checked.

Where the store has the file whole, the kernel copies it and each leaf is checked where it arrived
(flow.py). Otherwise it is put together from its blocks.
"""

import os
from contextlib import suppress
from pathlib import Path

from engine.content.cid import Cid
from engine.content.reader import leaves, read
from engine.errors import Damaged
from engine.filesystem import write_all
from engine.store.base import SMALL, ContentStore
from engine.store.flow import Flow


def copy_content(store: ContentStore, cid: Cid, size: int, descriptor: int, folder: Path) -> None:
    """Write the file `cid` to an empty one in `folder`; on an error some may be written.

    Raises: Damaged when it is not `size` bytes long or malformed; Unavailable when some is missing
    or the disk is full.
    """
    whole = store.path_of(cid) if size > SMALL else None
    if whole is not None:
        if _from_whole(store, whole, cid, size, descriptor, folder):
            return
        os.ftruncate(descriptor, 0)
        os.lseek(descriptor, 0, os.SEEK_SET)
    copied = 0
    for data in read(store.get, cid):
        write_all(descriptor, data)
        copied += len(data)
    if copied != size:
        raise Damaged(f"a file of {copied} bytes that is linked as {size}", where=str(cid))


def _from_whole(
    store: ContentStore, whole: Path, cid: Cid, size: int, descriptor: int, folder: Path
) -> bool:
    """Copy a whole file; False when it is not what it should be: the store knows what to do."""
    with (
        suppress(OSError),
        whole.open("rb", buffering=0) as file,
        Flow(file.fileno(), descriptor, size, folder) as flow,
    ):
        return all(leaf.matches(flow.read(n)) for leaf, n in leaves(store.get, cid, size))
    return False
