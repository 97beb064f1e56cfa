"""A page with commands and what they print, run as it is written in one shell.

In a block that begins with ```console a line after `$ ` is a command, lines after `> ` go on with
it, and what follows is what it prints. What may differ from run to run:

- `…` stands for anything within a line, and alone on a line for any lines, or none.
- How long something took, when it was, what a run is called and the CID on a line that names a run
  are alike; but two runs of one name on the page have one name. So are spaces of any number.
- Progress is left out: on a terminal it is drawn in place.
"""

import re
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from engine.words import ADJECTIVES, ANIMALS

PATIENCE_S: Final = 300
_BLOCK: Final = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_FIRST, _SECOND = ("|".join(words.split()) for words in (ADJECTIVES, ANIMALS))
_RUN: Final = re.compile(rf"\b(?:{_FIRST})-(?:{_SECOND})(?:-\d+)?\b")
_PROGRESS: Final = re.compile(
    r"\S+: (started|done in .*|reused|\d+ of \d+ reused|failed: .*|skipped: .*)|  \| .*"
)
_END: Final = "<<the end of command"


@dataclass(frozen=True, slots=True)
class Command:
    """One command and what it prints, as the page has them."""

    text: str
    shown: tuple[str, ...]

    @property
    def fails(self) -> bool:
        """Whether the page shows that it ends with an error."""
        return any(line.startswith("error: ") for line in self.shown)


@dataclass(frozen=True, slots=True)
class Ended:
    """How a command ended, and all that it printed."""

    code: int
    lines: tuple[str, ...]


def commands(page: str) -> Iterator[Command]:
    """Yield the commands of a page, in order."""
    for block in _BLOCK.findall(page):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            first, *rest = part.splitlines()
            more = 0
            while more < len(rest) and re.match(r"> |>$", rest[more]):
                more += 1
            text = "\n".join((first, *(line[2:] for line in rest[:more])))
            yield Command(text, tuple(rest[more:]))


def run(asked: Sequence[Command], folder: Path, environ: Mapping[str, str]) -> list[Ended]:
    """Run all commands in one shell that begins in `folder`; what fails does not end it."""
    parts = (f"{each.text}\nprintf '\\n{_END} %s>>\\n' $?\n" for each in asked)
    done = subprocess.run(
        ["bash", "-c", "".join(parts)],
        stdin=subprocess.DEVNULL,
        cwd=folder,
        env=dict(environ),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    found = re.findall(rf"(.*?)\n{_END} (\d+)>>\n", done.stdout, re.DOTALL)
    return [Ended(int(code), tuple(_without_progress(text))) for text, code in found]


def alike(shown: Sequence[str], printed: Sequence[str], names: dict[str, str]) -> bool:
    """Return whether what was printed is what the page shows; `names` gathers those of runs."""
    pattern = "".join(_pattern(line) for line in map(_plain, shown))
    if re.fullmatch(pattern, "".join(f"{_plain(line)}\n" for line in printed)) is None:
        return False
    ours = _RUN.findall("\n".join(shown))
    theirs = _RUN.findall("\n".join(printed))
    return all(names.setdefault(name, now) == now for name, now in zip(ours, theirs, strict=False))


def _without_progress(text: str) -> Iterator[str]:
    return (line for line in text.splitlines() if not _PROGRESS.fullmatch(line))


def _plain(line: str) -> str:
    """Return a line without what differs from run to run."""
    line, runs = _RUN.subn("NAME", line)
    if runs or line.startswith(("run ", "reproduced ")):
        line = re.sub(r"\bbafyr[a-z2-7]{54}", "CID", line)
    line = re.sub(r"\b\d+-\d\d-\d\d \d\d:\d\d:\d\d", "WHEN", line)
    line = re.sub(r"\b(\d+min )?\d+(\.\d+)?s\b", "TIME", line)
    return re.sub(r"(?<=\S) +", " ", line).rstrip()


def _pattern(line: str) -> str:
    if line == "…":
        return r"(?:.*\n)*"
    return ".*".join(re.escape(part) for part in line.split("…")) + r"\n"
