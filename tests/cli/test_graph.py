"""`tally graph`."""

import json
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.cli.conftest import NIX_LETTERS, Write
from tests.cli.program import ROOT, Program

DIGITS = ROOT / "examples" / "digits" / "workflow.yaml"


def test_a_workflow_is_drawn_without_running_it(empty: Program) -> None:
    """As SVG to stdout, with nothing but the file: no home is made, no Nix is asked."""
    done = empty("graph", DIGITS)
    assert done.code == 0, done.err
    ElementTree.fromstring(done.out)  # noqa: S314 - our own
    assert "train \xd7 3" in done.out
    assert not empty.home.exists()


@pytest.mark.parametrize(
    ("notation", "begins"),
    [("svg", "<svg "), ("dot", "digraph "), ("mermaid", "flowchart "), ("json", "{")],
)
def test_there_are_four_notations(empty: Program, notation: str, begins: str) -> None:
    """One is chosen by name."""
    assert empty("graph", DIGITS, "--format", notation).out.startswith(begins)


@pytest.mark.parametrize(
    ("name", "begins"),
    [("g.svg", "<svg "), ("g.dot", "digraph "), ("g.gv", "digraph "), ("g.mmd", "flowchart ")],
)
def test_a_file_is_written_as_its_name_says(
    empty: Program, tmp_path: Path, name: str, begins: str
) -> None:
    """With nothing on stdout but, with -o json, what was written where."""
    file = tmp_path / name
    told = empty.told("graph", DIGITS, "-f", file)
    assert told["file"] == str(file)
    assert file.read_text().startswith(begins)
    assert empty("graph", DIGITS, "-f", file).out == ""


def test_json_output_is_the_graph_as_json(empty: Program) -> None:
    """`-o json` means what it means everywhere."""
    told = empty.told("graph", DIGITS)
    assert told == json.loads(empty("graph", DIGITS, "--format", "json").out)
    assert [step["step"] for step in told["steps"]] == ["prepare", "train", "report"]


def test_params_count_instances(empty: Program) -> None:
    """As in `tally run`."""
    told = empty.told("graph", DIGITS, "-p", "seeds=[1, 2, 3, 4, 5]")
    assert told["steps"][1]["count"] == 5


def test_a_param_that_is_not_given_leaves_the_count_open(empty: Program, tmp_path: Path) -> None:
    """The graph can be looked at before it is known how often a step will run."""
    file = tmp_path / "w.yaml"
    file.write_text(NIX_LETTERS.replace("[Ada, Alan]", "null"))
    (tmp_path / "src").mkdir()
    assert empty.told("graph", file)["steps"][0]["count"] is None


def test_a_directory_is_no_place_for_a_picture(empty: Program, tmp_path: Path) -> None:
    """Exit 2, and nothing is left beside it."""
    done = empty("graph", DIGITS, "-f", tmp_path)
    assert done.code == 2
    assert "not a file" in done.err


def test_what_is_neither_file_nor_run_is_refused(empty: Program) -> None:
    """A workflow file that is not there, and a run that is not known."""
    assert "no such file" in empty("graph", "nowhere.yaml").err
    assert "no run 'nothing'" in empty("graph", "nothing").err


@pytest.mark.nix
@pytest.mark.sandbox
def test_a_run_is_drawn_with_what_became_of_its_steps(
    tally: Program, first: str, write: Write
) -> None:
    """How many instances ran, failed, or were skipped."""
    steps = {one["step"]: one for one in tally.told("graph", first)["steps"]}
    assert steps["greet"]["states"] == {"ran": 2}
    failing = write(
        "  bad: {run: exit 3, outputs: {o: o}}\n"
        "  after: {run: 'true', inputs: {i: bad.o}, outputs: {o: o}}\n",
        name="drawn",
    )
    name = json.loads(tally("run", failing, "-o", "json").out)["name"]
    steps = {one["step"]: one for one in tally.told("graph", name)["steps"]}
    assert (steps["bad"]["states"], steps["after"]["states"]) == ({"failed": 1}, {"skipped": 1})
    assert "the params of a run" in tally("graph", name, "-p", "x=1").err
