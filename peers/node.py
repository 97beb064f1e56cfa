"""Node: one peer, for as long as it runs: its parts, put together, and its loop.

Nobody else builds these parts. All of them live in the loop's one thread; what blocks is done by
threads that post back to it.
"""

import asyncio
import contextlib
import os
import signal
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack
from functools import partial
from pathlib import Path
from typing import Final, NamedTuple

from engine.clock import Clock
from engine.content.blocks import ManyStore
from engine.memo import Memo
from engine.recorder import Recorder
from peers import lan
from peers.addressbook import AddressBook
from peers.book import Book
from peers.connection import Arrival
from peers.control import Control
from peers.credit_line import CreditLine
from peers.depot import Depot
from peers.dialler import Dialler
from peers.dues import Dues
from peers.entries import Epoch, Genesis
from peers.gate import Limits
from peers.hello import Party
from peers.identity import Address
from peers.judge import Judge
from peers.ledger_book import LedgerBook
from peers.limits import Policy
from peers.lines import Lines
from peers.mail import Mail
from peers.meter import Meter, Metered
from peers.network import Network
from peers.office import Office
from peers.payments import Payments
from peers.perjury import Perjury
from peers.post import Happened, Post
from peers.precedent import agreed
from peers.provider import Provider
from peers.reachable import Ends, Reachable
from peers.reaching import Reaching
from peers.reception import Facts, Reception
from peers.recruiter import Directory
from peers.registrar import Registrar
from peers.relay import Limits as RelayLimits
from peers.relay import Relay
from peers.relay_desk import RelayDesk
from peers.relay_port import RelayPort
from peers.relays import Relays
from peers.requester import Requester
from peers.settlement import Settlement
from peers.switch import Parts, Switch
from peers.teller import Teller
from peers.treasury import Treasury
from peers.unwritten import Known
from peers.wake import Wake
from peers.waker import Waker
from peers.whereabouts import Keys, Lent, Listening, Whereabouts

TICK_S: Final = 0.05
LOST: Final = "what this peer said of steps may be lost: peers.db is another than before"
DIALLERS: Final = 8  # threads that ask peers where they listen

_OWN: Final = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - how we dial ourselves
_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

Log = Callable[..., None]


Meet = Callable[[Address], None]
Lend = Callable[[Mail, Lines, Depot, Wake, Meet, Log, CreditLine], AbstractContextManager[Provider]]


