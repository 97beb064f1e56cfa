"""Relay: carries bytes between a person's terminal and the one that a job has.

Nothing else passes: what a job asks of its terminal it asks of its own, which ends with it. The
person's terminal is expected in raw mode, so that Ctrl-C is a byte like any other and becomes a
signal at the far side only.

>>> relay = Relay(keyboard=0, screen=1)
>>> sandbox.interact(job, relay)
"""

import errno
import fcntl
import os
import select
import struct
import termios
from typing import Final

from engine.errors import Unavailable
from engine.sandbox.base import Size

_CHUNK: Final = 64 * 1024  # bytes carried at once; what is typed waits while as many are on the way
_UNKNOWN: Final = Size(24, 80)  # what a terminal has that does not say
_GONE: Final = (errno.EIO, errno.ENXIO, errno.EPIPE)  # of a terminal that was closed


class Relay:
    """A Terminal for one job after the other."""

    def __init__(self, keyboard: int, screen: int) -> None:
        """Take the descriptors that a person types into and looks at."""
        self._keyboard = keyboard
        self._screen = screen
        self._far = -1  # of the job's terminal
        self._typed = b""  # read and not yet passed on

    @property
    def size(self) -> Size:
        """The size of the person's terminal now."""
        columns, rows = os.get_terminal_size(self._screen)
        return Size(rows, columns) if rows and columns else _UNKNOWN

    def attach(self, descriptor: int) -> None:
        """Take the far side of a job's terminal."""
        os.set_blocking(descriptor, False)
        self._far = descriptor

    def resize(self) -> None:
        """Give the job's terminal the size of the person's; the job is told by the kernel."""
        if self._far >= 0:
            size = self.size
            packed = struct.pack("4H", size.rows, size.columns, 0, 0)
            fcntl.ioctl(self._far, termios.TIOCSWINSZ, packed)

    def serve(self, until: int) -> None:
        """Carry bytes both ways until the descriptor `until` can be read.

        Raises: Unavailable when the person's terminal is gone.
        """
        poll = select.poll()
        poll.register(until, select.POLLIN)
        while True:
            typing = select.POLLIN if len(self._typed) < _CHUNK else 0
            poll.register(self._keyboard, typing)
            if self._far >= 0:
                poll.register(self._far, select.POLLIN | (select.POLLOUT if self._typed else 0))
            events = dict(poll.poll())
            if events.get(self._keyboard):
                self._listen()
            if events.get(self._far) and not self._carry(events[self._far]):
                poll.unregister(self._far)
                self._let_go()
            if until in events:
                return

    def close(self) -> None:
        """Show the last that the job printed, and let go of its terminal."""
        if self._far < 0:
            return
        poll = select.poll()
        poll.register(self._far, select.POLLIN)
        try:
            while poll.poll(0) and self._show():
                pass
        finally:
            self._let_go()

    def _carry(self, event: int) -> bool:
        """Pass on what can be passed on; False when no process has the job's terminal any more."""
        if event & select.POLLOUT:
            self._pass_on()
        return self._show() if event & ~select.POLLOUT else True

    def _listen(self) -> None:
        try:
            typed = os.read(self._keyboard, _CHUNK)
        except OSError as error:
            raise _gone(error) from None
        if not typed:
            raise _closed()
        self._typed += typed

    def _pass_on(self) -> None:
        try:
            self._typed = self._typed[os.write(self._far, self._typed) :]
        except BlockingIOError:
            return
        except OSError:  # nobody is left to read it
            self._typed = b""

    def _show(self) -> bool:
        """Show what the job has printed; False at the end of it."""
        try:
            data = os.read(self._far, _CHUNK)
        except BlockingIOError:
            return True
        except OSError:  # so a terminal ends
            return False
        try:
            while data:
                data = data[os.write(self._screen, data) :]
        except OSError as error:
            raise _gone(error) from None
        return True

    def _let_go(self) -> None:
        os.close(self._far)
        self._far = -1
        self._typed = b""


def _gone(error: OSError) -> Exception:
    return _closed() if error.errno in _GONE else error


def _closed() -> Unavailable:
    return Unavailable("the terminal was closed", fix="call it again from another one")
