"""The graph that is drawn, from a workflow and from what became of its steps."""

import pytest

from engine.errors import Damaged
from engine.picture.graph import Edge, as_data, counts_of, picture, picture_of_run
from engine.workflow.parameters import bind_some
from engine.workflow.parse import parse

TEXT = """\
workflow: test
params: {seeds: [0, 1, 2], more: null, deep: true}
environments: {sh: {store: /nix/store/00000000000000000000000000000000-sh}}
defaults: {environment: sh}
steps:
  report:
    run: 'true'
    inputs: {models: "train[*].model", data: prepare.data, first: "train[0].model"}
    needs: [check]
    outputs: {o: o}
  check: {run: 'true', when: params.deep, outputs: {o: o}}
  each: {run: 'true', scatter: {part: prepare.data/*}, outputs: {o: o}}
  unknown: {run: 'true', scatter: {one: params.more}, outputs: {o: o}}
  train:
    {run: 'true', scatter: {seed: params.seeds}, inputs: {data: prepare.data}, outputs: {model: m}}
  prepare: {run: 'true', outputs: {data: d}}
"""
WORKFLOW = parse(TEXT, "test.yaml")
COUNTS = counts_of(WORKFLOW, bind_some(WORKFLOW, {}))


def test_each_step_comes_after_what_it_waits_for() -> None:
    """Whatever the order of the file."""
    drawn = picture(WORKFLOW, COUNTS, {})
    place = {node.step: n for n, node in enumerate(drawn.nodes)}
    assert set(place) == set(WORKFLOW.steps)
    assert all(place[edge.producer] < place[edge.consumer] for edge in drawn.edges)


def test_an_edge_says_what_is_read() -> None:
    """One edge from each producer: gathered, item by item, or only before."""
    edges = {(edge.producer, edge.consumer): edge for edge in picture(WORKFLOW, COUNTS, {}).edges}
    gathered = ("train[*].model", "train[0].model")
    assert edges["train", "report"] == Edge("train", "report", "gather", gathered)
    assert edges["prepare", "train"] == Edge("prepare", "train", "data", ("prepare.data",))
    assert edges["prepare", "each"].reads == ("prepare.data/*",)
    assert edges["check", "report"] == Edge("check", "report", "order", ())
    assert len(edges) == 5


def test_instances_are_counted_as_far_as_params_tell() -> None:
    """A param that is not given, and a directory that is not there yet, leave it open."""
    assert COUNTS == {
        "report": 1, "check": 1, "each": None, "unknown": None, "train": 3, "prepare": 1,
    }  # fmt: skip
    given = counts_of(WORKFLOW, bind_some(WORKFLOW, {"more": "[1, 2]"}))
    assert given["unknown"] == 2


def test_a_run_that_has_ended_has_the_instances_it_had() -> None:
    """States are counted for each step."""
    ended = [("prepare", "ran"), ("train", "ran"), ("train", "failed"), ("train", "ran")]
    nodes = {node.step: node for node in picture_of_run(WORKFLOW, ended, {}).nodes}
    assert nodes["train"].count == 3
    assert nodes["train"].states == {"ran": 2, "failed": 1}
    assert nodes["report"].states == {}


def test_a_run_that_goes_on_has_instances_that_have_not_ended() -> None:
    """As many as will come, or as are known to."""
    nodes = {node.step: node for node in picture_of_run(WORKFLOW, [("train", "ran")], COUNTS).nodes}
    assert nodes["train"].states == {"ran": 1, "pending": 2}
    assert (nodes["each"].count, nodes["each"].states) == (None, {"pending": 1})


def test_a_step_of_another_workflow_is_damage() -> None:
    """A run from elsewhere may name anything."""
    with pytest.raises(Damaged, match="which its workflow has not"):
        picture_of_run(WORKFLOW, [("other", "ran")], {})


def test_plain_data_says_the_same() -> None:
    """For programs that draw it themselves."""
    data = as_data(picture_of_run(WORKFLOW, [("check", "skipped")], {}))
    assert data["workflow"] == "test"
    assert {
        "step": "check",
        "environment": "sh",
        "scattered": False,
        "count": 1,
        "when": "deep",
        "states": {"skipped": 1},
    } in data["steps"]  # type: ignore[operator]
    assert {"from": "check", "to": "report", "kind": "order", "reads": []} in data["edges"]  # type: ignore[operator]
