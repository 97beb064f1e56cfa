"""Passages: what steps take that other peers hold for their requester, brought here by its passes.

A step waits for the passes of its lease, and for nothing else here. A pass of which this peer is
the holder itself says what is here: no line is made for it.
"""

from collections.abc import Callable, Iterable
from functools import partial
from typing import Final, NamedTuple

from engine.content.cid import Cid
from engine.errors import TallyError
from peers.allowance import AGREED
from peers.identity import Address, PeerId
from peers.intake import Bringing, Depot, Intake, Origin
from peers.step_messages import SignedPass

AT_ONCE: Final = 8  # passes by which is fetched; so many dials, too
MAX_DIALLED: Final = 2  # places of a holder
MAX_ROOTS: Final = 65_536  # of the passes that steps wait for: 7 MB


class _Going(NamedTuple):
    holder: PeerId
    bringing: Bringing


class Passages:
    """Those of one agreement. For the node's thread."""

    def __init__(
        self,
        intake: Intake,
        depot: Depot,
        meet: Callable[[Address], None],
        ready: Callable[[list[Cid]], None],
        failed: Callable[[Cid, TallyError], None],
    ) -> None:
        """Call `ready` with steps of which all is here that is passed, or `failed` with why not."""
        self._intake = intake
        self._depot = depot
        self._meet = meet
        self._ready = ready
        self._failed = failed
        self._waiting: dict[Cid, set[Cid]] = {}  # step -> passes
        self._steps: dict[Cid, set[Cid]] = {}  # pass -> steps that wait for it
        self._passes: dict[Cid, SignedPass] = {}  # of those
        self._queue: dict[Cid, None] = {}  # passes by which nothing is fetched yet
        self._going: dict[Cid, _Going] = {}

    def has_room(self, passes: Iterable[SignedPass]) -> bool:
        """Return whether more steps may wait, for these passes."""
        held = sum(len(one.value.value.roots) for one in self._passes.values())
        return held + sum(len(one.value.value.roots) for one in passes) <= MAX_ROOTS

    def want(self, steps: Iterable[Cid], passes: Iterable[SignedPass]) -> None:
        """Have what some steps take brought here."""
        named = {one.value.cid: one for one in passes}
        for step in steps:
            self._waiting[step] = set(named)
            for cid in named:
                self._steps.setdefault(cid, set()).add(step)
        for cid, one in named.items():
            if cid in self._steps and cid not in self._passes:
                self._passes[cid] = one
                self._queue[cid] = None
        self._go_on()

    def drop(self, step: Cid) -> None:
        """Wait for a step no more; what nobody else waits for is not fetched on."""
        for cid in self._waiting.pop(step, ()):
            self._steps[cid].discard(step)
            if not self._steps[cid]:
                self._end(cid)
        self._go_on()

    def close(self) -> None:
        """Wait for nothing."""
        for step in tuple(self._waiting):
            self.drop(step)

    def _go_on(self) -> None:
        while self._queue and len(self._going) < AT_ONCE:
            cid = next(iter(self._queue))
            del self._queue[cid]
            self._begin(cid, self._passes[cid])

    def _begin(self, cid: Cid, one: SignedPass) -> None:
        passed = one.value.value
        holder = PeerId(passed.holder)
        for address in passed.addresses()[:MAX_DIALLED]:
            self._meet(address)
        self._depot.granted(holder, AGREED)
        origin, brought = Origin(cid, holder, one.signed), partial(self._on_brought, cid)
        self._going[cid] = _Going(holder, self._intake.fetch(origin, passed.roots, brought))

    def _end(self, cid: Cid) -> set[Cid]:
        """Have nothing more to do with a pass; return which steps wait for it."""
        del self._passes[cid]
        self._queue.pop(cid, None)
        if (going := self._going.pop(cid, None)) is not None:
            going.bringing.stop()
            self._depot.ungranted(going.holder)
        return self._steps.pop(cid)

    def _on_brought(self, cid: Cid, error: TallyError | None) -> None:
        steps = self._end(cid)
        for step in steps:
            self._waiting[step].discard(cid)
        if error is not None:
            for step in steps:
                self.drop(step)
                self._failed(step, error)
        elif ready := [step for step in steps if not self._waiting[step]]:
            for step in ready:
                del self._waiting[step]
            self._ready(ready)
        self._go_on()
