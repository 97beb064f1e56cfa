"""YAML 1.2 and nothing but: what words mean, what is refused, what is bounded."""

import time

import pytest

from engine.errors import Refused
from engine.workflow.nodes import MAX_DEPTH, MapNode, Scalar
from engine.workflow.values import data_of
from engine.workflow.yaml_source import MAX_TEXT, compose

CORE_SCHEMA = {
    "no": "no", "yes": "yes", "on": "on", "y": "y",
    "true": True, "True": True, "TRUE": True, "tRUE": "tRUE", "false": False,
    "null": None, "~": None, "Null": None, "": None, "nUll": "nUll",
    "0": 0, "-19": -19, "+5": 5, "017": 17, "0o17": 15, "0x1F": 31, "0b1": "0b1",
    "1_000": "1_000", "12:30": "12:30", "2001-01-01": "2001-01-01", "=": "=",
    "1e-6": 1e-6, "1E+5": 1e5, "1e3": 1000.0, ".5": 0.5, "5.": 5.0, "-0.1": -0.1, "1.5.2": "1.5.2",
    "'5'": "5", '"no"': "no", "'null'": "null",
}  # fmt: skip


@pytest.mark.parametrize(("written", "meant"), CORE_SCHEMA.items())
def test_core_schema(written: str, meant: object) -> None:
    """An unquoted word means what the core schema of YAML 1.2 says."""
    found = data_of(compose(f"a: {written}\n", "w"))
    assert found == {"a": meant}
    assert type(found["a"]) is type(meant)


@pytest.mark.parametrize(
    ("text", "what", "where"),
    [
        ("a: .inf", "finite", "w:1:4"),
        ("a: .nan", "finite", "w:1:4"),
        ("a: 1e999", "finite", "w:1:4"),
        ("a: 18446744073709551616", "64 bits", "w:1:4"),
        ("a: -9223372036854775809", "64 bits", "w:1:4"),
        ('a: "\\0"', "NUL", "w:1:4"),
        ('a: "\\ud800"', "invalid Unicode character", "w:1:7"),
        ("a: b\n  \x07c", "not allowed", "w:2:3"),
        ("a: b\n  c\u2028d", "not allowed", "w:2:4"),
        ("a: \ud800", "not allowed", "w:1:4"),
        ("a: b\n\ufeffc: d", "not allowed", "w:2:1"),
        ("\ufeff\ufeffa: b", "not allowed", "w:1:2"),
        ("%TAG !a! b\n---\na: 1", "a %TAG line", "w:1:1"),
        ("#\r%TAG !a! b\r---\ra: 1", "a %TAG line", "w:1:3"),
        ("a: |\n  \tb", "found a tab character", "w:2:3"),
        ("a:\n  - [b, c", "expected ',' or ']'", "w:2:10"),
        ("a: &x 1", "anchor", "w:1:4"),
        ("a: *x", "anchor", "w:1:4"),
        ("a: !!int 5", "a tag", "w:1:4"),
        ("a: !x [1]", "a tag", "w:1:4"),
        ("%YAML 1.1\n---\na: 1", "another version", "w:1:1"),
        ("a: 1\n--- \nb: 2", "second document", "w:2:1"),
        ("{a: 1, 'a': 2}", "duplicate key 'a'", "w:1:8"),
        ("[a]: 1", "not text", "w:1:1"),
        ("null: 1", "not text", "w:1:1"),
        ("<<: {a: 1}\n<<: {b: 1}", "duplicate", "w:2:1"),
    ],
)
def test_refused(text: str, what: str, where: str) -> None:
    """What hides or doubles a meaning is refused, at its place."""
    with pytest.raises(Refused, match=what) as refused:
        compose(text, "w")
    assert refused.value.where == where


def test_the_largest_integers() -> None:
    """Integers keep all of their 64 bits."""
    assert data_of(compose("[18446744073709551615, -9223372036854775808]", "w")) == [
        2**64 - 1,
        -(2**63),
    ]


def test_depth_is_bounded() -> None:
    """Nesting is refused past its bound, however deep it goes, without a crash."""
    compose("[" * MAX_DEPTH + "]" * MAX_DEPTH, "w")
    for opened in ("[", "{a: ", "- "):
        with pytest.raises(Refused, match="nest"):
            compose(opened * 100_000, "w")


def test_length_is_bounded() -> None:
    """A file over the bound is refused before it is parsed, so at once."""
    started = time.process_time()
    with pytest.raises(Refused, match="bytes of YAML"):
        compose("a: " + "x" * MAX_TEXT, "w")
    assert time.process_time() - started < 1


def test_values_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """So is a file with too many values, before it is read to its end."""
    monkeypatch.setattr("engine.workflow.yaml_source.MAX_NODES", 100)
    assert len(data_of(compose("[" + "1," * 99 + "]", "w"))) == 99
    with pytest.raises(Refused, match="more than 100 values") as refused:
        compose("[" + "1," * 200 + "]]", "w")
    assert refused.value.where == "w:1:200"


def test_nothing_is_at_its_key() -> None:
    """A value that is not there is shown where its key is, not on a later line."""
    node = compose("a:\n\n\nb: 1\n", "w")
    assert isinstance(node, MapNode)
    value = node.fields["a"].node
    assert isinstance(value, Scalar)
    assert str(value.mark) == "w:1:1"
