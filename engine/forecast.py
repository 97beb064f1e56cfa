"""Forecast: what a run would do, as far as that can be told without running anything.

A step is asked for its key as soon as all it reads is known; what reads a step that would run can
only wait: if that gives the same bytes as before, it would be reused all the same.
"""

from collections.abc import Iterator, Sequence
from typing import Literal

from engine.content.blocks import BlockStore
from engine.entries import entries_of
from engine.inquiry import Inquiry
from engine.runner import Order
from engine.values import dataclass
from engine.workflow.graph import Group, Need

Action = Literal["reuse", "run", "wait", "skip"]


@dataclass(frozen=True, slots=True)
class Forecast:
    """What would become of one instance."""

    step: str
    index: int | None  # None when the step is not scattered, or its instances are not known
    action: Action
    order: Order | None  # of "run"
    waits_for: str  # of "wait": the step; "" else

    @property
    def id(self) -> str:
        """The id that people see: "train[1]"."""
        return self.step if self.index is None else f"{self.step}[{self.index}]"


class Forecaster:
    """Goes through the groups of a run in their order. For one use."""

    def __init__(self, store: BlockStore, inquiry: Inquiry, groups: Sequence[Group]) -> None:
        self._store = store
        self._inquiry = inquiry
        self._groups = groups
        self._open: set[str] = set()  # steps of which not every output is known
        self._skipped: set[str] = set()

    def all(self) -> Iterator[Forecast]:
        """Yield what would become of every instance.

        Raises: Refused for a step that cannot be resolved; Damaged, Unavailable as the store does.
        """
        for group in self._groups:
            yield from self._group(group)

    def _group(self, group: Group) -> Iterator[Forecast]:
        blocking = next((need for need in group.needs if need.step in self._open), None)
        if group.skipped or any(self._skips(need) for need in group.needs):
            self._skipped.add(group.step)
            yield Forecast(group.step, None, "skip", None, "")
        elif blocking is not None:
            self._open.add(group.step)
            yield from self._waiting(group, blocking.step)
        else:
            yield from self._known(group, self._count(group))

    def _skips(self, need: Need) -> bool:
        return need.carries_skip and need.step in self._skipped

    def _waiting(self, group: Group, producer: str) -> Iterator[Forecast]:
        indexes = range(group.count or 0) if group.scattered else ()
        for index in indexes or (None,):
            yield Forecast(group.step, index, "wait", None, producer)

    def _count(self, group: Group) -> int:
        if group.count is not None:
            return group.count
        resolver = self._inquiry.resolver
        directory = resolver.directory(group.step, self._inquiry.products.get)
        return resolver.expand(group.step, entries_of(self._store, directory))

    def _known(self, group: Group, count: int) -> Iterator[Forecast]:
        [answer] = self._inquiry.answer([(group.step, range(count))])
        for error in answer.errors.values():
            raise error
        for index in range(count):
            at = index if group.scattered else None
            if index in answer.hits:
                self._inquiry.products.add(group.step, index, answer.hits[index].outputs)
                yield Forecast(group.step, at, "reuse", None, "")
            else:
                self._open.add(group.step)
                yield Forecast(group.step, at, "run", answer.orders[index], "")
