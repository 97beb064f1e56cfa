"""Company: whom to ask for something public: who is connected, and first who is said to have it.

Whoever announced or endorsed a Release has it, or had. One of them who is not connected, and of
whom it is known where it listens, is dialled.
"""

from collections.abc import Callable, Iterable
from typing import Final

from engine.content.cid import Cid
from peers.identity import PeerId
from peers.lines import Lines
from peers.peer_record import addresses
from peers.registrar import Registrar

DIALLED: Final = 4  # of those who are said to have something

Tellers = Callable[
    [Cid], Iterable[PeerId]
]  # who says of a Release that it had it, the author first


class Company:
    """The peers of a node. For its thread."""

    def __init__(self, lines: Lines, registrar: Registrar, tellers: Tellers) -> None:
        self._lines = lines
        self._registrar = registrar
        self._tellers = tellers

    def of(self, scope: Cid) -> tuple[PeerId, ...]:
        """Return who is connected, the likeliest to have something first."""
        connected = dict.fromkeys(self._lines.peers())
        first = (peer for peer in self._tellers(scope) if peer in connected)
        return tuple(dict.fromkeys((*first, *connected)))

    def seek(self, scope: Cid) -> bool:
        """Dial who is said to have something and is not connected; return whether there is one."""
        connected, dialled = set(self._lines.peers()), 0
        for peer in self._tellers(scope):
            held = None if peer in connected else self._registrar.directory.get(peer)
            if held is not None and dialled < DIALLED and (places := addresses(held)):
                self._registrar.meet(places[0])
                dialled += 1
        return bool(dialled)
