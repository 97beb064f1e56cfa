"""Params: defaults, what is given with -p, and one text for each value."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import Refused
from engine.workflow.nodes import Mark, from_data
from engine.workflow.parameters import bind
from engine.workflow.values import in_command, items_of, json_of, read_value
from engine.workflow.yaml_source import compose
from tests.engine.workflow.corpus import steps

WORKFLOW = steps("  a: {run: x}\n", "params: {n: 1, rate: 0.1, name: null}\n")

MARK = Mark("w", 1, 1)
json_values = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-(2**63), 2**64 - 1),
        st.floats(allow_nan=False, allow_infinity=False),
        st.text(max_size=8).map(lambda text: text.replace("\0", "")),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.text("abc", max_size=3), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(json_values)
def test_one_text(value: object) -> None:
    """A value's text says the value, and reading the text as YAML gives the same text."""
    text = json_of(from_data(value, MARK))
    assert json.loads(text) == value
    assert read_value(text, "-p x") == text
    assert json_of(compose(text, "w")) == text


@pytest.mark.parametrize(
    ("yaml", "text", "command"),
    [
        ("0.1", "0.1", "0.1"),
        ("1e-6", "1e-06", "1e-06"),
        ("0.000001", "1e-06", "1e-06"),
        ("1.0", "1.0", "1.0"),
        ("100e-2", "1.0", "1.0"),
        ("0x10", "16", "16"),
        ("no", '"no"', "no"),
        ("'5'", '"5"', "5"),
        ("true", "true", "true"),
        ("{b: 1, a: [x, 0.50]}", '{"a":["x",0.5],"b":1}', '{"a":["x",0.5],"b":1}'),
        ("a b", '"a b"', "a b"),
        ("é", '"é"', "é"),
        ('""', '""', ""),
    ],
)
def test_text_and_command(yaml: str, text: str, command: str) -> None:
    """A value is compact JSON in records, and in commands text is as it is."""
    assert read_value(yaml, "-p x") == text
    assert in_command(text) == command


def test_bind() -> None:
    """Defaults hold until something else is given."""
    assert bind(WORKFLOW, {"name": "no"}).values == {"n": "1", "rate": "0.1", "name": '"no"'}
    assert bind(WORKFLOW, {"name": "[1, {a: b}]", "n": "x"}).values["name"] == '[1,{"a":"b"}]'


@pytest.mark.parametrize(
    ("given_", "what", "where", "fix"),
    [
        ({}, "param 'name' has no default and must be given", "params.name", "add -p name=VALUE"),
        ({"nmae": "x"}, "unknown param 'nmae'", "-p nmae", "did you mean 'name'?"),
        ({"name": ""}, "param 'name' is given nothing", "-p name", "write -p name=VALUE"),
        ({"name": "~"}, "param 'name' is given nothing", "-p name", "write -p name=VALUE"),
        ({"name": "[1"}, "not YAML", "-p name:1:3", "close the bracket"),
        ({"name": "&a x"}, "an anchor or alias", "-p name:1:1", "write the value out"),
    ],
)
def test_not_bound(given_: dict[str, str], what: str, where: str, fix: str) -> None:
    """A param that is missing, unknown, nothing or no YAML is refused."""
    with pytest.raises(Refused) as refused:
        bind(WORKFLOW, given_)
    assert refused.value.what.startswith(what)
    assert refused.value.where == where
    assert refused.value.fix.startswith(fix)


@pytest.mark.parametrize(
    ("yaml", "text"),
    [
        ('{"a": 1, "a": 2}', None),
        ("NaN", '"NaN"'),
        ("-Infinity", '"-Infinity"'),
        ('"\\ud83d\\ude00"', '"\U0001f600"'),
        ('"\\ud83d"', None),
        ('{"' + "k" * 2000 + '": 1}', '{"' + "k" * 2000 + '":1}'),
        ("[" * 2000 + "]" * 2000, None),
        ("1e999", None),
        ("99999999999999999999", None),
    ],
)
def test_json_is_read_as_the_yaml_it_is(yaml: str, text: str | None) -> None:
    """JSON means what it means as YAML; what would be lost or is out of bounds is refused."""
    if text is None:
        with pytest.raises(Refused):
            read_value(yaml, "-p x")
    else:
        assert read_value(yaml, "-p x") == text


def test_a_long_list() -> None:
    """A list of 100 000 seeds can be given, and its items are found at once."""
    text = json.dumps(list(range(100_000)))
    assert items_of(read_value(text, "-p x"))[-1:] == ("99999",)


def test_items() -> None:
    """A list has items, each a value; anything else has none."""
    assert items_of("[]") == ()
    assert items_of("[1,-0.5,1e-06,true,null]") == ("1", "-0.5", "1e-06", "true", "null")
    assert items_of('["a,b"]') == ('"a,b"',)
    assert items_of('[1,"a",[2],{"b":0.5}]') == ("1", '"a"', "[2]", '{"b":0.5}')
    assert items_of("[]") == ()
    assert items_of('"[1]"') is None
    assert items_of("5") is None
