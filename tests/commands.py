"""Commands of the program as a user calls them, on the examples, for tests of several homes."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

EXAMPLES = Path(__file__).parents[1] / "examples"
PROGRAM = [sys.executable, "-c", "from cli.start import entry; entry()"]
STEPS = ["prepare", "report", "train[0]", "train[1]", "train[2]"]  # of the digits


def tally(
    home: Path, *words: str, path: Path | None = None, alone: bool = False
) -> subprocess.CompletedProcess[str]:
    """Run a command on `home`; `path`: all of PATH, `alone`: without any network."""
    variables = os.environ | {"TALLY_HOME": str(home), "NO_COLOR": "1"}
    if path is not None:
        variables["PATH"] = str(path)
    mapped = [] if os.geteuid() == 0 else ["--map-current-user"]
    wall = ["/usr/bin/unshare", "--net", *mapped, "--"] if alone else []
    return subprocess.run(
        [*wall, *PROGRAM, *words], env=variables, capture_output=True, text=True, check=False
    )


def told(home: Path, *words: str, **how: Any) -> dict[str, Any]:
    """Run a command that must succeed and return what it says as JSON."""
    done = tally(home, *words, "-o", "json", **how)
    assert done.returncode == 0, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def statuses(answer: dict[str, Any]) -> dict[str, str]:
    """Return what became of each step of a run."""
    return {step["id"]: step["status"] for step in answer["steps"]}