class Home(NamedTuple):
    """What of a home a node uses. All of it stays its owner's to close."""

    folder: Path
    store: ManyStore
    memo: Memo
    dues: Dues  # beside it, what results in it cost
    recorder: Recorder  # of what others ran for us
    named: AddressBook
    lend: Lend  # opens what runs steps for others
    ledger: LedgerBook
    book: Book
    limits: Policy  # of what others may owe


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
        self._is_draining = False
        self._free_slots = lent.share.cores  # as our record says
        self._ended: asyncio.Event
        self._network: Network
        self._where: Whereabouts
        self._post: Post
        self._lines: Lines
        self._registrar: Registrar
        self._relays: Relays
        self._relay_port: RelayPort | None = None
        self._depot: Depot
        self._provider: Provider
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
        }

    def figures(self) -> str:
        """Return what it counts of itself, as Prometheus reads it."""
        known = len(self._registrar.directory)
        if self._relay_port is not None:
            self._meter.relayed(self._relay_port)
        self._meter.ended("for_others", self._provider.ended)
        self._meter.ended("by_others", self._requester.ended)
        return self._meter.text(self._lines, known, self._provider, self._network.pid)

    # its loop

    def _turn(self) -> None:
        self._tell(self._post.tick())
        now_ms = self._clock.monotonic_ms()
        self._switch.tick(now_ms)
        self._payments.tick(now_ms)
        if (free := self._provider.free_slots) != self._free_slots:
            self._free_slots = free
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
        self,
        network: Network,
        workers: ThreadPoolExecutor,
        wake: Wake,
        closing: ExitStack,
    ) -> None:
        home, (identity, transport) = self._home, self._keys
        party = Party(identity, transport.signed, transport.certificate.curve_key)
        post = self._post = Post(Metered(network, self._meter), party, self._clock)
        lines = self._lines = Lines(post)
        describe = self._where.describe if self._lent.sandbox else None
        dialler = Dialler(post, lines, workers, wake, self._log)
        registrar = self._registrar = Registrar(
            post, lines, identity, describe, self._clock, dialler, self._log
        )
        depot = self._depot = Depot(post, lines, home.store, self._clock, wake)
        closing.callback(depot.close)
        treasury = self._treasury = self._keeping(wake, closing)
        credit = self._credit = CreditLine(treasury, home.limits, self._log)
        self._settlement = Settlement(treasury, self._log)
        provider = closing.enter_context(
            home.lend(post, lines, depot, wake, registrar.meet, self._log, credit)
        )
        self._provider = provider
        self._where.free_slots = lambda: provider.free_slots
        self._where.credit = lambda: credit.newcomer
        kept = (home.recorder, home.memo, home.dues, wake)
        judge = Judge(
            depot.fetch,
            depot.look,
            *kept,
            home.store.get,
            partial(agreed, home.ledger),
            self._perjured,
        )
        self._payments = Payments(treasury, home.ledger, home.limits, self._log, home.store.get)
        self._payments.resume(home.dues.all(), judge.settled)
        closing.callback(self._payments.close)
        office = Office(post, lines, depot, identity, judge, self._log, self._payments)
        requester = self._requester = Requester(
            office,
            Directory(
                registrar.candidates,
                home.named.peers,
                registrar.directory.get,
                lambda notice: self._payments.room(notice.signer, notice.record.credit),
            ),
            self._clock,
        )
        closing.callback(requester.close)
        relays = self._relays = self._relaying(dialler, closing)
        parts = Parts(lines, registrar, depot, provider, requester, relays, treasury)
        self._switch = Switch(post, parts, self._log, dialler.failed)

    def _perjured(self, perjury: Perjury) -> None:
        """Leave a provider alone that said two things of one step, and convict it by a proof."""
        self._requester.perjured(perjury.provider)
        if perjury.proof is not None:
            self._treasury.accuse(perjury.proof)

    def _keeping(self, wake: Wake, closing: ExitStack) -> Treasury:
        """Open the ledger; one that was restored begins a new epoch before anything else."""
        book, clock, identity = self._home.ledger, self._clock, self._keys.identity
        recorder = Recorder(self._home.store, book)
        closing.callback(recorder.close)
        why = book.restored()
        known = Known(book.id_at, book.follower)
        teller = Teller(book.load(), identity, known, is_restored=why is not None)
        treasury = Treasury(self._post, self._lines, teller, book, recorder, clock, wake, self._log)
        closing.callback(treasury.close)
        if treasury.ledger.last is None:
            treasury.note(Genesis(os.urandom(16)))
        if why is not None:
            self._log("ledger restored", why=why)
            treasury.note(Epoch(why))
        self._begin_word(treasury)
        return treasury

    def _begin_word(self, treasury: Treasury) -> None:
        """Begin a new epoch when what was said of steps may be lost: two words are of one epoch."""
        book = self._home.book
        if not book.is_other:
            return
        if treasury.ledger.number > 0:
            self._log("book restored", why=LOST)
            treasury.note(Epoch(LOST), then=book.accept)
        else:
            book.accept()

    def _relaying(self, dialler: Dialler, closing: ExitStack) -> Relays:
        post, lines, registrar, log = self._post, self._lines, self._registrar, self._log
        host = self._listening.host
        ports = self._where.control_port, self._where.bulk_port
        ends = Ends(_OWN.get(host, host), *ports, self._keys.transport.signed)
        desk = RelayDesk(post, lines, self._clock, log)
        reachable = Reachable(post, lines, ends, log)
        reachable.changed = registrar.renew
        self._where.relayed = lambda: tuple(reachable.places)
        reaching = Reaching(post, lines, registrar.meet)
        dialler.reach = reaching.reach
        closing.callback(reachable.close)
        closing.callback(reaching.close)
        if self._listening.is_relay:
            relay = Relay(RelayLimits())
            port = self._relay_port = RelayPort.open(
                relay, host, self._listening.after(3), self._clock
            )
            closing.callback(port.close)
            desk.serve(relay, port.port)
        return Relays(desk, reachable, reaching)

    def _reception(self) -> Reception:
        return Reception(
            self._home.named,
            self._lines,
            self._registrar,
            self._provider,
            self._requester,
            self._depot.status,
            self,
            self._credit,
            self._settlement,
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
