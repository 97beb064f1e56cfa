"""Lending, put together: what a node runs steps for others with, in its home."""

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Final, NamedTuple

from cli.sandboxes import open_host, runner
from cli.workspace import Workspace
from engine.clock import Clock
from engine.closures import Closures
from engine.collection import Collection
from engine.lazyrunner import LazyRunner
from engine.recorder import Recorder
from engine.slots import Slots
from engine.store.retention import Policy
from peers.book import Book
from peers.credit_line import CreditLine
from peers.depot import Depot
from peers.house import House
from peers.identity import Address
from peers.keeper import Keeper
from peers.keyring import Identity
from peers.lines import Lines
from peers.mail import Mail
from peers.provider import Provider
from peers.provider_book import ProviderBook
from peers.shown import Shown
from peers.side_threads import SideThreads
from peers.tools import Tools
from peers.wake import Wake
from peers.workbench import Workbench

_ALL: Final = 2**63
_LOOK_MS: Final = 100  # for which what the disk had free is taken to be so


class Ground(NamedTuple):
    """What the parts of a node stand on."""

    mail: Mail
    lines: Lines
    depot: Depot
    identity: Identity
    clock: Clock
    wake: Wake
    meet: Callable[[Address], None]
    log: Callable[..., None]
    credit: CreditLine


@contextmanager
def open_provider(
    space: Workspace, book: Book, house: House, jobs: int, ground: Ground
) -> Iterator[Provider]:
    """Open what runs up to `jobs` steps of others at a time, as `house` lends."""
    with ExitStack() as opened:
        closures = Closures(space.store, space.materialiser, {})
        host = opened.enter_context(open_host(space, {}))
        host = replace(host, closures=closures, most_staged=house.lent.disk_bytes)
        recorder = Recorder(space.store, space.database)
        opened.callback(recorder.close)
        entries = Recorder(space.store, book)
        opened.callback(entries.close)
        quota = house.lent.disk_bytes
        collect = partial(_collect, space)
        keeper = Keeper(space.store, book, closures.let_go, collect, quota, ground.clock)
        opened.callback(keeper.close)
        bring = partial(closures.bring, most_bytes=quota)
        threads = SideThreads(bring, keeper, ground.wake)
        bench = Workbench(
            Slots([LazyRunner(lambda: runner(space, host)) for _ in range(jobs)]),
            space.store,
            space.store.hold,
            space.memo,
            recorder,
            keeper,
            threads,
            ground.wake,
        )
        opened.callback(bench.close)
        opened.callback(threads.close)
        mail, lines, depot, identity, clock, wake, meet, log, credit = ground
        kept = ProviderBook(book)
        free_bytes = _Disk(space.home, clock).free_bytes
        edges = (identity, clock, wake, free_bytes, quota, Shown(), credit, meet, log)
        tools = Tools(depot, bench, threads, kept, entries, *edges)
        provider = Provider(mail, lines, house, tools)
        opened.callback(provider.close)
        yield provider


def _collect(space: Workspace) -> None:
    """Delete what nothing needs; of what the owner's runs have made, all stays."""
    policy = Policy(environments=_ALL, intermediates=True)
    Collection(space.work, space.store, space.materialiser, space.journal).collect(
        policy, dry_run=False
    )


class _Disk:
    """How much room there is: it is asked for each step, and looked at a few times a second."""

    def __init__(self, home: Path, clock: Clock) -> None:
        self._home = home
        self._clock = clock
        self._free_bytes = 0
        self._until_ms = clock.monotonic_ms()

    def free_bytes(self) -> int:
        """Return how many bytes are free."""
        now_ms = self._clock.monotonic_ms()
        if now_ms >= self._until_ms:
            self._until_ms = now_ms + _LOOK_MS
            disk = os.statvfs(self._home)
            self._free_bytes = disk.f_bavail * disk.f_frsize
        return self._free_bytes
