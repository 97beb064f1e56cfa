"""Tty: the terminal a person sits at, while something else has it."""

import os
import signal
import sys
import termios
import tty
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Any, Final

_ENDING: Final = (signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)
_DEAF: Final = (*_ENDING, signal.SIGINT, signal.SIGTTOU)  # what the keeper does not hear


def is_terminal() -> bool:
    """Say whether somebody types here and looks at what is printed."""
    return sys.stdin.isatty() and sys.stdout.isatty()


@contextmanager
def lent(keyboard: int, resized: Callable[[], None]) -> Iterator[None]:
    """Lend the terminal: what is typed comes as it is, `resized` is told of each change of size.

    Whatever ends this, kill -9 too, the terminal is afterwards what it was; what was typed and
    not read, and what it was made to answer, is dropped, so that no other program takes it.
    """
    before = termios.tcgetattr(keyboard)
    heard = [number for number in _ENDING if signal.getsignal(number) is not signal.SIG_IGN]
    handlers = {number: signal.signal(number, _end) for number in heard}
    handlers[signal.SIGWINCH] = signal.signal(signal.SIGWINCH, lambda *_: resized())
    try:
        with _kept(keyboard, before):
            tty.setraw(keyboard)
            try:
                yield
            finally:
                _restore(keyboard, before)
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)


@contextmanager
def _kept(keyboard: int, before: list[Any]) -> Iterator[None]:
    """Have another process restore the terminal, should this one be killed."""
    ours, theirs = os.pipe()
    ready, unready = os.pipe()
    keeper = os.fork()
    if keeper == 0:
        _keep(keyboard, before, ours)
    os.close(ours)
    os.close(unready)
    try:
        os.read(ready, 1)  # until the keeper has closed its end
        os.close(ready)
        yield
        os.write(theirs, b".")
    finally:
        os.close(theirs)
        os.waitpid(keeper, 0)


def _keep(keyboard: int, before: list[Any], until: int) -> None:
    """Wait until the process that lends the terminal says that it is done, or is gone."""
    try:
        os.setsid()  # who leaves at once (interrupt.py) ends what it started in its own session
        for number in _DEAF:
            signal.signal(number, signal.SIG_IGN)
        kept = sorted((keyboard, until))  # nothing else: it would keep open what must close
        last = os.sysconf("SC_OPEN_MAX")
        for start, stop in zip((0, *(at + 1 for at in kept)), (*kept, last), strict=True):
            if start < stop:  # an empty range is taken for all there are
                os.closerange(start, stop)
        if not os.read(until, 1):
            _restore(keyboard, before)
    finally:
        os._exit(0)


def _restore(keyboard: int, before: list[Any]) -> None:
    with suppress(termios.error):  # it may be gone
        termios.tcsetattr(keyboard, termios.TCSAFLUSH, before)


def _end(number: int, frame: FrameType | None) -> None:
    """End the program as the signal would have, once all that is open has been closed.

    Raises: SystemExit.
    """
    raise SystemExit(128 + number)
