"""The relays of a node, put together: being one, being reached through one, reaching others so."""

from contextlib import ExitStack
from typing import Final, NamedTuple

from peers.dialler import Dialler
from peers.node_ground import Ground
from peers.reachable import Ends, Reachable
from peers.reaching import Reaching
from peers.registrar import Registrar
from peers.relay import Limits, Relay
from peers.relay_desk import RelayDesk
from peers.relay_port import RelayPort
from peers.relays import Relays
from peers.whereabouts import Keys, Listening, Whereabouts

_OWN: Final = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - how we dial ourselves


class Here(NamedTuple):
    """Where a node is, and who."""

    keys: Keys
    listening: Listening
    where: Whereabouts

    @property
    def ends(self) -> Ends:
        """How it dials itself."""
        host, where = self.listening.host, self.where
        ports = where.control_port, where.bulk_port
        return Ends(_OWN.get(host, host), *ports, self.keys.transport.signed)


def open_relays(
    here: Here, ground: Ground, registrar: Registrar, dialler: Dialler, closing: ExitStack
) -> Relays:
    """Open what a node does with relays, and a port of its own when it is one.

    Raises: LocalFault when that port cannot be had.
    """
    mail, lines, clock, _, log = ground
    reachable = Reachable(mail, lines, here.ends, log)
    reachable.changed = registrar.renew
    here.where.relayed = lambda: tuple(reachable.places)
    reaching = Reaching(mail, lines, registrar.meet)
    dialler.reach = reaching.reach
    closing.callback(reachable.close)
    closing.callback(reaching.close)
    desk = RelayDesk(mail, lines, clock, log)
    port = _serve(desk, here.listening, ground, closing) if here.listening.is_relay else None
    return Relays(desk, reachable, reaching, port)


def _serve(desk: RelayDesk, listening: Listening, ground: Ground, closing: ExitStack) -> RelayPort:
    """Be a relay for others."""
    relay = Relay(Limits())
    port = RelayPort.open(relay, listening.host, listening.after(3), ground.clock)
    closing.callback(port.close)
    desk.serve(relay, port.port)
    return port
