"""Workflows as data: shown as a file that says the same; records from elsewhere are checked so."""

from dataclasses import replace

import pytest

from engine.errors import Damaged
from engine.workflow.as_data import as_data, decode_workflow
from engine.workflow.model import (
    WORKFLOW,
    WORKFLOW_2,
    Axis,
    Comparator,
    OutputFile,
    Resources,
    Verify,
    Workflow,
    record_of,
)
from engine.workflow.nodes import Mark, from_data
from engine.workflow.parse import parse, read_workflow
from tests.engine.workflow.corpus import HEAD, LARGE

GOOD = parse(LARGE, "large.yaml")


COMPARED = """\
trust: 2/3
inputs: {code: ./src}
params: {most: 0.5}
steps:
  a:
    run: x
    outputs:
      o:
        path: o
        verify:
          compare:
            run: compare {inputs.code} {inputs.was} {inputs.now} {params.most} >{outputs.verdict}
            inputs: {code: inputs.code/./compare.py}
            resources: {memory: 1GiB}
      p: {path: p, verify: {compare: {run: [cmp, "{inputs.was}", "{inputs.now}"], environment: e}}}
"""


@pytest.mark.parametrize(
    "text", [LARGE, HEAD + "steps: {a: {run: x}}\noutputs: {}\n", HEAD + COMPARED]
)
def test_round_trip(text: str) -> None:
    """A workflow, shown as data and read again, is the same workflow."""
    workflow = parse(text, "w.yaml")
    assert read_workflow(from_data(as_data(workflow), Mark("w", 1, 1))) == workflow
    assert decode_workflow(record_of(workflow).encode(workflow)) == workflow


def _step(**changes: object) -> Workflow:
    step = replace(GOOD.steps["prepare"], **changes)  # type: ignore[arg-type]
    return replace(GOOD, steps={**GOOD.steps, "prepare": step})


EXACT = Verify("exact", None)

FORGED = {
    "output that climbs": _step(outputs={"data": OutputFile("../../etc", EXACT)}),
    "output not in its shortest form": _step(outputs={"data": OutputFile("./data", EXACT)}),
    "unknown verify": _step(outputs={"data": OutputFile("data", Verify("maybe", None))}),
    "tolerance that is none": _step(outputs={"data": OutputFile("d", Verify("tolerance", "x"))}),
    "input that is a param": _step(inputs={"i": "params.n"}),
    "input that is nothing": _step(inputs={"i": "..."}),
    "run that is both": _step(command=("x",)),
    "run that is neither": _step(script=""),
    "unknown placeholder": _step(script="{x}"),
    "name that is none": replace(GOOD, name="../x"),
    "step name": replace(GOOD, steps={"A": GOOD.steps["prepare"]}),
    "axis that is an input": _step(scatter=(Axis("s", "inputs.code"),)),
    "axis with a name twice": _step(scatter=(Axis("s", "[1]"), Axis("s", "[2]"))),
    "axis that is no JSON": _step(scatter=(Axis("s", "[1"),)),
    "axis in another spelling": _step(scatter=(Axis("s", "[1, 2]"),)),
    "memory below zero": _step(resources=Resources(memory=-1)),
    "needs out of order": _step(needs=("train", "each")),
    "variable name": _step(variables={"A=B": "x"}),
    "param that is no JSON": replace(GOOD, parameters={**GOOD.parameters, "n": "{"}),
    "param that never ends": replace(GOOD, parameters={**GOOD.parameters, "n": "[" * 200_000}),
    "param in another spelling": replace(GOOD, parameters={**GOOD.parameters, "n": "1.50"}),
    "retries below zero": _step(retries=-1),
    "output of the workflow": replace(GOOD, outputs={"o": "inputs.code"}),
    "unknown environment": _step(environment="x"),
}


WITH = parse(HEAD + COMPARED, "w.yaml")


def _compared(**changes: object) -> Workflow:
    comparator = replace(WITH.steps["a"].outputs["p"].verify.comparator, **changes)
    output = OutputFile("p", Verify("compare", None, comparator))
    return replace(WITH, steps={"a": replace(WITH.steps["a"], outputs={"p": output})})


FORGED_2 = {
    "nothing that is new": GOOD,
    "unknown trust": replace(WITH, trust="everybody"),
    "a comparator and another rule": replace(
        WITH,
        steps={
            "a": replace(
                WITH.steps["a"],
                outputs={
                    "p": OutputFile(
                        "p", Verify("exact", None, Comparator("e", ("x",), "", {}, Resources()))
                    )
                },
            )
        },
    ),
    "a comparator that reads a step": _compared(inputs={"i": "a.o"}),
    "a comparator that reads what there is not": _compared(inputs={"i": "inputs.x"}),
    "a comparator whose input has the name of an output": _compared(inputs={"was": "inputs.code"}),
    "a comparator with no command": _compared(command=()),
    "a comparator in an unknown environment": _compared(environment="x"),
    "a comparator with an unknown placeholder": _compared(command=("{inputs.then}",)),
}


@pytest.mark.parametrize("name", FORGED_2)
def test_forged_in_the_second_version(name: str) -> None:
    """What only the first version would say, or no file could, is damaged in the second."""
    with pytest.raises(Damaged):
        decode_workflow(WORKFLOW_2.encode(FORGED_2[name]))


def test_what_is_new_is_in_no_record_of_the_first_version() -> None:
    """A workflow without it has the CID that it always had; one with it has no such record."""
    assert record_of(GOOD) is WORKFLOW
    assert record_of(WITH) is WORKFLOW_2
    assert record_of(replace(WITH, trust="")) is WORKFLOW_2
    with pytest.raises(ValueError, match="no field"):
        WORKFLOW.encode(WITH)
    with pytest.raises(ValueError, match="no field"):
        WORKFLOW.encode(replace(WITH, trust=""))


@pytest.mark.parametrize("name", FORGED)
def test_forged(name: str) -> None:
    """A record that no file could say is damaged, whatever its types allow."""
    block = WORKFLOW.encode(FORGED[name])
    with pytest.raises(Damaged) as damaged:
        decode_workflow(block)
    assert damaged.value.where == str(WORKFLOW.cid(FORGED[name]))
