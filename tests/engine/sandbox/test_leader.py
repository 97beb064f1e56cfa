"""The program that leads a session: what it does, outside a sandbox too."""

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from engine.sandbox import leader

SEE = "import os; print(os.getsid(0) == os.getpid() == os.tcgetpgrp(0), open('/dev/tty').fileno())"


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """The program, as a file."""
    place = tmp_path / "leader"
    place.write_bytes(leader.program())
    place.chmod(0o755)
    return place


def test_it_is_small_and_always_the_same() -> None:
    """It is made of nothing but its own text: two are equal, and 181 bytes."""
    assert leader.program() == leader.program()
    assert len(leader.program()) == 181


def test_it_becomes_the_program(place: Path) -> None:
    """Arguments and variables are handed on as they are, and so is the exit code."""
    command = [place, "/bin/sh", "-c", 'echo "$1" "$A"; exit 5', "sh", "a b"]
    done = subprocess.run(command, env={"A": "c d"}, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (5, "a b c d\n")


def test_a_program_that_cannot_be_executed(place: Path) -> None:
    """It says so by its exit code, as a shell does."""
    assert subprocess.run([place, "/nowhere"], check=False).returncode == leader.NOT_EXECUTED


def test_the_program_leads_a_session_on_its_terminal(place: Path) -> None:
    """It is in the foreground of a session of its own, and /dev/tty can be opened."""
    near, far = pty.openpty()
    command = [place, sys.executable, "-c", SEE]
    with subprocess.Popen(command, stdin=far, stdout=far, stderr=far):
        os.close(far)
        assert os.read(near, 100).startswith(b"True")
    os.close(near)
