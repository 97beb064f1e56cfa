"""Lookup: which steps need not run, because a result that may be believed is here."""

from collections.abc import Collection, Mapping, Set
from types import MappingProxyType
from typing import Final, NamedTuple

from engine.content.blocks import ManyStore
from engine.content.cid import Cid
from engine.errors import Damaged
from engine.memo import Memo, Policy, Witness
from engine.presence import Presence
from engine.step import RESULT

_NOTHING: Final[Mapping[Cid, Set[str]]] = MappingProxyType({})


class Hit(NamedTuple):
    """A result to be reused."""

    key: Cid
    result: Cid
    outputs: dict[str, Cid]
    attestation: Cid
    signed: Cid | None  # the Signed attestation, when there was a key
    away: frozenset[Cid] = frozenset()  # of the outputs, what is not here...
    maker: bytes = b""  # ...but stayed with this peer: its key


class Lookup:
    """Asks the memo, the policy and the store. For one thread."""

    def __init__(self, store: ManyStore, memo: Memo, policy: Policy, presence: Presence) -> None:
        self._store = store
        self._memo = memo
        self._policy = policy
        self._presence = presence

    def find(
        self, wanted: Mapping[Cid, Set[str]], stays: Mapping[Cid, Set[str]] = _NOTHING
    ) -> dict[Cid, Hit]:
        """Return a hit for each of these keys, given with the names of outputs, that has one.

        `stays`: of some keys the outputs that may be with the peer that made them.
        """
        said = self._memo.look_up(list(wanted))
        chosen = {key: self._policy(witnesses) for key, witnesses in said.items()}
        hits = self.whole([one for one in chosen.values() if one is not None], wanted, stays)
        return {hit.key: hit for hit in hits.values()}

    def whole(
        self,
        chosen: Collection[Witness],
        wanted: Mapping[Cid, Set[str]],
        stays: Mapping[Cid, Set[str]] = _NOTHING,
    ) -> dict[Witness, Hit]:
        """Return which of these results are here with all that they gave, but what may stay."""
        here = self._store.get_many([witness.result for witness in chosen])
        found = {
            witness: hit
            for witness in chosen
            if witness.result in here
            and (hit := _hit(witness, here[witness.result], wanted[witness.key])) is not None
        }
        outputs = [cid for hit in found.values() for cid in hit.outputs.values()]
        whole = self._presence.whole(outputs)
        return {
            witness: hit
            for witness, one in found.items()
            if (hit := _there(witness, one, whole, stays.get(witness.key, frozenset()))) is not None
        }


def _there(witness: Witness, hit: Hit, whole: Set[Cid], stays: Set[str]) -> Hit | None:
    """Return a hit if all that it gave is here, or may be with the peer that made it."""
    lacks = {name: cid for name, cid in hit.outputs.items() if cid not in whole}
    if not lacks:
        return hit
    if not witness.signer or not lacks.keys() <= stays:
        return None
    return hit._replace(away=frozenset(lacks.values()), maker=witness.signer)


def _hit(witness: Witness, data: bytes, outputs: Set[str]) -> Hit | None:
    try:
        result = RESULT.decode(data)
    except Damaged:
        return None
    is_its_own = result.step == witness.key and result.outputs.keys() == outputs
    if not is_its_own or result.exit_code != 0:
        return None
    proof = (witness.attestation, witness.signed)
    return Hit(witness.key, witness.result, result.outputs, *proof)
