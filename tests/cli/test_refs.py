"""References: RUN/STEP/OUTPUT[/PATH], CID[/PATH], and what is neither."""

import pytest

from tests.cli.conftest import Write
from tests.cli.program import Program

pytestmark = [pytest.mark.nix, pytest.mark.sandbox]


def test_an_output_of_a_step_is_named_by_its_run(tally: Program, first: str) -> None:
    """RUN/STEP/OUTPUT, with the run by name, prefix or CID and the instance by index."""
    cid = tally.told("show", first)["run"]
    for run in (first, first[:-1], cid):
        assert tally("cat", f"{run}/greet[1]/text").out == "hello, Alan\n"
    assert tally("cat", f"{first}/letter/text").out == "hello, Ada\nhello, Alan\n"


@pytest.mark.parametrize(
    ("rest", "said"),
    [
        ("letter", "names no output"),
        ("leter/text", "did you mean 'letter'?"),
        ("letter/txt", "did you mean 'text'?"),
        ("letter", "write RUN/STEP/OUTPUT; it has: text"),
        ("greet/text", "say which: greet[0]"),
        ("greet[9]/text", "2 instances"),
        ("greet[/text", "is not a step"),
        ("letter/text/x", "is a file"),
    ],
)
def test_what_a_run_does_not_have_is_refused(
    tally: Program, first: str, rest: str, said: str
) -> None:
    """Exit 2, and what it has."""
    done = tally("cat", f"{first}/{rest}")
    assert done.code == 2
    assert said in done.err


@pytest.mark.parametrize("command", ["cat", "ls"])
def test_a_run_is_no_file(tally: Program, first: str, command: str) -> None:
    """A record is whole and well: it is the wrong thing, not damaged; the fix says what to name."""
    step = tally.told("show", first)["steps"][0]["step"]
    for ref in (first, tally.told("show", first)["run"], step):
        done = tally(command, ref)
        assert done.code == 2
        assert "RUN/STEP/OUTPUT" in done.err


@pytest.mark.parametrize("text", ["bafkr4i", "bafkr4i" + "!" * 52, "x/y/z", "", "/"])
def test_what_is_no_reference_is_refused(tally: Program, text: str) -> None:
    """Junk is exit 2."""
    assert tally("cat", text).code == 2


def test_outputs_of_a_run_that_goes_on_can_be_named(tally: Program, write: Write) -> None:
    """A failed run has the outputs of the steps that did not fail."""
    steps = (
        "  a: {run: 'echo a >{outputs.o}', outputs: {o: o}}\n"
        "  b: {needs: [a], run: exit 1, outputs: {o: o}}\n"
    )
    run = tally("run", write(steps, name="half"), "-o", "json").json["name"]
    assert tally("cat", f"{run}/a/o").out == "a\n"
    done = tally("cat", f"{run}/b/o")
    assert done.code == 2
    assert "it was failed" in done.err
