"""Exit codes and error messages of the program."""

import errno
import sqlite3
import subprocess
import sys

import pytest

from cli import complaints, main
from engine.errors import Damaged, Differs, Refused, StepFailed, TallyError, Unavailable


def _raising(error, monkeypatch):
    def raise_it(*args, **options):
        raise error

    monkeypatch.setattr(main.tally, "main", raise_it)
    return main.main([])


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (StepFailed("x"), 1),
        (Refused("x"), 2),
        (Unavailable("x"), 3),
        (Differs("x"), 4),
        (Damaged("x"), 5),
        (KeyboardInterrupt(), 1),
        (OSError(errno.ENOSPC, "No space left on device"), 3),
        (sqlite3.OperationalError("database or disk is full"), 3),
        (RuntimeError("x"), 70),
    ],
)
def test_each_error_family_has_its_exit_code(error, code, monkeypatch):
    """The table of docs/cli is the table of the program."""
    assert _raising(error, monkeypatch) == code


def test_every_family_has_an_exit_code():
    """A family without a code would end in a traceback."""
    assert set(complaints.EXIT_CODES) == set(TallyError.__subclasses__())


def test_an_error_takes_three_lines(monkeypatch, capsys):
    """What, where, what to do, each on its own line, with control characters escaped."""
    _raising(Refused("bad\x1b[31m", where="w.yaml:1:2", fix="mend it"), monkeypatch)
    expected = "error: bad\\x1b[31m\n  at: w.yaml:1:2\n  fix: mend it\n"
    assert capsys.readouterr().err == expected


def test_a_mistyped_command_names_the_nearest(capsys):
    """`tally rnu` asks whether `tally run` was meant and exits 2."""
    assert main.main(["rnu"]) == 2
    assert "did you mean 'tally run'?" in capsys.readouterr().err


def test_help_imports_no_command():
    """`tally --help` costs click and nothing of the engine but its errors."""
    code = (
        "import sys; from cli.main import main; main(['--help']);"
        "print([m for m in sys.modules if m.startswith(('engine.', 'networkx', 'rich'))])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.endswith("['engine.errors']\n")
