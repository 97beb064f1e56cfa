"""`tally diff`: what is not the same in two runs, for people and for scripts."""

import shutil
from pathlib import Path

import pytest

from tests.cli.conftest import Write
from tests.cli.program import Program
from tests.cli.scores import CHECK, carried, other, scores

__all__ = ["other", "scores"]

pytestmark = [pytest.mark.nix, pytest.mark.sandbox]


def test_runs_that_are_alike_do_not_differ(tally: Program, letters: Path, first: str) -> None:
    """Whether steps ran or were reused is no difference."""
    again = tally.told("run", letters)["name"]
    assert tally.told("diff", first, again) == {"given": [], "steps": [], "checks": []}
    assert tally("diff", first, again).out == "the same steps gave the same outputs\n"


def test_a_difference_is_followed_through_the_steps(
    tally: Program, letters: Path, first: str, tmp_path: Path
) -> None:
    """Given another param: the new instance, and what reads it."""
    more = tally.told("run", letters, "-p", "names=[Ada, Alan, Grace]")["name"]
    told = tally.told("diff", first, more)
    assert [change["field"] for change in told["given"]] == ["params.names"]
    assert {step["id"]: step["what"] for step in told["steps"]} == {
        "greet[2]": "only in the second run",
        "letter": "another step, other outputs",
    }
    assert "letter: another step, other outputs" in tally("diff", first, more).out


def test_another_source_with_the_same_outputs_is_told_apart(
    tally: Program, letters: Path, first: str, tmp_path: Path
) -> None:
    """An edited comment makes another step that gives the same."""
    copy = shutil.copytree(letters.parent, tmp_path / "edited")
    (copy / "src" / "letter.sh").write_text('# dear all\ncat "$@"\n')
    run = tally.told("run", copy / "w.yaml")["name"]
    (step,) = tally.told("diff", first, run)["steps"]
    assert (step["id"], step["what"]) == ("letter", "another step, same outputs")
    assert [change["field"] for change in step["changes"]] == ["inputs.code"]


def test_values_lines_and_bytes_are_shown(tally: Program, write: Write) -> None:
    """Each file by what it is: JSON by value, text by line, anything else by byte."""
    steps = """\
  s:
    run: |
      mkdir {outputs.d}
      echo "first" >{outputs.d}/same
      printf '{{"loss": [1, %s]}}' {params.n} >{outputs.d}/m.json
      printf 'one\\ntwo {params.n}\\n' >{outputs.d}/t.txt
      printf '\\000{params.n}' >{outputs.d}/b.bin
    outputs: {d: d}
"""
    path = write(steps, head="params: {n: 5}", name="kinds")
    was = tally.told("run", path)["name"]
    now = tally.told("run", path, "-p", "n=7")["name"]
    (step,) = tally.told("diff", was, now)["steps"]
    inside = step["outputs"]["d"]["inside"]
    assert inside["counts"] == {"changed": 3}
    b, m, t = (part["content"] for part in inside["parts"])
    assert b["bytes"] == {"offset": 1, "was": "35", "now": "37"}
    assert m["values"]["largest"] == {
        "where": "$.loss[1]",
        "what": "was 5 and is 7",
        "was": "5",
        "is": "7",
        "deviation": 2.0,
        "relative": 2 / 7,
    }
    output = step["outputs"]["d"]
    assert output["first"] == {
        "path": "b.bin",
        "where": "byte 1",
        "what": "was 0x35 and is 0x37",
        "was": "0x35",
        "is": "0x37",
    }
    assert output["deviation"] == {
        "absolute": {"path": "m.json", "where": "$.loss[1]", "value": 2.0},
        "relative": {"path": "m.json", "where": "$.loss[1]", "value": 2 / 7},
        "whole": True,
    }
    assert t["lines"]["first"] == [{"number": 2, "column": 5, "was": "two 5", "now": "two 7"}]
    said = tally("diff", was, now).out
    assert said.startswith("params.n: 5 → 7\ns: another step, other outputs\n")
    assert "  output 'd':\n    b.bin byte 1: 35 → 37\n" in said
    assert "    m.json $.loss[1] was 5 and is 7\n    t.txt line 2: `two 5` → `two 7`\n" in said


def test_what_was_given_is_shown(tally: Program, letters: Path, first: str, tmp_path: Path) -> None:
    """An input is compared once, where it was given, and steps only refer to it."""
    copy = shutil.copytree(letters.parent, tmp_path / "given")
    (copy / "src" / "letter.sh").write_text('cat "$@"; echo yours\n')
    (copy / "src" / "new.sh").write_text("")
    run = tally.told("run", copy / "w.yaml")["name"]
    said = tally("diff", first, run).out
    assert said == (
        'inputs.code:\n  letter.sh line 1: `cat "$@"` → `cat "$@"; echo yours`\n'
        "  new.sh is new\n"
        "letter: another step, other outputs\n"
        "  inputs.code (src/letter.sh): is another\n"
        "  output 'text': line 3: `yours` is new\n"
    )


def test_what_a_resource_claims_is_checked_on_both_runs(
    own: Program, other: Program, scores: Path, tmp_path: Path
) -> None:
    """Named by itself, it is its author's run: what became of each check is said, and where to."""
    own.told("run", scores)
    made = own.told("publish", scores, "--check", CHECK, "--check", "metrics.accuracy > 0")
    carried(own, other, made["resource"], tmp_path)
    changed = other("run", "scores", "-p", "accuracy=0.85")
    assert changed.code == 4
    told = other.told("diff", "scores", "latest")
    assert [change["field"] for change in told["given"]] == ["params.accuracy"]
    was, now = {"holds": True, "found": "0.93"}, {"holds": False, "found": "0.85"}
    always = {"check": "metrics.accuracy > 0", "was": was, "now": {"holds": True, "found": "0.85"}}
    assert told["checks"] == [{"check": CHECK, "was": was, "now": now}, always]
    said = other("diff", made["resource"], "latest").out
    assert f"check {CHECK}: holds: 0.93 → does not hold: 0.85\n" in said
    alike = other("diff", "scores", made["run"]).out
    assert alike == (
        f"the same steps gave the same outputs\ncheck {CHECK}: holds: 0.93\n"
        "check metrics.accuracy > 0: holds: 0.93\n"
    )
