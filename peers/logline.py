r"""Log line: one thing that happened, on one line, whatever strangers put into it. Pure.

For a program it is a JSON object; for a terminal the time of day, the event, and names with their
values. In both, all but plain ASCII is escaped, so that nobody can forge a line or move a cursor.

>>> as_json(0, "cut", {"reason": "no\nsuch"})
'{"time": "1970-01-01T00:00:00.000Z", "event": "cut", "reason": "no\\nsuch"}'
>>> as_text(0, "cut", {"reason": "no\nsuch"})
'00:00:00 cut reason="no\\nsuch"'
"""

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from itertools import islice
from typing import Final, TypeAlias

MAX_TEXT: Final = 500  # characters of one value
MAX_FACTS: Final = 16  # of one line

Fact: TypeAlias = str | int | None
Facts: TypeAlias = Mapping[str, Fact]

_WORD: Final = re.compile(r"[\w./:@+-]+", re.ASCII)


def as_json(now_ms: int, event: str, facts: Facts) -> str:
    """Return the line for a program; facts that are None are left out."""
    return json.dumps({"time": _time(now_ms), "event": event, **_bounded(facts)})


def as_text(now_ms: int, event: str, facts: Facts) -> str:
    """Return the line for a terminal; the time is UTC."""
    words = [f"{name}={_value(value)}" for name, value in _bounded(facts).items()]
    return " ".join([_time(now_ms)[11:19], event, *words])


def _bounded(facts: Facts) -> dict[str, str | int]:
    said = ((name, value) for name, value in facts.items() if value is not None)
    return {name: _cut(value) for name, value in islice(said, MAX_FACTS)}


def _cut(value: str | int) -> str | int:
    if not isinstance(value, str) or len(value) <= MAX_TEXT:
        return value
    return value[: MAX_TEXT - 3] + "..."


def _value(value: str | int) -> str:
    text = str(value)
    return text if _WORD.fullmatch(text) else json.dumps(text)


def _time(now_ms: int) -> str:
    moment = datetime.fromtimestamp(now_ms // 1000, UTC).replace(microsecond=now_ms % 1000 * 1000)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
