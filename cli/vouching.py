"""Vouching: who says that a step gave its result, and by which rule that is believed here."""

from typing import TYPE_CHECKING, Final, NamedTuple

from cli.report import counted
from cli.workspace import Workspace
from engine.memo import UNSIGNED
from engine.trust.book import TRUST_FILE

if TYPE_CHECKING:
    from engine.content.cid import Cid
    from engine.summary import StepSummary

_FOUND: Final = {
    "unchecked": "no check of it was drawn, or demanded, in the run that had it from a peer",
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
    owners: int = 0  # how many are believed who gave it: peers of one owner are one

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
        parts = (
            f"vouched for by {who}",
            self._counted if self.has_others else "",
            self.why or rule,
        )
        return "; ".join(filter(None, parts))

    @property
    def _counted(self) -> str:
        """How much --trust may demand for it to be reused, whatever run it came in."""
        return f"by {counted(self.owners, 'owner')}, as --trust counts them"

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
    finding, evidence, owners = "", None, dict[bytes, str]()
    if (space.home / TRUST_FILE).exists():  # looking at a run makes no file
        owners = space.trust.owners()
        for one in space.trust.found([step.key]):
            if one.result == step.result:
                finding, evidence = one.finding, one.evidence
    heard = space.memo.look_up([step.key]).get(step.key, ())
    believed = {owners.get(one.signer, one.signer) for one in heard if one.result == step.result}
    return Vouched(tuple(map(_named, signers)), finding, evidence, len(believed))


def _named(signer: bytes) -> str | None:
    if signer == UNSIGNED:
        return None
    from peers.identity import PeerId

    return str(PeerId(signer))
