"""Belief: which results that are known may be reused, by the rule that new ones are checked by."""

from collections.abc import Sequence

from engine.memo import Policy as Choice
from engine.memo import Witness, known_results, own_results
from engine.trust.book import TrustBook
from engine.trust.draw import drawn, likelihood
from engine.trust.policy import Policy

_SETTLED = frozenset(("unchecked", "confirmed", "nondeterministic", "machine"))


def believed(policy: Policy, book: TrustBook, own: bytes) -> Choice:
    """Return what chooses among the witnesses of a step: this machine's own runs come first."""
    mine = own_results(own)
    if policy.by_own:
        return mine
    if not policy.checks:
        return known_results
    secret, owners, passed = book.secret(), book.owners(), dict[bytes, int]()

    def is_safe(one: Witness, all_of_it: Sequence[Witness]) -> bool:
        if policy.least is None:
            signers = {each.signer for each in all_of_it if each.result == one.result}
            return len({owners.get(signer, signer) for signer in signers}) >= policy.owners
        if one.signer not in passed:
            passed.update({one.signer: 0} | book.passed([one.signer]))
        if not drawn(secret, one.attestation, likelihood(passed[one.signer], policy.least)):
            return True
        known = [found for found in book.found([one.key]) if found.result == one.result]
        return any(found.finding in _SETTLED for found in known)

    def choose(witnesses: Sequence[Witness]) -> Witness | None:
        is_safe_here = (one for one in witnesses if is_safe(one, witnesses))
        return mine(witnesses) or next(is_safe_here, None)

    return choose
