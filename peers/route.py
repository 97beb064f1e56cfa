"""Route: where a peer takes connections, for control and for blocks. Pure."""

from collections.abc import Callable
from typing import NamedTuple, TypeAlias

from engine.errors import TallyError
from peers.connection import Place
from peers.identity import Address


class Route(NamedTuple):
    """Where to dial a peer; if it is reached through a relay, at ports of our own loopback."""

    control: Place
    bulk: Place


Reach: TypeAlias = Callable[[Address, Callable[[Route | TallyError], None]], None]
"""Makes a way to an address; tells the route, or why there is none."""
