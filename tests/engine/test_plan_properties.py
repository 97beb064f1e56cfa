"""The plan, for any graph, any order of events and any luck."""

from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from engine.admission import Capacity
from engine.attempts import MAX_LOSSES
from engine.plan import Plan
from engine.plan_events import (
    Cancel,
    Cancelled,
    CancelRequested,
    Done,
    Expand,
    Expanded,
    Failed,
    Finish,
    GiveUp,
    Lost,
    Ran,
    Resolve,
    Resolved,
    Reuse,
    Shared,
    Skip,
    Start,
    Unexpandable,
)
from engine.plan_table import ENDED, State
from engine.rows import WHOLE
from engine.workflow.graph import Group, Need

MACHINE = Capacity(slots=3, cpus=4, memory=10)
GOOD = (State.DONE, State.REUSED)


@st.composite
def graphs(draw):
    """Up to eight groups, each needing some of those before it; some over directories."""
    groups, origins = [], {}  # by step: the count, or the expanded step, that its instances are of
    for number in range(draw(st.integers(1, 8))):
        step, needs = f"s{number}", []
        count = draw(st.sampled_from([0, 1, 1, 2, 4]))
        origin = None
        for earlier in groups:
            how = draw(st.sampled_from(["", "", "all", "item", "same", "expand"]))
            carries = draw(st.booleans())
            matches = earlier.count == count and origin in (None, origins[earlier.step])
            if how == "same" and matches:  # two directories are listed apart: counts differ
                needs.append(Need(earlier.step, "same"))
                origin = origins[earlier.step]
            elif how == "item":
                needs.append(Need(earlier.step, "item", draw(st.integers(0, 4)), carries))
            elif how == "all":
                needs.append(Need(earlier.step, "all", 0, carries))
            elif how == "expand" and not any(need.how == "same" for need in needs):
                needs.append(Need(earlier.step, "all"))
                count = None
        origins[step] = count if count is not None else origin or step
        groups.append(
            Group(
                step,
                count,
                count != 1,
                tuple(needs),
                draw(st.integers(0, 9)) == 0,
                draw(st.integers(1, 4)),
                draw(st.integers(0, 10)),
                draw(st.integers(0, 2)),
                reusable=True,
            )
        )
    return groups


