"""Requests in flight: asked in one direction of a connection, and not yet answered. Pure.

>>> asked = Inflight()
>>> asked.add(b"id", 5, ends_ms=None)
>>> asked.end(b"id"), asked.end(b"id"), asked.is_past(b"id")
(5, None, True)
"""

from collections import OrderedDict
from typing import Final, NamedTuple

MAX_IN_FLIGHT: Final = 32  # at once in each direction: enough to keep a long line busy
MAX_PAST: Final = 1024  # ids of which an answer that comes late is no offence


class _Request(NamedTuple):
    type: int
    ends_ms: int | None  # when an answer is of no more use


class Inflight:
    """The requests of one direction."""

    def __init__(self) -> None:
        self._open: dict[bytes, _Request] = {}
        self._past: OrderedDict[bytes, None] = OrderedDict()

    def __contains__(self, request_id: bytes) -> bool:
        """Whether it waits for its answer."""
        return request_id in self._open

    @property
    def room(self) -> int:
        """How many more there may be."""
        return MAX_IN_FLIGHT - len(self._open)

    def is_past(self, request_id: bytes) -> bool:
        """Return whether it was in flight not long ago."""
        return request_id in self._past

    def add(self, request_id: bytes, kind: int, ends_ms: int | None) -> None:
        """Count a request."""
        self._open[request_id] = _Request(kind, ends_ms)

    def type_of(self, request_id: bytes) -> int | None:
        """Return the type of a request that waits for its answer."""
        request = self._open.get(request_id)
        return request.type if request else None

    def end(self, request_id: bytes) -> int | None:
        """Count a request no more; return its type, or None when it is not in flight."""
        request = self._open.pop(request_id, None)
        if request is None:
            return None
        self._past[request_id] = None
        if len(self._past) > MAX_PAST:
            self._past.popitem(last=False)
        return request.type

    def lapse(self, at_ms: int) -> tuple[bytes, ...]:
        """End those whose time is up, and return them."""
        if not self._open:  # most of the time
            return ()
        ended = [
            request_id
            for request_id, request in self._open.items()
            if request.ends_ms is not None and request.ends_ms <= at_ms
        ]
        for request_id in ended:
            self.end(request_id)
        return tuple(ended)
