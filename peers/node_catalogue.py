"""The catalogue of a node, put together."""

from contextlib import ExitStack

from engine.runner import Signer
from peers.catalogue_keeper import CatalogueKeeper
from peers.herald import Herald
from peers.identity import PeerId
from peers.node_ground import Ground
from peers.node_home import Home


def open_herald(home: Home, signer: Signer, ground: Ground, closing: ExitStack) -> Herald:
    """Open it: the file itself is opened in a thread of its own."""
    keeper = CatalogueKeeper(home.folder, signer, home.published)
    herald = Herald(ground, PeerId(signer.public_key), keeper, home.named.peers)
    closing.callback(herald.close)
    return herald
