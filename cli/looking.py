"""Looking: IPFS as a source of content of which it is said that it is asked, if that takes long."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from threading import Timer
from typing import TYPE_CHECKING, Final

from cli.report import note
from engine.content.blocks import ManyStore
from engine.content.cid import Cid
from engine.sources import Came, Source

if TYPE_CHECKING:
    from engine.foreign import Export

SOON_S: Final = 2.0  # who has found it by then has nothing to say
LONGEST_S: Final = 30  # that a node looks for a root: FIRST_WAIT_S of engine/ipfs/fetch.py


class Looking:
    """A Source (engine/sources.py) that says once of each root that it is looked for."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._said: set[Cid] = set()

    @property
    def name(self) -> str:
        """What it is called."""
        return self._source.name

    def fetch(self, store: ManyStore, root: Cid, within: Cid, came: Came) -> None:
        """Put all that a root leads to in a store.

        Raises: as the source does.
        """
        with self._aloud(within) as found:

            def counted(size: int) -> None:
                found()
                came(size)

            self._source.fetch(store, root, within, counted)

    def bring(self, store: ManyStore, cids: Sequence[Cid], within: Cid) -> None:
        """Put some blocks in a store.

        Raises: as the source does.
        """
        with self._aloud(within):
            self._source.bring(store, cids, within)

    @contextmanager
    def _aloud(self, root: Cid) -> Iterator[Callable[[], None]]:
        if root in self._said:
            yield lambda: None
            return
        self._said.add(root)
        with aloud(str(root)) as found:
            yield found


@contextmanager
def aloud(name: str) -> Iterator[Callable[[], None]]:
    """Say soon that something is looked for; lend what says that it was found."""
    timer = Timer(SOON_S, note, (f"looking for {name} on IPFS, for up to {LONGEST_S} s",))
    timer.daemon = True
    timer.start()
    try:
        yield timer.cancel
    finally:
        timer.cancel()


def looking(export: "Export") -> "Export":
    """Return what has all that a CID leads to, and says that it is looked for."""

    @contextmanager
    def exported(root: str) -> Iterator[Iterator[bytes]]:
        with aloud(root) as found, export(root) as pieces:
            found()
            yield pieces

    return exported
