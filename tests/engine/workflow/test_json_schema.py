"""The JSON Schema: it agrees with the parser on every file of the corpus, and on any at random."""

import random
import re
from collections.abc import Iterator
from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft7Validator

from engine.errors import Refused
from engine.workflow.json_schema import json_schema
from engine.workflow.names import VARIABLE
from engine.workflow.parse import parse
from engine.workflow.values import data_of
from engine.workflow.yaml_source import compose
from tests.engine.workflow.corpus import HEAD, LARGE, ROOT, Bad, bad_files
from tests.engine.workflow.made import files, to_yaml
from tests.engine.workflow.made_tables import Data
from tests.engine.workflow.test_same import LARGE_DATA

VALIDATOR = Draft7Validator(json_schema())


def _data(text: str) -> Any:
    return data_of(compose(text, "w"))


def test_it_is_a_schema() -> None:
    """The schema is one, by its own dialect."""
    Draft7Validator.check_schema(json_schema())


@pytest.mark.parametrize(
    "text",
    [
        LARGE,
        HEAD + "steps: {a: {run: x}}\n",
        (ROOT / "examples/digits/workflow.yaml").read_text(),
        *(path.read_text() for path in (ROOT / "cli/templates").rglob("*.yaml")),
    ],
)
def test_good_files(text: str) -> None:
    """Good files, the examples and the templates validate."""
    assert not [error.message for error in VALIDATOR.iter_errors(_data(text))]


@pytest.mark.parametrize("bad", bad_files(), ids=lambda bad: bad.name)
def test_bad_files(bad: Bad) -> None:
    """A file that is wrong in its shape does not validate; one that is wrong otherwise does."""
    try:
        data = _data(bad.text)
    except Refused:  # it is not even plain YAML
        assert bad.shape
        return
    assert VALIDATOR.is_valid(data) is not bad.shape


def _schemas(schema: Any) -> Iterator[tuple[str, Any]]:
    """Yield the schema of every key and of every name's value, all the way down."""
    for word in ("properties", "patternProperties"):
        for key, inner in schema.get(word, {}).items():
            yield key, inner
            yield from _schemas(inner)
    for inner in (*schema.get("anyOf", ()), *filter(None, [schema.get("items")])):
        yield from _schemas(inner)


def test_an_editor_has_something_to_show() -> None:
    """Every key is described; what is left out has its default, and examples are what they show."""
    all_ = [*_schemas(json_schema())]
    silent = {key for key, schema in all_ if not schema.get("description", "").endswith(".")}
    assert silent == {f"^{VARIABLE}$"}  # what a variable is anybody knows
    examples = [(schema, each) for _, schema in all_ for each in schema.get("examples", ())]
    examples += [(schema, schema["default"]) for _, schema in all_ if "default" in schema]
    assert len(examples) > 40
    for schema, example in examples:
        assert Draft7Validator(schema).is_valid(example), example


@LARGE_DATA
@given(files(), st.randoms(use_true_random=False))
def test_what_the_parser_accepts_the_schema_accepts(data: Data, chance: random.Random) -> None:
    """Any workflow, however it is spelt."""
    text = to_yaml(data, chance)
    parse(text, "w")
    assert not [error.message for error in VALIDATOR.iter_errors(_data(text))]


_SHAPE = re.compile(
    r"unknown key|must be |cannot be |not a name|has no unit|is not a list or a reference"
    r"|says nothing|has both|has no '(workflow|steps|run)'|has no (path|tolerance|name|steps)\b"
)
_FREE = ("params", "scatter")  # below them is any JSON
_WRONG = (None, True, 7, 0.5, "", "x", [], {}, [None], {"Not A Name": 1})


def _places(data: Data) -> Iterator[tuple[Any, Any]]:
    """Yield each place in a file that has a form: what holds it, and its key."""
    for key, value in data.items() if isinstance(data, dict) else enumerate(data):
        yield data, key
        if isinstance(value, dict | list) and key not in _FREE:
            yield from _places(value)


def _spoilt(data: Data, chance: random.Random) -> Data:
    """Return a file with one mistake in its form, or none: some change nothing that counts."""
    spoilt = deepcopy(data)
    holder, key = chance.choice([*_places(spoilt)])
    if isinstance(holder, dict) and chance.random() < 0.3:
        holder["Not A Name"] = chance.choice(_WRONG)
    elif isinstance(holder, dict) and chance.random() < 0.2:
        del holder[key]
    else:
        holder[key] = chance.choice(_WRONG)
    return spoilt


@LARGE_DATA
@given(files(), st.randoms(use_true_random=False))
def test_a_mistake_of_form_is_one_to_both(data: Data, chance: random.Random) -> None:
    """An unknown key, a wrong type, a key that is missing: what parsing refuses, the schema does.

    And where parsing has nothing to say, neither has the schema.
    """
    text = to_yaml(_spoilt(data, chance), chance)
    wrong = _why_refused(text)
    if wrong is None:
        assert VALIDATOR.is_valid(_data(text))
    elif _SHAPE.search(wrong):
        assert not VALIDATOR.is_valid(_data(text)), wrong


def _why_refused(text: str) -> str | None:
    try:
        parse(text, "w")
    except Refused as error:
        return error.what
    return None
