"""A closure in a binary cache that others made, brought in as an environment."""

from collections.abc import Sequence
from contextlib import closing
from typing import TYPE_CHECKING

from cli.builders import take
from cli.bundlefile import IMPORT_PIN
from cli.names import whole_cid
from cli.nixcache import VOUCHED_PIN
from cli.report import human_size, note
from cli.workspace import Workspace
from engine.errors import Unavailable
from engine.nix.signature import PublicKey
from engine.nix.storepath import StorePath
from engine.step import SYSTEM

if TYPE_CHECKING:
    from engine.nix.cachefiles import CacheFiles
    from engine.nix.environment import Opened
    from engine.nix.substitute import Substitute

_WEB = ("http://", "https://")


def bring(
    space: Workspace, cache: str, wanted: Sequence[str], trusted: Sequence[str], *, offline: bool
) -> "Opened":
    """Bring in what some store paths need, pinned; `trusted`: keys, one of which signed each.

    Raises: Refused for what is no cache, or is not signed by those; Damaged when a NAR is not what
    the cache says; Unavailable when it cannot be had, or the disk is full.
    """
    from engine.nix import bringing
    from engine.nix.substitutes import find

    roots = [StorePath.parse(path) for path in wanted]
    keys = [PublicKey.parse(key) for key in trusted]
    with closing(_files(space, cache, offline=offline)) as files:
        found = find(files, roots, keys or None)
        paths = space.materialiser.paths
        opened = bringing.bring(found, roots, SYSTEM, files, paths, space.store, _tell)
    space.store.pins.pin(opened.cid, IMPORT_PIN)
    _keep_signatures(space, opened, found)
    if (cid := whole_cid(cache)) is not None:
        take(space, cid, opened)
    return opened


def _files(space: Workspace, cache: str, *, offline: bool) -> "CacheFiles":
    """Return the files of the cache that a person named."""
    from engine.nix.cachefiles import ContentCache, FolderCache, folder_of

    if cache.startswith(_WEB):
        if offline:
            fix = "run it without --offline, or import from a folder or a CID"
            raise Unavailable("a cache on the web is not read offline", where=cache, fix=fix)
        from engine.clock import SystemClock
        from engine.nix.webcache import WebCache

        return WebCache(cache, SystemClock())
    cid = whole_cid(cache)
    if cid is not None:
        from engine.sourced import Sourced

        return ContentCache(Sourced(space.store, space.sources, cid).get, cid)
    return FolderCache(folder_of(cache))


def _keep_signatures(space: Workspace, opened: "Opened", found: "Sequence[Substitute]") -> None:
    """Keep what others signed, so that it can be published with it."""
    from engine.nix.vouched import pack

    signed = {one.info.path.base: one.info.signatures for one in found if one.info.signatures}
    if signed:
        made = pack(opened.closure, signed)
        space.store.put(made.blocks)
        space.store.pins.pin(made.link.cid, VOUCHED_PIN)


def _tell(count: int, size: int) -> None:
    if count:
        note(f"store paths to fetch: {count}, {human_size(size)} unpacked")
