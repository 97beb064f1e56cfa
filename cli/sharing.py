"""Sharing: a root that its owner published, from now on anybody's to have."""

from contextlib import suppress

from cli.report import note
from cli.settings import Settings
from cli.workspace import Workspace
from engine.content.cid import Cid
from engine.errors import TallyError, Unavailable
from engine.store.publicity import PUBLISHED


def share(space: Workspace, settings: Settings, root: Cid) -> None:
    """Make all that a root leads to public, durably, and have the node of this home share it.

    Raises: Unavailable on a full disk.
    """
    space.store.pins.pin(root, PUBLISHED)
    if not nudge(settings):
        note("no peer runs in this home: 'tally peer start' shares what was published")


def withdraw(space: Workspace, settings: Settings, root: Cid) -> bool:
    """Make a root public no more; return whether it was."""
    was = space.store.pins.unpin(root, PUBLISHED)
    nudge(settings)
    return was


def nudge(settings: Settings) -> bool:
    """Have the node of this home look again at what is public; return whether there is one."""
    from peers.control_client import connect

    try:
        node = connect(settings.home)
    except Unavailable:
        return False
    with node, suppress(TallyError):
        node.call("published")
    return True
