"""What others wrote to validate exports, in a Python of its own and with no network."""

import json
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]
INSIDE = Path(__file__).parent / "validating"


@cache
def python() -> Path | None:
    """Return the Python that setup/validators/install has made."""
    looked = subprocess.run(
        [ROOT / "setup" / "validators" / "install", "--look"],
        capture_output=True,
        text=True,
        check=False,
    )
    return Path(looked.stdout.strip()) if looked.returncode == 0 else None


needs_validators = pytest.mark.skipif(
    python() is None, reason="no validators: ./setup/validators/install"
)


def validate(program: str, *words: str | Path) -> Any:
    """Run a program of tests/validating with them; return the JSON that it prints."""
    interpreter = python()
    assert interpreter is not None
    done = subprocess.run(
        [interpreter, INSIDE / program, *words], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])
