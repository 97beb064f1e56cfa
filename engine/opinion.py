"""Opinion: what a comparator says of two outputs, in the file that it writes. Pure.

    {"equivalent": true, "difference": "", "deviation": 0.02}

`difference` (text) and `deviation` (a number, or null) may be left out. A comparator that fails, or
writes anything else, has no opinion: then the outputs count as failed, never as equivalent.

>>> read_opinion(b'{"equivalent": false, "difference": "row 3"}').difference
'row 3'
>>> read_opinion(b'{"equivalent": "yes"}').failed
"its 'equivalent' is not true or false"
"""

import json
import math
from typing import Final, NamedTuple

from engine.content.cid import Cid
from engine.nearness import is_number
from engine.rows import Name
from engine.values import dataclass
from engine.workflow.model import Comparator

MAX_OPINION: Final = 1024 * 1024  # bytes of the file
MAX_DIFFERENCE: Final = 1_000  # characters of it that are shown

_KEYS: Final = {"equivalent", "difference", "deviation"}


@dataclass(frozen=True, slots=True)
class Opinion:
    """Whether two outputs are equivalent, by the program of their author."""

    equivalent: bool
    difference: str  # where they part, in its words
    deviation: float | None  # how far they are apart, by its measure
    failed: str = ""  # why it has no opinion; then they are not equivalent
    step: Cid | None = None  # the step that it ran as


class Asked(NamedTuple):
    """An output that is to be compared."""

    name: Name  # of the instance that gave it
    output: str
    comparator: Comparator
    was: Cid
    now: Cid

    @property
    def called(self) -> Name:
        """What the comparison is called in a crew."""
        return called_of(self.name, self.output)


def called_of(name: Name, output: str) -> Name:
    """Return what the comparison of an instance's output is called: no step has such a name."""
    return f"{name[0]}.{output}", name[1]


def no_opinion(why: str, step: Cid | None = None) -> Opinion:
    """Return what stands for the opinion of a comparator that has none."""
    return Opinion(equivalent=False, difference="", deviation=None, failed=why, step=step)


def read_opinion(data: bytes, step: Cid | None = None) -> Opinion:
    """Return what a comparator wrote; what is wrong with it is in `failed`."""
    try:
        found = json.loads(data.decode())
    except (ValueError, RecursionError):
        return no_opinion("what it wrote is not JSON", step)
    if why := _wrong(found):
        return no_opinion(why, step)
    deviation = found.get("deviation")
    return Opinion(
        equivalent=found["equivalent"],
        difference=found.get("difference", "")[:MAX_DIFFERENCE],
        deviation=None if deviation is None else float(deviation),
        step=step,
    )


def _wrong(found: object) -> str:
    if not isinstance(found, dict):
        return "what it wrote is not a map"
    if unknown := sorted(found.keys() - _KEYS):
        return f"it wrote an unknown key {unknown[0][:80]!r}"
    if not isinstance(found.get("equivalent"), bool):
        return "its 'equivalent' is not true or false"
    if not _is_text(found.get("difference", "")):
        return "its 'difference' is not text"
    if not _is_measure(found.get("deviation")):
        return "its 'deviation' is not null or a finite number from 0"
    return ""


def _is_text(value: object) -> bool:
    try:
        return isinstance(value, str) and value.encode() is not None
    except UnicodeEncodeError:  # half a surrogate pair, which no file holds
        return False


def _is_measure(value: object) -> bool:
    if value is None:
        return True
    try:
        return is_number(value) and 0 <= float(value) < math.inf
    except OverflowError:  # a whole number that no float holds
        return False
