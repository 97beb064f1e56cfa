"""Reaching: coming to a peer through its relay: asking the relay, and tunnels for the lines.

>>> reaching.reach(Address.parse("tally://PEER@HOST:PORT?via=RELAY"), done)  # doctest: +SKIP
"""

import asyncio
from collections.abc import Callable
from typing import Final, NamedTuple

from engine.errors import Refused, TallyError, Unavailable
from peers import plain
from peers.connection import Channel, Connection, Place
from peers.errors import RemoteFault
from peers.identity import Address, PeerId
from peers.lines import Lines
from peers.mail import Mail
from peers.relay_messages import REACH_TYPE, Granted, curve_key, read_granted, write_reach
from peers.route import Route
from peers.tunnel import HOST, Enter, Entrance, Tunnel

MAX_REACHED: Final = 64  # peers at one time
ANSWER_MS: Final = 10_000
MEET_S: Final = 15  # for a relay to be connected, and for the peer through it

_FIX: Final = "it is tried again; or have the peer use another relay"


class _Asked(NamedTuple):
    connection: Connection
    answer: asyncio.Future[Granted]


class Reaching:
    """For the node's one thread, in which a loop runs."""

    def __init__(self, mail: Mail, lines: Lines, dial: Callable[[Address], None]) -> None:
        """Take what has a relay dialled that is not connected."""
        self._mail = mail
        self._lines = lines
        self._dial = dial
        self._asked: dict[bytes, _Asked] = {}  # by request
        self._awaited: dict[PeerId, asyncio.Event] = {}  # relays that are being dialled
        self._tunnels: dict[PeerId, tuple[Tunnel, Tunnel]] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def reach(self, address: Address, done: Callable[[Route | TallyError], None]) -> None:
        """Make a way to a peer; tell where to dial it, or why it cannot be."""
        coming = asyncio.get_running_loop().create_task(self._reach(address, done))
        self._tasks.add(coming)
        coming.add_done_callback(self._tasks.discard)

    def opened(self, peer: PeerId) -> None:
        """Hear that a relay may be there."""
        if awaited := self._awaited.pop(peer, None):
            awaited.set()

    def closed(self, connection: Connection, peer: PeerId) -> None:
        """Ask no more on a connection that is gone; without a line, a tunnel is of no use."""
        for key, asked in tuple(self._asked.items()):
            if asked.connection == connection:
                self._fail(key, Unavailable("its relay is gone", fix=_FIX))
        self._drop_unused(peer)

    def answered(self, key: bytes, body: bytes) -> None:
        """Take a relay's answer.

        Raises: RemoteFault for what is none.
        """
        try:
            granted = read_granted(plain.unpack(body))
        except RemoteFault as fault:
            self._fail(key, fault)
            raise
        except Refused as refused:
            self._fail(key, Unavailable(f"its relay says: {refused.what}", fix=_FIX))
            return
        asked = self._asked.pop(key, None)
        if asked and not asked.answer.done():
            asked.answer.set_result(granted)

    def unanswered(self, key: bytes) -> None:
        """Wait for an answer no longer."""
        self._fail(key, Unavailable("its relay does not answer", fix=_FIX))

    def close(self) -> None:
        """End every line that goes so."""
        for task in self._tasks:
            task.cancel()
        for peer in tuple(self._tunnels):
            self._drop(peer)

    async def _reach(self, address: Address, done: Callable[[Route | TallyError], None]) -> None:
        try:
            route = await self._route(address)
        except TallyError as error:
            done(error)
            return
        done(route)
        await asyncio.sleep(MEET_S)
        self._drop_unused(address.peer)

    async def _route(self, address: Address) -> Route:
        if address.via is None:
            raise ValueError("this peer is dialled itself")
        if address.peer not in self._tunnels and len(self._tunnels) >= MAX_REACHED:
            raise Unavailable(f"{MAX_REACHED} peers are reached through relays already", fix=_FIX)
        await self._meet(Address(address.via, address.host, address.port))
        granted = await self._ask(address.via, address.peer, Channel.CONTROL)
        key = curve_key(granted.certificate, address.peer)
        if self._lines.control(address.peer) is not None:
            raise Unavailable("it is connected already", fix=_FIX)
        self._drop(address.peer)
        first = Entrance(address.host, *granted.berth)
        control = Tunnel.open(self._entering(address, Channel.CONTROL, first))
        bulk = Tunnel.open(self._entering(address, Channel.BULK))
        self._tunnels[address.peer] = control, bulk
        return Route(Place(HOST, control.port, key), Place(HOST, bulk.port, key))

    async def _meet(self, relay: Address) -> None:
        """Have a relay connected."""
        if self._lines.control(relay.peer) is not None:
            return
        if relay.peer not in self._awaited:
            self._awaited[relay.peer] = asyncio.Event()
            self._dial(relay)
        try:
            await asyncio.wait_for(self._awaited[relay.peer].wait(), MEET_S)
        except TimeoutError:
            self._awaited.pop(relay.peer, None)
            raise Unavailable("its relay is not reached", fix=_FIX) from None

    def _entering(self, address: Address, channel: Channel, first: Entrance | None = None) -> Enter:
        """Return what gives the way in for each line: the first may be there already."""
        given = [first] if first else []

        async def enter() -> Entrance:
            if given:
                return given.pop()
            if address.via is None:
                raise ValueError("this peer is dialled itself")
            granted = await self._ask(address.via, address.peer, channel)
            return Entrance(address.host, *granted.berth)

        return enter

    async def _ask(self, relay: PeerId, peer: PeerId, channel: Channel) -> Granted:
        line = self._lines.control(relay)
        if line is None or not self._mail.room(line):
            raise Unavailable("its relay cannot be asked now", fix=_FIX)
        key = self._mail.ask(line, REACH_TYPE, write_reach(peer, channel), ANSWER_MS)
        answer = asyncio.get_running_loop().create_future()
        self._asked[key] = _Asked(line, answer)
        granted: Granted = await answer
        return granted

    def _fail(self, key: bytes, error: TallyError) -> None:
        asked = self._asked.pop(key, None)
        if asked and not asked.answer.done():
            asked.answer.set_exception(error)

    def _drop_unused(self, peer: PeerId) -> None:
        if self._lines.control(peer) is None:
            self._drop(peer)

    def _drop(self, peer: PeerId) -> None:
        for tunnel in self._tunnels.pop(peer, ()):
            tunnel.close()
