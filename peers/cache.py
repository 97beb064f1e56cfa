"""Cache: which content that others had brought here is kept for the next time. Pure.

Environments, and inputs of many blocks; what is small is had again in no time. The last used first,
as long as all of it fits in what is lent of the disk.
"""

from collections.abc import Sequence, Set
from typing import NamedTuple

from engine.content.cid import Cid


class Cached(NamedTuple):
    """Something that is kept."""

    root: Cid
    is_environment: bool
    size: int  # bytes


def to_drop(cached: Sequence[Cached], needed: Set[Cid], quota: int) -> list[Cached]:
    """Return what goes, of what is cached, the last used first; what is needed now stays."""
    room = quota - sum(one.size for one in cached if one.root in needed)
    gone = []
    for one in cached:
        if one.root in needed:
            continue
        if one.size <= room:
            room -= one.size
        else:
            gone.append(one)
    return gone
