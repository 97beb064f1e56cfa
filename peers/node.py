"""Node: one peer, for as long as it runs: its parts, put together, and its loop.

Nobody else builds these parts: the larger ones are put together in node_*.py, for it alone. All of
them live in the loop's one thread; what blocks is done by threads that post back to it.
"""

import asyncio
import contextlib
import os
import signal
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import Final

from engine.clock import Clock
from peers import lan
from peers.connection import Arrival
from peers.content_desk import ContentDesk
from peers.control import Control
from peers.depot import Depot
from peers.dialler import Dialler
from peers.gate import Limits
from peers.hello import Party
from peers.herald import Herald
from peers.identity import Address
from peers.lines import Lines
from peers.meter import Meter, Metered
from peers.network import Network
from peers.node_catalogue import open_herald
from peers.node_content import open_content
from peers.node_credit import Credit, Kept, open_credit
from peers.node_ground import Ground
from peers.node_home import Home, Log
from peers.node_ipfs import ByIpfs, open_by_ipfs
from peers.node_relays import Here, open_relays
from peers.node_requester import open_requester
from peers.post import Happened, Post
from peers.provider import Provider
from peers.reception import Facts, Reception
from peers.registrar import Registrar
from peers.relays import Relays
from peers.requester import Requester
from peers.switch import Parts, Switch
from peers.wake import Wake
from peers.waker import Waker
from peers.whereabouts import Keys, Lent, Listening, Whereabouts

TICK_S: Final = 0.05
DIALLERS: Final = 8  # threads that ask peers where they listen

