"""Streams: stdin, stdout and stderr, which a caller may have closed.

A closed one is a trap: the next file opened gets its number, and what is meant for a person is
written into the store.
"""

import os
import sys
from typing import Literal, TextIO


def fill_closed() -> None:
    """Open what is closed on nothing; call this before any file is opened."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # gets the lowest number that is free
    sys.stdin = sys.stdin or _nothing(0, "r")
    sys.stdout = sys.stdout or _nothing(1, "w")
    sys.stderr = sys.stderr or _nothing(2, "w")


def _nothing(number: int, mode: Literal["r", "w"]) -> TextIO:
    return os.fdopen(number, mode, encoding="utf-8", closefd=False)
