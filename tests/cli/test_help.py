"""Help and schema: what the program says of itself."""

import re

import click
import jsonschema
import pytest

from cli import complaints, main
from cli.offer import OFFERS, words_of
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


@pytest.mark.parametrize("words", [(), ("env",), ("config",), ("completion",)], ids=" ".join)
def test_a_list_of_commands_cuts_no_sentence_short(empty: Program, words: tuple[str, ...]) -> None:
    """Each fits on its line of a terminal."""
    assert "..." not in empty(*words, "--help").out.partition("Commands:")[2]


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
    described = set(re.findall(r"`tally ([a-z-]+)", text))
    assert described == set(main.COMMANDS)


def test_the_document_has_every_exit_code() -> None:
    """Its table is that of the program."""
    text = (ROOT / "docs" / "cli.md").read_text()
    listed = {int(code) for code in re.findall(r"^\| (\d+) \|", text, re.MULTILINE)}
    assert listed == {0, *complaints.EXIT_CODES.values(), complaints.EXIT_BUG}


@pytest.mark.parametrize("words", commands(), ids=" ".join)
def test_every_argument_can_be_completed(words: tuple[str, ...]) -> None:
    """The word that its help has for it is one that cli/offer.py knows, or its type says it."""
    context = click.Context(main.tally)
    command = main.tally.get_command(context, words[0])
    for name in words[1:]:
        assert isinstance(command, click.Group)
        command = command.get_command(context, name)
    assert command is not None
    for param in command.params:
        by_type = param.type not in (click.STRING, click.INT, click.FLOAT)
        by_type |= getattr(param, "is_flag", False)  # which takes no word
        assert by_type or set(words_of(param)) <= set(OFFERS), f"{words}: {param.metavar}"


@pytest.mark.parametrize("words", [(), ("env",), ("config",), ("completion",)])
def test_a_group_alone_prints_its_help(empty: Program, words: tuple[str, ...]) -> None:
    """To stderr, with exit 2: nothing was asked for, and no error is claimed."""
    done = empty(*words)
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith(" ".join(["Usage: tally", *words]))
    assert "error" not in done.err


def test_the_version_is_told(empty: Program) -> None:
    """One line."""
    assert empty("--version").out.startswith("tally, version ")


def test_the_schema_accepts_a_workflow(empty: Program) -> None:
    """What an editor is given describes what the program takes."""
    import yaml

    schema = empty.told("schema")
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(yaml.safe_load(NIX_LETTERS), schema)
