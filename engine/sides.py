"""Sides: a run as one of two that are compared: what it was given, what its steps were. Pure."""

from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath

from engine.summary import StepSummary
from engine.values import dataclass
from engine.workflow.lock import Lock
from engine.workflow.model import Workflow, WorkflowStep
from engine.workflow.reads import axis_reference, input_reference
from engine.workflow.references import InputRef, OutputRef


@dataclass(frozen=True, slots=True)
class Side:
    """A run."""

    name: str
    workflow: Workflow
    parameters: Mapping[str, str]  # compact JSON
    steps: Mapping[str, StepSummary]  # by id
    lock: Lock | None  # None while the run has not ended

    def step(self, name: str) -> WorkflowStep | None:
        """Return a step as its author wrote it."""
        return self.workflow.steps.get(name)

    def output_path(self, step: str, name: str) -> str:
        """Return what an output is called, as a file; "" when the workflow does not say."""
        written = self.step(step)
        output = written.outputs.get(name) if written else None
        return output.path if output else ""

    def source(self, name: str, key: str) -> InputRef | OutputRef | None:
        """Return what an input of a step refers to; None when the workflow does not say."""
        written = self.step(name)
        if written is None:
            return None
        if key in written.inputs:
            return input_reference(written.inputs[key])
        axes = (axis_reference(axis) for axis in written.scatter if axis.name == key)
        return next((axis for axis in axes if isinstance(axis, OutputRef)), None)

    def file_name(self, name: str, key: str) -> str:
        """Return what an input of a step is called, as a file: its ending says its format."""
        source = self.source(name, key)
        if isinstance(source, OutputRef) and not source.path:
            return self.output_path(source.step, source.output)
        return source.path if source else ""

    def place_of(self, name: str, field: str) -> str:
        """Return where the input in a field of a step ("inputs.code") comes from.

        That is its author's file, or its reference; "" of other fields.
        """
        kind, _, key = field.partition(".")
        source = self.source(name, key) if kind in ("inputs", "gathers") else None
        if isinstance(source, InputRef):
            path = self.workflow.inputs[source.name].path
            if path is not None:
                return str(PurePosixPath(path, source.path))
        return str(source or "")

    def producers(self, one: StepSummary, key: str) -> Iterator[StepSummary]:
        """Yield the instances whose outputs an input of an instance is made of."""
        source = self.source(one.name, key)
        if not isinstance(source, OutputRef):
            return
        index = one.index if source.pick is None else source.pick
        for step in self.steps.values():
            if step.name == source.step and (step.index is None or index in ("all", step.index)):
                yield step
