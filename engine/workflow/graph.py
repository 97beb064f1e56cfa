"""Graph: the steps of a workflow as groups, and what each group waits for. Pure.

A scattered step is one Group however many instances it has, and a gather is one Need: the graph
grows with the file's text, not with the number of steps that run.
"""

from collections.abc import Iterator
from typing import Literal

from engine.values import dataclass
from engine.workflow.check import refuse_params
from engine.workflow.expand import count
from engine.workflow.model import Workflow, WorkflowStep
from engine.workflow.order import in_order
from engine.workflow.parameters import Params
from engine.workflow.reads import output_reads
from engine.workflow.references import OutputRef


@dataclass(frozen=True, slots=True)
class Need:
    """One group's wait for another.

    `one`: the producer is not scattered. `all`: every instance (a gather, or order alone).
    `same`: instance i waits for the producer's instance i. `item`: that `index` of the producer.
    """

    step: str
    how: Literal["one", "all", "same", "item"]
    index: int = 0  # for `item`
    carries_skip: bool = True  # a skipped producer skips this group; not so through [*]


@dataclass(frozen=True, slots=True)
class Group:
    """A step of the workflow and all its instances."""

    step: str
    count: int | None  # instances; 1 when not scattered; None until a directory tells
    scattered: bool
    needs: tuple[Need, ...]
    skipped: bool  # its `when` is false
    cpus: int
    memory: int  # bytes
    retries: int  # extra attempts after the first
    reusable: bool  # `cache`: false never takes an earlier result


def groups(workflow: Workflow, params: Params) -> tuple[Group, ...]:
    """Return the steps of a workflow, each after all that it waits for.

    Raises: Refused for params that the workflow cannot run with.
    """
    refuse_params(workflow, params)
    return tuple(_group(workflow, params, name) for name in in_order(workflow))


def _group(workflow: Workflow, params: Params, name: str) -> Group:
    step = workflow.steps[name]
    return Group(
        step=name,
        count=count(workflow, params, name),
        scattered=bool(step.scatter),
        needs=_needs(workflow, step),
        skipped=step.condition is not None and params.values[step.condition] == "false",
        cpus=step.resources.cpus,
        memory=step.resources.memory,
        retries=step.retries,
        reusable=step.reusable,
    )


def _need(workflow: Workflow, reference: OutputRef) -> Need:
    if isinstance(reference.pick, int):
        return Need(reference.step, "item", reference.pick)
    if reference.pick == "all":
        return Need(reference.step, "all", carries_skip=False)
    return Need(reference.step, "same" if workflow.steps[reference.step].scatter else "one")


def _all_needs(workflow: Workflow, step: WorkflowStep) -> Iterator[Need]:
    for reference in output_reads(step):
        yield _need(workflow, reference)
    for name in step.needs:  # order without data: nothing is read, so a skip stops here
        yield Need(name, "all" if workflow.steps[name].scatter else "one", carries_skip=False)


def _needs(workflow: Workflow, step: WorkflowStep) -> tuple[Need, ...]:
    """Return each need once, in an order that no spelling of the file changes."""
    found: dict[tuple[str, str, int], Need] = {}
    for need in _all_needs(workflow, step):
        key = (need.step, need.how, need.index)
        if key not in found or need.carries_skip:
            found[key] = need
    return tuple(found[key] for key in sorted(found))
