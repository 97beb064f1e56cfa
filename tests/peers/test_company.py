"""Whom to ask for something public."""

from engine.content.cid import Cid
from peers.company import DIALLED, Company
from peers.identity import Address, PeerId
from peers.peer_record import Notice
from tests.peers.graphs import leaf
from tests.peers.keys import identity
from tests.peers.test_recruiter import notice

ROOT = leaf(b"root").cid
ONE, TWO, THREE, *REST = (identity(number).peer for number in range(1, 12))


class Around:
    """Who is connected, of whom there is a record, and who is dialled: lines and a registrar."""

    def __init__(self, *connected: PeerId) -> None:
        self.connected = connected
        self.held: dict[PeerId, Notice] = {}
        self.dialled: list[PeerId] = []

    def peers(self) -> tuple[PeerId, ...]:
        """Return who is connected."""
        return self.connected

    @property
    def directory(self) -> dict[PeerId, Notice]:
        """Return the records."""
        return self.held

    def meet(self, address: Address) -> None:
        """Note who is dialled."""
        self.dialled.append(address.peer)


def company(around: Around, *tellers: PeerId) -> Company:
    """Return one in which some say that they have ROOT."""

    def told(scope: Cid) -> tuple[PeerId, ...]:
        return tellers if scope == ROOT else ()

    return Company(around, around, told)


def test_who_says_to_have_it_is_asked_first() -> None:
    """In the order of who says so; then all others that are connected, each once."""
    around = Around(ONE, TWO, THREE)
    assert company(around, THREE, REST[0], TWO).of(ROOT) == (THREE, TWO, ONE)
    assert company(around, THREE).of(leaf(b"other").cid) == (ONE, TWO, THREE)


def test_who_says_to_have_it_and_is_away_is_dialled() -> None:
    """As far as it is known where it listens; a few of many, and nobody for anything else."""
    around = Around(ONE)
    for number in range(2, 12):
        around.held[identity(number).peer] = notice(number)
    assert not company(around, ONE).seek(ROOT)
    assert not company(around, identity(99).peer).seek(ROOT)
    assert not around.dialled
    assert company(around, ONE, TWO, THREE, *REST).seek(ROOT)
    assert around.dialled == [TWO, THREE, *REST][:DIALLED]
