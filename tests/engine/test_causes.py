"""Why a step is not the one it was, followed to what nothing before it explains."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.causes import MAX_FOLLOWED, find_causes
from engine.content.cid import DAG_CBOR, Cid
from engine.sandbox.base import Job
from engine.sandbox.scripted import Act
from engine.workflow.resolve import EnvironmentUse
from tests.fakes.home import Home
from tests.fakes.runs import side_of

TEXT = """\
params: {seeds: [0, 1], rate: 1, other: 1}
inputs: {code: ./src}
steps:
  prepare:
    inputs: {code: inputs.code/prepare.py}
    run: prepare {inputs.code} {outputs.data}
    outputs: {data: data.json}
  train:
    scatter: {seed: params.seeds}
    inputs: {code: inputs.code/train.py, data: prepare.data}
    run: train {inputs.data} {scatter.seed} {params.rate} {outputs.model}
    outputs: {model: model.bin}
  report:
    inputs: {models: "train[*].model"}
    run: [report, "{inputs.models}", "{outputs.text}"]
    outputs: {text: text.txt}
"""


def play(job: Job) -> Act:
    """Give what depends on inputs and command, as an honest program does."""
    script = job.script or b""
    if b"prepare" in script:
        assert job.inputs is not None
        return Act(files={"data": (job.inputs / "code").read_bytes()})
    if b"train" in script:
        assert job.inputs is not None
        return Act(files={"model": script + (job.inputs / "data").read_bytes()})
    return Act(files={"text": b"report"})


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    """Open a home."""
    home = Home(tmp_path / "home")
    yield home
    home.close()


@pytest.fixture
def code(tmp_path: Path) -> Path:
    """Return a directory of sources."""
    place = tmp_path / "src"
    place.mkdir()
    (place / "prepare.py").write_text('{"a": 1}\n')
    (place / "train.py").write_text("import x\nlr = 0.1\n")
    return place


def test_an_edited_line_is_found(home: Home, code: Path) -> None:
    """Its file and number; the step before is not blamed."""
    was = side_of(home, TEXT, play, inputs={"code": code})
    (code / "train.py").write_text("import x\nlr = 0.2\n")
    now = side_of(home, TEXT, play, inputs={"code": code})
    (cause,) = find_causes(home.store.get, was, now, "train[1]")
    (change,) = cause.changes
    assert (cause.kind, cause.follows) == ("changed", ())
    assert (change.field, change.source) == ("inputs.code", "src/train.py")
    (line,) = change.inside.first[0].content.lines.first
    assert (line.number, line.was, line.now) == (2, "lr = 0.1", "lr = 0.2")


def test_what_another_step_made_is_followed(home: Home, code: Path) -> None:
    """Through all steps to the source; each comes once, the nearest first."""
    was = side_of(home, TEXT, play, inputs={"code": code})
    (code / "prepare.py").write_text('{"a": 2}\n')
    now = side_of(home, TEXT, play, inputs={"code": code})
    causes = find_causes(home.store.get, was, now, "report")
    assert [cause.id for cause in causes] == ["report", "train[0]", "train[1]", "prepare"]
    assert [cause.follows for cause in causes] == [
        ("train[0]", "train[1]"),
        ("prepare",),
        ("prepare",),
        (),
    ]
    (gathered,) = causes[0].changes
    assert gathered.details == ("2 of its values are others: 0, 1",)
    (data,) = causes[1].changes
    assert data.source == "prepare.data"
    assert data.inside.first[0].content.values.first.where == "$.a"


def test_only_the_instances_that_are_others_are_followed(home: Home, code: Path) -> None:
    """A gather of many names those of them."""
    was = side_of(home, TEXT, play, inputs={"code": code})
    now = side_of(home, TEXT, play, inputs={"code": code}, params={"seeds": "[0, 7, 8]"})
    report, *others = find_causes(home.store.get, was, now, "report")
    assert report.follows == ("train[1]", "train[2]")
    command, gather = report.changes
    assert command.details == (
        "word 4: `/out/text.txt` → `/in/models/2`",
        "word 5: `/out/text.txt` is new",
    )
    assert gather.details == (
        "it had 2 values and has 3",
        "1 of its values are others: 1",
    )
    assert [(cause.id, cause.kind) for cause in others] == [
        ("train[1]", "changed"),
        ("train[2]", "new"),
    ]


def test_a_param_is_named_where_it_is_used(home: Home, code: Path) -> None:
    """Of those that changed, only what the command is made from."""
    was = side_of(home, TEXT, play, inputs={"code": code})
    changed = {"rate": "2", "other": "2"}
    now = side_of(home, TEXT, play, inputs={"code": code}, params=changed)
    (cause,) = find_causes(home.store.get, was, now, "train[0]")
    assert [(one.field, one.was, one.now) for one in cause.params] == [("params.rate", "1", "2")]
    (change,) = cause.changes
    assert change.details == (
        "line 1: `train /in/data 0 1 /out/model.bin` → `train /in/data 0 2 /out/model.bin`",
    )


def test_words_of_a_command_are_counted(home: Home) -> None:
    """The first word is the program."""
    text = "steps:\n  s: {run: [a, b, c], outputs: {o: o}, env: {X: '1'}}\n"
    give = Act(files={"o": b""})
    was = side_of(home, text, lambda _: give)
    now = side_of(home, text.replace("b, c", "B"), lambda _: give)
    (cause,) = find_causes(home.store.get, was, now, "s")
    assert cause.changes[0].details == ("word 2: `b` → `B`", "word 3: `c` is gone")
    now = side_of(home, text.replace("'1'", "'2'"), lambda _: give)
    (cause,) = find_causes(home.store.get, was, now, "s")
    assert [(one.field, one.was, one.now) for one in cause.changes] == [("variables.X", "1", "2")]


def test_a_step_that_varies_is_said_to(home: Home, code: Path) -> None:
    """The same key that gave something else is where following ends."""
    was = side_of(home, TEXT, play, inputs={"code": code})

    def moody(job: Job) -> Act:
        return Act(files={"data": b'{"a": 5}'}) if b"prepare" in (job.script or b"") else play(job)

    now = side_of(home, TEXT, moody, inputs={"code": code}, forced=frozenset({"prepare"}))
    train, prepare = find_causes(home.store.get, was, now, "train[0]")
    assert (train.kind, train.follows) == ("changed", ("prepare",))
    assert (prepare.kind, prepare.follows) == ("varies", ())
    assert prepare.changes[0].inside.first[0].content.values.first.what == "was 1 and is 5"


def test_an_environment_that_is_not_here_is_said(home: Home) -> None:
    """Its closure is another; which store paths, nobody can say."""
    text = "steps:\n  s: {run: a, outputs: {o: o}}\n"
    other = EnvironmentUse(Cid.of(DAG_CBOR, b"another"), ("/other",), has_shell=True)
    give = Act(files={"o": b""})
    was = side_of(home, text, lambda _: give)
    now = side_of(home, text, lambda _: give, environment=other)
    (cause,) = find_causes(home.store.get, was, now, "s")
    details = {change.field: change.details for change in cause.changes}
    assert details["closure"] == ("what it was, or is, is not here to be looked at",)
    assert details["variables.PATH"] == ("it follows from the environment",)


def test_no_more_steps_are_followed_than_a_person_reads(home: Home) -> None:
    """A gather of hundreds is cut."""
    text = """\
params: {n: 1}
steps:
  a:
    scatter: {x: [ITEMS]}
    run: 'echo {scatter.x} {params.n}'
    outputs: {o: o}
  b: {inputs: {i: "a[*].o"}, run: x, outputs: {o: o}}
"""
    text = text.replace("ITEMS", ", ".join(map(str, range(MAX_FOLLOWED + 20))))

    def echo(job: Job) -> Act:
        return Act(files={"o": job.script or b""})

    was = side_of(home, text, echo)
    now = side_of(home, text, echo, params={"n": "2"})
    assert len(find_causes(home.store.get, was, now, "b")) == MAX_FOLLOWED
