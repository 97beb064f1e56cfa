"""Inquiry: from instances to their keys, and to results of them that may be reused."""

from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import field
from typing import NamedTuple, Protocol, TypeAlias

from engine.content.blocks import Block
from engine.content.cid import Cid
from engine.errors import TallyError
from engine.lookup import Hit, Lookup
from engine.memo import UNSIGNED, Witness
from engine.products import Products
from engine.rows import Name, StepRow
from engine.runner import Order, limits_of
from engine.step import STEP
from engine.values import dataclass
from engine.workflow.found import Outputs
from engine.workflow.graph import Group
from engine.workflow.resolve import ResolvedStep

Question: TypeAlias = tuple[str, Sequence[int]]  # a step, and some of its instances


class Resolving(Protocol):
    """What is asked of engine/workflow/resolve.py."""

    def step(self, name: str, index: int | None, outputs: Outputs) -> ResolvedStep:
        """Return one instance of a step."""
        ...

    def records(self, name: str, indexes: Iterable[int], outputs: Outputs) -> Iterator[Block]:
        """Yield the records of instances of a scattered step."""
        ...

    def outputs_of(self, name: str) -> Set[str]:
        """Return the names of a step's outputs."""
        ...

    def directory(self, name: str, outputs: Outputs) -> Cid:
        """Return the directory whose entries a step scatters over."""
        ...

    def expand(self, name: str, entries: Mapping[str, Cid]) -> int:
        """Take those entries, and return how many instances the step has."""
        ...


@dataclass(frozen=True, slots=True)
class Answer:
    """What is known of the instances of a question: each is in one of `hits, orders, errors`."""

    step: str
    keys: dict[int, Cid] = field(default_factory=dict)
    records: dict[int, Block] = field(default_factory=dict)  # as far as they were made
    hits: dict[int, Hit] = field(default_factory=dict)  # of those that need not run
    own: set[int] = field(default_factory=set)  # whose hit this run made before it was interrupted
    orders: dict[int, Order] = field(default_factory=dict)  # of those that must run
    errors: dict[int, TallyError] = field(default_factory=dict)


class Away(NamedTuple):
    """Where something is that is not here."""

    made_by: Name
    peer: bytes  # its key


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
        stays: Mapping[str, Set[str]] | None = None,
    ) -> None:
        """Take the steps that must run again, and what this run did before it was interrupted.

        `stays`: of some steps the outputs that may be with the peer that made them.
        """
        self.away: dict[Cid, Away] = {}  # what is with a peer, of all that was reused
        self.products = Products()
        self.resolver = resolver
        self._lookup = lookup
        self._scattered = {group.step for group in groups if group.scattered}
        self._reusable = {group.step for group in groups if group.reusable} - forced
        self._earlier = earlier or {}
        self.stays = stays or {}

    def answer(self, questions: Sequence[Question]) -> list[Answer]:
        """Return what is known of each question's instances, in order.

        The memo and the store are asked once for all of them.
        """
        answers = [self._keys(step, indexes) for step, indexes in questions]
        if self._earlier:
            self._find_own(answers)
        self._find(answers)
        for answer in answers:
            self._order_rest(answer)
            for index, hit in answer.hits.items():
                self._note((answer.step, index), hit)
        return answers

    def again(self, keys: Mapping[Name, Cid]) -> dict[Name, Hit]:
        """Look once more for some instances, now that nobody else is at work on their keys."""
        wanted = {key: self.resolver.outputs_of(name[0]) for name, key in keys.items()}
        stays = {key: self._staying(name[0]) for name, key in keys.items()}
        hits = self._lookup.find(wanted, stays) if wanted else {}
        found = {name: hits[key] for name, key in keys.items() if key in hits}
        for name, hit in found.items():
            self._note(name, hit)
        return found

    def may_share(self, name: Name) -> bool:
        """Return whether an instance may take a result that this run did not make."""
        return name[0] in self._reusable

    def order(self, step: str, index: int, record: Block | None = None) -> Order:
        """Return an instance as a runner takes it, with its record if that was made before.

        Raises: Refused when it cannot be resolved.
        """
        at = index if step in self._scattered else None
        resolved = self.resolver.step(step, at, self.products.get)
        record = record or STEP.block(resolved.step)
        limits = limits_of(resolved.resources)
        return Order(record.cid, resolved.step, (*resolved.blocks, record), limits)

    def _keys(self, step: str, indexes: Sequence[int]) -> Answer:
        answer = Answer(step)
        if step in self._scattered:
            try:
                made = self.resolver.records(step, indexes, self.products.get)
                answer.records.update(zip(indexes, made, strict=True))
            except TallyError:
                answer.records.clear()  # one by one, to see which it is
            answer.keys.update((index, record.cid) for index, record in answer.records.items())
        for index in indexes if not answer.keys else ():
            self._resolve(answer, index)
        return answer

    def _resolve(self, answer: Answer, index: int) -> None:
        try:
            order = self.order(answer.step, index, answer.records.get(index))
        except TallyError as error:
            answer.errors[index] = error
        else:
            answer.keys[index] = order.key
            answer.orders[index] = order

    def _find(self, answers: Sequence[Answer]) -> None:
        steps = {
            key: answer.step
            for answer in answers
            if answer.step in self._reusable
            for index, key in answer.keys.items()
            if index not in answer.hits
        }
        wanted = {key: self.resolver.outputs_of(step) for key, step in steps.items()}
        stays = {key: self._staying(step) for key, step in steps.items() if self.stays}
        hits = self._lookup.find(wanted, stays)
        for answer in answers if hits else ():
            for index, key in answer.keys.items():
                if key in hits and answer.step in self._reusable:
                    self._reuse(answer, index, key, hits[key])

    def _reuse(self, answer: Answer, index: int, key: Cid, hit: Hit) -> None:
        """Take a hit; what is away of this run's own is found here, too."""
        if answer.hits.setdefault(index, hit) is hit:
            own = self._own(answer.step, index, key) if hit.away else None
            if own is not None and own.result == hit.result:
                answer.own.add(index)

    def _staying(self, step: str) -> Set[str]:
        return self.stays.get(step, frozenset())

    def _note(self, name: Name, hit: Hit) -> None:
        for root in hit.away:  # of those who give the same, the first: it reads nothing later
            self.away.setdefault(root, Away(name, hit.maker))

    def _find_own(self, answers: Sequence[Answer]) -> None:
        """Find what this run did itself, which counts even where nothing may be shared."""
        own = {
            (answer.step, index): witness
            for answer in answers
            for index, key in answer.keys.items()
            if (witness := self._own(answer.step, index, key)) is not None
        }
        wanted = {witness.key: self.resolver.outputs_of(step) for (step, _), witness in own.items()}
        hits = self._lookup.whole(list(own.values()), wanted)
        for answer in answers:
            for index in answer.keys:
                witness = own.get((answer.step, index))
                if witness in hits:  # its own: another instance with this key may have given more
                    answer.hits[index] = hits[witness]
                    answer.own.add(index)

    def _own(self, step: str, index: int, key: Cid) -> Witness | None:
        row = self._earlier.get((step, index))
        if row is None or row.status != "ran" or row.key != key:
            return None
        if row.result is None or row.attestation is None:
            return None
        return Witness(key, row.result, row.attestation, row.signed, UNSIGNED)

    def _order_rest(self, answer: Answer) -> None:
        """Make the orders of those that must run; only these are worth a record."""
        for index in [index for index in answer.keys if index not in answer.hits]:
            if index not in answer.orders:
                self._resolve(answer, index)
        for index in answer.hits:
            answer.orders.pop(index, None)
