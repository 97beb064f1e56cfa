"""Plan a workflow: SHAPE COUNT. Print the seconds and bytes of memory that took.

That is everything between a parsed workflow and the first step that starts: graph, expansion, the
plan, and the key of every step whose inputs are known.
"""

import json
import resource
import sys
import time
from collections.abc import Iterator

from bench.programs.layered import WIDTH, needs
from engine.admission import Capacity
from engine.content.cid import DAG_CBOR, Cid
from engine.plan import Plan
from engine.workflow.builder import Workflow
from engine.workflow.graph import groups
from engine.workflow.model import Workflow as Record
from engine.workflow.parameters import bind
from engine.workflow.resolve import EnvironmentUse, Resolver

MACHINE = Capacity(slots=2, cpus=2, memory=2**40)
USE = EnvironmentUse(Cid.of(DAG_CBOR, b"closure"), ("/bin",), has_shell=True)


def scatter(count: int) -> Record:
    """Return one step, scattered."""
    flow = Workflow("bench", params={"items": list(range(count))})
    flow.environment("env", cid=str(USE.closure))
    keys = {"environment": "env", "outputs": {"o": "o"}}
    flow.step(
        "work",
        scatter={"item": "params.items"},
        run="echo {scatter.item} >{outputs.o}",
        **keys,
    )
    return flow.compile()


def layers(count: int) -> Record:
    """Return steps in layers, each instance with its needs."""
    flow = Workflow("bench", params={"items": list(range(WIDTH))})
    flow.environment("env", cid=str(USE.closure))
    for number, found in needs(count):
        flow.step(
            f"s{number}",
            environment="env",
            scatter={"item": "params.items"},
            inputs={f"i{at}": f"s{need}.o" for at, need in enumerate(found)},
            run="cat {scatter.item} >{outputs.o}",
            outputs={"o": "o"},
        )
    return flow.compile()


def keys(resolver: Resolver, names: Iterator[str]) -> int:
    """Make the key of every instance of some steps; return how many."""
    made = 0
    for name in names:
        made += sum(1 for _ in resolver.records(name, range(resolver.count(name)), _no_outputs))
    return made


def main() -> None:
    """Plan, and print."""
    shape, count = sys.argv[1], int(sys.argv[2])
    workflow = {"scatter": scatter, "layers": layers}[shape](count)
    began = time.perf_counter(), time.process_time()
    params = bind(workflow, {})
    found = groups(workflow, params)
    plan = Plan(found, MACHINE)
    plan.begin()
    resolver = Resolver(workflow, params, {}, {"env": USE}, lambda cid, _: cid)
    made = keys(resolver, (group.step for group in found if not group.needs))
    seconds, processor = time.perf_counter() - began[0], time.process_time() - began[1]
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    told = {"seconds": seconds, "processor": processor, "memory": memory, "keys": made}
    print(json.dumps(told))


def _no_outputs(*asked: object) -> Cid:
    raise AssertionError(f"nothing is done yet, and {asked} is asked for")


if __name__ == "__main__":
    main()
