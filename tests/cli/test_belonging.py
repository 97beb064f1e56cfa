"""The run in an Open Resource is of its workflow: what an honest author publishes is."""

import pytest

from tests.cli.conftest import Write
from tests.cli.program import Program

pytestmark = [pytest.mark.nix, pytest.mark.sandbox]


def test_whatever_it_does_is_run_again(own: Program, write: Write) -> None:
    """Steps that are skipped, that scatter over what comes out, and that gather it, too."""
    steps = """\
  s: {run: 'mkdir {outputs.o}; for n in a b; do echo $n >{outputs.o}/$n; done', outputs: {o: o}}
  t: {scatter: {x: s.o/*}, run: 'cat {scatter.x} >{outputs.o}', outputs: {o: o}}
  u: {run: 'cat {inputs.a} >{outputs.o}', inputs: {a: 't[0].o'}, outputs: {o: o}}
  v: {when: params.no, run: 'echo v >{outputs.o}', outputs: {o: o}}
  w: {run: 'cat {inputs.v} >{outputs.o}', inputs: {v: v.o}, outputs: {o: o}}
  x: {run: 'ls {inputs.t} >{outputs.o}', inputs: {t: 't[*].o', a: s.o/a}, outputs: {o: o}}
"""
    file = write(steps, head="params: {no: false}", name="much")
    own.told("run", file)
    own.told("publish", file)
    assert own.told("rerun", "much")["verdict"] == "reproduced"
