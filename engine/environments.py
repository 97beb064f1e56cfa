"""Environments: from what a workflow names, or its lock file pins, to environments that are here.

A pinned environment comes from the store, else from elsewhere (sources.py), else from building
the pinned derivation, which must give the pinned address.
Only an environment that is not pinned is evaluated.
"""

import hashlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from engine.content.blocks import BlockStore
from engine.content.cid import Cid
from engine.errors import Differs, NotHere, Nowhere, Unavailable
from engine.nix.environment import Opened, open_environment
from engine.nix.source import Carried, Flake, NixFile, Recipe, Requirements, Source, Stored
from engine.nix.sourcehash import source_hash
from engine.nix.storepath import StorePath
from engine.step import SYSTEM
from engine.values import dataclass
from engine.workflow.environment_sources import options_of
from engine.workflow.lock import LockedEnvironment, LockFile, Pin, PinnedEnvironment
from engine.workflow.model import EnvironmentSource

ENVIRONMENT_PIN: Final = "environment"  # of one that was used here; it does not count as pinned


@dataclass(frozen=True, slots=True)
class Built:
    """An environment made by Nix, and the derivation to pin: "" for a given store path."""

    opened: Opened
    derivation: str


@dataclass(frozen=True, slots=True)
class Settled:
    """An environment that is here, as it goes into a lock; `changed`: its Nix source was edited."""

    opened: Opened
    pin: PinnedEnvironment
    changed: bool

    @property
    def locked(self) -> LockedEnvironment:
        """What a Run's Lock says of it."""
        pin = self.pin.systems[SYSTEM]
        closure = self.opened.closure_cid
        return LockedEnvironment(pin.environment, closure, pin.derivation, self.pin.source)


Build = Callable[[Source | Requirements], Built]
Place = Callable[[Opened], object]  # unpacks it; raises Unavailable when its content is not here
Accept = Callable[[Cid, Opened], None]  # of one named by a CID; raises when it may not be used
Bring = Callable[[Cid], None]  # has all of one here; raises NotHere when nobody gives it


