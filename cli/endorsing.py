"""Endorsing: telling other peers what came of running an Open Resource again."""

from typing import TYPE_CHECKING

from cli.report import note
from cli.settings import Settings
from cli.sharing import nudge
from cli.workspace import Workspace
from engine.clock import SystemClock
from engine.content.cid import Cid

if TYPE_CHECKING:
    from peers.resource import Opened


def tell_others(
    space: Workspace, settings: Settings, release: "Opened", run: Cid, verdict: str
) -> None:
    """Sign what came of it and have the node of this home pass it on.

    Raises: Refused, Unavailable when the key of this peer, or the catalogue, cannot be had.
    """
    from peers.catalogue_file import CatalogueFile
    from peers.endorsement import endorse
    from peers.keyring import Keyring

    now_ms = SystemClock().now_ms()
    identity = Keyring(settings.home / "keys").identity()
    word = endorse(release.cid, run, verdict, identity, now_ms)
    with CatalogueFile(space.home) as file:
        file.put(word.data, now_ms)
    said = f"{identity.peer} ran it again: {verdict}"
    if nudge(settings):
        return note(f"peers are told that {said}")
    return note(f"peers will be told, once 'tally peer start' runs in this home, that {said}")
