"""The Python builder: the same record as the file, the same mistakes, at the author's line."""

import sys

import pytest

from engine.errors import Refused
from engine.workflow.builder import Workflow
from engine.workflow.environment_sources import options_of
from engine.workflow.model import WORKFLOW
from engine.workflow.parse import parse
from tests.engine.workflow.corpus import CID, ROOT


def test_digits() -> None:
    """The digits example in Python has the CID of the digits example in YAML."""
    path = ROOT / "examples/digits/workflow.yaml"
    yaml = parse(path.read_text(), str(path))
    digits = Workflow(
        "digits", description=yaml.description, params={"seeds": [0, 1, 2], "epochs": 30}
    )
    code = digits.input("code", "src/")
    raw = digits.input("raw", path="data/digits.csv.gz")
    ml = digits.environment("ml", nix="../env/default.nix", attribute="env-numpy")
    digits.defaults(environment=ml, retries=1)
    prepare = digits.step(
        "prepare",
        inputs={"code": f"{code}/prepare.py", "raw": raw},
        run="python {inputs.code} {inputs.raw} {outputs.data}",
        outputs={"data": "data.npz"},
    )
    train = digits.step(
        "train",
        scatter={"seed": "params.seeds"},
        inputs={"code": f"{code}/train.py", "data": prepare.data},
        run="python {inputs.code} {inputs.data} {scatter.seed} {params.epochs} {outputs.model}",
        outputs={"model": "model.npz"},
        resources={"cpus": 1, "memory": "1GiB", "time": "2min"},
    )
    report = digits.step(
        "report",
        inputs={"code": f"{code}/report.py", "models": train["*"].model, "data": prepare.data},
        run=["python", "{inputs.code}", "{outputs.metrics}", "{inputs.data}", "{inputs.models}"],
        outputs={"metrics": {"path": "metrics.json", "verify": {"tolerance": 0.000001}}},
    )
    digits.output("metrics", report.metrics)
    assert digits.compile() == yaml
    assert WORKFLOW.cid(digits.compile()) == WORKFLOW.cid(yaml)


def test_handles() -> None:
    """A step gives references to its outputs, and stands for its name in `needs`."""
    workflow = Workflow("w")
    workflow.environment("e", cid=CID)
    n = workflow.param("n", [1, 2])
    must = workflow.param("must")
    make = workflow.step(
        "make", environment="e", run=["x"], outputs={"a-b": "a", "output": "b"}, scatter={"s": n}
    )
    workflow.step(
        "use",
        environment="e",
        run=["x", 1, 0.000001, True],
        needs=(make,),
        inputs={"i": make[0].output("a-b", "x/y"), "j": make["*"].output("output")},
    )
    found = workflow.compile()
    assert must == "params.must"
    assert found.parameters == {"n": "[1,2]", "must": None}
    assert found.steps["use"].needs == ("make",)
    assert found.steps["use"].inputs == {"i": "make[0].a-b/x/y", "j": "make[*].output"}
    assert found.steps["use"].command == ("x", "1", "1e-06", "true")


def _line() -> int:
    frame = sys._getframe(1)
    return frame.f_lineno


def test_a_mistake_has_the_line_of_its_call() -> None:
    """An error in a step names the line on which the author called `step`."""
    workflow = Workflow("w")
    workflow.environment("e", cid=CID)
    workflow.step("a", environment="e", run="x")
    line = _line() + 1
    workflow.step("b", environment="e", run="x", inptus={})
    workflow.step("c", environment="e", run="x")
    with pytest.raises(Refused, match="unknown key 'inptus' in step 'b'") as refused:
        workflow.compile()
    assert refused.value.where == f"{__file__}:{line}:1"


@pytest.mark.parametrize(
    ("value", "what"),
    [
        (object(), "cannot hold a Python object"),
        ({1: 2}, "a key must be text, not 1"),
        (float("nan"), "not a finite number"),
        (2**64, "more than 64 bits"),
        ("\ud800", "half of a character"),
        ("\0", "NUL"),
        ({"a", "b"}, "cannot hold a Python set"),
    ],
)
def test_what_a_file_could_not_say(value: object, what: str) -> None:
    """A value that no file could hold is refused when it is given."""
    with pytest.raises(Refused, match=what):
        Workflow("w").param("p", value)


def test_what_never_ends() -> None:
    """A list that holds itself is refused."""
    value: list[object] = []
    value.append(value)
    with pytest.raises(Refused, match="nested more than"):
        Workflow("w").param("p", value)


def test_a_name_twice() -> None:
    """A name given twice is refused with the line of the first."""
    workflow = Workflow("w")
    workflow.param("n")
    with pytest.raises(Refused, match="'n' is in 'params' twice"):
        workflow.param("n")


def test_no_steps() -> None:
    """A workflow without steps is refused."""
    with pytest.raises(Refused, match="no steps"):
        Workflow("w").compile()


def test_a_lock_file_with_what_goes_with_it() -> None:
    """Maps and lists, as in the file; the order of extras is not meaning."""
    python = {"nix": "./env.nix", "attribute": "python"}
    built = Workflow("w")
    built.environment("e", requirements="./uv.lock", python=python, extras=["b", "a"], groups=[])
    built.step("s", environment="e", run=["x"])
    text = """\
workflow: w
environments:
  e:
    requirements: uv.lock
    extras: [a, b]
    groups: []
    python: {attribute: python, nix: env.nix}
steps: {s: {environment: e, run: [x]}}
"""
    assert built.compile() == parse(text, "w.yaml")
    options = options_of(built.compile().environments["e"])
    assert options.python is not None
    assert (options.python.form, options.python.attribute) == ("nix", "python")
    assert (options.extras, options.groups, options.without) == (("a", "b"), (), ())
