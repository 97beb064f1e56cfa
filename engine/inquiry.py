"""Inquiry: from the name of an instance to its key, and to a result of it that may be reused."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from engine.content.cid import Cid
from engine.errors import TallyError
from engine.lookup import Hit, Lookup
from engine.memo import UNSIGNED, Witness
from engine.products import Products
from engine.rows import Name, StepRow
from engine.runner import Order, limits_of
from engine.step import STEP
from engine.workflow.found import Outputs
from engine.workflow.graph import Group
from engine.workflow.resolve import ResolvedStep


class Resolving(Protocol):
    """What is asked of engine/workflow/resolve.py."""

    def step(self, name: str, index: int | None, outputs: Outputs) -> ResolvedStep:
        """Return one instance of a step."""
        ...

    def directory(self, name: str, outputs: Outputs) -> Cid:
        """Return the directory whose entries a step scatters over."""
        ...

    def expand(self, name: str, entries: Mapping[str, Cid]) -> int:
        """Take those entries, and return how many instances the step has."""
        ...


@dataclass(frozen=True, slots=True)
class Answer:
    """What is known of an instance: either an error, or an order, with a hit unless it must run."""

    name: Name
    order: Order | None
    hit: Hit | None
    is_own: bool  # this run made the result itself, before it was interrupted
    error: TallyError | None


class Inquiry:
    """Resolves instances and looks for results. For one thread."""

    def __init__(
        self,
        resolver: Resolving,
        lookup: Lookup,
        groups: Sequence[Group],
        *,
        forced: frozenset[str] = frozenset(),
        earlier: Mapping[Name, StepRow] | None = None,
    ) -> None:
        """Take the steps that must run again, and what this run did before it was interrupted."""
        self.products = Products()
        self.resolver = resolver
        self._lookup = lookup
        self._scattered = {group.step for group in groups if group.scattered}
        self._reusable = {group.step for group in groups if group.reusable} - forced
        self._earlier = earlier or {}

    def answer(self, names: Sequence[Name]) -> list[Answer]:
        """Return what is known of each instance, in order."""
        answers = [self._resolve(name) for name in names]
        steps = {
            answer.order.key: answer.order.step
            for answer in answers
            if answer.order and answer.hit is None and self.may_share(answer.name)
        }
        hits = self._lookup.find(steps)
        return [self._with_hit(answer, hits) for answer in answers]

    def again(self, order: Order) -> Hit | None:
        """Look once more, now that nobody else is at work on it."""
        return self._lookup.find({order.key: order.step}).get(order.key)

    def may_share(self, name: Name) -> bool:
        """Return whether an instance may take a result that this run did not make."""
        return name[0] in self._reusable

    def _resolve(self, name: Name) -> Answer:
        step, index = name
        at = index if step in self._scattered else None
        try:
            resolved = self.resolver.step(step, at, self.products.get)
            record = STEP.block(resolved.step)
        except TallyError as error:
            return Answer(name, None, None, False, error)
        limits = limits_of(resolved.resources)
        order = Order(record.cid, resolved.step, (*resolved.blocks, record), limits)
        own = self._own(name, order)
        return Answer(name, order, own, own is not None, None)

    def _own(self, name: Name, order: Order) -> Hit | None:
        row = self._earlier.get(name)
        if row is None or row.status != "ran" or row.key != order.key:
            return None
        if row.result is None or row.attestation is None:
            return None
        witness = Witness(order.key, row.result, row.attestation, row.signed, UNSIGNED)
        return self._lookup.recorded(order.step, witness)

    def _with_hit(self, answer: Answer, hits: Mapping[Cid, Hit]) -> Answer:
        if answer.hit or answer.order is None or not self.may_share(answer.name):
            return answer
        hit = hits.get(answer.order.key)
        return Answer(answer.name, answer.order, hit, False, None)
