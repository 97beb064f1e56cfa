"""Ours: `tally` as a user calls it, in a home and a project of its own."""

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from bench.environments import nix_variables
from bench.process import Command

JOBS: Final = 2
_SCRIPT: Final = Path(sys.executable).with_name("tally")
PROGRAM: Final[tuple[str, ...]] = (
    (str(_SCRIPT),)
    if _SCRIPT.exists()
    else (sys.executable, "-c", "from cli.start import entry; entry()")
)
_HEAD: Final = """\
workflow: bench
params: {{salt: 0, items: {items}}}
environments: {{env: {{store: {environment}}}}}
defaults: {{environment: env, resources: {{cpus: 1, memory: 64MiB}}}}
steps:
"""
SCATTER: Final = """\
  work:
    scatter: {item: params.items}
    run: echo {scatter.item} {params.salt} >{outputs.o}
    outputs: {o: o}
"""
GATHER: Final = """\
  all:
    inputs: {parts: "work[*].o"}
    run: while read -r part; do cat "$part"; done <{inputs.parts.list} >{outputs.o}
    outputs: {o: o}
"""


@dataclass(frozen=True, slots=True)
class Tally:
    """The program on one home."""

    home: Path

    def command(self, *words: str | Path) -> Command:
        """Return the command line for some words."""
        settings = {"TALLY_HOME": str(self.home), "XDG_CONFIG_HOME": str(self.home / "config")}
        self.home.mkdir(parents=True, exist_ok=True)
        return Command((*PROGRAM, *words), self.home.parent, {**nix_variables(), **settings})

    def run(self, workflow: Path, *words: str) -> Command:
        """Return the command that runs a workflow."""
        return self.command("run", workflow, "--jobs", str(JOBS), "-o", "json", *words)

    def told(self, *words: str | Path) -> Any:
        """Run a command; return what it says as JSON."""
        return json.loads(self.command(*words, "-o", "json").output())


def write(path: Path, environment: str, items: Sequence[object], steps: str) -> Path:
    """Write a workflow file; return it."""
    head = _HEAD.format(items=json.dumps(list(items)), environment=environment)
    path.write_text(head + steps)
    return path


def chain(length: int) -> str:
    """Return steps each of which reads the one before."""
    first = "  s0:\n    run: echo {params.salt} >{outputs.o}\n    outputs: {o: o}\n"
    links = (
        f"  s{number}:\n    inputs: {{i: s{number - 1}.o}}\n"
        "    run: cat {inputs.i} >{outputs.o}\n    outputs: {o: o}\n"
        for number in range(1, length)
    )
    return first + "".join(links)
