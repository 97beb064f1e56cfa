"""What of credit is signed by the node of a home, or here while none runs."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

from engine.errors import Refused, Unavailable
from peers.credits import Credits
from peers.identity import PeerId

if TYPE_CHECKING:
    from peers.keyring import Identity


def grant(home: Path, peer: PeerId, amount: Credits) -> None:
    """Have the limit set: by the node of this home, or here while none runs."""
    if not _told(home, peer, amount):
        _sign(home, peer, amount)


def _told(home: Path, peer: PeerId, amount: Credits) -> bool:
    """Tell the node to lend a peer so much; False when none runs."""
    from peers.control_client import connect

    try:
        node = connect(home)
    except Unavailable:
        return False
    with node:
        node.call("limit", str(peer), str(amount))
    return True


def _sign(home: Path, peer: PeerId, amount: Credits) -> None:
    """Enter a limit in the ledger; the peer is told when a node runs."""
    from peers import granting
    from peers.ledger_book import signing

    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    identity = identity_of(home)
    if peer == identity.peer:
        raise Refused("nobody lends to themselves", fix="give another peer's id")
    with signing(home, identity.peer) as book:
        granting.grant(book, identity, peer, amount)


def met(home: Path) -> frozenset[PeerId]:
    """Return whom the node of a home knows; whom its user named while none runs.

    Raises: Refused, Unavailable when the file with those cannot be read.
    """
    from peers.addressbook import AddressBook
    from peers.control_client import connect

    try:
        node = connect(home)
    except Unavailable:
        return AddressBook(home / "peers").peers()
    with node:
        known = json.loads(str(node.call("status")))["peers"]
    return frozenset(PeerId.parse(one["peer"]) for one in known)


def identity_of(home: Path) -> "Identity":
    """Return the key of the peer of a home, made when absent."""
    from peers.keyring import Keyring

    return Keyring(home / "keys").identity()


def ask_node(home: Path, *words: str) -> None:
    """Ask the node of a home, which has to run: the other side has to be told.

    Raises: Unavailable when none runs; Refused as it does.
    """
    from peers.control_client import connect

    with connect(home) as node:
        node.call(*words)
