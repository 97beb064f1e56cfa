"""The templates that `tally init` writes: whole, and with the recipe that the examples use."""

from importlib.resources import files
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"
TEMPLATES = Path(str(files("cli") / "templates"))
RECIPE = ["default.nix", "inputs.lock", "wheels.lock", "fetch-inputs", "nixenv.sh"]


@pytest.mark.parametrize("name", RECIPE)
def test_the_templates_have_the_recipe_of_the_examples(name: str) -> None:
    """The copy that is packaged is the recipe that is tested (docs/adr/0031)."""
    assert (TEMPLATES / "env" / name).read_bytes() == (EXAMPLES / "env" / name).read_bytes()


def test_fetch_inputs_can_be_executed() -> None:
    """A project's README calls env/fetch-inputs as a program."""
    assert (TEMPLATES / "env" / "fetch-inputs").stat().st_mode & 0o111


@pytest.mark.parametrize("name", ["hello", "python", "numpy", "requirements"])
def test_a_template_has_a_workflow_and_says_how_to_run_it(name: str) -> None:
    """What `tally init` writes is enough to start from."""
    assert (TEMPLATES / name / "workflow.yaml").is_file()
    assert "tally run workflow.yaml" in (TEMPLATES / name / "README.md").read_text()
