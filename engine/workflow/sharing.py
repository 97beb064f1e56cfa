"""Sharing: to whom a step may be sent, from whom its inputs may be sent to. Pure.

What is made of an input may tell of it: a step is as private as the most private thing that it
reads, directly or through the steps before it.

>>> sharing(workflow)                                                    # doctest: +SKIP
{'prepare': 'never', 'train': 'never', 'report': 'any'}
"""

from typing import Final

from engine.workflow.model import Workflow, WorkflowStep
from engine.workflow.order import in_order
from engine.workflow.reads import input_reference, output_reads
from engine.workflow.references import InputRef

SHARES: Final = ("never", "owners", "any")  # the most private first


def sharing(workflow: Workflow) -> dict[str, str]:
    """Return to whom each step may be sent: "any", "owners" or "never"."""
    found: dict[str, str] = {}
    for name in in_order(workflow):
        step = workflow.steps[name]
        read = [workflow.inputs[one].share for one in inputs_read(step)]
        read += [found[reference.step] for reference in output_reads(step)]
        found[name] = min(read, key=SHARES.index, default="any")
    return found


def inputs_read(step: WorkflowStep) -> tuple[str, ...]:
    """Return the inputs of the workflow that a step reads itself, each once."""
    references = map(input_reference, step.inputs.values())
    return tuple(dict.fromkeys(one.name for one in references if isinstance(one, InputRef)))
