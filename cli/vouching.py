"""Vouching: who says that a step gave its result, and by which rule that is believed here."""

from typing import TYPE_CHECKING, Final, NamedTuple

from cli.workspace import Workspace
from engine.memo import UNSIGNED
from engine.trust.book import TRUST_FILE

if TYPE_CHECKING:
    from engine.content.cid import Cid
    from engine.summary import StepSummary

_FOUND: Final = {
    "unchecked": "it came from a peer, and no check of it was drawn, or demanded",
    "confirmed": "it was run again, by somebody else, and gave the same",
    "nondeterministic": "run again it gave something else: the step is not deterministic",
    "machine": "other classes of machine give something else",
    "wrong": "all others contradict it",
    "disputed": "others contradict it, and too few were there to tell who is right",
}


class Vouched(NamedTuple):
    """Who vouches for a result."""

    signers: tuple[str | None, ...]  # peer ids; None: this machine, which ran it itself
    finding: str  # of a check, one of weighing.Finding; "" when there was none
    evidence: "Cid | None"  # of a wrong one

    @property
    def has_others(self) -> bool:
        """Whether a peer is among them."""
        return any(one is not None for one in self.signers)

    @property
    def words(self) -> str:
        """What a person is told."""
        if not self.signers:
            return ""
        who = ", ".join("this machine" if one is None else one for one in self.signers)
        rule = "this machine believes what it ran itself" if None in self.signers else ""
        return "; ".join(part for part in (f"vouched for by {who}", self.why or rule) if part)

    @property
    def why(self) -> str:
        """What a check of it came to, in words."""
        found = _FOUND.get(self.finding, "")
        return f"{found} ('tally verify {self.evidence}')" if self.evidence else found


def vouched(space: Workspace, step: "StepSummary") -> Vouched:
    """Return who vouches for what a step gave; also those who are believed no more."""
    if step.key is None or step.result is None:
        return Vouched((), "", None)
    said = space.memo.said_of(step.key)
    signers = [one.signer for one in said if one.result == step.result]
    finding, evidence = "", None
    if (space.home / TRUST_FILE).exists():  # looking at a run makes no file
        for one in space.trust.found([step.key]):
            if one.result == step.result:
                finding, evidence = one.finding, one.evidence
    return Vouched(tuple(map(_named, signers)), finding, evidence)


def _named(signer: bytes) -> str | None:
    if signer == UNSIGNED:
        return None
    from peers.identity import PeerId

    return str(PeerId(signer))
