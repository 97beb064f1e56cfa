"""Lookup: which steps need not run, because a result that may be believed is here."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from engine.content.blocks import BlockStore
from engine.content.cid import Cid
from engine.errors import Damaged, Unavailable
from engine.memo import Memo, Policy
from engine.presence import Presence
from engine.step import RESULT, Result, Step


@dataclass(frozen=True, slots=True)
class Hit:
    """A result to be reused."""

    result_cid: Cid
    result: Result
    attestation: Cid


class Lookup:
    """Asks the memo, the policy and the store. For one thread."""

    def __init__(self, store: BlockStore, memo: Memo, policy: Policy, presence: Presence) -> None:
        self._store = store
        self._memo = memo
        self._policy = policy
        self._presence = presence

    def find(self, steps: Mapping[Cid, Step]) -> dict[Cid, Hit]:
        """Return a hit for each of these steps, given by key, that has one."""
        claimed = self._memo.look_up(list(steps))
        chosen = {key: self._policy(claims) for key, claims in claimed.items()}
        found = {
            key: hit
            for key, claim in chosen.items()
            if claim is not None
            and (hit := self._read(key, steps[key], claim.result, claim.attestation)) is not None
        }
        return self._complete(found)

    def recorded(self, key: Cid, step: Step, result: Cid, attestation: Cid) -> Hit | None:
        """Return a result that this very run has recorded, unless it is not all here."""
        hit = self._read(key, step, result, attestation)
        return None if hit is None else self._complete({key: hit}).get(key)

    def _read(self, key: Cid, step: Step, cid: Cid, attestation: Cid) -> Hit | None:
        try:
            result = RESULT.decode(self._store.get(cid))
        except (Unavailable, Damaged):
            return None
        is_its_own = result.step == key and result.outputs.keys() == step.outputs.keys()
        return Hit(cid, result, attestation) if is_its_own and result.exit_code == 0 else None

    def _complete(self, hits: dict[Cid, Hit]) -> dict[Cid, Hit]:
        outputs: Sequence[Cid] = [
            cid for hit in hits.values() for cid in hit.result.outputs.values()
        ]
        whole = self._presence.whole(outputs)
        return {
            key: hit for key, hit in hits.items() if whole.issuperset(hit.result.outputs.values())
        }
