"""Contact: whether a provider is there or is taken for gone, by when it had a line. Pure.

>>> contact = Contact()
>>> [contact.changes(has_line, now_ms) for has_line, now_ms in ((False, 0), (False, GONE_MS))]
[False, True]
>>> contact.is_lost, contact.changes(True, GONE_MS + 1), contact.is_lost
(True, True, False)
"""

from typing import Final

GONE_MS: Final = 3_000  # without a line, after which a provider has vanished


class Contact:
    """That with one provider."""

    def __init__(self) -> None:
        self.is_lost = False  # whether it is taken for gone
        self._gone_ms: int | None = None  # since when there is no line

    def changes(self, has_line: bool, now_ms: int) -> bool:
        """Take whether there is a line now; return whether `is_lost` has changed by that."""
        was_lost = self.is_lost
        if has_line:
            self._gone_ms = None
            self.is_lost = False
        elif self._gone_ms is None:
            self._gone_ms = now_ms
        elif now_ms - self._gone_ms >= GONE_MS:
            self.is_lost = True
        return self.is_lost is not was_lost
