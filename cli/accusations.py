"""Accusations: the evidence of wrong results that a home has, and against whom."""

from contextlib import suppress
from pathlib import Path
from typing import Final, NamedTuple

from cli.workspace import Workspace
from engine.content.cid import DAG_CBOR, Cid
from engine.content.schema import kind_of
from engine.errors import Damaged, NotHere
from engine.trust.wrong import WRONG_RESULT, open_wrong
from peers.identity import PeerId

EVIDENCE_PIN: Final = "evidence"  # of what this home found: collected when a person lets go of it


class Accusation(NamedTuple):
    """Evidence, and whom it names."""

    evidence: Cid
    step: Cid
    accused: PeerId
    ran_ms: int  # when the accused ran the step, by its own word
    found_here: bool  # this home ran the step, too, or had others run it; else it was imported


def accusations(space: Workspace) -> list[Accusation]:
    """Return all evidence that is kept here, what was run last first."""
    if not has_store(space.home):
        return []
    found_here = set(space.store.pins.of(EVIDENCE_PIN))
    kept = dict.fromkeys(cid for cid, _ in space.store.pins.all() if cid.codec == DAG_CBOR)
    found = []
    for cid in kept:
        with suppress(NotHere, Damaged):  # 'tally fsck' speaks of what is damaged
            if kind_of(data := space.store.get(cid)) == WRONG_RESULT.kind:
                wrong = WRONG_RESULT.decode(data)
                claim = open_wrong(wrong).claim
                ran_ms, accused = claim.attestation.started_ms, PeerId(claim.signer)
                found.append(Accusation(cid, wrong.step, accused, ran_ms, cid in found_here))
    return sorted(found, key=lambda one: (-one.ran_ms, one.evidence))


def has_store(home: Path) -> bool:
    """Return whether a home has any content: looking makes no store."""
    return (home / "store" / "index.db").exists()


def row_of(one: Accusation) -> dict[str, object]:
    """Return evidence as it is printed for scripts."""
    return {
        "evidence": str(one.evidence),
        "step": str(one.step),
        "accused": str(one.accused),
        "ran_ms": one.ran_ms,
        "found_here": one.found_here,
    }
