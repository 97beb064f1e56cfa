"""The terminal while it is lent."""

import os
import pty
import signal
import subprocess
import sys
import termios
from pathlib import Path

from cli.tty import lent
from tests.cli.test_process import wait_for

ROOT = Path(__file__).parents[2]
LEAVES = """
from cli.interrupt import leave
from cli.tty import lent
with lent(0, lambda: None):
    leave()
"""


def test_a_signal_that_is_ignored_stays_ignored() -> None:
    """As SIGHUP under nohup: who started the program has decided that."""
    far, near = pty.openpty()
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with lent(near, lambda: None):
            assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
            assert signal.getsignal(signal.SIGTERM) not in (signal.SIG_IGN, signal.SIG_DFL)
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)
        os.close(far)
        os.close(near)


def test_who_leaves_at_once_gives_it_back() -> None:
    """As at a second signal: all that was started is ended, but for what restores the terminal."""
    far, near = pty.openpty()
    before = termios.tcgetattr(near)
    command = [sys.executable, "-c", LEAVES]
    done = subprocess.run(command, stdin=near, cwd=ROOT, capture_output=True, check=False)
    assert (done.returncode, b"error: cancelled" in done.stderr) == (1, True)
    wait_for(lambda: termios.tcgetattr(near) == before)
    os.close(far)
    os.close(near)
