"""Remake: what a recorded run is missing, made again by running its steps again.

A step is run for what it gave and that is not here any more; first, if need be, those that made its
inputs. What comes out is kept only if it is what was recorded: the same Result, to the byte.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import suppress

from engine.content.blocks import Block, BlockStore
from engine.content.cid import RAW, Cid
from engine.content.links import OURS, links, walk
from engine.errors import Damaged, TallyError, Unavailable
from engine.evidence import attestation
from engine.run import RunStep
from engine.runner import Order, Report, limits_of
from engine.step import RESULT, STEP
from engine.values import dataclass
from engine.workflow.graph import Group
from engine.workflow.model import Workflow


@dataclass(frozen=True, slots=True)
class Remaker:
    """Makes again what one run is missing. One step at a time: it is rare, and may be large."""

    store: BlockStore
    workflow: Workflow
    groups: Sequence[Group]
    missing: frozenset[Cid]  # what is wanted

    def order(self, steps: Sequence[RunStep]) -> list[RunStep]:
        """Return the steps to run: those that gave what is missing, and makers of their inputs.

        They come in the order of the run, in which what a step reads comes before it.
        """
        chosen = {step.id for step in steps if self._gave_missing(step)}
        needs = {group.step: {need.step for need in group.needs} for group in self.groups}
        for step in reversed(steps):
            if step.id in chosen and not self._can_begin(step):
                makers = (one for one in steps if one.name in needs[step.name])
                chosen |= {one.id for one in makers if not all_here(self.store, self._gave(one))}
        return [step for step in steps if step.id in chosen]

    def make(self, step: RunStep, run: Callable[[Order], Report]) -> str:
        """Run a step and keep what it gives; return "" or why it is not what was recorded."""
        if step.step is None or step.result is None:
            return "it gave nothing"
        try:
            data = self.store.get(step.step)
            limits = limits_of(self.workflow.steps[step.name].resources)
            order = Order(step.step, STEP.decode(data), (Block(step.step, data),), limits)
            report = run(order)
        except TallyError as error:
            return error.what
        if report.result_cid != step.result:
            return "it gives something else now"
        self.store.put(report.blocks)
        return ""

    def _gave_missing(self, step: RunStep) -> bool:
        """Return whether something is missing of what a step gave or printed."""
        return any(cid in self.missing for cid in below(self.store, self._gave(step)))

    def _gave(self, step: RunStep) -> list[Cid]:
        if step.result is None:
            return []
        if not self.store.has(step.result):
            return [step.result]
        found = list(RESULT.decode(self.store.get(step.result)).outputs.values())
        for proof in step.attestations:
            with suppress(Unavailable, Damaged):  # nobody can say again what it said
                said = attestation(self.store, proof)
                found += [log for log in (said.stdout, said.stderr) if log is not None]
        return found

    def _can_begin(self, step: RunStep) -> bool:
        return step.step is not None and all_here(self.store, [step.step])


def all_here(store: BlockStore, roots: Iterable[Cid]) -> bool:
    """Return whether roots and everything they lead to are in a store."""
    return all(store.has(cid) for cid in below(store, roots))


def lost_below(store: BlockStore, root: Cid, missing: Collection[Cid]) -> list[Cid]:
    """Return which of what is missing a root leads to, as far as that can be followed."""
    return [cid for cid in below(store, [root]) if cid in missing and not store.has(cid)]


def below(store: BlockStore, roots: Iterable[Cid]) -> Iterator[Cid]:
    """Yield roots and what they lead to, each once, as far as that is here."""

    def children(cid: Cid) -> Iterator[Cid]:
        if cid.codec != RAW:
            with suppress(Unavailable, Damaged):
                yield from links(cid, store.get(cid))

    return walk(children, roots, OURS)
