"""Order: which step comes before which. Pure.

Ties go by name, so the order is the same on every machine and for every spelling of the file.
"""

from collections.abc import Iterator

import networkx as nx

from engine.workflow.model import Workflow, WorkflowStep
from engine.workflow.reads import output_reads


def producers(step: WorkflowStep) -> Iterator[str]:
    """Yield the names of the steps that come before this one; some of them twice."""
    for reference in output_reads(step):
        yield reference.step
    yield from step.needs


def _graph(workflow: Workflow) -> "nx.DiGraph[str]":
    graph: nx.DiGraph[str] = nx.DiGraph()
    graph.add_nodes_from(sorted(workflow.steps))
    for name in sorted(workflow.steps):
        for producer in sorted(set(producers(workflow.steps[name]))):
            if producer in workflow.steps:
                graph.add_edge(name, producer)
    return graph


def cycle(workflow: Workflow) -> tuple[str, ...] | None:
    """Return the names of steps that wait for one another, each for the next, or None."""
    try:
        edges = nx.find_cycle(_graph(workflow))
    except nx.NetworkXNoCycle:
        return None
    names = [edge[0] for edge in edges]
    first = names.index(min(names))
    return tuple(names[first:] + names[:first])


def in_order(workflow: Workflow) -> tuple[str, ...]:
    """Return the steps' names, each after all that it waits for; there is no cycle."""
    return tuple(nx.lexicographical_topological_sort(_graph(workflow).reverse(copy=False)))
