"""Tty: the terminal a person sits at, while something else has it."""

import signal
import sys
import termios
import tty
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Final

_ENDING: Final = (signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)


def is_terminal() -> bool:
    """Say whether somebody types here and looks at what is printed."""
    return sys.stdin.isatty() and sys.stdout.isatty()


@contextmanager
def lent(keyboard: int, resized: Callable[[], None]) -> Iterator[None]:
    """Lend the terminal: what is typed comes as it is, `resized` is told of each change of size.

    Whatever ends this, a signal too, the terminal is afterwards what it was; what was typed and
    not read, and what it was made to answer, is dropped, so that no other program takes it.
    """
    before = termios.tcgetattr(keyboard)
    handlers = {number: signal.signal(number, _end) for number in _ENDING}
    handlers[signal.SIGWINCH] = signal.signal(signal.SIGWINCH, lambda *_: resized())
    try:
        tty.setraw(keyboard)
        yield
    finally:
        with suppress(termios.error):  # it may be gone
            termios.tcsetattr(keyboard, termios.TCSAFLUSH, before)
        for number, handler in handlers.items():
            signal.signal(number, handler)


def _end(number: int, frame: FrameType | None) -> None:
    """End the program as the signal would have, once all that is open has been closed.

    Raises: SystemExit.
    """
    raise SystemExit(128 + number)
