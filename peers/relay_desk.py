"""Relay desk: what a relay answers to who wants to be reached through it, and to who reaches.

Every peer has one; that of a peer that is no relay keeps nobody, and says so.
"""

import secrets
from collections.abc import Callable

from engine.clock import Clock
from engine.errors import Refused
from peers import plain
from peers.connection import Connection
from peers.identity import PeerId
from peers.lines import Lines
from peers.mail import Mail
from peers.relay import TOKEN, Limits, Relay, Tokens
from peers.relay_messages import (
    CALL_TYPE,
    Berth,
    Call,
    Granted,
    Reach,
    curve_key,
    read_keep,
    read_reach,
    write_call,
    write_granted,
    write_kept,
)


class RelayDesk:
    """For the node's one thread."""

    def __init__(self, mail: Mail, lines: Lines, clock: Clock, log: Callable[..., None]) -> None:
        self._mail = mail
        self._lines = lines
        self._clock = clock
        self._log = log
        self._relay = Relay(Limits(kept=0))
        self._port = 0

    def serve(self, relay: Relay, port: int) -> None:
        """Be a relay, whose streams come to a port (relay_port.py)."""
        self._relay, self._port = relay, port

    def keep(self, connection: Connection, peer: PeerId, key: bytes, body: bytes) -> None:
        """Let a peer be reached through this one, if it may.

        Raises: RemoteFault for what is no request, or has another's certificate.
        """
        certificate = read_keep(plain.unpack(body))
        curve_key(certificate, peer)
        why_not = ""
        try:
            self._relay.keep(peer, certificate)
            self._log("relay kept", peer=peer)
        except Refused as refused:
            why_not = refused.what
        self._mail.reply(connection, key, write_kept(why_not))

    def reach(self, connection: Connection, peer: PeerId, key: bytes, body: bytes) -> None:
        """Call whom a peer wants, and tell it how to come there.

        Raises: RemoteFault for what is no request.
        """
        wanted = read_reach(plain.unpack(body))
        try:
            answer: Granted | str = self._call(peer, wanted)
        except Refused as refused:
            answer = refused.what
        self._mail.reply(connection, key, write_granted(answer))

    def closed(self, peer: PeerId) -> None:
        """Keep a peer no longer that is not connected."""
        if self._lines.control(peer) is None:
            self._relay.leave(peer)

    def _call(self, asker: PeerId, wanted: Reach) -> Granted:
        tokens = Tokens(secrets.token_bytes(TOKEN), secrets.token_bytes(TOKEN))
        now_ms = self._clock.monotonic_ms()
        certificate = self._relay.call(asker, wanted.peer, tokens, now_ms)
        line = self._lines.control(wanted.peer)
        if line is None:
            raise ValueError("a peer is kept that is not connected")
        call = Call(asker, wanted.channel, Berth(self._port, tokens.wanted))
        self._mail.tell(line, CALL_TYPE, write_call(call))
        return Granted(Berth(self._port, tokens.asker), certificate)
