"""Reachable: being reached through relays: having them keep us, and coming when they call.

>>> reachable.use(Address.parse("tally://RELAY@192.0.2.7:4177"))         # doctest: +SKIP
>>> reachable.places                                                     # doctest: +SKIP
('192.0.2.7:4177?via=RELAY',)
"""

import asyncio
from collections.abc import Callable
from typing import Final, NamedTuple

from engine.errors import Refused
from peers import plain
from peers.connection import Channel
from peers.identity import Address, PeerId
from peers.lines import Lines
from peers.mail import Mail
from peers.relay_messages import KEEP_TYPE, Call, read_call, read_kept, write_keep
from peers.tunnel import Entrance, answer

MAX_RELAYS: Final = 4  # half of the addresses that a record has
MAX_ANSWERED: Final = 64  # lines at one time: half of what the gate lets in from loopback
ANSWER_MS: Final = 10_000
AGAIN_MS: Final = 5 * 60_000  # a relay is asked again: it may have said no, or forgotten


class Ends(NamedTuple):
    """Where this peer listens, as it dials itself; and what it is certified to hold."""

    host: str
    control_port: int
    bulk_port: int
    certificate: bytes  # signed


class Reachable:
    """For the node's one thread, in which a loop runs."""

    def __init__(self, mail: Mail, lines: Lines, ends: Ends, log: Callable[..., None]) -> None:
        self.changed: Callable[[], None] = lambda: None  # called when `places` has
        self._mail = mail
        self._lines = lines
        self._ends = ends
        self._log = log
        self._used: dict[PeerId, Address] = {}
        self._due: dict[PeerId, int] = {}  # when a relay is asked to keep us, monotonic
        self._kept: dict[PeerId, None] = {}
        self._answering: set[asyncio.Task[None]] = set()

    @property
    def places(self) -> tuple[str, ...]:
        """Where this peer is reached through relays, as its record says it."""
        places = ((self._used[relay], relay) for relay in self._kept)
        return tuple(Address(at.peer, at.host, at.port, via=relay).place for at, relay in places)

    def use(self, relay: Address) -> None:
        """Be reached through a peer, whenever it is connected; somebody else has it dialled.

        Raises: Refused when there are enough, or it is itself behind one.
        """
        if relay.via is not None:
            raise Refused("a relay is dialled itself", where=str(relay), fix="name another one")
        if relay.peer not in self._used and len(self._used) >= MAX_RELAYS:
            raise Refused(f"there are {MAX_RELAYS} relays already", fix="name fewer")
        self._used[relay.peer] = relay
        self._due[relay.peer] = 0

    def opened(self, peer: PeerId) -> None:
        """Ask a relay that is there."""
        if peer in self._used:
            self._due[peer] = 0

    def closed(self, peer: PeerId) -> None:
        """Count on a relay no more that is gone."""
        if self._lines.control(peer) is None:
            self._set(peer, is_kept=False)

    def tick(self, now_ms: int) -> None:
        """Ask the relays whose time it is."""
        for relay, due_ms in self._due.items():
            line = self._lines.control(relay)
            if line is not None and now_ms >= due_ms and self._mail.room(line):
                self._due[relay] = now_ms + AGAIN_MS
                self._mail.ask(line, KEEP_TYPE, write_keep(self._ends.certificate), ANSWER_MS)

    def answered(self, peer: PeerId, body: bytes) -> None:
        """Take a relay's answer.

        Raises: RemoteFault for what is none.
        """
        why_not = read_kept(plain.unpack(body))
        if why_not:
            self._log("relay refuses", peer=peer, why=why_not)
        self._set(peer, is_kept=not why_not)

    def called(self, peer: PeerId, body: bytes) -> None:
        """Come to a relay that calls.

        Raises: RemoteFault for what is no call.
        """
        call, relay = read_call(plain.unpack(body)), self._used.get(peer)
        if relay is None or len(self._answering) >= MAX_ANSWERED:
            self._log("call not answered", peer=call.asker, via=str(peer))
            return
        self._log("called", peer=call.asker, via=str(peer), channel=call.channel)
        coming = asyncio.get_running_loop().create_task(self._come(relay, call))
        self._answering.add(coming)
        coming.add_done_callback(self._answering.discard)

    def close(self) -> None:
        """End every line that came so."""
        for task in self._answering:
            task.cancel()

    async def _come(self, relay: Address, call: Call) -> None:
        is_bulk = call.channel is Channel.BULK
        port = self._ends.bulk_port if is_bulk else self._ends.control_port
        await answer(Entrance(relay.host, *call.berth), self._ends.host, port)

    def _set(self, relay: PeerId, *, is_kept: bool) -> None:
        if relay not in self._used or is_kept == (relay in self._kept):
            return
        if is_kept:
            self._kept[relay] = None
        else:
            del self._kept[relay]
        self.changed()