_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Node:
    """One peer."""

    def __init__(
        self, home: Home, keys: Keys, listening: Listening, lent: Lent, clock: Clock, log: Log
    ) -> None:
        self._home = home
        self._keys = keys
        self._listening = listening
        self._lent = lent
        self._clock = clock
        self._meter = Meter(log)
        self._log = self._meter.log
        self.http: str | None = None  # the address at which its public content is served
        self._is_draining = False
        self._said = lent.share.cores, True  # free slots, and whether it runs steps, in our record
        self._ended: asyncio.Event
        self._network: Network
        self._where: Whereabouts
        self._post: Post
        self._lines: Lines
        self._registrar: Registrar
        self._relays: Relays
        self._by_ipfs: ByIpfs
        self._depot: Depot
        self._content: ContentDesk
        self._ground: Ground
        self._credit: Credit
        self._provider: Provider
        self._requester: Requester
        self._herald: Herald
        self._switch: Switch

    async def run(self, started: Callable[[Address], None]) -> None:
        """Run until it is stopped; `started` is told when others can connect.

        Raises: LocalFault when it cannot listen.
        """
        self._ended = asyncio.Event()
        with ExitStack() as closing:
            await self._open(closing)
            started(self._where.addresses[0])
            while not self._ended.is_set():
                self._turn()
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._ended.wait(), TICK_S)
        self._log("stopped")

    def stop(self) -> None:
        """End now."""
        self._ended.set()

    def drain(self) -> None:
        """Take nothing new and end when what was taken is done; asked again, end now."""
        if self._is_draining:
            self.stop()
        self._is_draining = True
        self._provider.drain()
        self._log("draining")

    def facts(self) -> Facts:
        """Return who and where this peer is."""
        return {
            "peer": str(self._keys.identity.peer),
            "address": str(self._where.addresses[0]),
            "addresses": [str(address) for address in self._where.reached_at()],
            "pid": os.getpid(),
            "http": self.http,
            "ipfs": self._by_ipfs.status(),
            "catalogue": self._herald.status(),
        }

    def figures(self) -> str:
        """Return what it counts of itself, as Prometheus reads it."""
        known = len(self._registrar.directory)
        if self._relays.port is not None:
            self._meter.relayed(self._relays.port)
        self._meter.ended("for_others", self._provider.ended)
        self._meter.ended("by_others", self._requester.ended)
        return self._meter.text(self._lines, known, self._provider, self._network.pid)

    # its loop

    def _turn(self) -> None:
        self._tell(self._post.tick())
        now_ms = self._clock.monotonic_ms()
        self._switch.tick(now_ms)
        self._content.tick(now_ms)
        self._credit.payments.tick(now_ms)
        self._credit.settlement.tick()
        if (now := (self._provider.free_slots, self._provider.is_open)) != self._said:
            self._said = now
            self._registrar.renew()
        if self._is_draining and self._provider.is_idle:
            self.stop()

    def _arrived(self, arrival: Arrival) -> None:
        self._meter.arrived(arrival)
        self._tell(self._post.arrive(arrival))

    def _tell(self, happened: list[Happened]) -> None:
        for one in happened:
            self._switch.happened(one)

    # how it is put together

    async def _open(self, closing: ExitStack) -> None:
        loop = asyncio.get_running_loop()
        workers = ThreadPoolExecutor(DIALLERS, "dial")
        closing.callback(workers.shutdown, wait=False, cancel_futures=True)
        network = self._network = Network(
            self._keys.transport.secret, Limits(), arrived=self._arrived, log=self._log
        )
        closing.callback(network.close)
        keys, listening = self._keys, self._listening
        self._where = Whereabouts(keys, listening, self._lent, network, closing)
        self._build(network, workers, Waker(loop), closing)
        control = Control(self._home.folder, self._reception().begin)
        await control.open()
        closing.callback(control.close)
        for number in _SIGNALS:
            loop.add_signal_handler(number, self.drain)
            closing.callback(loop.remove_signal_handler, number)
        network.start(loop)
        for relay in self._listening.via:
            self._relays.reachable.use(relay)
            self._registrar.add(relay)
        for address in self._home.named.addresses():
            self._registrar.add(address)
        if self._listening.lan:
            self._watch_lan(closing)

    def _build(
        self, network: Network, workers: ThreadPoolExecutor, wake: Wake, closing: ExitStack
    ) -> None:
        identity, transport = self._keys
        party = Party(identity, transport.signed, transport.certificate.curve_key)
        self._post = Post(Metered(network, self._meter), party, self._clock)
        self._lines = Lines(self._post)
        self._ground = Ground(self._post, self._lines, self._clock, wake, self._log)
        dialler = self._find_peers(workers)
        self._depot = Depot(self._post, self._lines, self._home.store, self._clock, wake)
        closing.callback(self._depot.close)
        self._herald = open_herald(self._home, self._keys.identity, self._ground, closing)
        around = self._ground, self._depot, self._registrar, self._herald
        self._content = open_content(self._home, *around)
        self._credit = self._trade(closing)
        self._provider = self._lend(closing)
        self._requester = self._borrow(closing)
        here = Here(self._keys, self._listening, self._where)
        self._relays = open_relays(here, self._ground, self._registrar, dialler, closing)
        self._by_ipfs = open_by_ipfs(here, self._ground, self._registrar, dialler, closing)
        self._switch = Switch(self._post, self._parts(), self._log, dialler.failed)

    def _parts(self) -> Parts:
        return Parts(
            self._lines,
            self._registrar,
            self._depot,
            self._provider,
            self._requester,
            self._relays,
            self._credit.treasury,
            self._by_ipfs,
            self._herald,
        )

    def _find_peers(self, workers: ThreadPoolExecutor) -> Dialler:
        """Make what knows peers, and what connects to them."""
        post, lines, clock, wake, log = self._ground
        dialler = Dialler(post, lines, workers, wake, log)
        describe = self._where.describe if self._lent.sandbox else None
        signer = self._keys.identity
        self._registrar = Registrar(post, lines, signer, describe, clock, dialler, log)
        return dialler

    def _trade(self, closing: ExitStack) -> Credit:
        home = self._home
        kept = Kept(home.store, home.ledger, home.book, home.limits)
        return open_credit(kept, self._keys.identity, self._ground, closing)

    def _lend(self, closing: ExitStack) -> Provider:
        post, lines, _, wake, log = self._ground
        meet, line = self._registrar.meet, self._credit.line
        lending = self._home.lend(post, lines, self._depot, wake, meet, log, line)
        provider = closing.enter_context(lending)
        self._where.free_slots = lambda: provider.free_slots
        self._where.is_open = lambda: provider.is_open
        self._where.credit = lambda: line.newcomer
        self._where.epoch = lambda: line.epoch
        return provider

    def _borrow(self, closing: ExitStack) -> Requester:
        around = self._ground, self._depot, self._registrar, self._credit
        return open_requester(self._home, self._keys.identity, *around, closing)

    def _reception(self) -> Reception:
        return Reception(
            self._home.named,
            self._lines,
            self._registrar,
            self._provider,
            self._requester,
            self._content,
            self,
            self._credit.line,
            self._credit.settlement,
        )

    def _watch_lan(self, closing: ExitStack) -> None:
        """Look for peers on this network; who is found is dialled, and not written down."""
        watching = asyncio.get_running_loop().create_task(
            lan.watch(
                self._keys.identity.peer,
                self._listening.host,
                self._where.addresses[0].port,
                self._registrar.meet,
                lambda why: self._log("lan", why=why),
                self._clock,
            )
        )
        closing.callback(watching.cancel)
