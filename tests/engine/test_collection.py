"""What a collection leaves, of runs that nothing but the journal knows."""

from pathlib import Path

import pytest

from engine.errors import Unavailable
from engine.sandbox.base import Job
from engine.sandbox.scripted import Act, Scripted
from tests.cli.program import Program
from tests.fakes.home import Home
from tests.fakes.key import Key

STEPS = """
workflow: sample
environments: {env: {store: /nix/store/00000000000000000000000000000001-env}}
defaults: {environment: env}
steps:
  a: {run: 'a > {outputs.o}', outputs: {o: o}}
  b: {inputs: {a: a.o}, run: 'b > {outputs.o}', outputs: {o: o}}
"""


def test_what_a_run_that_goes_on_has_made_stays(tmp_path: Path) -> None:
    """Its steps, results and attestations, with the signatures on them."""

    def breaks_at_b(job: Job) -> Act:
        if b"b >" in (job.script or b""):
            raise Unavailable("the machine is in trouble", fix="wait")
        return Act(files={"o": b"made"})

    home = Home(tmp_path / "home", signer=Key())
    with pytest.raises(Unavailable):
        home.run(STEPS, home.runners([Scripted(breaks_at_b)]))
    (row,) = (row for row in home.journal.steps(home.journal.runs()[0].id) if row.step == "a")
    home.close()
    Program(tmp_path / "home").told("gc")
    again = Home(tmp_path / "home")
    made = (row.key, row.result, row.attestation, row.signed)
    here = [cid is not None and again.store.has(cid) for cid in made]
    again.close()
    assert here == [True] * 4
