"""The version of the program."""

import tomllib
from pathlib import Path

from engine.version import VERSION


def test_it_is_the_one_that_is_installed() -> None:
    """What pyproject.toml says."""
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())["project"]
    assert project["version"] == VERSION
