"""Capture: from paths in a Nix store to an Environment that needs Nix no more.

Every path is kept unpacked once (paths.py), hard-linked with Nix's own where that can be; its NAR
is read from there whenever somebody asks for its blocks. The records hold nothing of this machine:
who captures the same bytes gets the same CIDs.
"""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from engine.content.dagpb import Link
from engine.durable import reached
from engine.errors import Damaged
from engine.nix.carried import KIND, Carried, NarStore, carry
from engine.nix.command import Command
from engine.nix.environment import Opened, make
from engine.nix.inventory import inventory
from engine.nix.nixstore import NixStore
from engine.nix.paths import Paths, groups, locator
from engine.nix.realise import Realised
from engine.nix.records import Closure, ClosurePath
from engine.nix.storepath import STORE_DIR, StorePath
from engine.nix.treewriter import TreeWriter, plant
from engine.nix.walk import NarView, walk


def capture(realised: Realised, command: Command, paths: Paths, store: NarStore) -> Opened:
    """Keep what was realised, and all that it needs, as content.

    Raises: Damaged when Nix's store holds other bytes than it says; Unavailable when a path is
    gone, or the disk is full.
    """
    needed = inventory(command, realised.paths)
    with paths.kept():
        links: dict[str, Link] = {}
        for group in groups(needed):
            links |= keep(group, realised.store, paths, store)
        roots = tuple(path.base for path in realised.paths)
        opened, blocks = make(closure_of(roots, realised.system, needed, paths), links)
        store.put(blocks)
    reached("environment.captured")
    return opened


def keep(
    group: Sequence[ClosurePath], nix: NixStore, paths: Paths, store: NarStore
) -> dict[str, Link]:
    """Unpack paths of Nix's store here unless they are, check them, and let `store` carry them.

    Returns their NARs by name.

    Raises: Damaged when one is not what its ClosurePath says; OSError when it is not there.
    """

    def copy(path: ClosurePath, destination: Path) -> None:
        source = nix.physical(StorePath.parse(path.name))
        writer = TreeWriter(destination)
        plant(writer, b"", walk(source), source)
        writer.finish()

    return keep_made(group, copy, paths, store)


def keep_made(
    group: Sequence[ClosurePath],
    make: Callable[[ClosurePath, Path], None],
    paths: Paths,
    store: NarStore,
) -> dict[str, Link]:
    """Have `make` unpack paths here unless they are, check them, and let `store` carry them.

    Returns their NARs by name.

    Raises: Damaged when one is not what its ClosurePath says; what `make` raises.
    """
    carried: dict[bytes, Carried] = {}

    def made(path: ClosurePath, destination: Path) -> None:
        make(path, destination)
        carried[path.nar_hash] = _checked(path, destination)

    paths.adopt({path.nar_hash: partial(made, path) for path in group})
    for path in group:
        if path.nar_hash not in carried:
            carried[path.nar_hash] = _checked(path, paths.location(path.nar_hash))
        nar = carried[path.nar_hash]
        store.put_derived(KIND, locator(path.nar_hash), nar.leaves, nar.nodes)
    return {path.name: carried[path.nar_hash].link for path in group}


def _checked(path: ClosurePath, place: Path) -> Carried:
    view = NarView.of(place)
    carried = carry(view)
    if (carried.nar_hash, view.size) != (path.nar_hash, path.nar_size):
        raise Damaged(
            "a store path does not have the content that Nix says",
            where=f"{STORE_DIR}/{path.name}",
            fix=f"nix-store --repair-path {STORE_DIR}/{path.name}",
        )
    return carried


def closure_of(
    roots: tuple[str, ...], system: str, needed: tuple[ClosurePath, ...], paths: Paths
) -> Closure:
    """Return the closure of store paths that are unpacked here; `roots` are sorted, as all are."""
    places = {path.name: paths.location(path.nar_hash) for path in needed}
    return Closure(
        store_dir=STORE_DIR,
        system=system,
        roots=roots,
        search_path=tuple(f"{STORE_DIR}/{root}/bin" for root in roots if _has_bin(places[root])),
        paths=needed,
    )


def _has_bin(place: Path) -> bool:
    """Return whether `bin` is there; a link is not followed, since /nix/store may be another's."""
    entry = place / "bin"
    return entry.is_symlink() or entry.is_dir()
