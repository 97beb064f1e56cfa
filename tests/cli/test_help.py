"""Help, completion and schema: what the program says of itself."""

import re
import shutil
import subprocess

import click
import jsonschema
import pytest
from click.shell_completion import get_completion_class

from cli import main
from tests.cli.conftest import NIX_LETTERS
from tests.cli.program import ROOT, Program


def commands() -> list[tuple[str, ...]]:
    """Return the words of every command and of every command in a group."""
    found: list[tuple[str, ...]] = []
    context = click.Context(main.tally)
    for name in main.COMMANDS:
        command = main.tally.get_command(context, name)
        found.append((name,))
        if isinstance(command, click.Group):
            found += [(name, below) for below in command.commands]
    return found


@pytest.mark.parametrize("words", commands(), ids=" ".join)
def test_every_command_has_help(empty: Program, words: tuple[str, ...]) -> None:
    """`--help` and `-h` describe it in a sentence, and make no home."""
    done = empty(*words, "--help")
    assert done.code == 0
    assert done.out.startswith(f"Usage: tally {' '.join(words)} ")
    assert done.out.splitlines()[2].strip()
    assert done == empty(*words, "-h")
    assert not empty.home.exists()


@pytest.mark.parametrize("words", commands(), ids=" ".join)
def test_every_command_takes_the_common_options(empty: Program, words: tuple[str, ...]) -> None:
    """`-o` and `--home` are options of each command, not of groups."""
    shown = empty(*words, "--help").out
    if "COMMAND [ARGS]" not in shown:
        assert "-o, --output [table|json]" in shown
        assert "--home DIR" in shown


def test_the_document_describes_every_command() -> None:
    """docs/cli.md has each command of the program, and no other."""
    text = (ROOT / "docs" / "cli.md").read_text()
    described = set(re.findall(r"`tally ([a-z]+)", text))
    assert described == set(main.COMMANDS)


def test_the_document_has_every_exit_code() -> None:
    """Its table is that of the program."""
    text = (ROOT / "docs" / "cli.md").read_text()
    listed = {int(code) for code in re.findall(r"^\| (\d+) \|", text, re.MULTILINE)}
    assert listed == {0, *main.EXIT_CODES.values(), main.EXIT_BUG}


@pytest.mark.parametrize("words", [(), ("env",), ("config",)])
def test_a_group_alone_prints_its_help(empty: Program, words: tuple[str, ...]) -> None:
    """To stderr, with exit 2: nothing was asked for, and no error is claimed."""
    done = empty(*words)
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith(" ".join(["Usage: tally", *words]))
    assert "error" not in done.err


def test_the_version_is_told(empty: Program) -> None:
    """One line."""
    assert empty("--version").out.startswith("tally, version ")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_completion_script_is_printed(empty: Program, shell: str) -> None:
    """It asks the program itself, and is valid for the shell where that is here."""
    done = empty("completion", shell)
    assert done.code == 0
    assert "_TALLY_COMPLETE" in done.out
    if shutil.which(shell):
        subprocess.run([shell, "-n"], input=done.out, text=True, check=True)


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("tally re", ["rerun"]),
        ("tally run --off", ["--offline"]),
        ("tally env ", ["build", "lock", "publish", "show"]),
        ("tally runs -o ", ["json", "table"]),
    ],
)
def test_completion_offers_what_there_is(empty: Program, line: str, offered: list[str]) -> None:
    """What bash asks with the variables that its script sets."""
    words = line.split(" ")
    asked = {
        "_TALLY_COMPLETE": "bash_complete",
        "COMP_WORDS": line,
        "COMP_CWORD": str(len(words) - 1),
    }
    done = empty.at(empty.home, **asked).process()
    assert sorted(x.split(",")[1] for x in done.out.splitlines()) == offered, done.err


def test_other_shells_are_refused(empty: Program) -> None:
    """Those that are known are named."""
    done = empty("completion", "tcsh")
    assert done.code == 2
    assert "bash" in done.err
    assert get_completion_class("tcsh") is None


def test_the_schema_accepts_a_workflow(empty: Program) -> None:
    """What an editor is given describes what the program takes."""
    from ruamel.yaml import YAML

    schema = empty.told("schema")
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(YAML(typ="safe").load(NIX_LETTERS), schema)
