"""Comparisons: two outputs and the program that compares them, as the step to be run. Pure."""

from collections.abc import Mapping
from typing import Final

from engine.content.cid import Cid
from engine.values import replace
from engine.workflow.comparators import NOW, WAS, as_step
from engine.workflow.found import Found, Select
from engine.workflow.model import Comparator, Workflow
from engine.workflow.parameters import Params
from engine.workflow.reads import input_reference
from engine.workflow.references import InputRef
from engine.workflow.resolve import EnvironmentUse, ResolvedStep, Resolver

_NAME: Final = "compare"


class Comparisons:
    """Makes the steps that compare outputs, for one run of one workflow."""

    def __init__(
        self, workflow: Workflow, params: Params, inputs: Mapping[str, Cid], select: Select
    ) -> None:
        self._workflow = workflow
        self._params = params
        self._inputs = inputs
        self._select = select

    def step(self, comparator: Comparator, use: EnvironmentUse, was: Cid, now: Cid) -> ResolvedStep:
        """Return the step that compares two outputs; `use` is of the comparator's environment.

        Raises: Refused when a path is not in an input, or the command cannot run as it is.
        """
        alone = replace(self._workflow, steps={_NAME: as_step(comparator)}, outputs={})
        inputs = {**self._given(comparator), WAS: was, NOW: now}
        uses = {comparator.environment: use}
        resolver = Resolver(alone, self._params, inputs, uses, self._select)
        return resolver.step(_NAME, None, _no_output)

    def _given(self, comparator: Comparator) -> dict[str, Cid]:
        found = Found(self._workflow, self._inputs, self._select)
        given = {}
        for name, text in comparator.inputs.items():
            reference = input_reference(text)
            if not isinstance(reference, InputRef):
                raise ValueError(f"a comparator that reads a step: {text}")
            given[name] = found.input(reference, f"{_NAME}.inputs.{name}")
        return given


def _no_output(step: str, index: int | None, output: str) -> Cid | None:
    raise ValueError(f"a comparator that reads '{output}' of {step}[{index}]")
