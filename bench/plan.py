"""Measure planning: 100 000 instances of one step, 100 000 steps in layers, and keys included.

Run it as `python -m bench.plan [COUNT]`. Nothing is run: every step is answered as if it had been,
so this is what the scheduler adds to a run of that size.
"""

import resource
import sys
import time
from collections import deque
from collections.abc import Callable, Sequence

from engine.admission import Capacity
from engine.content.cid import DAG_CBOR, Cid
from engine.plan import Plan
from engine.plan_events import Done, Ran, Resolve, Resolved, Start
from engine.step import STEP
from engine.workflow.graph import Group, Need, groups
from engine.workflow.parameters import bind
from engine.workflow.parse import parse
from engine.workflow.resolve import EnvironmentUse, Resolver

WIDTH = 100  # steps of a layer, each of which needs three of the layer before
MACHINE = Capacity(slots=4, cpus=4, memory=2**40)
TEXT = """
workflow: bench
params: {tens: [0], ones: [0]}
environments: {env: {store: /nix/store/00000000000000000000000000000001-env}}
defaults: {environment: env}
steps:
  first:
    scatter: {a: params.tens, b: params.ones}
    run: work {scatter.a} {scatter.b} {outputs.o}
    outputs: {o: o}
  second:
    scatter: {a: params.tens, b: params.ones}
    inputs: {i: first.o}
    run: work {inputs.i} {outputs.o}
    outputs: {o: o}
"""


def group(step: str, count: int = 1, needs: Sequence[Need] = ()) -> Group:
    """Return a group of small instances."""
    return Group(step, count, count > 1, tuple(needs), False, 1, 1, 0, reusable=True)


def layers(count: int) -> list[Group]:
    """Return so many steps in layers."""
    found = [group(f"s{number}") for number in range(min(WIDTH, count))]
    for number in range(WIDTH, count):
        above = (number // WIDTH - 1) * WIDTH
        needs = [Need(f"s{above + (number * 7 + other) % WIDTH}", "one") for other in range(3)]
        found.append(group(f"s{number}", 1, needs))
    return found


def drive(plan: Plan, resolve: Callable[[str, int], object]) -> int:
    """Answer everything a plan asks; return how many actions there were."""
    actions = deque(plan.begin())
    count = 0
    while actions:
        action = actions.popleft()
        count += 1
        if isinstance(action, Resolve):
            resolve(action.step, action.index)
            actions += plan.handle(Resolved(action.step, action.index, reusable=False))
        elif isinstance(action, Start):
            actions += plan.handle(Ran(action.step, action.index))
            actions += plan.handle(Done(action.step, action.index))
    return count


def keys(count: int) -> tuple[Plan, Callable[[str, int], object]]:
    """Return the plan of a workflow of so many instances, and what makes their keys."""
    workflow = parse(TEXT, "bench.yaml")
    values = {"tens": str(list(range(count // 200))), "ones": str(list(range(100)))}
    params = bind(workflow, values)
    use = EnvironmentUse(Cid.of(DAG_CBOR, b"closure"), ("/bin",), has_shell=True)
    resolver = Resolver(workflow, params, {}, {"env": use}, lambda cid, _: cid)
    output = Cid.of(DAG_CBOR, b"output")

    def key(step: str, index: int) -> object:
        return STEP.cid(resolver.step(step, index, lambda *_: output).step)

    return Plan(groups(workflow, params), MACHINE), key


def report(name: str, work: Callable[[], int]) -> None:
    """Time some work and print it."""
    start = time.process_time()
    actions = work()
    seconds = time.process_time() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(f"{name}: {seconds:.2f} s of processor, {actions} actions, peak {peak} MiB so far")


def main() -> None:
    """Print the three measurements."""
    count = int((*sys.argv[1:], "100000")[0])
    report("instances of one step", lambda: drive(Plan([group("a", count)], MACHINE), _nothing))
    report("with their keys", lambda: drive(*keys(count)))
    report("steps in layers", lambda: drive(Plan(layers(count), MACHINE), _nothing))


def _nothing(step: str, index: int) -> None:
    """Resolve without making a key."""


if __name__ == "__main__":
    main()
