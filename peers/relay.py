"""Relay: who is reached through this peer, and which two streams belong together. Pure.

A peer that nobody can dial keeps a connection here and says so in its record. Who wants to reach it
asks here: each of the two gets a token, dials the relay's port and says it there, and what comes
after the one is passed on to the other. A token is good once, and for a short time.

>>> relay = Relay(Limits())                                              # doctest: +SKIP
>>> relay.keep(provider, certificate); relay.call(requester, provider, tokens, 0)  # doctest: +SKIP
>>> relay.came(tokens.asker, 7, 10), relay.came(tokens.wanted, 8, 20)    # doctest: +SKIP
(Waits(), Joined(other=7))
"""

from collections import Counter, OrderedDict
from collections.abc import Iterator
from typing import Final, NamedTuple

from engine.errors import Refused
from engine.values import dataclass
from peers.allowance import Allowance, Rate
from peers.identity import PeerId

TOKEN: Final = 32  # bytes, random
LIFE_MS: Final = 15_000  # from when a token is given until both have come
CALLS: Final = Rate(messages=1, size=1)  # a second, of one asker
BURST_S: Final = 16  # as many at once
MAX_ASKERS: Final = 1_024  # whose calls are counted; those who asked last

_ELSEWHERE: Final = "look for another way to it"


@dataclass(frozen=True, slots=True)
class Limits:
    """What others may have of this relay."""

    kept: int = 256  # peers that are reached through it; 0: it is none
    calls: int = 128  # pairs of streams, with those that are still awaited
    per_peer: int = 16  # of them, in which one peer has part


class Tokens(NamedTuple):
    """What each of the two says at the relay's port."""

    asker: bytes
    wanted: bytes


@dataclass(frozen=True, slots=True)
class Waits:
    """The stream is the first of its pair."""


@dataclass(frozen=True, slots=True)
class Joined:
    """The stream belongs to another one, which is here."""

    other: int


class _Call:
    """Two streams that belong together, or will."""

    def __init__(self, peers: tuple[PeerId, PeerId], tokens: Tokens, until_ms: int) -> None:
        self.peers = peers
        self.tokens = tokens
        self.until_ms = until_ms  # both have come by then
        self.streams: tuple[int, ...] = ()


class Relay:
    """What is going on at one relay. Streams are numbers of whoever holds them."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._kept: dict[PeerId, bytes] = {}  # its certificate
        self._calls: dict[_Call, None] = {}
        self._by_token: dict[bytes, _Call] = {}
        self._by_stream: dict[int, _Call] = {}
        self._busy: Counter[PeerId] = Counter()
        self._rates: OrderedDict[PeerId, Allowance] = OrderedDict()

    def __len__(self) -> int:
        """Return how many pairs of streams are joined."""
        return sum(len(call.streams) == len(call.tokens) for call in self._calls)

    def keep(self, peer: PeerId, certificate: bytes) -> None:
        """Let a peer be reached through us while it is connected; its certificate is passed on.

        Raises: Refused when there are too many.
        """
        if peer not in self._kept and len(self._kept) >= self._limits.kept:
            what = f"{len(self._kept)} peers are reached through this one already"
            raise Refused(what if self._limits.kept else "this peer is no relay", fix=_ELSEWHERE)
        self._kept[peer] = certificate

    def leave(self, peer: PeerId) -> None:
        """Let a peer be reached no more; streams that it has stay."""
        self._kept.pop(peer, None)

    def call(self, asker: PeerId, wanted: PeerId, tokens: Tokens, at_ms: int) -> bytes:
        """Let one peer reach another; return the certificate of that one.

        Raises: Refused when it may not, now or at all.
        """
        if not self._rate(asker, at_ms).take(at_ms, 0):
            raise Refused("it is asked for too often", fix="wait a little")
        if wanted not in self._kept or wanted == asker:
            raise Refused("that peer is not reached through this one", fix=_ELSEWHERE)
        if len(self._calls) >= self._limits.calls:
            raise Refused("this relay has no stream left", fix=_ELSEWHERE)
        if max(self._busy[asker], self._busy[wanted]) >= self._limits.per_peer:
            raise Refused("one of the two has too many streams here", fix="end some")
        call = _Call((asker, wanted), tokens, at_ms + LIFE_MS)
        self._calls[call] = None
        self._by_token.update(dict.fromkeys(tokens, call))
        self._busy.update(call.peers)
        return self._kept[wanted]

    def came(self, token: bytes, stream: int, at_ms: int) -> Waits | Joined | None:
        """Take a stream that began with a token; None when it is to be ended."""
        call = self._by_token.pop(token, None)
        if call is None or at_ms >= call.until_ms:
            return None
        others = call.streams
        call.streams = (*others, stream)
        self._by_stream[stream] = call
        return Joined(others[0]) if others else Waits()

    def ended(self, stream: int) -> None:
        """Note that a stream is gone, and with it the other one of its pair."""
        if call := self._by_stream.get(stream):
            self._end(call)

    def expire(self, at_ms: int) -> tuple[int, ...]:
        """Give up the pairs that have not come in time; return the streams to be ended."""
        return tuple(stream for call in self._late(at_ms) for stream in self._end(call))

    def _late(self, at_ms: int) -> list[_Call]:
        def late() -> Iterator[_Call]:
            for call in self._calls:  # the first made are the first to be late
                if at_ms < call.until_ms:
                    return
                if len(call.streams) < len(call.tokens):
                    yield call

        return [*late()]

    def _end(self, call: _Call) -> tuple[int, ...]:
        del self._calls[call]
        self._busy.subtract(call.peers)
        self._busy += Counter()  # forgets who has none
        for token in call.tokens:
            self._by_token.pop(token, None)
        for stream in call.streams:
            del self._by_stream[stream]
        return call.streams

    def _rate(self, asker: PeerId, at_ms: int) -> Allowance:
        rate = self._rates.setdefault(asker, Allowance(CALLS, at_ms, burst_s=BURST_S))
        self._rates.move_to_end(asker)
        if len(self._rates) > MAX_ASKERS:
            self._rates.popitem(last=False)
        return rate
