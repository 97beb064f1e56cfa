"""Small: what travels with a lease or a batch, so that it need not be fetched (adr/0116). Pure.

>>> list(fitting([b"small", bytes(SMALL + 1)]))
[b'small', None]
"""

from collections.abc import Iterable, Iterator
from typing import Final

SMALL: Final = 4 * 1024  # bytes of content that travels; more is fetched
MAX_CARRIED: Final = 512 * 1024  # bytes of all that does: a message has room for that


def fitting(contents: Iterable[bytes]) -> Iterator[bytes | None]:
    """Yield what is small, as long as there is room, and None for the others."""
    room = MAX_CARRIED
    for data in contents:
        is_taken = len(data) <= min(SMALL, room)
        room -= len(data) if is_taken else 0
        yield data if is_taken else None
