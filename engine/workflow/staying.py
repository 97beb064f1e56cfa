"""Staying: which outputs of steps may stay on the machine that made them. Pure.

The others are read here: they are outputs of the workflow, of which a part is named or whose
entries are, or of what reads them a step that is run here.

>>> staying(workflow, frozenset())                                       # doctest: +SKIP
{'train': {'model'}, 'report': set()}
"""

from collections.abc import Collection

from engine.workflow.model import Workflow
from engine.workflow.reads import output_reads
from engine.workflow.references import OutputRef, output_reference


def staying(workflow: Workflow, here: Collection[str]) -> dict[str, set[str]]:
    """Return of each step the outputs that may stay, when the steps `here` are run here."""
    found = {name: set(step.outputs) for name, step in workflow.steps.items()}
    for text in workflow.outputs.values():
        _bring(found, output_reference(text))
    for name, step in workflow.steps.items():
        for reference in output_reads(step):
            if name in here or reference.path or reference.entries:
                _bring(found, reference)
    for name in here:
        found[name].clear()
    return found


def _bring(found: dict[str, set[str]], reference: OutputRef) -> None:
    found[reference.step].discard(reference.output)
