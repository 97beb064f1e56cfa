"""What is not the same in two runs, down to values."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from engine import rundiff
from engine.rundiff import run_diff
from engine.sandbox.base import Job, Outcome
from engine.sandbox.scripted import Act
from engine.sides import Side
from tests.fakes.home import Home
from tests.fakes.runs import side_of

TEXT = """\
params: {n: 1}
inputs: {code: ./code}
steps:
  a: {inputs: {code: inputs.code}, run: 'a {params.n}', outputs: {o: a.json}}
  b:
    inputs: {a: a.o}
    run: b
    outputs: {o: {path: b.json, verify: {tolerance: 0.1}}, p: p}
"""


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    """Open a home."""
    home = Home(tmp_path / "home")
    yield home
    home.close()


@pytest.fixture
def code(tmp_path: Path) -> Path:
    """Return an input."""
    place = tmp_path / "code"
    place.write_text("one\n")
    return place


def gives(a: bytes, b: bytes, outcome: Outcome | None = None):
    """Return what lets step a give `a`, and step b `b`."""

    def play(job: Job) -> Act:
        if job.script and job.script.startswith(b"a"):
            return Act(files={"o": a})
        files = {"o": b, "p": b"p"}
        return Act(files=files, outcome=outcome) if outcome else Act(files=files)

    return play


def run(home: Home, code: Path, play, **how) -> Side:
    """Run both steps."""
    return side_of(home, TEXT, play, inputs={"code": code}, **how)


def test_the_same_runs_have_no_difference(home: Home, code: Path) -> None:
    """Whether steps ran or were reused is none."""
    was = run(home, code, gives(b"[1]", b"[2]"))
    found = run_diff(home.store.get, was, run(home, code, gives(b"?", b"?")))
    assert (found.given, found.steps) == ((), ())


def test_what_was_given_is_compared(home: Home, code: Path) -> None:
    """Params by value, inputs line by line."""
    was = run(home, code, gives(b"[1]", b"[2]"))
    code.write_text("two\n")
    now = run(home, code, gives(b"[1]", b"[2]"), params={"n": "2"})
    params, inputs = run_diff(home.store.get, was, now).given
    assert (params.field, params.was, params.now) == ("params.n", "1", "2")
    assert inputs.field == "inputs.code"
    assert inputs.inside.first[0].content.lines.first[0].now == "two"


def test_outputs_are_compared_by_value_and_judged(home: Home, code: Path) -> None:
    """Each by its own rule; what is the same is not named."""
    was = run(home, code, gives(b"[1]", b"[2]"))
    now = run(home, code, gives(b"[3]", b"[2.1]"), params={"n": "2"})
    a, b = run_diff(home.store.get, was, now).steps
    assert (a.id, a.what) == ("a", "another step, other outputs")
    assert [change.field for change in a.changes] == ["script"]
    (output,) = a.outputs
    assert (output.name, output.verdict.verdict) == ("o", "differs")
    assert output.verdict.inside.first[0].content.values.first.what == "was 1 and is 3"
    (output,) = b.outputs
    assert (output.name, output.verdict.verdict) == ("o", "equivalent")
    (change,) = b.changes
    assert (change.field, change.source, change.inside) == ("inputs.a", "a.o", None)


def test_a_step_that_failed_is_told_from_one_that_did_not(home: Home, code: Path) -> None:
    """The same step, that is; and it gave nothing."""
    was = run(home, code, gives(b"[1]", b"[2]"))
    failed = Outcome(3, "", "", 5, 3, 1_000_000, False)
    now = run(home, code, gives(b"[1]", b"", failed), forced=frozenset({"b"}))
    (step,) = run_diff(home.store.get, was, now).steps
    assert step.what == "the same step: ran in the first run, failed in the second"
    assert {output.name for output in step.outputs} == {"o", "p"}
    assert {output.verdict.now for output in step.outputs} == {None}


def test_what_is_not_here_is_said(home: Home, code: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And when there is too much to look at, that."""
    was = run(home, code, gives(b"[1]", b"[2]"))
    now = run(home, code, gives(b"[3]", b"[2.5]"), params={"n": "2"})
    lost = was.steps["a"].outputs["o"]

    def get(cid):
        if cid == lost:
            from engine.errors import Unavailable

            raise Unavailable("gone")
        return home.store.get(cid)

    a, _ = run_diff(get, was, now).steps
    assert (a.outputs[0].verdict.inside, a.outputs[0].verdict.verdict) == (None, "differs")
    assert "not here" in a.outputs[0].note
    monkeypatch.setattr(rundiff, "MAX_LOOKED_INTO", 1)
    _, b = run_diff(home.store.get, was, now).steps
    assert b.outputs[0].note == "only 1 outputs are looked into"


def test_a_step_may_be_in_one_of_them_only(home: Home, code: Path) -> None:
    """It has nothing to be compared with."""
    was = run(home, code, gives(b"[1]", b"[2]"))
    text = "steps:\n  c: {run: c, outputs: {o: o}}\n"
    now = side_of(home, text, lambda _: Act(files={"o": b""}))
    what = {step.id: step.what for step in run_diff(home.store.get, was, now).steps}
    assert what == {
        "c": "only in the second run",
        "a": "only in the first run",
        "b": "only in the first run",
    }
