"""Passages: what steps take that other peers hold for their requester, brought here by its passes.

A step waits for the passes of its lease, and for nothing else here.
"""

from collections.abc import Callable, Iterable
from functools import partial

from engine.content.cid import Cid
from engine.errors import TallyError
from peers.allowance import AGREED
from peers.identity import Address, PeerId
from peers.intake import Depot, Intake, Origin
from peers.work_messages import Passed


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
        self._under_way: dict[Cid, PeerId] = {}  # pass -> of whom

    def want(self, steps: Iterable[Cid], passes: Iterable[Passed]) -> None:
        """Have what some steps take brought here."""
        named = {one.value.cid: one for one in passes}
        self._waiting.update((step, set(named)) for step in steps)
        for cid, one in named.items():
            if cid not in self._under_way:
                self._begin(cid, one)

    def drop(self, step: Cid) -> None:
        """Wait for a step no more."""
        self._waiting.pop(step, None)

    def close(self) -> None:
        """Wait for nothing."""
        self._waiting.clear()
        for holder in self._under_way.values():
            self._depot.ungranted(holder)
        self._under_way.clear()

    def _begin(self, cid: Cid, one: Passed) -> None:
        passed = one.value.value
        holder = self._under_way[cid] = PeerId(passed.holder)
        for address in passed.addresses():
            self._meet(address)
        self._depot.granted(holder, AGREED)
        origin = Origin(cid, holder, one.signed)
        self._intake.fetch(origin, passed.roots, partial(self._on_brought, cid))

    def _on_brought(self, cid: Cid, error: TallyError | None) -> None:
        self._depot.ungranted(self._under_way.pop(cid))
        steps = [step for step, passes in self._waiting.items() if cid in passes]
        for step in steps:
            self._waiting[step].discard(cid)
            if error is not None:
                del self._waiting[step]
                self._failed(step, error)
        whole = [step for step in steps if not self._waiting.get(step, {None})]
        for step in whole:
            del self._waiting[step]
        if whole:
            self._ready(whole)
