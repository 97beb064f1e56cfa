"""The templates that `tally init` writes: whole, and with the recipe that the examples use."""

from importlib.resources import files
from pathlib import Path

import pytest

from cli.project import of_template, templates

EXAMPLES = Path(__file__).parents[2] / "examples"
TEMPLATES = Path(str(files("cli") / "templates"))
RECIPE = ["default.nix", "inputs.lock", "wheels.lock", "fetch-inputs", "nixenv.sh"]
LINKS = [path for path in TEMPLATES.iterdir() if path.is_symlink()]


@pytest.mark.parametrize("link", LINKS, ids=lambda path: path.name)
def test_an_example_is_a_template_by_a_link_to_it(link: Path) -> None:
    """What is packaged is what is tested, under its own name (docs/adr/0031)."""
    assert link.resolve() == EXAMPLES / link.name
    assert not link.readlink().is_absolute()


@pytest.mark.parametrize("name", templates())
def test_a_project_has_the_recipe_of_the_examples(name: str) -> None:
    """Its README calls env/fetch-inputs as a program."""
    written = of_template(name)
    for one in RECIPE:
        assert written[f"env/{one}"].data == (EXAMPLES / "env" / one).read_bytes()
    assert written["env/fetch-inputs"].executable


@pytest.mark.parametrize("name", [*templates(), "requirements"])
def test_a_template_has_a_workflow_and_says_how_to_run_it(name: str) -> None:
    """What `tally init` writes is enough to start from, and names nothing outside of it."""
    written = of_template(name)
    assert b"tally run workflow.yaml" in written["README.md"].data
    for file, content in written.items():
        if file.endswith((".yaml", ".md")):
            assert b"examples/" not in content.data, file
            assert b"../" not in content.data or "/" in file, file


def test_what_a_try_left_behind_is_no_part_of_a_template() -> None:
    """Neither a lock, which is for the examples' place, nor what Python compiled."""
    for name in templates():
        assert not {"workflow.lock", "__pycache__"}.intersection(
            part for file in of_template(name) for part in Path(file).parts
        )
