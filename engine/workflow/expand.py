"""Expand: the instances of a scattered step, as a sequence that is computed and not kept. Pure.

Two names are a cross product, in the order written, the last one fastest; instances are numbered
flat.

>>> bindings = Bindings(("a", "b"), (("1", "2"), ('"x"', '"y"', '"z"')))
>>> len(bindings), bindings[4]
(6, ('2', '"y"'))
"""

import math
from collections.abc import Sequence
from typing import Final, overload

from engine.errors import Refused
from engine.values import dataclass
from engine.workflow.model import Axis, Workflow, WorkflowStep
from engine.workflow.parameters import Params
from engine.workflow.reads import axis_reference, entries_of
from engine.workflow.references import OutputRef, ParamRef
from engine.workflow.values import JsonText, items_of, to_json

MAX_INSTANCES: Final = 1_000_000  # of one step; the scheduler keeps some bytes for each


@dataclass(frozen=True, slots=True)
class Bindings(Sequence[tuple[JsonText, ...]]):
    """What each instance is given for each name."""

    names: tuple[str, ...]
    axes: tuple[tuple[JsonText, ...], ...]  # the items of each name

    def __len__(self) -> int:
        return math.prod(len(axis) for axis in self.axes)

    def positions(self, index: int) -> tuple[int, ...]:
        """Return which item of each axis instance `index` has."""
        if not 0 <= index < len(self):
            raise IndexError(f"instance {index} of {len(self)}")
        found = []
        for axis in reversed(self.axes):
            index, position = divmod(index, len(axis))
            found.append(position)
        return tuple(reversed(found))

    @overload
    def __getitem__(self, index: int) -> tuple[JsonText, ...]: ...
    @overload
    def __getitem__(self, index: slice) -> list[tuple[JsonText, ...]]: ...
    def __getitem__(self, index: int | slice) -> tuple[JsonText, ...] | list[tuple[JsonText, ...]]:
        if isinstance(index, slice):
            return [self[each] for each in range(*index.indices(len(self)))]
        places = self.positions(index)
        return tuple(axis[place] for axis, place in zip(self.axes, places, strict=True))


def bindings(
    workflow: Workflow, params: Params, step: str, entries: Sequence[str] | None = None
) -> Bindings:
    """Return the instances of a step; one with no names when it is not scattered.

    `entries` are the names in the directory of a `STEP.OUTPUT/*`, in any order. Each is bound as
    the JSON of its name; the resolver turns it into the entry's path.

    Raises: Refused for a param that is no list, or too many instances.
    """
    scatter = workflow.steps[step].scatter
    found = Bindings(
        tuple(axis.name for axis in scatter),
        tuple(_items(axis, params, step, entries) for axis in scatter),
    )
    if len(found) > MAX_INSTANCES:
        what = f"step '{step}' would have {len(found)} instances, more than {MAX_INSTANCES}"
        raise Refused(what, where=f"steps.{step}.scatter", fix="scatter over batches")
    return found


def _items(
    axis: Axis, params: Params, step: str, entries: Sequence[str] | None
) -> tuple[JsonText, ...]:
    reference = axis_reference(axis)
    if isinstance(reference, OutputRef):
        if entries is None:
            raise ValueError(f"step '{step}' scatters over entries that are not known yet")
        return tuple(to_json(name) for name in sorted(entries, key=str.encode))
    items = items_of(axis.source if reference is None else params.values[reference.name])
    if items is None:
        what = f"step '{step}' scatters over {axis.source}, which is not a list"
        raise Refused(what, where=axis.source, fix=f"give a list, as -p '{_name(axis)}=[0, 1]'")
    return items


def _name(axis: Axis) -> str:
    reference = axis_reference(axis)
    return reference.name if isinstance(reference, ParamRef) else axis.name


def count(workflow: Workflow, params: Params, step: str) -> int | None:
    """Return how many instances a step has, or None when a directory will tell.

    Raises: Refused for a param that is no list, or too many instances.
    """
    found: WorkflowStep = workflow.steps[step]
    return None if entries_of(found) else len(bindings(workflow, params, step))
