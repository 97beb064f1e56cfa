"""Circle: whom the user of a home knows: itself, those it named, those that were convicted."""

from contextlib import closing
from pathlib import Path

from engine.errors import TallyError
from peers.addressbook import AddressBook
from peers.identity import PeerId
from peers.keyring import Keyring
from peers.ledger_file import LedgerFile
from peers.search import Circle


def circle_of(home: Path) -> Circle:
    """Return whom the user knows; a home with no key is nobody yet, and gets none by this.

    Raises: Refused, Damaged, Unavailable when what says so cannot be read.
    """
    keys = home / "keys"
    me = Keyring(keys).identity().peer if (keys / "identity").exists() else None
    return Circle(me, AddressBook(home / "peers").peers(), _convicted(home))


def _convicted(home: Path) -> frozenset[PeerId]:
    """Return who cheats, by what the ledger has proof of."""
    if not LedgerFile.is_here(home):
        return frozenset()
    try:
        with closing(LedgerFile(home)) as file:
            return frozenset(file.load().convicts)
    except TallyError:  # of a ledger that cannot be read, 'tally credit' speaks
        return frozenset()
