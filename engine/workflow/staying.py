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
from engine.workflow.sharing import sharing


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


def staying_of_peers(workflow: Workflow, fresh: Collection[str]) -> dict[str, set[str]]:
    """Return the outputs of each step that may stay with the peers that make them.

    What is run anew each time would be run again to have them.
    """
    found = staying(workflow, [step for step, to in sharing(workflow).items() if to == "never"])
    return {step: outputs for step, outputs in found.items() if step not in fresh}


def _bring(found: dict[str, set[str]], reference: OutputRef) -> None:
    found[reference.step].discard(reference.output)
