"""The terminal while it is lent."""

import os
import pty
import signal

from cli.tty import lent


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