class _Driver:
    """Does what the plan asks in a drawn order with drawn luck, and checks every action."""

    def __init__(self, groups, data, keep_going, cancels):
        self.by_name = {group.step: group for group in groups}
        self.plan = Plan(groups, MACHINE, keep_going=keep_going)
        self.data, self.cancels = data, cancels
        self.open, self.running, self.ended = [], set(), Counter()
        self.status = None

    def run(self):
        self.take(self.plan.begin())
        while self.open:
            if self.cancels and self.data.draw(st.integers(0, 9)) == 0:
                self.take(self.plan.handle(CancelRequested()))
                continue
            at = self.data.draw(st.integers(0, len(self.open) - 1))
            event = self.answer(self.open.pop(at))
            self.take(self.plan.handle(event))

    def answer(self, action):
        luck = self.data.draw(st.integers(0, 9))
        if isinstance(action, Expand):
            return self.expansion(action.step, luck)
        if isinstance(action, Resolve):
            return self.resolution(action.step, action.indexes, luck)
        name = (action.step, action.index)
        if name in self.running and luck in (7, 8):
            self.running.remove(name)
            return Failed(*name, retryable=True) if luck == 7 else Lost(*name)
        if name in self.running and luck == 6:
            self.running.remove(name)
            return Shared(*name)  # a Reuse follows
        if name in self.running:
            self.running.remove(name)
            self.open.append(action)  # it is recorded later
            return Ran(*name)
        if luck == 7:
            return Failed(*name, retryable=True)
        self.ended[name] += 1
        return Done(*name)

    def resolution(self, step, indexes, luck):
        """Answer a part of what was asked; the rest stays open."""
        size = 1 if luck == 9 else self.data.draw(st.integers(1, len(indexes)))
        if rest := indexes[size:]:
            self.open.append(Resolve(step, rest))
        if luck == 9:
            return Failed(step, indexes[0], retryable=False)
        reusable = [index for index in indexes[:size] if self.data.draw(st.booleans())]
        missing = [index for index in indexes[:size] if index not in reusable]
        return Resolved(step, reusable, missing)

    def expansion(self, step, luck):
        matched = [need.step for need in self.by_name[step].needs if need.how == "same"]
        if matched:
            return Expanded(step, self.plan.count(matched[0]))
        return Unexpandable(step) if luck == 9 else Expanded(step, luck % 4)

    def take(self, actions):
        for action in actions:
            assert self.status is None, "nothing comes after Finish"
            self.check(action)

    def check(self, action):
        if isinstance(action, Finish):
            self.status = action.status
        elif isinstance(action, Cancel):
            self.cancel(action)
        elif isinstance(action, Start):
            self.start(action)
            self.open.append(action)
        elif isinstance(action, Resolve | Expand):
            self.open.append(action)
        elif isinstance(action, Reuse):
            self.ended.update((action.step, index) for index in action.indexes)
        elif isinstance(action, GiveUp | Skip) and action.index != WHOLE:
            self.ended[action.step, action.index] += 1

    def cancel(self, action):
        name = (action.step, action.index)
        if not self.data.draw(st.booleans()):
            return  # it ends by itself before it notices
        self.open = [
            a for a in self.open if not (isinstance(a, Start) and (a.step, a.index) == name)
        ]
        self.running.remove(name)
        self.take(self.plan.handle(Cancelled(*name)))

    def start(self, action):
        name = (action.step, action.index)
        group = self.by_name[action.step]
        self.running.add(name)
        assert action.attempt <= group.retries + MAX_LOSSES
        assert len(self.running) <= MACHINE.slots
        used = [self.by_name[step] for step, _ in self.running]
        assert sum(one.cpus for one in used) <= MACHINE.cpus
        assert sum(one.memory for one in used) <= MACHINE.memory
        for need in group.needs:
            self.check_met(need, action.index)

    def check_met(self, need, index):
        count = self.plan.count(need.step)
        assert count is not None
        wanted = {"same": [index], "item": [need.index]}.get(need.how, range(count))
        for one in wanted:
            if one < count:
                state = self.plan.state(need.step, one)
                assert state in GOOD or (state == State.SKIPPED and not need.carries_skip)


@settings(max_examples=400, deadline=None)
@given(graphs(), st.data(), st.booleans(), st.booleans())
def test_every_instance_ends_once_and_never_starts_too_early(groups, data, keep_going, cancels):
    """Whatever happens: needs before starts, capacity kept, attempts bounded, one end each."""
    driver = _Driver(groups, data, keep_going, cancels)

    driver.run()

    assert driver.status is not None
    for group in groups:
        count = driver.plan.count(group.step)
        for index in range(count or 0):
            assert driver.plan.state(group.step, index) >= ENDED
            assert driver.ended[group.step, index] == 1


@settings(max_examples=100, deadline=None)
@given(graphs(), st.data())
def test_what_becomes_of_a_step_does_not_depend_on_the_order(groups, data):
    """With keep-going and no luck involved, any order of events ends in the same states."""
    plans = []
    for _ in range(2):
        plan = Plan(groups, MACHINE, keep_going=True)
        work = list(plan.begin())
        while work:
            action = work.pop(data.draw(st.integers(0, len(work) - 1)))
            for event in fate(plan, groups, action):
                work += plan.handle(event)
        plans.append(plan)

    for group in groups:
        count = plans[0].count(group.step)
        assert count == plans[1].count(group.step)
        for index in range(count or 0):
            assert plans[0].state(group.step, index) == plans[1].state(group.step, index)


def fate(plan, groups, action):
    """Answer an action by a rule that only looks at its name."""
    if isinstance(action, Expand):
        group = next(one for one in groups if one.step == action.step)
        matched = [need.step for need in group.needs if need.how == "same"]
        yield Expanded(action.step, plan.count(matched[0]) if matched else len(groups) % 4)
    elif isinstance(action, Resolve):
        yield Resolved(action.step, (), action.indexes)
    elif isinstance(action, Start):
        yield Ran(action.step, action.index)
        fails = (sum(action.step.encode()) * 31 + action.index * 7) % 5 == 0
        name = (action.step, action.index)
        yield Failed(*name, retryable=True) if fails else Done(*name)
