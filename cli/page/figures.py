"""Figures: what the instances of each step took, together. Pure."""

from collections import Counter
from collections.abc import Mapping, Sequence
from statistics import median_low

from cli.page.facts import Facts, Instance
from engine.values import dataclass
from engine.workflow.model import Resources, WorkflowStep


@dataclass(frozen=True, slots=True)
class Figures:
    """One step. Of instances that were reused, what they took when they ran is not in it."""

    step: str
    environment: str
    states: Mapping[str, int]
    executed: int  # instances that a process was started for
    median_ms: int
    longest_ms: int
    processor_ms: int  # of all of them
    memory: int  # bytes; the most that any had
    allowed: Resources


def figures(facts: Facts) -> tuple[Figures, ...]:
    """Return the figures of each step that has instances, in the order of the instances."""
    steps: dict[str, list[Instance]] = {}
    for one in facts.instances:
        steps.setdefault(one.name, []).append(one)
    known = facts.workflow.steps
    return tuple(_figures(name, known[name], found) for name, found in steps.items())


def span(facts: Facts) -> tuple[int, int] | None:
    """Return when the run began and ended, by the journal and else by what is attested.

    None when neither says; of a run that goes on, the end is that of what has ended.
    """
    executed = [said for one in facts.instances if (said := one.executed)]
    starts = [said.started_ms for said in executed]
    ends = [said.started_ms + said.wall_ms for said in executed]
    if facts.head.began_ms is not None:
        starts.append(facts.head.began_ms)
    if facts.head.ended_ms is not None:
        ends.append(facts.head.ended_ms)
    return (min(starts), max([*ends, min(starts)])) if starts else None


def _figures(name: str, step: WorkflowStep, found: Sequence[Instance]) -> Figures:
    executed = [said for one in found if (said := one.executed)]
    walls = sorted(said.wall_ms for said in executed)
    return Figures(
        step=name,
        environment=step.environment,
        states=Counter(one.status for one in found),
        executed=len(executed),
        median_ms=median_low(walls) if walls else 0,
        longest_ms=walls[-1] if walls else 0,
        processor_ms=sum(said.processor_ms for said in executed),
        memory=max((said.peak_memory for said in executed), default=0),
        allowed=step.resources,
    )
