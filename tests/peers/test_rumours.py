"""Rumours: proofs against peers with whom nothing is shared."""

from peers import forks
from peers.identity import PeerId
from peers.proofs import FraudProof
from peers.rumours import MAX_BYTES, MAX_PROOFS, Rumours


def peer(number: int) -> PeerId:
    """Return somebody."""
    return PeerId(number.to_bytes(32, "big"))


def proof(number: int, size: int = 1) -> FraudProof:
    """Return what may prove something."""
    return FraudProof(forks.LOG, peer(number).key, (bytes(size),))


def test_a_proof_is_kept_until_it_is_of_use() -> None:
    """One of each peer: the last."""
    rumours = Rumours()
    rumours.add(peer(1), proof(1))
    rumours.add(peer(1), proof(1, 2))
    assert peer(1) in rumours
    assert rumours.pop(peer(1)) == proof(1, 2)
    assert peer(1) not in rumours
    assert rumours.pop(peer(1)) is None


def test_no_more_than_so_many_are_kept() -> None:
    """Of more the oldest go."""
    rumours = Rumours()
    for number in range(MAX_PROOFS + 1):
        rumours.add(peer(number), proof(number))
    assert peer(0) not in rumours
    assert peer(1) in rumours
    assert peer(MAX_PROOFS) in rumours


def test_no_more_than_so_many_bytes_are_kept() -> None:
    """What was let go of does not count."""
    rumours = Rumours()
    for number in range(8):
        rumours.add(peer(number % 2), proof(number % 2, MAX_BYTES // 2))
    assert peer(0) in rumours
    assert peer(1) in rumours
    rumours.add(peer(2), proof(2))
    assert [peer(number) in rumours for number in range(3)] == [False, True, True]
