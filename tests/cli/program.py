"""The program, called as a user calls it: in this process, or as a process of its own."""

import contextlib
import io
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest.mock import patch

from cli.main import main

ROOT = Path(__file__).parents[2]
START = ("peer", "start", "--listen", "127.0.0.1:0", "--no-lan", "--ipfs", "none", "-o", "json")
SCRIPT = "from cli.start import entry\nentry()\n"


@dataclass(frozen=True, slots=True)
class Told:
    """What a command said, and how it ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """What it said, of a command that was given `-o json`."""
        return json.loads(self.out)


@dataclass(frozen=True, slots=True)
class Program:
    """`tally` on one home, with a config directory of its own; nothing of the user's is seen."""

    home: Path
    extra: Mapping[str, str] = field(default_factory=dict)

    def __call__(self, *words: object) -> Told:
        """Run a command in this process."""
        out, err = _stream(), _stream()
        with (
            patch.dict(os.environ, self.environ(), clear=True),
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(err),
        ):
            code = main([str(word) for word in words])
        return Told(code, _text(out), _text(err))

    def told(self, *words: object) -> Any:
        """Run a command that must succeed and return what it says as JSON."""
        done = self(*words, "-o", "json")
        assert done.code == 0, done.err
        return done.json

    def start(self, *words: object, **how: Any) -> subprocess.Popen[str]:
        """Start a command as a process of its own; `how` as Popen takes it."""
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        command = [str(self.script()), *map(str, words)]
        return subprocess.Popen(command, **{**pipes, "env": self.environ(), **how})

    def script(self) -> Path:
        """Return the program as a file to be executed."""
        script = self.home.parent / "tally"
        if not script.exists():
            script.parent.mkdir(exist_ok=True)
            script.write_text(f"#!{sys.executable}\n{SCRIPT}")
            script.chmod(0o755)
        return script

    def process(self, *words: object, **how: Any) -> Told:
        """Run a command as a process of its own, to its end."""
        with self.start(*words, **how) as process:
            out, err = process.communicate(timeout=60)
        return Told(process.returncode, out or "", err or "")

    def environ(self) -> dict[str, str]:
        """Return the variables that the program sees."""
        kept = {name: text for name, text in os.environ.items() if not name.startswith("TALLY_")}
        own = {"TALLY_HOME": str(self.home), "XDG_CONFIG_HOME": str(self.home.parent / "config")}
        packages = os.pathsep.join((str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])))
        return {**kept, **own, "PYTHONPATH": packages, **self.extra}

    @contextlib.contextmanager
    def serving(self) -> Iterator[str]:
        """Have the peer of the home run; yield where it serves what is public by HTTP."""
        with self.start(*START, "--http", "0") as process:
            assert process.stdout is not None
            try:
                yield json.loads(process.stdout.readline())["http"]
            finally:
                process.terminate()
                process.communicate(timeout=60)
        assert process.returncode == 0

    def at(self, home: Path, **extra: str) -> "Program":
        """Return the program on another home."""
        return Program(home, extra)


def statuses(run: Any) -> dict[str, str]:
    """Return what became of each step, by id."""
    return {step["id"]: step["status"] for step in run["steps"]}


def verdicts(rerun: Any) -> dict[str, str]:
    """Return what is said of each step, by id."""
    return {step["id"]: step["verdict"] for step in rerun["steps"]}


def _stream() -> io.TextIOWrapper:
    return io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True)


def _text(stream: io.TextIOWrapper) -> str:
    raw = stream.buffer
    assert isinstance(raw, io.BytesIO)
    return raw.getvalue().decode(errors="replace")
