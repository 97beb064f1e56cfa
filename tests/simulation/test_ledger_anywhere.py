"""What a log gives, and whom a proof convicts, is the same on every machine."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
PLACES = (
    {"TZ": "Pacific/Kiritimati", "LC_ALL": "C", "PYTHONHASHSEED": "1"},
    {"TZ": "America/St_Johns", "LC_ALL": "tr_TR.UTF-8", "PYTHONHASHSEED": "2"},
)
MAIN = "from tests.simulation.credit.__main__ import main; main(['40', '1', '2', '3'])"
WRONG = (
    "from peers.channel import Channel;"
    "Channel.exposure = property(lambda self: hash('exposure') % 2 * 10_000);"
)


def i13_verify_is_the_same_anywhere(program: str) -> bool:
    """I13: verify(bundle) differs between machines/time zones/locales, or orders of hashing."""
    return len({_run(program, place) for place in PLACES}) == 1


def _run(program: str, place: dict[str, str]) -> bytes:
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        env={**os.environ, **place},
        capture_output=True,
        check=True,
    )
    assert done.stdout
    return done.stdout


def test_it_is_the_same_anywhere() -> None:
    """In other time zones, with other locales, and with other orders of hashing."""
    assert i13_verify_is_the_same_anywhere(MAIN)


def test_what_depends_on_a_machine_is_seen() -> None:
    """A program that counts by how strings are hashed here."""
    assert not i13_verify_is_the_same_anywhere(WRONG + MAIN)
