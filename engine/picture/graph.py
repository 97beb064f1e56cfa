"""The graph that is drawn: steps, what each waits for, and what became of it in a run. Pure.

A scattered step is one node however many instances it has, so a picture grows with the workflow's
text. Nodes come in an order in which each stands after all that it waits for.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Final, Literal

from engine.errors import Damaged
from engine.values import dataclass
from engine.workflow.expand import count
from engine.workflow.model import Workflow, WorkflowStep
from engine.workflow.order import in_order
from engine.workflow.parameters import Params
from engine.workflow.reads import axis_reference, output_reads
from engine.workflow.references import OutputRef, ParamRef

STATES: Final = ("failed", "ran", "reused", "skipped", "pending")  # worst first; of an instance

Kind = Literal["data", "gather", "order"]
States = Mapping[str, int]  # state -> how many instances are in it; empty when nothing was run


@dataclass(frozen=True, slots=True)
class Node:
    """A step and all its instances."""

    step: str
    environment: str
    scattered: bool
    count: int | None  # instances; None until a param or a directory tells
    condition: str | None  # the param of `when`
    states: States


@dataclass(frozen=True, slots=True)
class Edge:
    """One step waits for another: to read from it, or (`order`) only to come after it."""

    producer: str
    consumer: str
    kind: Kind
    reads: tuple[str, ...]  # references, as "train[*].model"; none of mere order


@dataclass(frozen=True, slots=True)
class Picture:
    """All that is drawn."""

    title: str
    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]


def picture_of_run(
    workflow: Workflow, ended: Iterable[tuple[str, str]], expected: Mapping[str, int | None]
) -> Picture:
    """Return the picture of a run: the step and the state of each instance that has ended.

    `expected` is how many each step will have while it goes on; empty of a run that has ended.

    Raises: Damaged when it is not a run of this workflow.
    """
    states: dict[str, Counter[str]] = {name: Counter() for name in workflow.steps}
    for step, state in ended:
        if step not in states:
            raise Damaged(f"the run has a step '{step[:80]}', which its workflow has not")
        states[step][state] += 1
    counts: dict[str, int | None] = {name: sum(each.values()) for name, each in states.items()}
    for name, instances in expected.items():
        missing = 1 if instances is None else instances - states[name].total()
        if missing > 0:
            states[name]["pending"] = missing
            counts[name] = instances
    return picture(workflow, counts, states)


def picture(
    workflow: Workflow, counts: Mapping[str, int | None], states: Mapping[str, States]
) -> Picture:
    """Return the picture of a workflow, or of a run of it where `states` has its steps."""
    names = in_order(workflow)
    nodes = tuple(
        _node(name, workflow.steps[name], counts.get(name), states.get(name, {})) for name in names
    )
    edges = tuple(edge for name in names for edge in _edges(name, workflow.steps[name]))
    return Picture(workflow.name, nodes, edges)


def as_data(picture: Picture) -> dict[str, object]:
    """Return a picture as plain data, for programs that draw it themselves."""
    steps = [
        {
            "step": node.step,
            "environment": node.environment,
            "scattered": node.scattered,
            "count": node.count,
            "when": node.condition,
            "states": dict(node.states),
        }
        for node in picture.nodes
    ]
    edges = [
        {"from": edge.producer, "to": edge.consumer, "kind": edge.kind, "reads": list(edge.reads)}
        for edge in picture.edges
    ]
    return {"workflow": picture.title, "steps": steps, "edges": edges}


def counts_of(workflow: Workflow, values: Mapping[str, str | None]) -> dict[str, int | None]:
    """Return how many instances each step has, as far as these params tell.

    Raises: Refused for a scatter over what is no list.
    """
    known = Params({name: text for name, text in values.items() if text is not None})
    return {
        name: count(workflow, known, name) if _is_known(step, known) else None
        for name, step in workflow.steps.items()
    }


def _is_known(step: WorkflowStep, params: Params) -> bool:
    references = (axis_reference(axis) for axis in step.scatter)
    return all(not isinstance(one, ParamRef) or one.name in params.values for one in references)


def _node(name: str, step: WorkflowStep, count: int | None, states: States) -> Node:
    scattered = bool(step.scatter)
    return Node(name, step.environment, scattered, count, step.condition, states)


def _edges(name: str, step: WorkflowStep) -> Iterator[Edge]:
    """Yield one edge per producer, by name."""
    reads: dict[str, list[OutputRef]] = {producer: [] for producer in step.needs}
    for reference in output_reads(step):
        reads.setdefault(reference.step, []).append(reference)
    for producer in sorted(reads):
        texts = tuple(sorted({str(reference) for reference in reads[producer]}))
        yield Edge(producer, name, _kind(reads[producer]), texts)


def _kind(references: list[OutputRef]) -> Kind:
    if not references:
        return "order"
    return "gather" if any(one.pick == "all" for one in references) else "data"
