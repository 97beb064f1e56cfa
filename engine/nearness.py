"""Nearness: when two numbers are one within a tolerance, and how far apart they are. Pure.

Two numbers are near when they differ by at most T, or by at most T times the larger of them. Not
a number is near itself, an infinity is near itself alone, and 0.0 is -0.0. Whole numbers that no
float holds are compared as they are, with nothing rounded.

>>> near(2**53, 2**53 + 1, 0.0)
False
>>> apart(2.0, 2.5)
Apart(absolute=0.5, relative=0.2)
"""

import math
from dataclasses import field
from fractions import Fraction
from typing import Final, NamedTuple, TypeGuard

from engine.values import dataclass

MAX_NAME: Final = 80  # characters of a name in a file that are shown

_EXACT: Final = 2**53  # above it not every whole number is a float


class Unreadable(Exception):
    """The bytes are not of the format that the file's name says, or are over a bound."""


class Apart(NamedTuple):
    """How far two finite numbers are apart."""

    absolute: float
    relative: float  # to the larger of them


@dataclass(frozen=True, slots=True)
class Mismatch:
    """Where two files part, and how."""

    where: str
    what: str  # in words
    apart: Apart | None = field(default=None, compare=False)  # of two finite numbers
    was: str | None = field(default=None, compare=False)  # the value, as text; None: not a value
    now: str | None = field(default=None, compare=False)

    @property
    def deviation(self) -> float | None:
        """How far two finite numbers are apart."""
        return self.apart.absolute if self.apart else None


def changed(where: str, was: object, now: object, shown: tuple[str, str]) -> Mismatch:
    """Return the mismatch of two values, which are shown as these texts."""
    what = f"was {shown[0]} and is {shown[1]}"
    return Mismatch(where, what, apart(was, now), *shown)


def shown(text: str, most: int = MAX_NAME) -> str:
    """Return a text out of a file as it can be printed in a line: with escapes, and cut."""
    plain = "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text[:most])
    return plain if len(text) <= most else f"{plain}…"


def is_number(value: object) -> TypeGuard[int | float]:
    """Return whether a value is a number; a truth value is none."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def apart(was: object, now: object) -> Apart | None:
    """Return how far two finite numbers are apart; None for anything else."""
    if not (is_number(was) and is_number(now)):
        return None
    try:
        if _is_large(was) or _is_large(now):
            old, new = Fraction(was), Fraction(now)
            gap, largest = abs(old - new), max(abs(old), abs(new))
            return Apart(float(gap), float(gap / largest))
        apart = abs(was - now)
    except (OverflowError, ValueError):  # farther than a float holds; or one is not finite
        return None
    if not apart < math.inf:  # which not a number is not
        return None
    return Apart(float(apart), apart / max(abs(was), abs(now)) if apart else 0.0)


def near(was: float, now: float, tolerance: float) -> bool:
    """Return whether two numbers are equal within a relative or absolute tolerance."""
    if was == now:
        return True
    if was != was or now != now:  # not a number is nothing, itself too
        return was != was and now != now
    if type(was) is type(now) is float:  # nearly all are
        return abs(was - now) <= tolerance * max(1.0, abs(was), abs(now)) < math.inf
    if _is_large(was) or _is_large(now):
        return _near_exactly(was, now, tolerance)
    return abs(was - now) <= tolerance * max(1.0, abs(was), abs(now)) < math.inf


def _is_large(value: float) -> bool:
    return isinstance(value, int) and not -_EXACT <= value <= _EXACT


def _near_exactly(was: float, now: float, tolerance: float) -> bool:
    try:
        old, new = Fraction(was), Fraction(now)
    except OverflowError:  # infinity
        return False
    return abs(old - new) <= Fraction(tolerance) * max(Fraction(1), abs(old), abs(new))
