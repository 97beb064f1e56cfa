"""Substitutes: what some store paths need, to the last of it, in a binary cache of others."""

from collections.abc import Collection, Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Final

from engine.errors import Damaged, NotHere, Refused
from engine.nix import narinfo, substitute
from engine.nix.cachefiles import CacheFiles, Missing, whole
from engine.nix.signature import PublicKey
from engine.nix.storepath import StorePath
from engine.nix.substitute import MAX_PATHS, Substitute

_INFO: Final = "nix-cache-info"
_LONGEST: Final = 64 * 1024  # bytes of that


def find(
    files: CacheFiles, roots: Iterable[StorePath], keys: Collection[PublicKey] | None
) -> tuple[Substitute, ...]:
    """Return all that `roots` need, themselves too, sorted by name; with `keys`, all trusted.

    Raises: Refused when it is no cache, or a path is signed by none of `keys`; NotHere when it has
    not all of it; Damaged, Unavailable as CacheFiles.
    """
    _check(files)
    found: dict[StorePath, Substitute] = {}
    wanted = sorted(set(roots))
    with ThreadPoolExecutor(files.at_once, "narinfo") as threads:
        while wanted:
            for one in threads.map(partial(_ask, files), wanted):
                found[one.info.path] = one
                if keys is not None:
                    substitute.check_trust(one, keys)
            below = {path for want in wanted for path in found[want].info.references}
            wanted = sorted(below - found.keys())
            if len(found) + len(wanted) > MAX_PATHS:
                raise Damaged(f"a closure of over {MAX_PATHS} store paths", where=files.where)
    return tuple(found[path] for path in sorted(found))


def _check(files: CacheFiles) -> None:
    try:
        told = whole(files, _INFO, _LONGEST)
    except Missing:
        fix = "name the folder or address that has 'nix-cache-info' in it"
        raise Refused("this is no binary cache of Nix", where=files.where, fix=fix) from None
    substitute.check_store(told)


def _ask(files: CacheFiles, path: StorePath) -> Substitute:
    try:
        data = whole(files, f"{path.digest}.narinfo", narinfo.MAX_BYTES)
    except Missing as error:
        what = f"a binary cache has not all of it: {path} is missing"
        raise NotHere(what, where=files.where, fix=error.fix) from None
    return substitute.parse(data, path)
