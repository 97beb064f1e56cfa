"""Estimate: how long a run would take, from how long its steps took before. Pure.

A step is expected to take the median of its earlier runs. What the whole takes is found by letting
the real plan decide, on a clock that jumps from one end of a step to the next; for thousands of
instances it is their work, shared. Of a step that never ran nothing is known, and nothing invented.
"""

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from heapq import heappop, heappush
from typing import Final, Protocol

from engine.admission import Capacity
from engine.plan import Plan
from engine.plan_events import Action, Done, Event, Expand, Expanded, Ran, Resolve, Resolved, Start
from engine.values import dataclass
from engine.workflow.graph import Group

MAX_SIMULATED: Final = 5_000  # instances that run: about half a second

_Wanted = Mapping[str, set[int]]  # the instances of each step that run


class Foreseen(Protocol):
    """What would become of one instance: a Forecast."""

    @property
    def step(self) -> str:
        """Its step."""
        ...

    @property
    def index(self) -> int | None:
        """Its index, where it has one that is known."""
        ...

    @property
    def action(self) -> str:
        """One of "reuse", "run", "wait" and "skip"."""
        ...


@dataclass(frozen=True, slots=True)
class Usual:
    """How long a step usually takes."""

    wall_ms: int  # the median
    samples: int


@dataclass(frozen=True, slots=True)
class Expectation:
    """How long a run would take, its steps alone."""

    at_least_ms: int  # if what waits is reused, and what is not known takes no time
    at_most_ms: int | None  # if what waits runs; None when something is not known
    unknown: tuple[str, ...]  # steps that would, or may, run and never ran here


def usual(durations: Mapping[str, Sequence[int]]) -> dict[str, Usual]:
    """Return how long each step usually takes, from how long it took, in milliseconds."""
    return {
        step: Usual(sorted(some)[(len(some) - 1) // 2], len(some))
        for step, some in durations.items()
        if some
    }


def expect(
    groups: Sequence[Group],
    capacity: Capacity,
    forecasts: Iterable[Foreseen],
    known: Mapping[str, Usual],
) -> Expectation:
    """Return how long a run would take on a machine that lends so much.

    Raises: Refused for a step that needs more than the machine lends.
    """
    will: dict[str, set[int]] = {group.step: set() for group in groups}
    may: dict[str, set[int]] = {group.step: set() for group in groups}
    found: dict[str, int] = {}  # instances that were seen of each step
    for one in forecasts:
        if one.action == "run":
            will[one.step].add(one.index or 0)
        if one.action in ("run", "wait"):
            may[one.step].add(one.index or 0)
        found[one.step] = found.get(one.step, 0) + 1
    counts = _counts(groups, found, may)
    unknown = tuple(step for step, some in may.items() if some and step not in known)
    unknown += tuple(step for step in may if counts[step] is None and step not in unknown)
    sure = _take(groups, capacity, counts, will, known)
    if unknown:
        return Expectation(sure, None, unknown)
    return Expectation(sure, _take(groups, capacity, counts, may, known), ())


def shared(
    groups: Sequence[Group],
    capacity: Capacity,
    left: Mapping[str, int],
    known: Mapping[str, Usual],
) -> int:
    """Return about how long so many instances of each step take, in milliseconds.

    That is the longer of all their work, as many at once as the machine lends, and of the longest
    way through the steps. What is not known takes no time.
    """
    work, longest, ways = 0, 0, dict.fromkeys((group.step for group in groups), 0)
    for group in groups:
        count = left.get(group.step, 0)
        own = known[group.step].wall_ms if count and group.step in known else 0
        work += own * count // _at_once(group, capacity)
        ways[group.step] = own + max((ways[need.step] for need in group.needs), default=0)
        longest = max(longest, ways[group.step])
    return max(work, longest)


def _at_once(group: Group, capacity: Capacity) -> int:
    """Return how many instances of a step a machine lends for."""
    by_memory = capacity.memory // group.memory if group.memory else capacity.slots
    return max(1, min(capacity.slots, capacity.cpus // max(1, group.cpus), by_memory))


def _take(
    groups: Sequence[Group],
    capacity: Capacity,
    counts: Mapping[str, int | None],
    wanted: _Wanted,
    known: Mapping[str, Usual],
) -> int:
    if sum(map(len, wanted.values())) > MAX_SIMULATED:
        return shared(groups, capacity, {step: len(some) for step, some in wanted.items()}, known)
    return _simulate(groups, capacity, counts, wanted, known)


def _counts(
    groups: Sequence[Group], found: Mapping[str, int], may: Mapping[str, set[int]]
) -> dict[str, int | None]:
    """Return how many instances each step has; None where only a step that waits will tell."""
    counts: dict[str, int | None] = {}
    for group in groups:
        matched = [counts[need.step] for need in group.needs if need.how == "same"]
        if group.count is not None:
            counts[group.step] = group.count
        elif matched:
            counts[group.step] = matched[0]
            may[group.step].update(range(matched[0] or 0))
        else:  # one line that waits stands for instances that are not known
            waits = any(need.step in may and may[need.step] for need in group.needs)
            counts[group.step] = None if waits else found.get(group.step, 0)
    return counts


def _simulate(
    groups: Sequence[Group],
    capacity: Capacity,
    counts: Mapping[str, int | None],
    wanted: _Wanted,
    known: Mapping[str, Usual],
) -> int:
    """Return when a run ends in which these instances run and all others are reused."""
    plan = Plan(groups, capacity)
    running: list[tuple[int, str, int]] = []  # heap of (end, step, index)
    now_ms = 0
    events: deque[Event] = deque()

    def perform(actions: Iterable[Action]) -> None:
        for action in actions:
            if isinstance(action, Resolve):
                events.append(_resolved(action, wanted[action.step]))
            elif isinstance(action, Expand):
                events.append(Expanded(action.step, counts[action.step] or 0))
            elif isinstance(action, Start):
                usual_ms = known[action.step].wall_ms if action.step in known else 0
                heappush(running, (now_ms + usual_ms, action.step, action.index))

    perform(plan.begin())
    while events or running:
        if not events:
            now_ms, step, index = heappop(running)
            events += (Ran(step, index), Done(step, index))
        perform(plan.handle(events.popleft()))
    return now_ms


def _resolved(action: Resolve, wanted: set[int]) -> Resolved:
    missing = [at for at in action.indexes if at in wanted]
    if not missing:
        return Resolved(action.step, action.indexes, ())
    return Resolved(action.step, [at for at in action.indexes if at not in wanted], missing)
