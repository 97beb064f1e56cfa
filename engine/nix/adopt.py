"""adopt: a closure that is here unpacked, put into Nix's store, so that Nix can build on it.

By `nix-store --import`, which takes a stream of archives in the format of `nix-store --export`
(Nix manual, protocols/nix-store-export): each with its path, its references and no deriver.
"""

import struct
import tempfile
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import Final

from engine.errors import Damaged, Unavailable
from engine.nix.command import Command
from engine.nix.nar import string
from engine.nix.records import Closure, ClosurePath
from engine.nix.storepath import STORE_DIR, StorePath
from engine.nix.walk import NarView

_MORE: Final = struct.pack("<Q", 1)
_END: Final = struct.pack("<Q", 0)
_MAGIC: Final = struct.pack("<Q", 0x4558494E)


def adopt(closure: Closure, farm: Path, command: Command) -> None:
    """Make every path of a closure valid in Nix's store; `farm` has them unpacked.

    Raises: Unavailable when Nix does not take them, as a daemon from a user it does not trust;
    Damaged when its paths refer to each other in a ring.
    """
    wanted = [path for path in _ordered(closure) if not _is_there(path, command)]
    if not wanted:
        return
    with tempfile.TemporaryFile() as stream:
        for piece in _exported(wanted, farm):
            stream.write(piece)
        stream.seek(0)
        ended = command.run("nix-store", "--import", source=stream)
    if ended.code:
        raise Unavailable(
            f"Nix does not take an environment given by its CID: {' '.join(ended.messages)[-400:]}",
            where=f"{STORE_DIR}/{closure.roots[0]}",
            fix="name it by {nix}, {flake} or {drv}, or run as a user whom the Nix daemon trusts",
        )


def _is_there(path: ClosurePath, command: Command) -> bool:
    return command.store.physical(StorePath.parse(path.name)).exists()


def _ordered(closure: Closure) -> list[ClosurePath]:
    """Return the paths, each after those that it refers to.

    Raises: Damaged when there is no such order: Nix has never built that.
    """
    by_name = {path.name: path for path in closure.paths}
    needs = {path.name: set(path.references) - {path.name} for path in closure.paths}
    try:
        return [by_name[name] for name in TopologicalSorter(needs).static_order()]
    except CycleError as error:
        what = f"its paths refer to each other in a ring: {', '.join(error.args[1][:3])}"
        raise Damaged(what[:400], where=f"{STORE_DIR}/{closure.roots[0]}") from None


def _exported(paths: list[ClosurePath], farm: Path) -> Iterator[bytes]:
    for path in paths:
        yield _MORE
        yield from NarView.of(farm / path.name).chunks()
        yield _MAGIC + string(f"{STORE_DIR}/{path.name}".encode())
        yield struct.pack("<Q", len(path.references))
        yield from (string(f"{STORE_DIR}/{name}".encode()) for name in path.references)
        yield string(b"") + _END
    yield _END
