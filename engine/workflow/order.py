"""Order: which step comes before which. Pure.

Ties go by name, so the order is the same on every machine and for every spelling of the file.
"""

import heapq
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter

from engine.workflow.model import Workflow, WorkflowStep
from engine.workflow.reads import output_reads


def producers(step: WorkflowStep) -> Iterator[str]:
    """Yield the names of the steps that come before this one; some of them twice."""
    for reference in output_reads(step):
        yield reference.step
    yield from step.needs


def _edges(workflow: Workflow) -> dict[str, list[str]]:
    """Return the steps that come before each step."""
    return {
        name: sorted({each for each in producers(workflow.steps[name]) if each in workflow.steps})
        for name in sorted(workflow.steps)
    }


def cycle(workflow: Workflow) -> tuple[str, ...] | None:
    """Return the names of steps that wait for one another, each for the next, or None."""
    edges = _edges(workflow)
    try:
        TopologicalSorter(edges).prepare()
    except CycleError:
        return _shown(edges)
    return None


def _shown(edges: dict[str, list[str]]) -> tuple[str, ...]:
    # Importing networkx takes longer than all that `tally show` does, so it is only for the few
    # workflows that have something to explain.
    import networkx as nx

    graph: nx.DiGraph[str] = nx.DiGraph(edges)
    names = [edge[0] for edge in nx.find_cycle(graph)]
    first = names.index(min(names))
    return tuple(names[first:] + names[:first])


def in_order(workflow: Workflow) -> tuple[str, ...]:
    """Return the steps' names, each after all that it waits for; there is no cycle."""
    sorter = TopologicalSorter(_edges(workflow))
    sorter.prepare()
    ready: list[str] = []
    found: list[str] = []
    while sorter.is_active():
        for name in sorter.get_ready():
            heapq.heappush(ready, name)
        found.append(heapq.heappop(ready))
        sorter.done(found[-1])
    return tuple(found)
