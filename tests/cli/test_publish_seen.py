"""What is published is found, looked at, and named by others."""

from pathlib import Path

import pytest

from engine.clock import SystemClock
from peers.catalogue_file import CatalogueFile, Kept
from tests.cli.conftest import Write
from tests.cli.program import Program
from tests.cli.scores import carried, other, scores
from tests.peers.catalogues import endorsed

__all__ = ["other", "scores"]

pytestmark = [pytest.mark.nix, pytest.mark.sandbox]


def test_others_are_told_of_a_rerun_when_asked(own: Program, scores: Path) -> None:
    """Of all steps of a resource, and nothing else; it is shown with the resource."""
    run = own.told("run", scores)["run"]
    made = own.told("publish", scores)
    assert own.told("show", "scores")["rerun_by"] == []
    told = own("rerun", "scores", "--endorse")
    assert "peers will be told, once 'tally peer start' runs in this home" in told.err
    me = own.told("peer", "id")["peer"]
    assert own.told("show", made["resource"])["rerun_by"] == [{"peer": me, "verdict": "reproduced"}]
    with CatalogueFile(own.home) as file:
        (about,) = file.notices(now_ms := SystemClock().now_ms())
        file.take(Kept(endorsed(n, about, "differs", now_ms=now_ms), "s") for n in (20, 21))
    assert "reproduced: its author; differs: 2 unknown" in own("show", "scores").out
    assert own("rerun", run, "--endorse").code == 2
    assert own("rerun", "scores", "--endorse", "--step", "measure").code == 2


def test_a_name_is_a_reference_to_all_of_it(
    own: Program, other: Program, scores: Path, tmp_path: Path
) -> None:
    """As of what is exported; a beginning of it is none."""
    resource = own.told("publish", scores)["resource"]
    assert own.told("export", "scores", tmp_path / "scores.car")["cid"] == resource
    (root,) = other.told("import", tmp_path / "scores.car")["roots"]
    assert root == {"cid": resource, "kind": "resource"}
    assert own("export", "score", tmp_path / "score.car").code == 2
    other.told("run", "scores")
    other.told("gc", "--unpin", "scores")
    assert other("show", resource).code == 3


def test_a_run_is_no_workflow(own: Program, scores: Path) -> None:
    """By its name; its CID can be published, which is said."""
    run = own.told("run", scores)["run"]
    for word in ("publish", "run", "plan"):
        told = own(word, "latest")
        assert (told.code, "this is a run, not a workflow" in told.err) == (2, True)
        assert run in told.err


def test_it_can_be_looked_at_before_it_is_run(
    own: Program, other: Program, write: Write, tmp_path: Path
) -> None:
    """Its steps, and its inputs and environments with their CIDs and sizes; it can be drawn."""
    head = "inputs: {data: {path: ./data}}"
    steps = (
        "  copy: {inputs: {i: inputs.data}, run: 'cat {inputs.i} >{outputs.o}', outputs: {o: o}}\n"
    )
    path = write(steps, head=head, name="copies")
    (path.parent / "data").write_text("four")
    cid = own.told("add", path.parent / "data")["cid"]
    resource = carried(own, other, own.told("publish", path)["resource"], tmp_path)
    shown = other("show", "copies").out
    assert "copy: reads inputs.data; gives o" in shown
    assert f"data: {cid}, 4 B" in shown
    told = other.told("show", resource)
    assert told["inputs"] == [{"name": "data", "cid": cid, "bytes": 4}]
    assert told["source"]["steps"]["copy"]["inputs"] == {"i": "inputs.data"}
    assert all(one["bytes"] for one in told["environments"])
    drawn = other.told("graph", "copies", "--format", "json")
    assert [one["step"] for one in drawn["steps"]] == ["copy"]
    for words in (("log", "copies"), ("graph", "copie")):
        told = other(*words)
        assert (told.code, "copies'" in told.err) == (2, True), told.err
    assert "tally show" in other("ls", "copies").err


def test_a_word_that_is_nearly_a_resource_is_said(own: Program, scores: Path) -> None:
    """Of a run and of a resource alike."""
    own.told("publish", scores)
    for word in ("show", "rerun"):
        told = own(word, "scors")
        assert (told.code, "did you mean 'scores'?" in told.err) == (2, True), told.err


def test_what_came_in_a_file_is_found(
    own: Program, other: Program, scores: Path, tmp_path: Path
) -> None:
    """Though nobody announces it there: it is kept."""
    made = own.told("publish", scores, "--title", "A score")["resource"]
    carried(own, other, made, tmp_path)
    (found,) = other.told("search", "score")["resources"]
    assert (found["resource"], found["announced_ms"]) == (made, None)
    assert "kept here" in other("search").out
    assert len(own.told("search")["resources"]) == 1  # what is announced is there once
