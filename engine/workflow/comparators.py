"""Comparators: what a program that compares two outputs is given, as a step of its own. Pure.

It sees the recorded output at /in/was, what came out now at /in/now, and what it names of the
inputs of the workflow; it writes /out/verdict.json (engine/opinion.py).
"""

from collections.abc import Iterator
from typing import Final

from engine.workflow.model import Comparator, OutputFile, Verify, WorkflowStep

WAS: Final = "was"
NOW: Final = "now"
VERDICT: Final = "verdict"
PATH: Final = "verdict.json"

_OUTPUTS: Final = {VERDICT: OutputFile(PATH, Verify("exact", None))}


def comparators(step: WorkflowStep) -> Iterator[tuple[str, Comparator]]:
    """Yield the outputs of a step that have a comparator, each with it."""
    for name, output in step.outputs.items():
        if output.verify.comparator is not None:
            yield name, output.verify.comparator


def as_step(comparator: Comparator) -> WorkflowStep:
    """Return a comparator as a step, whose inputs are what it is given by these names."""
    names = (*comparator.inputs, WAS, NOW)
    return WorkflowStep(
        environment=comparator.environment,
        command=comparator.command,
        script=comparator.script,
        inputs={name: f"inputs.{name}" for name in names},
        outputs=_OUTPUTS,
        scatter=(),
        needs=(),
        resources=comparator.resources,
        retries=0,
        variables={},
        reusable=False,
        condition=None,
    )
