"""The documents say what the code does, where that can be checked."""

import re
from fnmatch import fnmatch
from pathlib import Path

import pytest

from cli.main import COMMANDS
from engine.picture.graph import counts_of, picture
from engine.picture.mermaid import to_mermaid
from engine.plan_table import TABLE
from engine.workflow.contract import PROFILE
from engine.workflow.load import load
from peers.assignment import TABLE as ASSIGNMENT_TABLE
from peers.session_table import TABLE as SESSION_TABLE

ROOT = Path(__file__).parents[1]
ARCHITECTURE = ROOT / "docs" / "architecture.md"
PROTOCOL = ROOT / "docs" / "protocol.md"
STEPS = ROOT / "docs" / "steps.md"
DOCUMENTS = sorted([ROOT / "README.md", *(ROOT / "docs").glob("*.md")])


def between(path: Path, name: str) -> list[str]:
    """Return the rows of the table that stands between two marks, without its head."""
    text = path.read_text().partition(f"<!-- {name} -->")[2].partition(f"<!-- end of {name} -->")[0]
    return text.strip().splitlines()[2:]


def test_the_plan_table_is_the_code_s() -> None:
    """docs/architecture.md prints engine/plan_table.py, row by row."""
    rows = [f"| {old.name} | {cause.name} | {new.name} |" for (old, cause), new in TABLE.items()]
    assert between(ARCHITECTURE, "plan table") == rows


def test_the_session_table_is_the_code_s() -> None:
    """docs/protocol.md prints peers/session_table.py, row by row."""
    rows = [
        f"| {old.name} | {cause.name} | {new.name} |" for (old, cause), new in SESSION_TABLE.items()
    ]
    assert between(PROTOCOL, "session table") == rows


def test_the_assignment_table_is_the_code_s() -> None:
    """docs/protocol.md prints the table of peers/assignment.py, row by row."""
    rows = [
        f"| {old.name} | {move.name} | {new.name} |"
        for (old, move), new in ASSIGNMENT_TABLE.items()
    ]
    assert between(PROTOCOL, "assignment table") == rows


def test_the_variables_are_the_contract_s() -> None:
    """docs/steps.md lists the variables that every step is given, with their values."""
    rows = [f"| `{name}` | `{value}` |" for name, value in PROFILE.items()]
    assert between(STEPS, "variables") == rows


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_file_that_a_document_names_exists(document: Path) -> None:
    """A renamed module is renamed in the documents too."""
    text = document.read_text()
    named = set(re.findall(r"`((?:engine|cli|setup|packaging|examples)/[\w./-]+)`", text))
    linked = set(re.findall(r"\]\((?!https?:)([\w./-]+)\)", text))
    missing = [name for name in named if not (ROOT / name).exists()]
    missing += [name for name in linked if not (document.parent / name).exists()]
    assert not missing


def test_every_module_is_in_the_tables_of_parts() -> None:
    """docs/architecture.md names it, or its folder; a bare name is of the folder before it."""
    parts = []
    for line in ARCHITECTURE.read_text().splitlines():
        folder = ""
        for name in re.findall(r"`([^`]+)`", line.split("|")[1]) if line.startswith("| `") else ():
            folder = f"{name.rpartition('/')[0]}/" if "/" in name else folder
            parts.append(name if "/" in name else folder + name)
    modules = [
        str(path.relative_to(ROOT))
        for top in ("engine", "peers", "cli", "bench", "tests/long", "tests/simulation")
        for path in (ROOT / top).rglob("*.py")
        if path.name != "__init__.py" and "templates" not in path.parts
    ]

    def is_part(module: str, part: str) -> bool:
        return module.startswith(part) if part.endswith("/") else fnmatch(module, part)

    assert not [one for one in modules if not any(is_part(one, part) for part in parts)]
    assert not [part for part in parts if not any(is_part(one, part) for one in modules)]


def test_every_command_in_the_readme_exists() -> None:
    """The tour calls no command that the program does not have."""
    called = set(re.findall(r"^tally ([a-z-]+)", (ROOT / "README.md").read_text(), re.MULTILINE))
    assert called <= set(COMMANDS)


def test_the_picture_in_the_readme_is_the_example_s() -> None:
    """What a code host draws there is what `tally graph` says today."""
    workflow = load(ROOT / "examples" / "digits" / "workflow.yaml")
    drawn = to_mermaid(picture(workflow, counts_of(workflow, workflow.parameters), {}))
    assert f"```mermaid\n{drawn}```\n" in (ROOT / "README.md").read_text()


def test_a_decision_has_a_number_of_its_own() -> None:
    """Which its first line says, too: so a number names one decision wherever it stands."""
    decisions = sorted((ROOT / "docs" / "adr").glob("*.md"))
    numbers = [path.name.partition("-")[0] for path in decisions]
    assert len({*numbers}) == len(numbers)
    for number, path in zip(numbers, decisions, strict=True):
        assert re.match(rf"# (ADR )?0*{int(number)}\b", path.read_text()), path.name
