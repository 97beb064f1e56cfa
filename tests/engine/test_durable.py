"""The named moments: each is somewhere in the code, once by name, and silent for nobody."""

import re
import subprocess
import sys
from pathlib import Path
from typing import get_args

from engine.durable import EVENT, Point

ROOT = Path(__file__).parents[2]
_CALL = re.compile(r'\breached\(\s*"([a-z.-]+)"(?: if .* else "([a-z.-]+)")?')


def test_every_moment_is_somewhere() -> None:
    """What is in the list is reached by some line of the engine, the peers or the program."""
    files = [path for top in ("engine", "peers", "cli") for path in (ROOT / top).rglob("*.py")]
    called = {
        name
        for path in files
        if path.name != "durable.py"
        for match in _CALL.finditer(path.read_text())
        for name in match.groups()
        if name
    }
    assert called == set(get_args(Point))


def test_a_hook_hears_of_a_moment() -> None:
    """A process that adds an audit hook is told each moment; one that does not hears nothing."""
    script = (
        "import sys; from engine.durable import reached\n"
        f"sys.addaudithook(lambda event, args: event == '{EVENT}' and print(*args))\n"
        "reached('pack.synced')"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout == "pack.synced\n"
