"""Unannounced: Open Resources that are kept in a home, and of which no announcement is there.

They were run by their CID, or came in a file: IPFS and bundles carry no announcements.
"""

from collections.abc import Iterable
from pathlib import Path

from cli.boundnames import pinned
from cli.workspace import Workspace
from peers.announcement import Announced, Announcement
from peers.resource import Opened


def unannounced(home: Path, announced: Iterable[Announced]) -> list[Announced]:
    """Return what is kept here besides, as if it were announced, by nobody's signature."""
    if not (home / "store").exists():
        return []
    told = {one.release for one in announced}
    with Workspace(home) as space:
        return [_as_announced(space, one) for one in pinned(space) if one.cid not in told]


def _as_announced(space: Workspace, found: Opened) -> Announced:
    one = found.resource
    said = Announcement(
        release=space.store.get(found.cid),
        name=one.name,
        version=one.version,
        title=one.title,
        summary=one.description,
        licence=one.licence,
        digests=(),
        serial=0,
        made_ms=one.made_ms,
        expires_ms=one.made_ms,
    )
    return Announced(said, found.author, found.cid, b"")  # no signed bytes: there are none
