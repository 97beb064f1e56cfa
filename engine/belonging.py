"""Belonging: whether the steps of a run are those that its workflow makes of what it started from.

Whoever made a run wrote its steps down, and each is run again as it is written: a run that is said
to be of one workflow could else prove another. So each is resolved anew, from what is recorded of
those before it, and must have the same key. Pure, but for the store.
"""

from collections.abc import Iterable, Iterator, Sequence

from engine.content.blocks import BlockStore
from engine.entries import entries_of
from engine.errors import Damaged, Refused
from engine.products import Products
from engine.rows import Name
from engine.run import RunStep
from engine.step import RESULT, STEP
from engine.workflow.graph import Group
from engine.workflow.resolve import Resolver


def check(
    store: BlockStore, resolver: Resolver, groups: Sequence[Group], steps: Iterable[RunStep]
) -> None:
    """Look whether these are all steps of a run that succeeded, and no others.

    Raises: Damaged when they are not; Unavailable when what says so is not here.
    """
    belonging = _Belonging(store, resolver, steps)
    for group in groups:
        belonging.check(group)
    belonging.end()


class _Belonging:
    def __init__(self, store: BlockStore, resolver: Resolver, steps: Iterable[RunStep]) -> None:
        self._store = store
        self._resolver = resolver
        self._written = {(one.name, one.index or 0): one for one in steps}
        self._products = Products()
        self._skipped: set[str] = set()  # steps of which an instance was

    def check(self, group: Group) -> None:
        may_skip = group.skipped or any(
            need.carries_skip and need.step in self._skipped for need in group.needs
        )
        for name in self._names(group, may_skip=may_skip):
            step = self._written.pop(name, None)
            if step is None:
                raise _odd(f"lacks a step that its workflow has: '{group.step}'")
            if step.status == "skipped" and may_skip:
                self._skipped.add(group.step)
            elif group.skipped:
                raise _odd(f"has a step that its params skip: '{step.id}'")
            else:
                self._check(step)

    def end(self) -> None:
        for one in self._written.values():
            raise _odd(f"has a step that its workflow does not make: '{one.id}'")

    def _names(self, group: Group, *, may_skip: bool) -> Iterator[Name]:
        count = group.count
        if count is None and may_skip:  # nobody knows over what it would have been
            count = sum(name == group.step for name, _ in self._written)
        elif count is None:
            directory = self._resolver.directory(group.step, self._products.get)
            count = self._resolver.expand(group.step, entries_of(self._store, directory))
        yield from ((group.step, index) for index in range(count))

    def _check(self, step: RunStep) -> None:
        try:
            made = self._resolver.step(step.name, step.index, self._products.get)
        except (Refused, ValueError, LookupError) as error:
            raise _odd(f"has a step that its workflow cannot make: '{step.id}': {error}") from None
        if step.result is None or step.step != STEP.block(made.step).cid:
            raise _odd(f"has a step that its workflow does not make: '{step.id}'")
        result = RESULT.decode(self._store.get(step.result))
        self._products.add(step.name, step.index or 0, result.outputs)


def _odd(what: str) -> Damaged:
    return Damaged(f"the run {what}", fix="believe nothing of it")
