"""Parted: two crews as one: some steps stay here, the others are run elsewhere."""

from collections.abc import Callable
from concurrent.futures import Future

from engine.crew import Crew
from engine.rows import Name
from engine.runner import Order, Report
from engine.sandbox.base import LogSink


def _unheard() -> None:
    """Tell nobody."""


class Parted:
    """A crew of two."""

    def __init__(self, here: Crew, elsewhere: Crew, stays: Callable[[str], bool]) -> None:
        """Take both, and which steps stay here."""
        self._here = here
        self._elsewhere = elsewhere
        self._stays = stays

    @property
    def has_idle(self) -> bool:
        """Whether a step would begin at once with either."""
        return self._here.has_idle or self._elsewhere.has_idle

    def start(
        self,
        name: Name,
        order: Order,
        logs: LogSink,
        done: Callable[["Future[Report]"], None],
        begun: Callable[[], None] = _unheard,
    ) -> None:
        """Run a step where it is to be run."""
        self._of(name).start(name, order, logs, done, begun)

    def cancel(self, name: Name) -> None:
        """End a step."""
        self._of(name).cancel(name)

    def _of(self, name: Name) -> Crew:
        return self._here if self._stays(name[0]) else self._elsewhere
