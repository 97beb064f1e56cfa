"""Passed: lets peers have what this one made for a requester, as that one says by a pass.

A requester can pass on what it may have itself: what it sent here, or had made here (shown.py).
"""

from collections import Counter, OrderedDict
from typing import Final, NamedTuple

from engine.clock import Clock
from engine.content.cid import Cid
from engine.errors import Damaged
from engine.step import SIGNED
from peers.allowance import AGREED
from peers.errors import RemoteFault
from peers.identity import PeerId
from peers.intake import Depot
from peers.pass_record import PASS, Pass
from peers.shown import Shown
from peers.signed import Unsealed, unseal

LAST_MS: Final = 3_600_000  # after it was shown the last time, a pass is forgotten
MAX_EACH: Final = 1_024  # passes of one requester; the oldest is forgotten, and may be shown again
MAX_ROOTS: Final = 65_536  # of all passes; the oldest of who has most is forgotten: 16 large ones


class _Open(NamedTuple):
    reader: PeerId
    shown_ms: int
    roots: int


class Passed:
    """The passes that were shown here. For the node's thread."""

    def __init__(self, me: PeerId, shown: Shown, depot: Depot, clock: Clock) -> None:
        self._me = me
        self._shown = shown
        self._depot = depot
        self._clock = clock
        self._open: dict[PeerId, OrderedDict[Cid, _Open]] = {}  # by requester, the oldest first
        self._roots: Counter[PeerId] = Counter()  # by requester

    def show(self, reader: PeerId, word: bytes) -> None:
        """Take a pass that a peer shows; what its giver may not have stays as it is.

        Raises: RemoteFault for one that is not its own, or not for this peer.
        """
        if not self._shown.knows(_signer(word)):
            return  # of a stranger, not even what it says is looked at
        one = _read(word)
        if one.value.reader != reader.key or one.value.holder != self._me.key:
            raise RemoteFault("it shows a pass that is not its own, or not for this peer")
        lacks = set(self._shown.lacks(one.signer, one.value.roots))
        roots = [root for root in one.value.roots if root not in lacks]
        if not roots:
            return  # what it wants by it is not here, as far as it is told
        held = self._open.setdefault(one.signer, OrderedDict())
        self._depot.offer(one.cid, roots, reader)  # more of them than before, perhaps
        if one.cid not in held:
            self._depot.granted(reader, AGREED)
        before = held.get(one.cid)
        self._roots[one.signer] += len(roots) - (before.roots if before else 0)
        held[one.cid] = _Open(reader, self._clock.monotonic_ms(), len(roots))
        held.move_to_end(one.cid)
        if len(held) > MAX_EACH:
            self._forget(one.signer)
        while self._roots.total() > MAX_ROOTS:
            self._forget(max(self._roots, key=self._roots.__getitem__))

    def tick(self, now_ms: int) -> None:
        """Take the time."""
        for requester, held in tuple(self._open.items()):
            while held and now_ms - next(iter(held.values())).shown_ms >= LAST_MS:
                self._forget(requester)
            if not held:
                del self._open[requester]

    def _forget(self, requester: PeerId) -> None:
        """Forget the oldest pass of a requester."""
        cid, (reader, _, roots) = self._open[requester].popitem(last=False)
        self._roots[requester] -= roots
        self._depot.withdraw(cid)
        self._depot.ungranted(reader)


def _signer(word: bytes) -> PeerId:
    try:
        return PeerId(SIGNED.decode(word).public_key)
    except Damaged as error:
        raise RemoteFault(error.what) from None


def _read(word: bytes) -> Unsealed[Pass]:
    try:
        return unseal(PASS, word)
    except Damaged as error:
        raise RemoteFault(error.what) from None
