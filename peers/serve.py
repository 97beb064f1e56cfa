"""Serve: has blocks sent to those who may have them, each asker in its turn. Pure.

A want is answered from what its scope's roots lead to (scope.py), never from the whole store. What
is not there, and what the asker may not have, are answered alike. In a turn one asker is sent up to
MAX_BYTES, or has its scope opened further; then it is the next one's turn. At most MAX_TURNS are
open at a time, which bounds what is in memory.

>>> from engine.content.cid import RAW
>>> data = b"a"
>>> root = Cid.of(RAW, data)
>>> server, peer = Server(), PeerId(bytes(32))
>>> server.handle(Offer(root, (root,), None))
()
>>> (load,) = server.handle(Asked(peer, WantBlocks(1, root, (root,), 100)))
>>> (send,) = server.handle(Loaded(load.turn, ((root, data),), ()))
>>> send.message.sent
1
"""

from collections import deque
from collections.abc import Callable, Iterable
from typing import Any, Final

from engine.content.cid import Cid
from engine.content.links import STRANGER, Bounds
from engine.values import dataclass
from peers.exchange import (
    MAX_BYTES,
    MAX_CIDS,
    MAX_LANES,
    Blocks,
    Cancel,
    Credit,
    DontHave,
    WantBlocks,
)
from peers.identity import PeerId
from peers.lane import Lane
from peers.scope import Scope
from peers.serve_events import (
    Action,
    Asked,
    Event,
    Gone,
    Load,
    Loaded,
    Offer,
    Send,
    Taken,
    Tick,
    Withdraw,
)

MAX_TURNS: Final = 4  # of MAX_BYTES each
MAX_TURNS_EACH: Final = 2  # one is read while one is sent
MAX_OPENED: Final = 64  # blocks read in a turn to open a scope
MAX_KNOWN: Final = 2_000_000  # blocks of all scopes: 220 MB; over it the scope longest idle forgets


@dataclass(frozen=True, slots=True)
class Turn:
    """A reading that is under way, or its blocks are on their way out."""

    peer: PeerId
    number: int
    lane: Lane
    opens: bool  # its scope is opened; else blocks are to be sent
    cids: tuple[Cid, ...]
    most: int  # bytes


