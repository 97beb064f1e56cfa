"""Lookup: which steps need not run, because a result that may be believed is here."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from engine.content.blocks import BlockStore
from engine.content.cid import Cid
from engine.errors import Damaged, Unavailable
from engine.memo import Memo, Policy, Witness
from engine.presence import Presence
from engine.step import RESULT, Result, Step


@dataclass(frozen=True, slots=True)
class Hit:
    """A result to be reused."""

    result_cid: Cid
    result: Result
    attestation: Cid
    signed: Cid | None  # the Signed attestation, when there was a key


class Lookup:
    """Asks the memo, the policy and the store. For one thread."""

    def __init__(self, store: BlockStore, memo: Memo, policy: Policy, presence: Presence) -> None:
        self._store = store
        self._memo = memo
        self._policy = policy
        self._presence = presence

    def find(self, steps: Mapping[Cid, Step]) -> dict[Cid, Hit]:
        """Return a hit for each of these steps, given by key, that has one."""
        said = self._memo.look_up(list(steps))
        chosen = {key: self._policy(witnesses) for key, witnesses in said.items()}
        found = {
            key: hit
            for key, witness in chosen.items()
            if witness is not None and (hit := self._read(steps[key], witness)) is not None
        }
        return self._complete(found)

    def recorded(self, step: Step, witness: Witness) -> Hit | None:
        """Return a result that this very run has recorded, unless it is not all here."""
        hit = self._read(step, witness)
        return None if hit is None else self._complete({witness.key: hit}).get(witness.key)

    def _read(self, step: Step, witness: Witness) -> Hit | None:
        try:
            result = RESULT.decode(self._store.get(witness.result))
        except (Unavailable, Damaged):
            return None
        is_its_own = result.step == witness.key and result.outputs.keys() == step.outputs.keys()
        if not is_its_own or result.exit_code != 0:
            return None
        return Hit(witness.result, result, witness.attestation, witness.signed)

    def _complete(self, hits: dict[Cid, Hit]) -> dict[Cid, Hit]:
        outputs: Sequence[Cid] = [
            cid for hit in hits.values() for cid in hit.result.outputs.values()
        ]
        whole = self._presence.whole(outputs)
        return {
            key: hit for key, hit in hits.items() if whole.issuperset(hit.result.outputs.values())
        }
