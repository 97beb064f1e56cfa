"""Testimony: what a provider says of one step, with its records, and whether that can be so. Pure.

Nothing here says that the result is right: only that it is one of this step, whole and well-formed.
"""

from typing import Final, NamedTuple

from engine.content.blocks import Block
from engine.content.cid import Cid
from engine.errors import Damaged
from engine.runner import CANCELLED
from engine.step import ATTESTATION, RESULT, Attestation, Result
from peers.agreement import Said
from peers.run_frames import Task

MAX_LOGS: Final = 256 * 1024 * 1024  # bytes that a step may have printed; sandboxes keep far less


class Testimony(NamedTuple):
    """What is said of a step."""

    task: Task
    said: Said
    result: Result
    attestation: Attestation
    records: tuple[Block, Block]  # of those two
    wanted: tuple[Cid, ...]  # what was printed, and the outputs that may not stay away
    staying: tuple[Cid, ...]  # what else came out: it may stay with whoever made it

    @property
    def roots(self) -> tuple[Cid, ...]:
        """What came out, besides the records."""
        return (*self.wanted, *self.staying)

    @property
    def most_bytes(self) -> int:
        """How much that is at most."""
        return self.task.need.disk + MAX_LOGS

    @property
    def succeeded(self) -> bool:
        """Whether the step gave what it was to give."""
        return self.attestation.reason == "" and self.result.exit_code == 0


def testify(task: Task, said: Said, records: tuple[Block, Block]) -> Testimony:
    """Return what is said of a step.

    Raises: Damaged, with what no honest provider would say.
    """
    result, attestation = RESULT.decode(records[0].data), ATTESTATION.decode(records[1].data)
    if (why := _objection(task, said, result, attestation)) is not None:
        raise Damaged(why)
    gave = result.outputs
    logs = [cid for cid in (attestation.stdout, attestation.stderr) if cid is not None]
    wanted = (*(cid for name, cid in gave.items() if name not in task.stays), *logs)
    away = (cid for name, cid in gave.items() if name in task.stays)
    staying = tuple(cid for cid in away if cid not in wanted)
    return Testimony(task, said, result, attestation, records, wanted, staying)


def _objection(task: Task, said: Said, result: Result, attestation: Attestation) -> str | None:
    if not result.step == attestation.step == said.step == task.key:
        return "its records are of another step"
    if attestation.result != said.result:
        return "it attests another result"
    if attestation.reason == CANCELLED:
        return "it attests that it was told to stop, and hands that back as a result"
    is_good = result.exit_code == 0 and attestation.reason == ""
    if is_good and result.outputs.keys() != set(task.outputs):
        return "its outputs are not those of the step"
    if not is_good and result.outputs:
        return "it failed and has outputs"
    return None
