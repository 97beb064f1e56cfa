"""Materialiser: a closure as a directory that a step sees as /nix/store. Needs no Nix.

Paths that are not here yet are unpacked from content, each checked against the closure. The
directory is then a farm of hard links to them, so that a step is given its own closure and
nothing else by one mount. While this process lives, no other removes a farm that it was given.
"""

import os
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path

from engine.content.cid import Cid
from engine.durable import reached
from engine.errors import NotHere, Unavailable
from engine.nix.carried import KIND, NarStore
from engine.nix.farms import Farms
from engine.nix.fetched import Fetched
from engine.nix.folder import folder_of
from engine.nix.paths import Paths, Where, groups, locator
from engine.nix.records import CLOSURE, ENVIRONMENT, Closure, ClosurePath, Environment
from engine.nix.storepath import STORE_DIR
from engine.nix.treewriter import TreeWriter, is_untouched, plant
from engine.nix.walk import walk


class Materialiser:
    """Makes closures exist below `work`. Safe for many threads and processes."""

    def __init__(self, work: Path, store: NarStore) -> None:
        self.paths = Paths(work)
        self.farms = Farms(work)
        self._store = store
        self._sound: set[Cid] = set()  # closures that this process has looked at, or made

    def ensure(self, closure: Closure, environment: Environment | None = None) -> Path:
        """Return the farm of a closure, made unless it is here.

        Raises: Damaged, naming the store path, when its NAR is not what the closure says;
        Unavailable when content is not here (all of it, with no environment), or the disk is full.
        Nothing is left half made; paths that were unpacked stay for the next time.
        """
        cid = CLOSURE.cid(closure)
        farm = self.farms.use(cid)
        if farm is not None and (cid in self._sound or is_untouched(farm)):
            self._sound.add(cid)
            return farm
        if farm is not None:
            self._give_up(cid)
        with self.paths.kept():
            missing = {path.nar_hash: path for path in closure.paths if not self._is_here(path)}
            self._check_space(missing.values())
            making = partial(self._make, closure, missing, environment)
            return self.farms.add(cid, making)

    def forget(self, environments: Iterable[Cid]) -> None:
        """Remove the farms of environments, before their records go; not those that are in use.

        Raises: Damaged when a record is.
        """
        for cid in environments:
            with suppress(NotHere):  # a record that is not here has no farm that is wanted
                self.farms.forget(ENVIRONMENT.decode(self._store.get(cid)).closure)

    def sweep(self, live: Callable[[], Collection[str]]) -> int:
        """Remove the unpacked paths whose NARs no store needs any more; return how many.

        `live` returns the locators of KIND that the content store still makes blocks from. Call
        this after the store was collected.
        """
        self.farms.sweep()
        return self.paths.sweep(live)

    def _give_up(self, cid: Cid) -> None:
        """Remove a farm that somebody wrote to.

        Raises: Unavailable while another process uses it.
        """
        self.farms.release(cid)
        if not self.farms.forget(cid):
            raise Unavailable(
                "an environment was written to, and another process uses it",
                where=str(cid),
                fix="wait until that has ended, then run the command again",
            )

    def _is_here(self, path: ClosurePath) -> bool:
        """Return whether a path is unpacked here; one that somebody wrote to is put away."""
        if not self.paths.has(path.nar_hash):
            return False
        place = self.paths.location(path.nar_hash)
        if is_untouched(place) or self.paths.restored(path.nar_hash):
            return True
        self.paths.put_away(path.nar_hash)
        return False

    def _check_space(self, missing: Iterable[ClosurePath]) -> None:
        """Hold what paths claim to need against the disk, before anything is unpacked."""
        needed = sum(path.nar_size for path in missing)
        free = self.paths.free_bytes() if needed else 0
        if needed > free:
            raise Unavailable(
                f"unpacking an environment takes {needed} bytes and {free} are free",
                where=str(self.paths.location(b"").parent),
                fix="free some space, or run `tally gc`, then run the command again",
            )

    def _make(
        self,
        closure: Closure,
        missing: Mapping[bytes, ClosurePath],
        environment: Environment | None,
        place: Path,
    ) -> None:
        """Unpack what is missing, and plant all of a closure at `place`."""
        farm = TreeWriter(place)
        farm.directory(b"")
        self._plant(
            farm, (p for p in closure.paths if p.nar_hash not in missing), self.paths.location
        )
        for group in groups(sorted(missing.values(), key=lambda path: -path.nar_size)):
            hashes = {path.nar_hash for path in group}
            alike = [path for path in closure.paths if path.nar_hash in hashes]
            self._unpack(group, environment, partial(self._plant, farm, alike))
        farm.finish()

    def _unpack(
        self,
        group: Sequence[ClosurePath],
        environment: Environment | None,
        meanwhile: Callable[[Where], None],
    ) -> None:
        """Unpack some paths, with one flush for all; the store then makes their NARs from them."""
        nars = {path.nar_hash: self._nar(path, environment) for path in group}
        makers = {path.nar_hash: partial(nars[path.nar_hash].to, path) for path in group}
        self.paths.adopt(makers, meanwhile)
        reached("path.unpacked")
        for nar_hash, nar in nars.items():
            if nar.leaves is not None:
                self._store.put_derived(KIND, locator(nar_hash), nar.leaves, (), instead=True)
        reached("path.carried")

    def _nar(self, path: ClosurePath, environment: Environment | None) -> Fetched:
        nar = environment.nars.get(path.name) if environment is not None else None
        if nar is None:
            raise NotHere(
                "a store path of this environment is not here",
                where=f"{STORE_DIR}/{path.name}",
                fix="import a bundle that has it, or build it with Nix: `tally env build WORKFLOW`",
            )
        return Fetched(self._store.get, nar)

    def _plant(self, farm: TreeWriter, paths: Iterable[ClosurePath], where: Where) -> None:
        for path in paths:
            source = where(path.nar_hash)
            plant(farm, os.fsencode(path.name), walk(source), source)


def shell_of(closure: Closure, farm: Path) -> str | None:
    """Return what /bin/sh is in a closure, as a step sees it; None when no root has one."""
    for root in closure.roots:
        folder = folder_of(farm, f"{STORE_DIR}/{root}/bin")
        if folder is not None and os.path.lexists(folder / "sh"):
            return f"{STORE_DIR}/{root}/bin/sh"
    return None


def programs_of(closure: Closure, farm: Path) -> dict[str, str]:
    """Return the programs on a closure's PATH by name, each with its place as a step sees it."""
    found: dict[str, str] = {}
    for directory in closure.search_path:
        folder = folder_of(farm, directory)
        for name in sorted(place.name for place in folder.iterdir()) if folder is not None else ():
            found.setdefault(name, f"{directory}/{name}")
    return found
