"""Standing: what a process that is started inherits of the thread that starts it.

Where memory lies and which processors there are is so handed down, from the engine's thread to a
sandbox's executor, and from that to the step.
"""

import ctypes
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from engine.determinism.conditions import Conditions

_NO_RANDOMIZE: Final = 0x0004_0000  # ADDR_NO_RANDOMIZE of personality(2)
_ASK: Final = 0xFFFF_FFFF


def processors() -> int:
    """Return how many processors a step may use here."""
    return len(os.sched_getaffinity(0))


@contextmanager
def standing(conditions: Conditions) -> Iterator[None]:
    """Have what this thread starts run under conditions, as far as they are inherited.

    Raises: OSError when the machine does not let us.
    """
    allowed = os.sched_getaffinity(0)
    try:
        if conditions.processors == "held":
            os.sched_setaffinity(0, {max(allowed)})
        with _addresses(held=conditions.addresses == "held"):
            yield
    finally:
        os.sched_setaffinity(0, allowed)


@contextmanager
def _addresses(*, held: bool) -> Iterator[None]:
    before = _personality(_ASK)
    try:
        if held:
            _personality(before | _NO_RANDOMIZE)
        yield
    finally:
        if held:
            _personality(before)


def _personality(value: int) -> int:
    libc = ctypes.CDLL(None, use_errno=True)
    gave: int = libc.personality(ctypes.c_ulong(value))
    if gave < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), "personality")
    return gave
