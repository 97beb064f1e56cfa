"""Unjudged: batches that a provider has sent, and who is answered when all of one was judged. Pure.

A batch may come several times, on several lines: each time it is to be answered.

>>> unjudged = Unjudged()
>>> unjudged.came(batch, sender)                                         # doctest: +SKIP
>>> unjudged.look(batch, steps=2)                                        # doctest: +SKIP
>>> unjudged.answerable(batch)                                           # doctest: +SKIP
()
"""

from typing import TypeAlias

from engine.content.cid import Cid
from peers.connection import Connection

Sender: TypeAlias = tuple[Connection, bytes]  # where a batch came from, and the id of its message


class Unjudged:
    """The batches of one agreement."""

    def __init__(self) -> None:
        self._looked_at: dict[Cid, int] = {}  # batch -> steps
        self._senders: dict[Cid, list[Sender]] = {}

    @property
    def is_busy(self) -> bool:
        """Whether any step is looked at."""
        return bool(self._looked_at)

    def has(self, batch: Cid) -> bool:
        """Return whether steps of a batch are looked at."""
        return batch in self._looked_at

    def came(self, batch: Cid, sender: Sender) -> None:
        """Note that a batch came, and who is to be answered."""
        self._senders.setdefault(batch, []).append(sender)

    def look(self, batch: Cid, steps: int) -> None:
        """Note that some steps of a batch are looked at."""
        self._looked_at[batch] = steps

    def judged(self, batch: Cid, steps: int) -> None:
        """Note that some of those were judged."""
        self._looked_at[batch] -= steps
        if not self._looked_at[batch]:
            del self._looked_at[batch]

    def answerable(self, batch: Cid) -> tuple[Sender, ...]:
        """Return who is to be answered now, once: nobody while any step is looked at."""
        if batch in self._looked_at:
            return ()
        return tuple(self._senders.pop(batch, ()))
