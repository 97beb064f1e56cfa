"""Dialler: asks at the addresses of peers where they listen, and connects to them."""

from collections.abc import Callable
from concurrent.futures import Executor
from functools import partial
from typing import Final

from engine.errors import TallyError
from peers.certificate import Certificate
from peers.connection import Channel, Connection, Place
from peers.errors import LocalFault
from peers.identity import Address, PeerId
from peers.introduction import Introduction, ask
from peers.lines import Lines
from peers.mail import Mail
from peers.route import Reach, Route
from peers.wake import Wake

DIAL_MS: Final = 5_000  # for a peer to say where it listens

Found = tuple[Introduction, Certificate]


class Dialler:
    """Whom we are about to meet. For the node's thread."""

    def __init__(
        self,
        mail: Mail,
        lines: Lines,
        workers: Executor,
        wake: Wake,
        log: Callable[..., None],
    ) -> None:
        self.reach: Reach | None = None  # makes ways through relays
        self.carry: Reach | None = None  # makes ways by streams of IPFS nodes
        self.unanswered: Callable[[PeerId], None] = lambda _: None  # is told who was not met
        self._mail = mail
        self._lines = lines
        self._workers = workers
        self._wake = wake
        self._log = log
        self._pending: dict[Connection, PeerId] = {}  # dialled, nobody met yet

    def dial(self, address: Address) -> None:
        """Connect to a peer, unless it has connected by then."""
        if address.node:
            self._make_way(self.carry, address, "this peer uses no IPFS node")
        elif address.via:
            self._make_way(self.reach, address, "this peer uses no relays")
        else:
            self._workers.submit(self._look_up, address)

    def opened(self, connection: Connection) -> None:
        """Hear that somebody was met."""
        self._pending.pop(connection, None)

    def failed(self, connection: Connection) -> None:
        """Hear that nobody was met where we dialled."""
        if (peer := self._pending.pop(connection, None)) is not None:
            self.unanswered(peer)

    def _make_way(self, make: Reach | None, address: Address, why_not: str) -> None:
        if make is None:
            self._on_unknown(address, why_not)
        else:
            make(address, partial(self._on_route, address))

    def _look_up(self, address: Address) -> None:
        """Ask where a peer listens; in a worker's thread."""
        try:
            found = ask(address, DIAL_MS)
        except TallyError as error:
            self._wake(partial(self._on_unknown, address, error.what))
        else:
            self._wake(partial(self._on_found, address, found))

    def _on_unknown(self, address: Address, why: str) -> None:
        self._log("not reached", peer=address.peer, address=str(address), why=why)
        self.unanswered(address.peer)

    def _on_found(self, address: Address, found: Found) -> None:
        said, certificate = found
        ports, key = (said.control_port, said.bulk_port), certificate.curve_key
        self._on_route(address, Route(*(Place(address.host, port, key) for port in ports)))

    def _on_route(self, address: Address, route: Route | TallyError) -> None:
        if isinstance(route, TallyError):
            self._on_unknown(address, route.what)
        elif self._lines.control(address.peer) is None:
            self._connect(address, route)

    def _connect(self, address: Address, route: Route) -> None:
        try:
            connection = self._mail.dial(route.control, Channel.CONTROL, expected=address.peer)
        except LocalFault as fault:
            self._on_unknown(address, fault.what)
            return
        self._pending[connection] = address.peer
        self._lines.bulk_at(address.peer, route.bulk)
