"""A project from `tally init` runs at once, wherever it is; each template is in test_examples."""

import os
from pathlib import Path

import pytest

from tests.cli.program import Program, statuses
from tests.cli.terminal import Terminal

pytestmark = [pytest.mark.nix, pytest.mark.sandbox]

ODD = ("a b", 'it\'s "so"', "ünï 日本", "-dash", "new\nline", "$HOME`x`*?[a]{b}", "#h: {cid}", "~")


def test_all_the_odd_names_at_once(
    tally: Program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Spaces, quotes, signs of the shell, of YAML and of Nix, a leading dash, another alphabet."""
    monkeypatch.chdir(tmp_path)
    place = Path(*ODD)
    assert tally("init", f"./{place}").code == 0
    made = tally.told("run", place / "workflow.yaml")
    assert set(statuses(made).values()) <= {"ran", "reused"}


@pytest.mark.parametrize("name", ODD)
def test_each_odd_name(
    tally: Program, tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Named on the command line as a person would."""
    monkeypatch.chdir(tmp_path)
    assert tally("init", "--", name).code == 0
    assert tally("plan", f"./{name}/workflow.yaml").code == 0


def test_a_path_nearly_as_long_as_paths_can_be(tally: Program, tmp_path: Path) -> None:
    """3 000 characters: longer than any name for a socket, or a line of a table."""
    place = tmp_path.joinpath(*["d" * 100] * 30)
    assert tally("init", place).code == 0
    assert tally.told("run", place / "workflow.yaml")["status"] == "succeeded"


def test_a_very_small_terminal(tally: Program, tmp_path: Path) -> None:
    """Eight columns and two lines: what does not fit is not drawn, and nothing fails."""
    assert tally("init", tmp_path / "new").code == 0
    command = ["sh", "-c", f"stty cols 8 rows 2; exec {tally.script()} run workflow.yaml"]
    with Terminal(command, tally.environ() | {"TERM": "xterm"}, tmp_path / "new") as terminal:
        terminal.wait_for("succeeded")
        terminal.wait_for("\n")
        assert terminal.ended() == os.EX_OK


@pytest.mark.parametrize("words", [["init", "-dash"], ["plan", "-dash/workflow.yaml"]])
def test_a_name_that_looks_like_an_option(empty: Program, words: list[str]) -> None:
    """What is refused says how to write it."""
    done = empty(*words)
    assert done.code == 2
    assert "'./-…'" in done.err