class Environments:
    """The environments of one workflow, whose relative paths begin at `base`."""

    def __init__(
        self,
        store: BlockStore,
        base: Path,
        place: Place,
        build: Build | None,
        bring: Bring | None = None,
        accept: Accept | None = None,
    ) -> None:
        """Unpack with `place`, build with `build`; None forbids every use of Nix, as offline.

        What is not here is had with `bring`, if anybody can be asked. What was not just built is
        used when `accept` lets it.
        """
        self._store = store
        self._base = base
        self._place = place
        self._build = build
        self._bring = bring
        self._accept = accept

    def settle(
        self,
        sources: Mapping[str, EnvironmentSource],
        lock: LockFile | None,
        *,
        evaluate: bool = False,
    ) -> dict[str, Settled]:
        """Return every environment: by its pin where the lock file has one, made where not.

        A pinned derivation that is not here is evaluated again with `evaluate` only.

        Raises: Refused, StepFailed as Nix says; Differs when a pinned derivation gives something
        else; Unavailable for what cannot be had here.
        """
        pins = lock.environments if lock is not None else {}
        return {
            name: self._settle(name, sources[name], pins.get(name), evaluate)
            for name in sorted(sources)
        }

    def make(self, name: str, source: EnvironmentSource) -> Settled:
        """Evaluate and build what an author named; a CID is opened.

        Raises: Refused, StepFailed as Nix says; Unavailable when it cannot be had here.
        """
        built = self._make(name, source)
        pin = Pin(built.derivation, built.opened.cid)
        pinned = PinnedEnvironment(self._fingerprint(source), {SYSTEM: pin})
        return Settled(built.opened, pinned, changed=False)

    def open(self, cid: Cid) -> Opened:
        """Return the environment that a CID names, which is here then, unpacked.

        Raises: Refused when it is none; NotHere when it cannot be had; Damaged when it is wrong.
        """
        try:
            return self._open(cid)
        except NotHere:
            if self._bring is None:
                raise
        self._bring(cid)
        return self._open(cid)

    def _settle(
        self,
        name: str,
        source: EnvironmentSource,
        pinned: PinnedEnvironment | None,
        evaluate: bool,
    ) -> Settled:
        if pinned is None or SYSTEM not in pinned.systems:
            return self.make(name, source)
        pin = pinned.systems[SYSTEM]
        try:
            opened = self._pinned(name, pin)
        except Unavailable:
            if not evaluate:
                raise
            opened = _same(name, self._make(name, source).opened, pin)
        return Settled(opened, pinned, changed=self._has_changed(source, pinned.source))

    def _make(self, name: str, source: EnvironmentSource) -> Built:
        if source.form == "cid":
            return Built(self.open(Cid.parse(source.source)), "")
        if self._build is None:
            raise Unavailable(
                f"environment '{name}' is not locked, and making it needs Nix",
                where=source.source,
                fix="run once without --offline; that writes the lock",
            )
        return self._build(self._source(source))

    def _pinned(self, name: str, pin: Pin) -> Opened:
        try:
            return self.open(pin.environment)
        except NotHere as error:
            absent = error
        if self._build is None or not pin.derivation:
            raise _not_here(name, pin, absent)
        try:
            built = self._build(Recipe.parse(pin.derivation))
        except Unavailable as error:
            raise _nor_built(error, absent) from None
        return _same(name, built.opened, pin)

    def _open(self, cid: Cid) -> Opened:
        opened = open_environment(self._store, cid)
        if self._accept is not None:
            self._accept(cid, opened)
        self._place(opened)
        return opened

    def _has_changed(self, source: EnvironmentSource, pinned: str) -> bool:
        """Return whether the Nix source is another one; not so when it is not here to compare."""
        try:
            return self._fingerprint(source) != pinned
        except Unavailable:
            return False

    def _fingerprint(self, source: EnvironmentSource) -> str:
        if source.form == "cid":
            return f"sha256:{hashlib.sha256(source.source.encode()).hexdigest()}"
        return f"sha256:{source_hash(self._source(source))}"

    def _source(self, source: EnvironmentSource) -> Source | Requirements:
        if source.form == "requirements":
            more = options_of(source)
            python = self._python(more.python) if more.python is not None else None
            file = (self._base / source.source).resolve()
            return Requirements(file, python, more.extras, more.groups, more.without)
        return self._nix_source(source)

    def _python(self, source: EnvironmentSource) -> Source | Carried:
        if source.form == "cid":
            return Carried(Cid.parse(source.source))
        return self._nix_source(source)

    def _nix_source(self, source: EnvironmentSource) -> Source:
        if source.form == "nix":
            return NixFile((self._base / source.source).resolve(), source.attribute)
        if source.form == "flake":
            return Flake(source.source, self._base.resolve())
        if source.form == "store":
            return Stored(StorePath.parse(source.source))
        if source.form == "drv":
            return Recipe.parse(source.source)
        raise AssertionError(source.form)  # the parser knows no other


def lock_file(settled: Mapping[str, Settled], before: LockFile | None) -> LockFile:
    """Return the lock file that pins these; pins for other systems are kept."""
    old = before.environments if before is not None else {}
    return LockFile({name: _merged(one.pin, old.get(name)) for name, one in settled.items()})


def _merged(pin: PinnedEnvironment, old: PinnedEnvironment | None) -> PinnedEnvironment:
    """Return a pin with those of other systems, as far as they are of the same source."""
    if old is None or old.source != pin.source:
        return pin
    return PinnedEnvironment(pin.source, {**old.systems, **pin.systems})


def _same(name: str, built: Opened, pin: Pin) -> Opened:
    """Return what was built for a pin.

    Raises: Differs when it is not what is pinned.
    """
    if built.cid != pin.environment:
        raise Differs(
            f"environment '{name}' was built again and is {built.cid}, not what is locked",
            where=str(pin.environment),
            fix="if the new one is right, lock it: `tally env lock WORKFLOW`",
        )
    return built


def _not_here(name: str, pin: Pin, absent: NotHere) -> NotHere:
    what, where = f"environment '{name}' is locked but not here", str(pin.environment)
    fix = "import a bundle that has it, or run without --offline on a machine with Nix"
    if not isinstance(absent, Nowhere):
        return NotHere(what, where=where, fix=fix)
    return Nowhere(what, where=where, fix=fix, asked=absent.asked, ways=absent.ways)


def _nor_built(error: Unavailable, absent: NotHere) -> Unavailable:
    """Return why one cannot be built, and who was asked for it before."""
    if not isinstance(absent, Nowhere):
        return error
    what = f"{error.what}; and the environment does not come from {absent.asked}"
    fix = ", or ".join(filter(None, (error.fix, absent.ways)))
    return Unavailable(what, where=error.where, fix=fix)
