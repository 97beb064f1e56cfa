"""Interrupts: what Ctrl-C, SIGTERM and SIGHUP do to this process.

The first one raises KeyboardInterrupt in the main thread, or calls what a part of the program has
asked for with `interruptible`. The next one leaves at once, with all processes that were started.
"""

import errno
import os
import signal
import sys
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import Final, NoReturn

from cli.ending import EXIT_CANCELLED, SIGNALS, fix

_SHOW_CURSOR: Final = "\x1b[?25h"  # a live tree hides it


class Interrupts:
    """The signals that end this process, from its first line to its last."""

    def __init__(self, numbers: Sequence[int]) -> None:
        self._asked = False
        self._numbers = numbers

    def install(self) -> None:
        """Take the signals."""
        for number in self._numbers:
            signal.signal(number, self._interrupt)
        sys.unraisablehook = _unraisable

    def done(self, code: int) -> None:
        """Let nothing spoil what was done: from now on a signal ends the process with `code`."""
        for number in self._numbers:
            signal.signal(number, lambda *_: os._exit(code))

    def _interrupt(self, number: int, frame: FrameType | None) -> None:
        if self._asked:
            leave()
        self._asked = True
        _hang_up(number)
        raise KeyboardInterrupt


@contextmanager
def interruptible(stop: Callable[[], None]) -> Iterator[None]:
    """Let the first signal call `stop`: what runs then ends in order; the next one leaves."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    asked = False

    def interrupt(number: int, frame: FrameType | None) -> None:
        nonlocal asked
        if asked:
            leave()
        asked = True
        _hang_up(number)
        stop()

    before = {number: signal.getsignal(number) for number in SIGNALS}
    taken = [number for number, handler in before.items() if handler is not signal.SIG_IGN]
    try:
        for number in taken:
            signal.signal(number, interrupt)
        yield
    finally:
        for number in taken:
            signal.signal(number, before[number])


def leave() -> NoReturn:
    """End the process now, and those that it started, saying that it was cancelled."""
    shown = _SHOW_CURSOR if os.isatty(2) else ""
    with suppress(OSError):
        os.write(2, f"{shown}\nerror: cancelled\n  fix: {fix(sys.argv[1:])}\n".encode())
    _end_children()
    os._exit(EXIT_CANCELLED)


def _hang_up(number: int) -> None:
    """Give up a terminal that is gone: who writes to it would fail instead of ending in order."""
    if number == signal.SIGHUP:
        nothing = os.open(os.devnull, os.O_RDWR)
        for stream in range(3):
            if _was_terminal(stream):
                os.dup2(nothing, stream)


def _was_terminal(stream: int) -> bool:
    """Return whether a stream is a terminal, or was until that went away."""
    import termios  # few have to ask

    try:
        termios.tcgetattr(stream)
    except termios.error as error:
        return bool(error.args[0] == errno.EIO)
    return True


def _unraisable(told: "sys.UnraisableHookArgs") -> None:
    """Leave for an interruption that fell into a destructor, where Python would swallow it."""
    if isinstance(told.exc_value, KeyboardInterrupt):
        leave()
    sys.__unraisablehook__(told)


def _end_children() -> None:
    """Kill the processes of this session that this one started, and all that those started.

    A run in the background (`--detach`) has a session of its own.
    """
    children: defaultdict[int, list[int]] = defaultdict(list)
    for status in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError, ValueError, IndexError):
            text = status.read_text(errors="replace")
            parent, _, session = map(int, text.rpartition(")")[2].split()[1:4])
            if parent != os.getpid() or session == os.getsid(0):
                children[parent].append(int(status.parent.name))
    found = list(children[os.getpid()])
    for process in found:  # it grows while it is walked
        found += children[process]
    for process in found:
        with suppress(ProcessLookupError, PermissionError):
            os.kill(process, signal.SIGKILL)
