"""Reads: what a step takes from other steps, as references. Pure."""

from collections.abc import Iterator

from engine.workflow.model import Axis, WorkflowStep
from engine.workflow.references import InputRef, OutputRef, ParamRef, parse_reference


def input_reference(text: str) -> InputRef | OutputRef:
    """Return the reference of a step's input, which reading has made sure is no param.

    Raises: Refused for a param or no reference, in a record that was not made by parse.py.
    """
    reference = parse_reference(text)
    if isinstance(reference, ParamRef):
        raise ValueError(f"a param as an input: {text}")
    return reference


def axis_reference(axis: Axis) -> OutputRef | ParamRef | None:
    """Return what an axis takes its items from, or None when they are written in it."""
    if axis.source.startswith("["):
        return None
    reference = parse_reference(axis.source)
    if isinstance(reference, InputRef):
        raise ValueError(f"an input as an axis: {axis.source}")
    return reference


def entries_axis(step: WorkflowStep) -> int | None:
    """Return the position in the scatter of the name that stands for entries of a directory."""
    for position, axis in enumerate(step.scatter):
        if isinstance(axis_reference(axis), OutputRef):
            return position
    return None


def entries_of(step: WorkflowStep) -> OutputRef | None:
    """Return the directory whose entries the step scatters over, if it does."""
    position = entries_axis(step)
    reference = None if position is None else axis_reference(step.scatter[position])
    return reference if isinstance(reference, OutputRef) else None


def output_reads(step: WorkflowStep) -> Iterator[OutputRef]:
    """Yield every output of a step that this one reads, in its inputs and its scatter."""
    for text in step.inputs.values():
        reference = input_reference(text)
        if isinstance(reference, OutputRef):
            yield reference
    for axis in step.scatter:
        source = axis_reference(axis)
        if isinstance(source, OutputRef):
            yield source


def is_gather(text: str) -> bool:
    """Return whether a reference gives many values: `STEP[*].OUTPUT`."""
    reference = parse_reference(text)
    return isinstance(reference, OutputRef) and reference.pick == "all"
