"""The tutorial: each of its commands does, as written, what the page shows."""

import os
from pathlib import Path

import pytest

from engine.nix.nixstore import NixStore
from tests.cli.program import Program
from tests.console import Command, Ended, alike, commands, run
from tests.fakes import nixstore

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "tutorial.md"
ASKED = list(commands(PAGE.read_text()))
# They install what is missing, so they are run where that has been done: in continuous integration.
SET_UP = ("./setup/demo", ". .venv/bin/activate")
TRIED = [one for one in ASKED if one.text not in SET_UP or os.environ.get("CI")]


@pytest.fixture(scope="module")
def ended(nix_store: NixStore, tmp_path_factory: pytest.TempPathFactory) -> list[Ended]:
    """Return how all commands ended, for a person who has nothing yet but the Nix store."""
    place = tmp_path_factory.mktemp("tutorial")
    nixstore.lend(nix_store, place / "data" / "tallystick")
    (place / "tmp").mkdir()
    program = Program(place / "bin" / "home")
    folder = program.script().parent
    environ = {name: text for name, text in program.environ().items() if name != "TALLY_HOME"}
    environ |= {"XDG_DATA_HOME": str(place / "data"), "TMPDIR": str(place / "tmp"), "LC_ALL": "C"}
    environ["PATH"] = f"{folder}{os.pathsep}{environ['PATH']}"
    return run(TRIED, ROOT, environ)


@pytest.fixture(scope="module")
def names() -> dict[str, str]:
    """Return what is gathered while the page is compared: the names of runs on it, and the real."""
    return {}


@pytest.mark.nix
@pytest.mark.sandbox
@pytest.mark.parametrize("index", range(len(TRIED)), ids=lambda index: TRIED[index].text[:40])
def test_a_command_does_what_the_page_shows(
    ended: list[Ended], names: dict[str, str], index: int
) -> None:
    """It prints what is shown, and fails only where an error is shown."""
    asked, found = TRIED[index], ended[index]
    assert alike(asked.shown, found.lines, names), "\n".join((*found.lines, str(found.code)))
    assert (found.code != 0) == asked.fails


def test_the_set_up_is_the_readme_s() -> None:
    """The tutorial begins with the command that the README gives."""
    assert ASKED[0].text == SET_UP[0]
    assert f"\n{SET_UP[0]} " in (ROOT / "README.md").read_text()


@pytest.mark.parametrize(
    ("shown", "printed", "same"),
    [
        (["a  b"], ["a    b"], True),
        (["done in 0.3s"], ["done in 12.9s"], True),
        (["done in 0.3s"], ["done in 3min 5s"], True),
        (["done in 0.3s"], ["done in it"], False),
        (["run bold-fox", "bold-fox"], ["run shy-seal", "shy-seal"], True),
        (["run bold-fox", "bold-fox"], ["run shy-seal", "shy-crab"], False),
        (["a…c"], ["abbc"], True),
        (["a…c"], ["abbd"], False),
        (["a", "…", "d"], ["a", "b", "c", "d"], True),
        (["a", "…"], ["a"], True),
        (["a", "…", "d"], ["a", "b", "c"], False),
        ([f"out bafkr{'a' * 54}"], [f"out bafkr{'b' * 54}"], False),
        (["a"], [], False),
    ],
)
def test_only_what_varies_may_differ(shown: list[str], printed: list[str], same: bool) -> None:
    """The comparison lets pass what a page cannot know, and nothing else."""
    assert alike(shown, printed, {}) is same


def test_a_command_may_have_several_lines() -> None:
    """What follows `> ` belongs to the command, and is not what it prints."""
    page = "```console\n$ cat <<'END'\n> a\n>\n> END\na\n\n$ true\n```\n"
    assert list(commands(page)) == [
        Command("cat <<'END'\na\n\nEND", ("a", "")),
        Command("true", ()),
    ]
