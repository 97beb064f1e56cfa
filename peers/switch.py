"""Switch: hands what happens on connections to the parts of a node that deal with it.

Which part a message is for, its subject says (messages.py). What a part calls a fault of the other
end's ends the connection: here, and nowhere else, that is done and written down.
"""

from collections.abc import Callable
from typing import Final, NamedTuple

from peers.batch_messages import BATCH_TYPE
from peers.connection import Connection
from peers.envelope import Role
from peers.errors import RemoteFault
from peers.identity import PeerId
from peers.mail import Mail, Part
from peers.messages import Subject
from peers.post import Came, Closed, Happened, Opened, Unanswered
from peers.step_messages import CLAIM_TYPE, RETURN_TYPE


class Parts(NamedTuple):
    """The parts of a node. All hear of connections and time, in this order."""

    lines: Part
    registrar: Part
    depot: Part
    provider: Part  # runs steps for others
    requester: Part  # has others run steps
    relays: Part
    treasury: Part
    by_ipfs: Part
    herald: Part


_TO_REQUESTER: Final = frozenset({BATCH_TYPE, RETURN_TYPE, CLAIM_TYPE})


class Switch:
    """Between the connections and the parts. For the node's thread."""

    def __init__(
        self,
        mail: Mail,
        parts: Parts,
        log: Callable[..., None],
        failed: Callable[[Connection], None],
    ) -> None:
        """Take whom to tell of a connection that was dialled and on which nobody was met."""
        self._mail = mail
        self._parts = parts
        self._log = log
        self._failed = failed

    def happened(self, happened: Happened) -> None:
        """Hand on one thing that happened."""
        match happened:
            case Opened(connection, peer):
                self._log("met", peer=peer, channel=connection.channel, host=connection.host)
                for part in self._parts:
                    part.opened(connection, peer)
            case Came():
                self._came(happened)
            case Unanswered(connection, peer, key):
                for part in self._parts:
                    part.unanswered(connection, peer, key)
            case Closed(connection, peer, why, is_fault):
                self._closed(connection, peer, why, is_fault=is_fault)

    def tick(self, now_ms: int) -> None:
        """Let the parts know the time."""
        for part in self._parts:
            part.tick(now_ms)

    def _came(self, came: Came) -> None:
        part = _part(self._parts, came.type, came.role)
        try:
            if part is None:
                raise RemoteFault(f"there is no type {came.type}")
            part.came(came.connection, came.peer, came.role, came.type, came.request_id, came.body)
        except RemoteFault as fault:
            self._mail.end(came.connection, fault.what, is_fault=True)

    def _closed(
        self, connection: Connection, peer: PeerId | None, why: str, *, is_fault: bool
    ) -> None:
        event = "cut off" if is_fault else "left"
        self._log(event, peer=peer, channel=connection.channel, host=connection.host, why=why)
        if peer is None:
            self._failed(connection)
            return
        for part in self._parts:
            part.closed(connection, peer)


def _part(parts: Parts, kind: int, role: Role) -> Part | None:
    """Return whom a message is for."""
    subject = kind // 4
    if subject >= Subject.CATALOGUE + 64:
        return None
    if subject >= Subject.CATALOGUE:
        return parts.herald
    if subject >= Subject.CREDIT:
        return parts.treasury
    if subject >= Subject.WORK:
        request = kind - 1 if role is Role.ANSWER else kind
        is_answer = role is Role.ANSWER
        to_requester = (request in _TO_REQUESTER) != is_answer
        return parts.requester if to_requester else parts.provider
    if subject >= Subject.DIRECTORY:
        return parts.registrar
    if subject >= Subject.CONTENT:
        return parts.depot
    return parts.relays if subject >= Subject.RELAY else parts.lines
