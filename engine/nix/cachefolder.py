"""A binary cache as real files, for a Nix that reads `file://` or a web server.

Peers and gateways need no such copy: they serve the UnixFS directory itself.
"""

from pathlib import Path

from engine.content import reader
from engine.content.blocks import BlockStore
from engine.content.cid import Cid
from engine.nix.settle import settle


def write_cache(store: BlockStore, cid: Cid, destination: Path) -> None:
    """Write a cache directory, signed or not, to `destination`, where nothing is.

    Raises: Unavailable when some of it is not here, or the disk is full; Damaged when it is not
    well-formed.
    """

    def make(place: Path) -> None:
        place.mkdir()
        for link in reader.entries(store.get, cid):
            if reader.stat(store.get, link.cid).kind == "directory":
                (place / link.name).mkdir()
                for nar in reader.entries(store.get, link.cid):
                    _write(store, nar.cid, place / link.name / nar.name)
            else:
                _write(store, link.cid, place / link.name)

    settle(destination, make)


def _write(store: BlockStore, cid: Cid, place: Path) -> None:
    with place.open("xb") as file:
        for piece in reader.read(store.get, cid):
            file.write(piece)
