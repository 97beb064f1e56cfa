"""Reading workflow files: what is refused and how it is said, and what is the same workflow."""

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from engine.errors import Refused
from engine.workflow.model import GIB, WORKFLOW, Resources, Verify
from engine.workflow.parse import parse
from tests.engine.workflow.corpus import CID, HEAD, LARGE, ROOT, Bad, bad_files, steps


@pytest.mark.parametrize("bad", bad_files(), ids=lambda bad: bad.name)
def test_bad_file(bad: Bad) -> None:
    """A bad file is refused with exactly the what, where and fix of the table."""
    with pytest.raises(Refused) as refused:
        parse(bad.text, "w.yaml")
    error = refused.value
    assert (error.what, error.where, error.fix) == (bad.what, bad.where, bad.fix)


def test_the_first_mistake_is_told() -> None:
    """Of several mistakes that need the whole file to be seen, the first in the file is told."""
    text = "  a: {run: '{params.x}', outputs: {o: o}}\n  b: {run: x, inputs: {i: c.o}}\n"
    with pytest.raises(Refused, match=r"params\.x") as refused:
        steps(text)
    assert refused.value.where == "w.yaml:5:12"


def test_everything() -> None:
    """A file with one of everything is read as its author meant it."""
    workflow = parse(LARGE, "large.yaml")
    assert workflow.parameters == {
        "seeds": "[0,1,2]",
        "rate": "1e-06",
        "label": '"no"',
        "all": "true",
        "options": '{"a":"x","b":[1,null]}',
        "n": None,
    }
    assert workflow.inputs["code"].path == "src"
    assert workflow.inputs["raw"].cid == CID
    assert workflow.inputs["notes"].ignore == ("*.bak", "*.tmp", "c", "d", "e", "f", "g")
    assert workflow.inputs["weights"].sha256 == "ab" * 32
    train = workflow.steps["train"]
    assert [(axis.name, axis.source) for axis in train.scatter] == [
        ("seed", "params.seeds"),
        ("size", '[1,2.5,"x"]'),
    ]
    assert train.command[2:] == ("{scatter.seed}", "3", "1e-06", "true", "--size={scatter.size}")
    assert train.resources == Resources(1, GIB, 3 * GIB // 2, 120_000)
    assert train.variables == {"A": "1", "B": "2", "C": "{scatter.seed}"}
    assert (train.retries, train.reusable, train.condition) == (1, False, "all")
    assert workflow.steps["prepare"].inputs["code"] == "inputs.code/prepare.py"
    assert workflow.steps["prepare"].outputs["data"].path == "data"
    assert workflow.steps["score"].outputs["score"].verify == Verify("tolerance", "1e-06")
    assert workflow.steps["report"].needs == ("each", "prepare")


def test_default_outputs() -> None:
    """Without `outputs`, every output that no step reads is one, called STEP.OUTPUT."""
    assert parse(LARGE, "large.yaml").outputs == {"report.report": "report.report"}
    assert steps("  a: {scatter: {s: [1]}, run: x, outputs: {o: o}}\n").outputs == {"a.o": "a[*].o"}
    assert steps("  a: {run: x, outputs: {o: o}}\n", "outputs: {}\n").outputs == {}


def test_scattered_output_without_brackets() -> None:
    """An output of the workflow that names a scattered step means all its instances."""
    text = "  a: {scatter: {s: [1]}, run: x, outputs: {o: o}}\n"
    assert steps(text, "outputs: {r: a.o/x}\n") == steps(text, "outputs: {r: 'a[*].o/./x'}\n")


SAME = [  # quotes, flow and block, comments, order of keys, defaults written out
    "workflow: w\nsteps:\n  a: {run: x, environment: e}\n",
    '# c\n"workflow": "w"\nsteps: {"a": {environment: e, run: "x"}}\n',
    "steps:\n  a:\n    run: >-\n      x\n    environment: 'e'\nworkflow: w\ndescription: ''\n",
    "workflow: w\ndefaults: {environment: e, retries: 0}\nsteps: {a: {run: x, cache: true}}\n",
    "workflow: w\nsteps: {a: {run: x, environment: e, resources: {memory: 2048MiB}}}\n",
    "workflow: w\nsteps: {a: {run: x, environment: e, resources: {time: 24h, gpus: 0}}}\n",
    "%YAML 1.2\n---\nworkflow: w\nsteps: {a: {run: x, environment: e, env: {}}}\n...\n",
]


@pytest.mark.parametrize("text", SAME)
def test_spelling_does_not_matter(text: str) -> None:
    """The same workflow has the same CID whichever way its file is spelt."""
    environments = f"environments: {{e: {{cid: {CID}}}}}\n"
    head, found, rest = text.rpartition("---\n")
    one = parse(f"{head}{found}{environments}{rest}", "w.yaml")
    other = parse(SAME[0] + environments, "other.yaml")
    assert WORKFLOW.cid(one) == WORKFLOW.cid(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("run: x, outputs: {o: {path: o, verify: {tolerance: 1}}}",
         "run: x, outputs: {o: {path: ./o/, verify: {tolerance: 100e-2}}}"),
        ("run: x, outputs: {o: o}", "run: x, outputs: {o: {path: o, verify: exact}}"),
        ("run: [x, 5]", "run: [x, '5']"),
        ("run: x, scatter: {s: [1, 0x2]}", "run: x, scatter: {s: [ +1, 2]}"),
        ("run: x, needs: [b, c]", "run: x, needs: [c, b, c]"),
    ],
)  # fmt: skip
def test_steps_that_are_the_same(one: str, other: str) -> None:
    """Two spellings of one step are one step."""
    others = "  b: {run: x}\n  c: {run: x}\n"
    assert steps(f"  a: {{{one}}}\n{others}") == steps(f"{others}  a: {{{other}}}\n")


