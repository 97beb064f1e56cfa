"""What is said while content comes from elsewhere, if that takes long."""

import time
from typing import Final

from cli.report import human_size, note
from engine.content.cid import Cid

SOON_S: Final = 1.0  # what is here by then is not spoken of
OFTEN_S: Final = 5.0


class Arrivals:
    """Tells a person how far content has come: a Watch (engine/sources.py)."""

    def __init__(self) -> None:
        self._of: tuple[str, Cid] | None = None
        self._due_s = 0.0

    def __call__(self, source: str, root: Cid, came: int) -> None:
        """Say how many bytes of something came from a source."""
        now_s = time.monotonic()
        if self._of != (source, root):
            self._of = source, root
            self._due_s = now_s + SOON_S
        elif now_s >= self._due_s:
            self._due_s = now_s + OFTEN_S
            note(f"fetching {root} from {source}: {human_size(came)}")
