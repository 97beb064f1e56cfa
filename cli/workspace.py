"""Workspace: the parts of one home, put together. Commands take from it what they use.

This is the only place that knows which parts there are and where each keeps its things; every
part is opened when it is first asked for, so that `tally runs` opens no store.
"""

import os
from contextlib import AbstractContextManager, ExitStack
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Final

from engine.errors import Unavailable
from engine.folder import make_seen

if TYPE_CHECKING:  # each property imports what it makes: `tally show` is not to wait for all of it
    from cli.arrivals import Arrivals
    from cli.settings import Settings
    from engine.claims import Claims
    from engine.content.cid import Cid
    from engine.database import Database
    from engine.foreign import Export, Foreign
    from engine.journal import Journal
    from engine.memo import Memo
    from engine.nix.closure import Materialiser
    from engine.nix.command import Command
    from engine.nix.realise import Realiser
    from engine.nix.records import Closure
    from engine.repeats import Repeats
    from engine.reruns import Reruns
    from engine.sources import Sources
    from engine.store.disk import DiskStore
    from engine.trust.book import TrustBook
    from engine.wheels.assemble import Assembler

RECIPE: Final = Path(__file__).parent / "templates" / "env"  # of the Python that locks stand on


class Workspace(AbstractContextManager["Workspace"]):
    """One home, open. Closing it gives everything back."""

    def __init__(
        self, home: Path, *, writing: bool = False, online: "Settings | None" = None
    ) -> None:
        """Use the directory `home`, made when absent, for nobody else to read.

        One that cannot be written, as on a disk mounted read-only, can be read. `online` says
        where content comes from that is not here: with None from nowhere.

        Raises: Unavailable when it cannot be made, or is for `writing` and cannot be written.
        """
        self.home = home.absolute()
        self.read_only = self.home.is_dir() and not os.access(self.home, os.W_OK)
        if writing and self.read_only:
            raise _unusable(self.home, "it cannot be written")
        self._online = None if self.read_only else online
        self._open = ExitStack()
        try:
            self.home.mkdir(mode=0o700, parents=True, exist_ok=True)
            make_seen(self.work)
        except OSError as error:
            raise _unusable(self.home, error.strerror) from None

    @property
    def is_online(self) -> bool:
        """Whether others may be asked and told anything."""
        return self._online is not None

    @property
    def work(self) -> Path:
        """Where what steps may see is staged."""
        return self.home / "work"

    @cached_property
    def store(self) -> "DiskStore":
        """All content."""
        from engine.nix.carried import KIND
        from engine.nix.paths import Paths
        from engine.store.disk import DiskStore

        readers = {KIND: Paths(self.work).read_nar_range}
        return self._open.enter_context(DiskStore(self.home / "store", readers=readers))

    @cached_property
    def sources(self) -> "Sources":
        """Where content comes from that is not here."""
        from engine.sources import Source, Sources

        found: list[Source] = []
        for name in self._online.sources if self._online is not None else ():
            if name == "peers":
                from peers.content_source import PeersSource

                peers = PeersSource(self.home)
                self._open.callback(peers.close)
                found.append(peers)
            elif name == "ipfs" and (address := self.ipfs):
                from cli.looking import Looking
                from cli.unasked import Unasked
                from engine.ipfs.source import IpfsSource
                from peers.heap import keep_large_buffers

                keep_large_buffers()
                found.append(Unasked(Looking(IpfsSource(address)), self))
        return Sources(self.store, found, self.arrivals)

    @cached_property
    def arrivals(self) -> "Arrivals":
        """What is said while content comes."""
        from cli.arrivals import Arrivals

        return Arrivals(self.store)

    @cached_property
    def foreign(self) -> "Foreign":
        """What others made, on IPFS, in other ways."""
        from engine.foreign import Foreign

        return Foreign(self.store, self.sources, self._export(), self.arrivals.of_others)

    def _export(self) -> "Export | None":
        """Return what has all that a CID leads to from the IPFS node; None to ask none."""
        if self._online is None or "ipfs" not in self._online.sources or not self.ipfs:
            return None
        from cli.looking import looking
        from engine.ipfs.kubo import exporting

        return looking(exporting(self.ipfs))

    @cached_property
    def ipfs(self) -> str:
        """Where the API of the IPFS node is, as a multiaddress; "" to ask none."""
        from engine.ipfs.endpoint import find

        return find(self._online.ipfs, os.environ, Path.home()) if self._online else ""

    @cached_property
    def trust(self) -> "TrustBook":
        """What was found when results of others were checked."""
        from engine.trust.book import TrustBook

        book = TrustBook(self.home)
        self._open.callback(book.close)
        return book

    @cached_property
    def materialiser(self) -> "Materialiser":
        """Closures as directories."""
        from engine.nix.closure import Materialiser

        materialiser = Materialiser(self.work, self.store)
        self._open.callback(materialiser.farms.close)
        return materialiser

    @cached_property
    def database(self) -> "Database":
        """Runs and results."""
        from engine.database import Database

        database = Database(self.home / "state.db")
        self._open.callback(database.close)
        return database

    @cached_property
    def claims(self) -> "Claims":
        """Who works on what."""
        from engine.claims import Claims

        claims = Claims(self.home / "claims")
        self._open.callback(claims.close)
        return claims

    @cached_property
    def journal(self) -> "Journal":
        """The runs."""
        from engine.journal import Journal

        return Journal(self.database, self.claims)

    @cached_property
    def repeats(self) -> "Repeats":
        """The runs that would do nothing again."""
        from engine.repeats import Repeats

        return Repeats(self.database, self.journal, self.store.mark)

    @cached_property
    def reruns(self) -> "Reruns":
        """What came of runs being run again."""
        from engine.reruns import Reruns

        return Reruns(self.database)

    @cached_property
    def memo(self) -> "Memo":
        """What is known to come out of steps."""
        from engine.memo import Memo

        return Memo(self.database)

    @cached_property
    def nix(self) -> "Command":
        """Nix, for the store that this machine builds in."""
        from engine.nix.command import Command
        from engine.nix.nixstore import NixStore, choose

        scratch = self.home / "nix-home"
        asked = Command(NixStore(Path("/")), scratch)
        sandboxed = asked.system_setting("sandbox") == "true"
        return Command(choose(self.home, sandboxed_daemon=sandboxed), scratch)

    @cached_property
    def realiser(self) -> "Realiser":
        """Builds environments with Nix."""
        from engine.nix.realise import Realiser

        return Realiser(self.nix, self.home / "nix-roots")

    @cached_property
    def assembler(self) -> "Assembler":
        """Makes environments of lock files."""
        from cli import builders
        from cli.report import note
        from engine.nix.environment import open_environment
        from engine.wheels.assemble import Assembler
        from engine.wheels.choices import Choices
        from engine.wheels.inputs_lock import parse
        from engine.wheels.picking import Picker
        from engine.wheels.supply import Supply

        def unpack(cid: "Cid") -> "tuple[Closure, Path]":
            if self.sources:
                self.sources.have([cid])
            opened = open_environment(self.store, cid)
            builders.accept(self, cid, opened)
            return opened.closure, self.materialiser.ensure(opened.closure, opened.environment)

        locks = (RECIPE / "inputs.lock", RECIPE / "wheels.lock")
        inputs = {k: v for lock in locks for k, v in parse(lock.read_text(), str(lock)).items()}
        supply = Supply(self.nix, inputs, note)
        picker = Picker(supply, Choices(self.home / "wheels"), note)
        recipe = RECIPE / "default.nix"
        return Assembler(self.nix, self.realiser, supply, picker, recipe, inputs, unpack)

    def close(self) -> None:
        """Give everything back."""
        self._open.close()

    def __exit__(self, *raised: object) -> None:
        self.close()


def _unusable(home: Path, why: str | None) -> Unavailable:
    fix = "name a directory of yours with --home or TALLY_HOME"
    return Unavailable(f"the home cannot be used: {why}", where=str(home), fix=fix)
