"""Start-up: a command imports what it uses, because a person waits for the rest."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.program import Program

# Packages that take longer to import than `tally --help` may take; who needs one pays for it.
HEAVY = ("nacl", "networkx", "rich", "yaml", "asyncio", "unittest", "xml")
IMPORTED = """
import contextlib, io, json, sys
from cli.main import main
with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
    code = main(sys.argv[1:])
json.dump([code, sorted(sys.modules)], sys.stdout)
"""


def imported(tally: Program, *words: object) -> set[str]:
    """Return the modules that a command which succeeds has imported at its end."""
    command = [sys.executable, "-c", IMPORTED, *map(str, words)]
    told = subprocess.run(command, env=tally.environ(), capture_output=True, check=True)
    code, modules = json.loads(told.stdout)
    assert code == 0
    return set(modules)


def of(package: str, modules: set[str]) -> set[str]:
    """Return those modules that are a package, or below it."""
    return {name for name in modules if f"{name}.".startswith(f"{package}.")}


@pytest.mark.parametrize("words", [["--help"], ["run", "--help"]])
def test_help_waits_for_nothing(empty: Program, words: list[str]) -> None:
    """It imports click, its own command, and of the engine what says why it failed."""
    modules = imported(empty, *words)
    engine = {"engine", *("engine.errors", "engine.values", "engine.folder", "engine.faults")}
    assert of("engine", modules) <= engine
    assert not {"sqlite3", "blake3", *HEAVY} & modules


@pytest.mark.parametrize(
    ("words", "left_out"),
    [
        (["config", "show"], ("engine.store", "engine.content", "blake3")),
        (["init", "new"], ("engine.store", "engine.nix", "ruamel")),
        (["completion", "print", "bash"], ("engine.store", "engine.content", "blake3")),
    ],
)
def test_what_needs_no_home_opens_none(
    empty: Program,
    words: list[str],
    left_out: tuple[str, ...],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: object,
) -> None:
    """Settings, templates and completion import no store and no database; `init` reads no YAML."""
    monkeypatch.chdir(str(tmp_path))
    modules = imported(empty, *words)
    assert not {name for name in modules if name.startswith(left_out)}
    assert not {"sqlite3", *HEAVY} & modules


@pytest.mark.parametrize("words", [["runs"], ["schema"], ["gc", "-n"], ["fsck"]])
def test_what_reads_no_workflow_file_imports_no_yaml(empty: Program, words: list[str]) -> None:
    """Nor a graph library, nor what draws on terminals, nor cryptography."""
    assert not set(HEAVY) & imported(empty, *words)


@pytest.mark.nix
@pytest.mark.sandbox
@pytest.mark.parametrize("words", [["show"], ["show", "--evidence"], ["log"]])
def test_what_shows_a_run_imports_no_yaml(tally: Program, first: str, words: list[str]) -> None:
    """A recorded workflow is checked as a file is, without reading YAML or drawing a graph."""
    modules = imported(tally, *words, first)
    assert not set(HEAVY) & modules
    assert not {"engine.workflow.yaml_source", "engine.scheduler", "engine.plan"} & modules


@pytest.mark.nix
@pytest.mark.sandbox
@pytest.mark.parametrize("line", ["tally r", "tally show ", "tally run --off", "tally runs -o "])
def test_a_tab_imports_no_store(tally: Program, line: str, tmp_path: Path) -> None:
    """Nor a workflow's format: a person waits for it in the middle of a line."""
    home = tmp_path / "home"  # its records alone, and no names, which other tests may have made
    home.mkdir()
    for path in tally.home.iterdir():
        if path.is_file() and not path.name.startswith(("names.db", "catalogue.db")):
            shutil.copy(path, home)
    modules = imported(tally.at(home, _TALLY_COMPLETE="bash", _TALLY_LINE=line))
    assert not of("engine.store", modules) | {"engine.workflow.model", *HEAVY} & modules


@pytest.mark.nix
@pytest.mark.sandbox
def test_a_run_in_a_pipe_imports_no_terminal(tally: Program, letters: object) -> None:
    """Nor a graph library, which is for naming cycles, nor the keys of a Nix cache."""
    modules = imported(tally, "run", letters)
    assert not {"networkx", "rich", "nacl", "asyncio"} & modules
