"""Which outputs may stay on the machine that made them."""

from engine.workflow.parse import parse
from engine.workflow.staying import staying

TEXT = """\
workflow: far
environments: {sh: {nix: ./env.nix}}
defaults: {environment: sh}
steps:
  first: {run: "make {outputs.a} {outputs.b}", outputs: {a: a, b: b}}
  dir: {run: "make {outputs.d} {outputs.t}", outputs: {d: d, t: t}}
  each: {scatter: {item: dir.d/*}, run: "cat {scatter.item} >{outputs.o}", outputs: {o: o}}
  part: {inputs: {p: dir.t/some/file}, run: "cat {inputs.p} >{outputs.o}", outputs: {o: o}}
  all: {inputs: {a: first.a, e: "each[*].o"}, run: "cat {inputs.a} >{outputs.o}", outputs: {o: o}}
  home: {inputs: {b: first.b, p: part.o}, run: "cat {inputs.b} >{outputs.o}", outputs: {o: o}}
outputs:
  result: all.o
  one: each[0].o
"""


def test_what_is_read_here_may_not_stay() -> None:
    """The outputs of the workflow, and that of which a part or the entries are named."""
    found = staying(parse(TEXT, "w.yaml"), ())
    assert found == {
        "first": {"a", "b"},
        "dir": set(),
        "each": set(),
        "part": {"o"},
        "all": set(),
        "home": {"o"},
    }


def test_what_a_step_here_reads_may_not_stay() -> None:
    """Nor what it makes, which is here."""
    found = staying(parse(TEXT, "w.yaml"), {"home"})
    assert (found["first"], found["part"], found["home"]) == ({"a"}, set(), set())
