"""Checks: what must hold of the outputs of a run, as its author promises. Pure.

A number within an output's JSON is compared with one that is written as decimal text, exactly.

>>> found = parse("metrics.accuracy >= 0.9")
>>> found.output, found.path, found.comparison, found.value
('metrics', 'accuracy', '>=', '0.9')
>>> judge(found, [b'{"accuracy": 0.93}']).found
'0.93'
"""

import json
import operator
import re
from collections.abc import Callable, Container, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final, NamedTuple

from engine.errors import Refused
from engine.values import dataclass, replace
from engine.workflow.names import NAME, some_of

MAX_CHECKED: Final = 2**20  # bytes of an output that is looked into: metrics are a page of text
_SHOWN: Final = 60  # characters of a number that was found: it may have a million
MAX_PATH: Final = 200  # characters: a check is a line that people read

_COMPARISONS: Final[Mapping[str, Callable[[Any, Any], bool]]] = {
    ">=": operator.ge,
    "<=": operator.le,
    ">": operator.gt,
    "<": operator.lt,
    "==": operator.eq,
    "!=": operator.ne,
}
_PART: Final = r"[A-Za-z0-9_-]{1,64}"
_NUMBER: Final = r"-?\d{1,30}(?:\.\d{1,30})?(?:[eE][+-]?\d{1,3})?"
_CHECK: Final = re.compile(
    rf"\s*({NAME})((?:\.{_PART})*)\s*(>=|<=|==|!=|>|<)\s*({_NUMBER})\s*", re.ASCII
)
_FIX: Final = "write it as 'metrics.accuracy >= 0.9': OUTPUT.KEY, a comparison and a number"


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that must hold."""

    output: str  # of the workflow
    path: str  # keys and indexes in its JSON, dotted; "" for the whole
    comparison: str  # one of _COMPARISONS
    value: str  # a number as decimal text

    def __str__(self) -> str:
        name = f"{self.output}.{self.path}" if self.path else self.output
        return f"{name} {self.comparison} {self.value}"


class Judged(NamedTuple):
    """What became of a check."""

    check: Check
    holds: bool
    found: str  # the number that is there, or why there is none


def parse(text: str) -> Check:
    """Read a check as a person writes it.

    Raises: Refused when it is none.
    """
    found = _CHECK.fullmatch(text)
    if found is None or len(found[2]) > MAX_PATH:
        raise Refused(f"not a check: {text[:80]!r}", fix=_FIX)
    return Check(found[1], found[2].removeprefix("."), found[3], found[4])


def placed(check: Check, outputs: Container[str]) -> Check | None:
    """Return a check with the output that it is of; None when there is none.

    Without an `outputs:` of its own a workflow has each as STEP.OUTPUT.

    >>> found = placed(parse("count.words.all > 1"), ["count.words"])
    >>> found.output, found.path
    ('count.words', 'all')
    """
    if check.output in outputs:
        return check
    key, _, rest = check.path.partition(".")
    name = f"{check.output}.{key}"
    return replace(check, output=name, path=rest) if key and name in outputs else None


def is_check(check: Check) -> bool:
    """Return whether a check that came from elsewhere is one that `parse` gives."""
    try:
        return parse(str(check)) == check
    except Refused:
        return False


def judge(check: Check, contents: Sequence[bytes]) -> Judged:
    """Say whether a check holds of an output: of each, when several were gathered."""
    if not contents:
        return Judged(check, holds=False, found="there is no such output")
    judged = [_judge(check, data) for data in contents]
    return next((one for one in judged if not one.holds), judged[0])


def _judge(check: Check, data: bytes) -> Judged:
    try:
        found = _number(_at(_read(data), check.path))
    except _Absent as absent:
        return Judged(check, holds=False, found=str(absent))
    holds = _COMPARISONS[check.comparison](found, Decimal(check.value))
    return Judged(check, holds, str(found)[:_SHOWN])


class _Absent(Exception):
    """There is no number; in words, why."""


def _read(data: bytes) -> object:
    try:
        return json.loads(
            data.decode(), parse_float=Decimal, parse_int=Decimal, parse_constant=_no_number
        )
    except (ValueError, ArithmeticError, RecursionError):
        raise _Absent("it is not JSON") from None


def _no_number(word: str) -> object:
    raise ValueError(word)  # NaN and Infinity are no JSON


def _at(value: object, path: str) -> object:
    for key in path.split(".") if path else ():
        match value:
            case dict() if key in value:
                value = value[key]
            case list() if key.isdecimal() and int(key) < len(value):
                value = value[int(key)]
            case dict():
                names = some_of(name[:_SHOWN] for name in value)
                raise _Absent(f"there is no '{key}' in it; it has: {names}")
            case _:
                raise _Absent(f"there is no '{key}' in it")
    return value


def _number(value: object) -> Decimal:
    if isinstance(value, Decimal) and value.is_finite():
        return value
    raise _Absent("it is no number")
