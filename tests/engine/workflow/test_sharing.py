"""To whom steps may be sent."""

from engine.workflow.parse import parse
from engine.workflow.sharing import inputs_read, sharing

TEXT = """\
workflow: private
inputs:
  open: ./open
  secret: {path: ./secret, share: never}
  ours: {path: ./ours, share: owners}
environments: {sh: {nix: ./env.nix}}
defaults: {environment: sh}
steps:
  free:
    inputs: {a: inputs.open/part}
    run: cat {inputs.a} >{outputs.o}
    outputs: {o: o}
  nothing: {run: "echo >{outputs.o}", outputs: {o: o}}
  within: {inputs: {a: inputs.ours, b: free.o}, run: "cat {inputs.a} >{outputs.o}", outputs: {o: o}}
  hidden: {inputs: {a: inputs.secret}, run: "cat {inputs.a} >{outputs.o}", outputs: {o: d}}
  each:
    scatter: {item: hidden.o/*}
    run: cat {scatter.item} >{outputs.o}
    outputs: {o: o}
  both: {inputs: {a: within.o, b: "each[*].o"}, run: "cat {inputs.a} >{outputs.o}", outputs: {o: o}}
  later: {needs: [hidden], run: "echo >{outputs.o}", outputs: {o: o}}
"""


def test_a_step_is_as_private_as_what_it_reads() -> None:
    """Directly, through steps before it, gathered, or scattered over; order alone tells nothing."""
    found = sharing(parse(TEXT, "w.yaml"))
    assert found == {
        "free": "any",
        "nothing": "any",
        "within": "owners",
        "hidden": "never",
        "each": "never",
        "both": "never",
        "later": "any",
    }


def test_inputs_are_those_that_a_step_names() -> None:
    """A part of one too; not those of the steps before it."""
    steps = parse(TEXT, "w.yaml").steps
    assert inputs_read(steps["free"]) == ("open",)
    assert inputs_read(steps["both"]) == ()
