"""Publications: what a home was told is published, taken back, named and said; and whether it is.

They are promises as in promises.py, of Open Resources: a part of N1, N2 and N4.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from cli.boundnames import bound
from cli.workspace import Workspace
from engine.clock import SystemClock
from engine.content.cid import Cid
from engine.presence import Presence
from engine.store.public_roots import public_roots
from peers.announcement import Announced
from peers.catalogue_file import CatalogueFile
from peers.own_postings import OwnPostings
from peers.resource import opened

KEYS: Final = ("identity", "nix-cache")


@dataclass
class Publications:
    """What was acknowledged so far, of one home."""

    public: dict[str, int] = field(default_factory=dict)  # Release -> its version
    plain: set[str] = field(default_factory=set)  # roots that are public, and no Releases
    taken: set[str] = field(default_factory=set)  # what is public no more
    meant: dict[str, str] = field(default_factory=dict)  # name -> the Release it was run as
    endorsed: set[str] = field(default_factory=set)  # Releases
    keys: dict[str, bytes] = field(default_factory=dict)  # as they were first seen
    versions: dict[int, str] = field(default_factory=dict)  # of all that was ever made
    expected: str = ""  # the Release that a name is to mean when it is next used

    def check(self, home: Path) -> None:
        """Look whether everything holds.

        Raises: AssertionError, or what reading raised.
        """
        self._check_keys(home)
        with Workspace(home) as space:
            roots = {str(cid) for cid in public_roots(space.store.pins)}
            assert {*self.public, *self.plain} <= roots, "N1: what was published is not public"
            assert not self.taken & roots, "N1: what was taken back is public"
            wanted = [Cid.parse(text) for text in (*self.public, *self.plain)]
            presence = Presence(space.store, space.store.hold)
            assert not wanted or presence.whole(wanted), (
                "N1: some of what was published is not here"
            )
            for text, version in self.public.items():
                assert opened(space.store.get, Cid.parse(text)).resource.version == version
        self._check_names(home)
        self._check_said(home)

    def _check_keys(self, home: Path) -> None:
        for name in KEYS:
            path = home / "keys" / name
            if name in self.keys or path.exists():
                data = path.read_bytes()
                assert self.keys.setdefault(name, data) == data, f"N1: another key: {name}"

    def _check_names(self, home: Path) -> None:
        known = bound(home)
        made = {one.version: str(one.release) for one in known.offered}
        for version, release in made.items():
            known_as = self.versions.setdefault(version, release)
            assert known_as == release, f"N1: version {version} was given twice"
        for release, version in self.public.items():
            assert self.versions.get(version) == release, f"N1: {version} is not noted"
        used = {one.name: str(one.release) for one in known.used}
        for name, release in self.meant.items():
            newer = self._newer(release)  # of which its own author has not been told yet
            assert used.get(name) in (release, *newer), f"N1: the name {name} has moved"

    def _newer(self, release: str) -> list[str]:
        """Return what was made here after a Release that was made here."""
        known = [version for version, made in self.versions.items() if made == release]
        return [made for version, made in self.versions.items() if known and version > known[0]]

    def _check_said(self, home: Path) -> None:
        own = {str(one.release) for one in OwnPostings(home) if isinstance(one, Announced)}
        assert set(self.public) <= own, "N1: an announcement is not kept"
        assert not self.taken & own, "N1: what was taken back is announced again one day"
        if not CatalogueFile.is_here(home):
            return
        with CatalogueFile(home) as file:
            now_ms = SystemClock().now_ms()
            listed = {str(one.release) for one in file.notices(now_ms)}
            assert set(self.public) <= listed, "N1: an announcement is not in the catalogue"
            assert not self.taken & listed, "N1: what was taken back is still announced"
            for text in self.endorsed:
                assert file.endorsements(Cid.parse(text), now_ms), "N1: what was said is gone"
