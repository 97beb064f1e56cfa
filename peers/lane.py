"""Lane: what one peer wants in one fetch, and how many bytes it may be sent. Pure."""

from collections.abc import Iterable
from itertools import islice

from engine.content.cid import Cid
from peers.exchange import MAX_BYTES, MAX_CIDS


class Lane:
    """The wants of a fetch, in the order asked."""

    def __init__(self, scope: Cid) -> None:
        self.scope = scope
        self.sent = 0  # bytes of blocks
        self._granted = 0
        self._taken_at = 0  # what was granted when the last turn was taken
        self._reach = self._taken = MAX_CIDS  # wants looked at in a turn: next time; last time
        self._is_read = False  # two readings at a time would not keep the order
        self._is_stuck = False  # the next block is larger than what may be sent
        self._known: dict[Cid, None] = {}  # content of the scope
        self.unknown: dict[Cid, None] = {}  # not as far as is known

    @property
    def wants(self) -> int:
        """How many there are."""
        return len(self._known) + len(self.unknown)

    def want(self, cid: Cid, *, is_known: bool) -> None:
        """Add a want; one that is there already keeps its place."""
        (self._known if is_known else self.unknown)[cid] = None

    def grant(self, granted: int) -> None:
        """Let more be sent; a number that is not higher comes late."""
        if granted > self._granted:
            self._granted = granted
            self._is_stuck = False

    def cancel(self, cids: Iterable[Cid]) -> None:
        """Want these no longer."""
        for cid in cids:
            self._known.pop(cid, None)
            self.unknown.pop(cid, None)

    def learn(self, new: set[Cid]) -> bool:
        """Know what was unknown so far; return whether any of it was."""
        found = [cid for cid in self.unknown if cid in new]
        for cid in found:
            del self.unknown[cid]
            self._known[cid] = None
        return bool(found)

    def give_up(self) -> tuple[Cid, ...]:
        """Want no longer, and return, what is unknown."""
        unknown = tuple(self.unknown)
        self.unknown.clear()
        return unknown

    def give_up_all(self) -> tuple[Cid, ...]:
        """Want nothing any longer; return what was wanted."""
        known = tuple(self._known)
        self._known.clear()
        return known + self.give_up()

    def is_ready(self) -> bool:
        """Return whether something can be sent."""
        is_held = self._is_read or self._is_stuck
        return bool(self._known) and self._granted > self.sent and not is_held

    def take(self) -> tuple[tuple[Cid, ...], int]:
        """Take what comes next, and return it with how many bytes of it may be sent."""
        cids = tuple(islice(self._known, self._reach))
        for cid in cids:
            del self._known[cid]
        self._taken = len(cids)
        self._is_read = True
        self._taken_at = self._granted
        return cids, min(self._granted - self.sent, MAX_BYTES)

    def end_turn(self, size: int, unread: tuple[Cid, ...]) -> None:
        """Note that `size` bytes were sent; the rest of what was taken comes next.

        Of large blocks a turn sends two, so a thousand are not to be moved about for each.
        """
        self._reach = min(4 * (self._taken - len(unread) + 1), MAX_CIDS)
        self._is_read = False
        self.sent += size
        self._is_stuck = bool(unread) and not size and self._granted == self._taken_at
        self._known = dict.fromkeys(unread) | self._known
