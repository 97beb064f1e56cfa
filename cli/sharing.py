"""Sharing: a root that its owner published, from now on anybody's to have."""

from contextlib import suppress

from cli.report import note
from cli.settings import Settings
from cli.workspace import Workspace
from engine.content.cid import Cid
from engine.errors import TallyError, Unavailable
from engine.store.public_roots import PUBLIC_PIN, public_roots


def share(space: Workspace, settings: Settings, root: Cid) -> None:
    """Make all that a root leads to public, durably; have peers and the IPFS node here share it.

    Raises: Unavailable on a full disk, or when the IPFS node refuses it.
    """
    space.store.pins.pin(root, PUBLIC_PIN)
    if not space.is_online:
        note("it is shared when a peer runs in this home: 'tally peer start'")
        return
    from cli.ipfs import give  # whoever publishes nothing needs no client of it

    has_peer, is_given = nudge(settings), give(settings, space.store, root)
    if is_given:
        note("the IPFS node of this machine has it, and says so to others")
    if not has_peer:
        note("no peer runs in this home: 'tally peer start' shares what was published")


def withdraw(space: Workspace, settings: Settings, root: Cid) -> bool:
    """Make a root public no more; return whether it was."""
    from cli.ipfs import take_back

    is_public = root in public_roots(space.store.pins)
    if is_public:
        take_back(settings, root)  # first: what is public no more cannot be named again
        space.store.pins.unpin(root, PUBLIC_PIN)
    nudge(settings)
    return is_public


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
