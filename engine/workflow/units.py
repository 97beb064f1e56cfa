"""Units: sizes in bytes and times in milliseconds, as people write them. Pure.

>>> parse_size("1.5GiB"), parse_time("2min")
(1610612736, 120000)
"""

import re
from typing import Final

from engine.errors import Refused

SIZES: Final = {
    "B": 1,
    "kB": 10**3,
    "KiB": 2**10,
    "MB": 10**6,
    "MiB": 2**20,
    "GB": 10**9,
    "GiB": 2**30,
    "TB": 10**12,
    "TiB": 2**40,
}
TIMES: Final = {"ms": 1, "s": 1_000, "min": 60_000, "h": 3_600_000, "d": 86_400_000}

_QUANTITY: Final = re.compile(r"([0-9]{1,15})(?:\.([0-9]{1,9}))? ?([A-Za-z]{1,7})", re.ASCII)


def parse_size(text: str) -> int:
    """Return bytes, rounded up.

    Raises: Refused when it is not a number and a unit.
    """
    return _parse(text, SIZES, "1GiB")


def show_size(size: int) -> str:
    """Return a size as `parse_size` reads it, in the largest unit that it is a whole number of."""
    units = [unit for unit, bytes_ in SIZES.items() if "i" in unit and size and size % bytes_ == 0]
    return f"{size // SIZES[units[-1]]}{units[-1]}" if units else f"{size}B"


def parse_time(text: str) -> int:
    """Return milliseconds, rounded up.

    Raises: Refused when it is not a number and a unit.
    """
    return _parse(text, TIMES, "2min")


def _parse(text: str, units: dict[str, int], example: str) -> int:
    found = _QUANTITY.fullmatch(text)
    fix = f"write a number and one of {', '.join(units)}, as {example}"
    if found is None:
        raise Refused(f"{text[:40]!r} is not a number with a unit", fix=fix)
    whole, part, unit = found.groups(default="")
    if unit not in units:
        same = [known for known in units if known.lower() == unit.lower()]
        raise Refused(f"unknown unit '{unit}'", fix=f"did you mean '{same[0]}'?" if same else fix)
    return -(-int(whole + part) * units[unit] // int("1" + "0" * len(part)))
