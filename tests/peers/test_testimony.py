"""What a provider says of a step, and whether that can be so."""

import pytest

from engine.attestations import WITH_MACHINE, MachineAttestation
from engine.content.blocks import Block
from engine.content.cid import DAG_CBOR, RAW, Cid
from engine.errors import Damaged
from engine.step import ATTESTATION, RESULT, Attestation, Result
from peers import testimony
from peers.agreement import Said
from peers.run_frames import Task
from peers.step_messages import Need
from tests.engine.test_attestations import HERE

KEY = Cid.of(DAG_CBOR, b"a step")
MADE = RESULT.block(Result(KEY, 0, {"o": Cid.of(RAW, b"made")}))
WORD = (KEY, MADE.cid, "bwrap", "Linux", 1, 2, 3, 4, None, None, False, "")
NEED = Need(KEY, memory=1, disk=1, wall_ms=1)
TASK = Task(1, KEY, NEED, 1, None, ("o",), ())


def _said(attestation: Block) -> Said:
    return Said(KEY, MADE.cid, attestation.cid)


def test_between_peers_there_is_the_first_version() -> None:
    """The second is refused: proofs are made of what every peer reads."""
    first = ATTESTATION.block(Attestation(*WORD))
    assert testimony.testify(TASK, _said(first), (MADE, first)).succeeded
    second = WITH_MACHINE.block(MachineAttestation(*WORD, HERE))
    with pytest.raises(Damaged, match="it is tallystick/attestation/2"):
        testimony.testify(TASK, _said(second), (MADE, second))
