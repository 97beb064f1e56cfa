"""The JSON Schema: it agrees with the parser on every file of the corpus."""

from typing import Any

import pytest
from jsonschema import Draft202012Validator

from engine.errors import Refused
from engine.workflow.json_schema import json_schema
from engine.workflow.values import data_of
from engine.workflow.yaml_source import compose
from tests.engine.workflow.corpus import HEAD, LARGE, ROOT, Bad, bad_files

VALIDATOR = Draft202012Validator(json_schema())


def _data(text: str) -> Any:
    return data_of(compose(text, "w"))


def test_it_is_a_schema() -> None:
    """The schema is one, by its own dialect."""
    Draft202012Validator.check_schema(json_schema())


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
