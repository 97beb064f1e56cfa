"""The program with its standard streams closed, as daemons and some schedulers start it."""

import subprocess
import sys

import pytest

from tests.cli.program import Program

_CHECK = """
import os, sys
from cli.streams import fill_closed
fill_closed()
assert all(os.fstat(number) for number in range(3))
print("nobody reads this", sys.stdin.read(), file=sys.stderr)
sys.stdout.write("")
assert os.open("/", os.O_RDONLY) > 2
os._exit(7)
"""


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_no_file_gets_the_number_of_a_closed_stream(empty: Program, closed: str) -> None:
    """What is said then goes nowhere, and never into a file that was opened next."""
    words = ["sh", "-c", f'exec "$0" -c "$1" {closed}', sys.executable, _CHECK]
    done = subprocess.run(words, env=empty.environ(), stdin=subprocess.DEVNULL)

    assert done.returncode == 7


def test_a_run_needs_no_stderr(tally: Program, letters: object) -> None:
    """It goes well though nobody can be told how far it is."""
    tally.process("runs")  # writes the script that is called below
    script = str(tally.home.parent / "tally")
    words = ["sh", "-c", 'exec "$@" 2>&- >&-', "sh", sys.executable, script, "run", str(letters)]

    assert subprocess.run(words, env=tally.environ()).returncode == 0
