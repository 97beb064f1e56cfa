"""Bringing: from a closure in a binary cache of others to an Environment. Needs no Nix.

Each NAR is unpacked as it comes, and kept when it is what its narinfo says; what has come is there
the next time, so that whoever was interrupted goes on.
"""

import hashlib
from collections.abc import Callable, Collection, Iterator, Sequence
from pathlib import Path
from typing import Final

from engine.content.dagpb import Link
from engine.errors import Damaged, Unavailable
from engine.nix.cachefiles import CacheFiles
from engine.nix.capture import closure_of, keep_made
from engine.nix.carried import NarStore
from engine.nix.decompress import decompressed
from engine.nix.environment import Opened, make
from engine.nix.paths import Paths, groups
from engine.nix.records import ClosurePath
from engine.nix.storepath import STORE_DIR, StorePath
from engine.nix.substitute import Substitute
from engine.nix.unpack import unpack

TOGETHER: Final = 64 * 1024 * 1024  # bytes unpacked until they are kept: what Ctrl-C may cost

Tell = Callable[[int, int], None]  # how many paths are to come, and of how many bytes


def bring(
    found: Sequence[Substitute],
    roots: Collection[StorePath],
    system: str,
    files: CacheFiles,
    paths: Paths,
    store: NarStore,
    tell: Tell,
) -> Opened:
    """Have all of a closure that was found in a cache, as the environment of `roots`.

    Raises: Damaged, naming the store path, when its NAR is not what the cache says; Refused for a
    compression that is not read here; Unavailable when the cache, or the disk, has not enough.
    """
    by_name = {one.info.path.base: one for one in found}
    needed = tuple(one.path for one in found)

    def fetch(path: ClosurePath, place: Path) -> None:
        unpack(_nar(by_name[path.name], files), path, place)

    with paths.kept():
        _check_space([one for one in needed if not paths.has(one.nar_hash)], paths, tell)
        links: dict[str, Link] = {}
        for group in groups(needed, TOGETHER):
            links |= keep_made(group, fetch, paths, store)
        closure = closure_of(tuple(sorted(root.base for root in set(roots))), system, needed, paths)
        opened, blocks = make(closure, links)
        store.put(blocks)
    return opened


def _check_space(missing: Sequence[ClosurePath], paths: Paths, tell: Tell) -> None:
    """Hold what is to come against the disk, before any of it does."""
    needed = sum(path.nar_size for path in missing)
    free = paths.free_bytes()
    if needed > free:
        raise Unavailable(
            f"this environment takes {needed} bytes and {free} are free",
            where=str(paths.location(b"").parent),
            fix="free some space, or run `tally gc`, then run the command again",
        )
    tell(len(missing), needed)


def _nar(one: Substitute, files: CacheFiles) -> Iterator[bytes]:
    """Yield the NAR of a path.

    Raises: as bring.
    """
    try:
        yield from decompressed(_file(one, files), one.compression)
    except Damaged as error:
        error.where = error.where or f"{STORE_DIR}/{one.info.path.base}"
        raise


def _file(one: Substitute, files: CacheFiles) -> Iterator[bytes]:
    """Yield a NAR as it is compressed; at its end it is checked to be what the cache says."""
    digest = hashlib.sha256()
    size = 0
    for chunk in files.read(one.info.url, one.longest):
        digest.update(chunk)
        size += len(chunk)
        yield chunk
    if one.file_size not in (None, size) or one.file_hash not in (None, digest.digest()):
        raise Damaged("a file of a binary cache is not what its narinfo says")
