"""A stage on which a user meets an error: an empty directory, the program, and what it says.

Each case is a function that gets a Stage, does what a user would, and calls the program last. What
was typed and what came is a page of docs/errors.md, so paths and addresses are made the same at
every run.
"""

import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from unittest.mock import patch

from engine.errors import TallyError
from engine.workflow.places import Problem
from tests.cli.errors.sites import ROOT
from tests.cli.program import Program, Told

ENVIRONMENT: Final = "environments: {e: {store: /nix/store/00000000000000000000000000000001-e}}"
GOOD: Final = (
    f"workflow: w\n{ENVIRONMENT}\nsteps:\n  a: {{environment: e, run: x, outputs: {{o: o}}}}\n"
)


@dataclass(frozen=True, slots=True)
class Made:
    """An error that was made: its text, and the lines of the program that made it."""

    what: str
    lines: tuple[tuple[str, int], ...]  # (file, line), the innermost first


@dataclass(frozen=True, slots=True)
class Case:
    """One way to meet an error."""

    topic: str
    title: str
    act: "Callable[[Stage], Told]"
    needs: tuple[str, ...]


CASES: Final[list[Case]] = []


def meets(topic: str, title: str, *needs: str) -> "Callable[[Callable[[Stage], Told]], None]":
    """Enter a case under a topic of the page; `needs` are `root`, `nix` or `sandbox`."""

    def enter(act: "Callable[[Stage], Told]") -> None:
        CASES.append(Case(topic, title, act, needs))

    return enter


@dataclass
class Stage:
    """One directory, and a home that has a run of the letters."""

    folder: Path
    program: Program
    run: str  # the name of a run that is there
    environment: str  # the CID of an environment that is there
    typed: list[str] = field(default_factory=list)
    extra: dict[str, str] = field(default_factory=dict)

    def write(self, name: str, text: str | bytes) -> str:
        """Write a file; return its name."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        return name

    def good(self, steps: str, head: str = "", name: str = "w.yaml") -> str:
        """Write a workflow that can run here: its steps as text, in the environment `sh`."""
        text = f"workflow: w\nenvironments: {{sh: {{cid: {self.environment}}}}}\n"
        shared = "defaults: {environment: sh, resources: {memory: 64MiB}}\n"
        return self.write(name, f"{text}{shared}{head}steps:\n{steps}")

    def __call__(self, *words: object, shown: str | None = None) -> Told:
        """Type a command; `shown` stands for it on the page."""
        line = " ".join(["tally", *(_quoted(str(word)) for word in words)])
        line = line if shown is None else shown
        self.typed.append(line)
        program = self.program.at(self.program.home, **{**self.program.extra, **self.extra})
        return program(*words)

    def quietly(self, *words: object) -> Any:
        """Run a command that has to succeed and is not shown; return what it says as JSON."""
        return self.program.told(*words)

    def quietly_at(self, *words: object) -> Any:
        """Run one in the home of the case."""
        return self.program.at(self.program.home, **{**self.program.extra, **self.extra}).told(
            *words
        )

    def plain(self, text: str) -> str:
        """Return text without what differs from machine to machine."""
        for path, name in {
            f"{self.folder}/": "",
            str(self.folder): ".",
            str(self.program.home): "$TALLY_HOME",
            self.run: "brave-otter",
        }.items():
            text = text.replace(path, name)
        text = re.sub(r"\bbaf[a-z2-7]{3}[a-z2-7]{53}\b", _short, text)
        text = re.sub(r"\b(\d+ bytes that|byte \d+( was 0x\w+ and is 0x\w+)?)\b", _dotted, text)
        text = re.sub(
            r"(?<=NAR )[0-9a-f]{64}|[0-9a-f]{64}(?= is built)", "…", text
        )  # of what varies
        return re.sub(r"\b[0-9a-f]{64}\b", lambda found: f"{found[0][:8]}…", text)


def _short(found: "re.Match[str]") -> str:
    return f"{found[0][:7]}…"


def _dotted(found: "re.Match[str]") -> str:
    return re.sub(r"(?<=0x)\w+|\b\d+\b", "…", found[0])


def _quoted(word: str) -> str:
    return word if re.fullmatch(r"[\w./=:#@,+%\[\]-]+", word) and word else f"'{word}'"


@contextmanager
def watched() -> Iterator[list[Made]]:
    """Take note of every error that is made meanwhile, and by which lines."""
    made: list[Made] = []
    for_errors, for_problems = TallyError.__init__, Problem.__init__

    def error(self: TallyError, what: str, **rest: str) -> None:
        made.append(Made(what, _lines()))
        for_errors(self, what, **rest)

    def problem(self: Problem, part: Any, what: str, fix: str) -> None:
        made.append(Made(what, _lines()))
        for_problems(self, part, what, fix)

    with patch.object(TallyError, "__init__", error), patch.object(Problem, "__init__", problem):
        yield made


def _lines() -> tuple[tuple[str, int], ...]:
    import sys

    frame = sys._getframe(2)
    found: list[tuple[str, int]] = []
    while frame is not None and len(found) < 4:
        found.append((os.path.relpath(frame.f_code.co_filename, ROOT), frame.f_lineno))
        frame = frame.f_back  # type: ignore[assignment]
    return tuple(found)