def test_meaning_matters() -> None:
    """A change of meaning changes the CID: the order of a scatter, a default, a tolerance."""
    texts = [
        "  a: {scatter: {s: [1], t: [2]}, run: x}\n",
        "  a: {scatter: {t: [2], s: [1]}, run: x}\n",
        "  a: {scatter: {t: [2], s: [1]}, run: x, retries: 1}\n",
        "  a: {scatter: {t: [2], s: [1.0]}, run: x, retries: 1}\n",
    ]
    assert len({WORKFLOW.cid(steps(text)) for text in texts}) == len(texts)


def test_round_trip() -> None:
    """The record of a workflow decodes to the same workflow."""
    workflow = parse(LARGE, "large.yaml")
    assert WORKFLOW.decode(WORKFLOW.encode(workflow)) == workflow


def test_the_example_is_read() -> None:
    """The digits example is a workflow."""
    path = ROOT / "examples/digits/workflow.yaml"
    assert parse(path.read_text(), str(path)).name == "digits"


def test_too_large_for_a_record() -> None:
    """A workflow that does not fit in one record is refused, and not with a wall of text."""
    text = "".join(f"  s{number}: {{run: {'x' * 450}}}\n" for number in range(1_900))
    with pytest.raises(Refused, match="the workflow is too long"):
        steps(text)


def test_defaults_do_not_multiply() -> None:
    """Long defaults in many steps are refused before they take memory."""
    text = "".join(f"  s{i}: {{run: x}}\n" for i in range(1_000))
    defaults = f"defaults: {{environment: e, env: {{A: {'x' * 9_999}}}}}"
    with pytest.raises(Refused, match="'env' and 'needs' of all steps"):
        parse(f"workflow: w\n{defaults}\nsteps:\n{text}", "w.yaml")


GOOD = [LARGE, HEAD + "steps: {a: {run: x}}\n"]


def _refused_or_read(text: str) -> None:
    error = None
    try:
        parse(text, "w.yaml")
    except Refused as refused:
        error = refused
    if error:
        assert error.what
        assert error.fix
        assert error.where.startswith("w.yaml")
        assert "\n" not in error.what + error.where + error.fix


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.sampled_from(GOOD + [bad.text for bad in bad_files()]),
    st.integers(0, 2_000),
    st.integers(0, 6),
    st.text("{}[]:,-?|>&*!%@`'\"#\\\n\t x/.1\x00\x85\ud800", max_size=5),
)
@example(HEAD + 'steps: {a: {run: "{a', 0, 0, '\n}"}}')
def test_junk_never_crashes(text: str, at: int, removed: int, inserted: str) -> None:
    """A file changed anywhere is read or refused in at most three lines, and nothing else."""
    at %= len(text) + 1
    _refused_or_read(text[:at] + inserted + text[at + removed :])


@settings(max_examples=150, deadline=None)
@given(st.text("{}[]:,-?|>&*!%@`'\"#\\\n\t abx01~.<=", max_size=30))
def test_symbols_never_crash(text: str) -> None:
    """Any heap of YAML's own symbols is read or refused."""
    _refused_or_read(text)
    _refused_or_read("workflow: " + text)
