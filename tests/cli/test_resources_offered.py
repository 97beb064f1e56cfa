"""What a shell offers of Open Resources."""

import pytest

from cli.workspace import Workspace
from engine.content.cid import Cid
from engine.run import RUN
from tests.cli.conftest import Write
from tests.cli.library import STEPS, Library, library, ran
from tests.cli.program import Program
from tests.peers.resources import ANN

__all__ = ["library"]

pytestmark = [pytest.mark.nix, pytest.mark.sandbox]


def test_a_shell_completes_names(library: Library) -> None:
    """As soon as there is one that was used."""
    one = library.add(ANN, 1)
    assert ran(library, "letters").code == 0
    found = completed(library.program, "tally rerun le")
    assert found == ["letters", "letters@1"]
    assert str(one) in completed(library.program, "tally rerun baf")


def test_a_shell_completes_params(library: Library, write: Write) -> None:
    """Those of a resource or a run that is here; of what is elsewhere none, and nobody is asked."""
    run = library.program.told("run", write(STEPS, head="params: {seed: 1, size: 2}"))["run"]
    params = ["seed=", "size="]
    assert completed(library.program, f"tally run {run} -p ") == params
    with Workspace(library.program.home) as space:
        record = RUN.decode(space.store.get(Cid.parse(run)))
    one = library.add(ANN, 1, workflow=record.workflow, lock=record.lock)
    for word in ("letters", "letters@1", str(one)):
        assert completed(library.program, f"tally plan {word} -p ") == params
    assert completed(library.program, "tally run letters -p si") == ["size="]
    elsewhere = Cid.of(0x71, b"a workflow that is elsewhere")
    library.add(ANN, 2, one, workflow=elsewhere)
    assert completed(library.program, "tally run letters@2 -p ") == []
    assert completed(library.program, "tally run nothing -p ") == []


def completed(program: Program, line: str) -> list[str]:
    """Return the words that a shell offers."""
    asked = program.at(program.home, _TALLY_COMPLETE="bash", _TALLY_LINE=line)
    return [row.split("\t")[1] for row in asked().out.splitlines()]
