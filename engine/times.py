"""Times as others' formats write them. Pure.

>>> utc(0)
'1970-01-01T00:00:00.000Z'
"""

from datetime import UTC, datetime, timedelta
from typing import Final

_BEGAN: Final = datetime(1970, 1, 1, tzinfo=UTC)
LAST_MS: Final = 253_402_300_799_999  # the end of the year 9999: what follows has no date


def utc(ms: int) -> str:
    """Return milliseconds since 1970 as ISO 8601 has them; what has no date is the last one."""
    moment = _BEGAN + timedelta(milliseconds=min(max(ms, 0), LAST_MS))
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
