"""Asked by a shell: what could come next on a command line, as its completion script reads it.

The scripts are in cli/shells. They set `_TALLY_COMPLETE` to their shell and `_TALLY_LINE` to the
line up to the cursor; the answer is a line for each word: KIND, WORD, HELP, with tabs between.

>>> split("tally run --home ~/x w")
(['run', '--home', '~/x'], 'w')
"""

import re
from collections.abc import Iterator, Mapping
from typing import Final

import click
from click.shell_completion import (
    CompletionItem,
    _resolve_context,
    _resolve_incomplete,
    split_arg_string,
)

from cli.offer import offered

VARIABLE: Final = "_TALLY_COMPLETE"
LINE: Final = "_TALLY_LINE"
_MOST: Final = 1_000  # words in an answer: a person reads no more
_KINDS: Final = {"plain": "word", "file": "file", "dir": "dir"}
_BREAKS: Final = "=:"  # bash completes only what comes after these (COMP_WORDBREAKS)


def answer(program: click.Command, environ: Mapping[str, str]) -> int:
    """Print what could come next; nothing when anything is wrong: no one would read it."""
    line = environ.get(LINE, "")
    try:
        for text in list(_answers(program, environ[VARIABLE], line))[:_MOST]:
            click.echo(text)
    except Exception:  # a message would end up in the middle of a half-typed line
        return 1
    return 0


def split(line: str) -> tuple[list[str], str]:
    """Return the words after the program's name, and the last one, which is not finished."""
    words = split_arg_string(line + "|")  # so that there is always a last one
    while words and re.fullmatch(r"\w+=.*", words[0]):
        words.pop(0)
    if len(words) < 2:
        return [], ""
    return words[1:-1], words[-1].removesuffix("|")


def _answers(program: click.Command, shell: str, line: str) -> Iterator[str]:
    words, typed = split(line)
    option, equals, _ = typed.partition("=")
    prefix = option + equals if typed.startswith("--") else ""  # click answers without it
    for item in _items(program, words, typed):
        word = prefix + item.value if equals else item.value
        if shell == "bash":
            word = word[_broken_at(line, typed) :]
        yield "\t".join((_KINDS[item.type], word, _one_line(item)))


def _items(program: click.Command, words: list[str], typed: str) -> "list[CompletionItem[str]]":
    """Return what click offers; but what follows an option may depend on what came before it."""
    known = words[:-1] if words and words[-1].startswith("-") else words
    context = _resolve_context(program, {}, "tally", known)
    asked, typed = _resolve_incomplete(context, words, typed)
    found = offered(context, asked, typed) if isinstance(asked, click.Parameter) else None
    return asked.shell_complete(context, typed) if found is None else list(found)


def _broken_at(line: str, typed: str) -> int:
    """Return where in the last word bash begins to complete; in quotes it does not break."""
    if not line.endswith(typed):
        return 0
    return max(typed.rfind(each) for each in _BREAKS) + 1


def _one_line(item: "CompletionItem[str]") -> str:
    return " ".join((item.help or "").split())