class Server:
    """All that this peer gives to others."""

    def __init__(self, most_known: int = MAX_KNOWN, bounds: Bounds = STRANGER) -> None:
        self._most_known = most_known
        self._bounds = bounds  # of each scope
        self._now_ms = 0
        self._known = 0  # blocks of all scopes
        self._scopes: dict[Cid, Scope] = {}  # the one that was asked for last is last
        self._lanes: dict[PeerId, dict[int, Lane]] = {}
        self._ring: deque[PeerId] = deque()  # who may use a turn; whose turn is next is first
        self._awake: set[PeerId] = set()  # those in the ring
        self._turns: dict[int, Turn] = {}
        self._last_turn = 0
        self._actions: list[Action] = []
        self._handlers: dict[type, Callable[[Any], None]] = {
            Offer: self._on_offer,
            Withdraw: self._on_withdraw,
            Asked: self._on_asked,
            Gone: self._on_gone,
            Loaded: self._on_loaded,
            Taken: self._on_taken,
            Tick: self._on_tick,
        }

    def handle(self, event: Event) -> tuple[Action, ...]:
        """Take what became true and return what should be done."""
        self._handlers[type(event)](event)
        while len(self._turns) < MAX_TURNS and self._begin_turn():
            pass
        actions = tuple(self._actions)
        self._actions.clear()
        return actions

    # what may be had

    def _on_offer(self, event: Offer) -> None:
        scope = self._scopes.setdefault(event.scope, Scope(event.asker, self._bounds))
        if scope.asker != event.asker:
            raise ValueError(f"{event.scope} is offered to another already")
        if not scope.has_room(len(event.roots)):
            self._shrink(scope)
        self._learned(scope, scope.add(event.roots, event.without))

    def _on_withdraw(self, event: Withdraw) -> None:
        if scope := self._scopes.pop(event.scope, None):
            self._known -= scope.size
            for (peer, number), lane in list(scope.lanes.items()):
                self._dont_have(peer, number, lane.give_up_all())
                self._close(peer, number)

    def _on_tick(self, event: Tick) -> None:
        self._now_ms = max(self._now_ms, event.now_ms)

    # what is asked for

    def _on_asked(self, event: Asked) -> None:
        match event.message:
            case WantBlocks():
                self._on_want(event.peer, event.message)
            case Credit(number, granted):
                if lane := self._lanes.get(event.peer, {}).get(number):
                    lane.grant(granted)
                    self._wake(event.peer)
            case Cancel(number, cids):
                self._on_cancel(event.peer, number, cids)

    def _on_want(self, peer: PeerId, want: WantBlocks) -> None:
        scope = self._scopes.get(want.scope)
        lane = self._lane(peer, want, scope) if scope and scope.allows(peer) else None
        if scope is None or lane is None:
            self._dont_have(peer, want.lane, want.cids)
            return
        self._scopes[want.scope] = self._scopes.pop(want.scope)
        lane.grant(want.granted)
        room = MAX_CIDS - sum(lane.wants for lane in self._lanes[peer].values())
        for cid in want.cids[:room]:
            lane.want(cid, is_known=cid in scope)
        self._dont_have(peer, want.lane, want.cids[room:])
        if lane.unknown:
            scope.retry(self._now_ms)
            self._give_up(scope)
        self._wake(peer)

    def _lane(self, peer: PeerId, want: WantBlocks, scope: Scope) -> Lane | None:
        """Return the lane of a want, which may be new; None if it cannot be."""
        lanes = self._lanes.setdefault(peer, {})
        if want.lane not in lanes and len(lanes) < MAX_LANES:
            lanes[want.lane] = scope.lanes[peer, want.lane] = Lane(want.scope)
        lane = lanes.get(want.lane)
        return lane if lane and lane.scope == want.scope else None

    def _on_cancel(self, peer: PeerId, number: int, cids: tuple[Cid, ...]) -> None:
        if not cids:
            self._close(peer, number)
        elif lane := self._lanes.get(peer, {}).get(number):
            lane.cancel(cids)

    def _on_gone(self, event: Gone) -> None:
        for number in list(self._lanes.get(event.peer, ())):
            self._close(event.peer, number)
        for number, turn in list(self._turns.items()):
            if turn.peer == event.peer and not turn.opens:
                del self._turns[number]

    def _close(self, peer: PeerId, number: int) -> None:
        lanes = self._lanes.get(peer, {})
        lane = lanes.pop(number, None)
        if lane and lane.scope in self._scopes:
            del self._scopes[lane.scope].lanes[peer, number]
        if lane and not lanes:
            del self._lanes[peer]
            if peer in self._awake:
                self._awake.remove(peer)
                self._ring.remove(peer)

    # turns

    def _begin_turn(self) -> bool:
        """Begin the turn of whoever is next and can use it; return whether there is one."""
        busy = [turn.peer for turn in self._turns.values()]
        for _ in range(len(self._ring)):
            peer = self._ring.popleft()
            is_busy = busy.count(peer) >= MAX_TURNS_EACH
            if not is_busy and not self._turn_of(peer):
                self._awake.remove(peer)
                continue
            self._ring.append(peer)
            if not is_busy:
                return True
        return False

    def _wake(self, peer: PeerId) -> None:
        """Let a peer be looked at, for which something has changed."""
        if peer in self._lanes and peer not in self._awake:
            self._awake.add(peer)
            self._ring.append(peer)

    def _turn_of(self, peer: PeerId) -> bool:
        lanes = self._lanes[peer]
        for number, lane in list(lanes.items()):
            if turn := self._sending(peer, number, lane) or self._opening(peer, number, lane):
                lanes[number] = lanes.pop(number)  # the others come first next time
                self._last_turn += 1
                self._turns[self._last_turn] = turn
                self._actions.append(Load(self._last_turn, turn.cids, turn.most))
                return True
        return False

    def _sending(self, peer: PeerId, number: int, lane: Lane) -> Turn | None:
        return Turn(peer, number, lane, False, *lane.take()) if lane.is_ready() else None

    def _opening(self, peer: PeerId, number: int, lane: Lane) -> Turn | None:
        scope = self._scopes[lane.scope]
        if not lane.unknown or scope.is_opening:
            return None
        scope.is_opening = True
        return Turn(peer, number, lane, True, scope.unopened(MAX_OPENED), MAX_BYTES)

    def _on_loaded(self, event: Loaded) -> None:
        turn = self._turns.pop(event.turn, None)
        scope = self._scopes.get(turn.lane.scope) if turn else None
        if turn is None or scope is None:
            return  # the asker has gone, or may not have it any more
        self._open(scope, event)
        if turn.opens:
            scope.is_opening = False
            self._give_up(scope)
            for peer, _ in scope.lanes:
                self._wake(peer)
        elif self._lanes.get(turn.peer, {}).get(turn.number) is turn.lane:
            self._on_read(turn, event)

    def _on_read(self, turn: Turn, event: Loaded) -> None:
        answered = {cid for cid, _ in event.blocks} | set(event.absent)
        unread = tuple(cid for cid in turn.cids if cid not in answered)
        turn.lane.end_turn(sum(len(data) for _, data in event.blocks), unread)
        self._wake(turn.peer)
        self._dont_have(turn.peer, turn.number, event.absent)
        if event.blocks:
            message = Blocks(turn.number, turn.lane.sent, tuple(event.blocks))
            self._turns[event.turn] = turn
            self._actions.append(Send(turn.peer, message, event.turn))

    def _on_taken(self, event: Taken) -> None:
        self._turns.pop(event.turn, None)

    # what follows

    def _open(self, scope: Scope, event: Loaded) -> None:
        new: set[Cid] = set()
        for cid, data in event.blocks:
            new |= scope.open(cid, data)
        for cid in event.absent:
            scope.cannot_open(cid, self._now_ms)
        self._learned(scope, new)

    def _learned(self, scope: Scope, new: set[Cid]) -> None:
        if new:
            self._known += len(new)
            for (peer, _), lane in scope.lanes.items():
                if lane.learn(new):
                    self._wake(peer)
            self._forget(scope)

    def _forget(self, but: Scope) -> None:
        """Have scopes that were not asked for lately forget what is in them, if need be."""
        for scope in self._scopes.values() if self._known > self._most_known else ():
            if scope is not but and self._known > self._most_known:
                self._shrink(scope)

    def _shrink(self, scope: Scope) -> None:
        self._known -= scope.size
        scope.forget()
        self._known += scope.size

    def _give_up(self, scope: Scope) -> None:
        """Answer wants that no block of a scope links to, once all of it is open."""
        if not scope.unopened(1):
            for (peer, number), lane in scope.lanes.items():
                self._dont_have(peer, number, lane.give_up())

    def _dont_have(self, peer: PeerId, number: int, cids: Iterable[Cid]) -> None:
        if gone := tuple(cids):
            self._actions.append(Send(peer, DontHave(number, gone)))
