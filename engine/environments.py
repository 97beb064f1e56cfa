"""Environments: from what a workflow names, or a lock pins, to closures that are here.

A locked environment comes from the store, and else from building the locked derivation, which
must give the locked address. Only an environment that is not locked is evaluated.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from engine.content.blocks import BlockStore
from engine.content.cid import Cid
from engine.errors import Differs, TallyError, Unavailable
from engine.nix.environment import Opened, open_environment
from engine.nix.source import Flake, NixFile, Recipe, Source, Stored
from engine.nix.storepath import StorePath
from engine.workflow.model import EnvironmentSource


@dataclass(frozen=True, slots=True)
class Built:
    """An environment made by Nix, and what to pin of how it was made."""

    opened: Opened
    derivation: str | None  # "/nix/store/....drv" or "....drv!out"; None for a given store path


@dataclass(frozen=True, slots=True)
class Pinned:
    """What a lock says of one environment on this system."""

    environment: Cid
    derivation: str | None


Build = Callable[[Source], Built]


class Environments:
    """The environments of one workflow, whose relative paths begin at `base`."""

    def __init__(self, store: BlockStore, base: Path, build: Build | None) -> None:
        """Build with `build`; None forbids every use of Nix (a run offline, or without Nix)."""
        self._store = store
        self._base = base
        self._build = build

    def make(self, name: str, source: EnvironmentSource) -> Built:
        """Evaluate and build what an author named; a CID is opened.

        Raises: Refused, StepFailed as Nix says; Unavailable when it cannot be had here.
        """
        if source.form == "cid":
            return Built(open_environment(self._store, Cid.parse(source.source)), None)
        if self._build is None:
            raise Unavailable(
                f"environment '{name}' is not locked, and making it needs Nix",
                where=source.source,
                fix="run once without --offline; that writes the lock",
            )
        return self._build(self._source(source))

    def pinned(self, name: str, pin: Pinned) -> Opened:
        """Return a locked environment, from the store or by building what is locked.

        Raises: Differs when the build gives another environment; Unavailable when it cannot be
        had here; StepFailed when it does not build.
        """
        try:
            return open_environment(self._store, pin.environment)
        except Unavailable:
            if self._build is None or pin.derivation is None:
                raise _not_here(name, pin) from None
        built = self._build(Recipe.parse(pin.derivation)).opened
        if built.cid != pin.environment:
            raise Differs(
                f"environment '{name}' was built again and is {built.cid}, not what is locked",
                where=str(pin.environment),
                fix="if the new one is right, lock it: `tally env lock WORKFLOW`",
            )
        return built

    def _source(self, source: EnvironmentSource) -> Source:
        if source.form == "nix":
            return NixFile((self._base / source.source).resolve(), source.attribute)
        if source.form == "flake":
            return Flake(source.source, self._base.resolve())
        if source.form == "store":
            return Stored(StorePath.parse(source.source))
        if source.form == "drv":
            return Recipe.parse(source.source)
        raise AssertionError(source.form)


def _not_here(name: str, pin: Pinned) -> TallyError:
    return Unavailable(
        f"environment '{name}' is locked but not here",
        where=str(pin.environment),
        fix="import a bundle that has it, or run without --offline on a machine with Nix",
    )
