"""Looks: how much of what each peer shows is looked at in a while. Pure.

Each has its own share: so none is kept waiting by what another shows.

>>> looks = Looks()
>>> looks.take("a", 3, most=4), looks.take("a", 2, most=4), looks.take("b", 2, most=4)
(True, False, True)
>>> looks.renew(); looks.take("a", 2, most=4)
True
"""

from collections.abc import Hashable


class Looks:
    """What each has used of its share since the last while began."""

    def __init__(self) -> None:
        self._used: dict[Hashable, int] = {}

    def take(self, who: Hashable, count: int, *, most: int) -> bool:
        """Return whether so much more may be looked at, and count it if so."""
        used = self._used.get(who, 0) + count
        if used > most:
            return False
        self._used[who] = used
        return True

    def renew(self) -> None:
        """Let a new while begin."""
        self._used.clear()
