"""Rumours: proofs against strangers that are not in the ledger: the last of them. Pure.

>>> rumours = Rumours()
>>> rumours.add(convict, proof)                                          # doctest: +SKIP
>>> rumours.pop(convict)                                                 # doctest: +SKIP
"""

from typing import Final

from peers.identity import PeerId
from peers.proofs import FraudProof

MAX_PROOFS: Final = 1_024  # anybody makes keys and convicts them: that costs memory alone
MAX_BYTES: Final = 4 * 1024 * 1024  # of those; a fork has about one thousand


class Rumours:
    """One proof for each convict."""

    def __init__(self) -> None:
        self._proofs: dict[PeerId, FraudProof] = {}
        self._bytes = 0

    def __contains__(self, convict: PeerId) -> bool:
        """Return whether there is one against a peer."""
        return convict in self._proofs

    def add(self, convict: PeerId, proof: FraudProof) -> None:
        """Keep a proof that holds, and let go of the oldest when there are too many."""
        self.pop(convict)
        self._proofs[convict] = proof
        self._bytes += proof.size
        while len(self._proofs) > MAX_PROOFS or self._bytes > MAX_BYTES:
            self.pop(next(iter(self._proofs)))

    def pop(self, convict: PeerId) -> FraudProof | None:
        """Return the proof against a peer, and let go of it."""
        proof = self._proofs.pop(convict, None)
        self._bytes -= 0 if proof is None else proof.size
        return proof
