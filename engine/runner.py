"""Runner: has one step run somewhere, and brings back what came out. The protocol alone.

The scheduler drives runners and never asks which kind they are: localrunner.py runs a step in a
sandbox of this machine; a peer is one more.
"""

from typing import Final, Protocol

from engine.content.blocks import Block
from engine.content.cid import Cid
from engine.sandbox.base import Limits, LogSink
from engine.step import Attestation, Result, Step
from engine.values import dataclass
from engine.workflow.model import Resources

CANCELLED: Final = "cancelled"  # the reason in the attestation of a step that was ended


@dataclass(frozen=True, slots=True)
class Order:
    """A step to be run, and what it may use; its key is the step's CID."""

    key: Cid
    step: Step
    blocks: tuple[Block, ...]  # the step's own record and the pages that it links to
    limits: Limits
    owner: bytes = b""  # whose step it is; b"" for this machine's own
    apart: tuple[bytes, ...] = ()  # public keys of peers that are not to run it
    is_again: bool = False  # it is to be run, whatever is known of it


@dataclass(frozen=True, slots=True)
class Report:
    """What came out. Nothing in it is durable before `blocks` are put."""

    result: Result
    result_cid: Cid
    attestation: Attestation
    attestation_cid: Cid
    signed: Cid | None  # the Signed attestation, when there was a signer
    signer: bytes  # its public key, or UNSIGNED
    detail: str  # of a failure: which path, and why
    blocks: tuple[Block, ...]
    others: tuple["Report", ...] = ()  # of the same step, run again to check this one

    @property
    def succeeded(self) -> bool:
        """Whether the step exited 0 with all its outputs."""
        return self.attestation.reason == "" and self.result.exit_code == 0

    @property
    def is_kept(self) -> bool:
        """Whether all of it is durable already, and in the memo: whoever had it run did that."""
        return not self.blocks


def limits_of(wants: Resources) -> Limits:
    """Return what a step may use, from what its author asked for."""
    return Limits(memory=wants.memory, disk=wants.disk, wall_ms=wants.wall_ms)


class Runner(Protocol):
    """One slot: runs one step at a time, from one thread."""

    def run(self, order: Order, logs: LogSink) -> Report:
        """Run a step to its end; a step that fails is a Report too.

        Raises: Unavailable when it cannot be run here and now; Refused when it never can.
        """
        ...

    def cancel(self) -> None:
        """End the step that is running, from any thread; `run` then reports "cancelled"."""
        ...

    def close(self) -> None:
        """Give everything back."""
        ...


class Signer(Protocol):
    """The key of whoever runs steps here."""

    public_key: bytes  # Ed25519, 32 bytes

    def sign(self, domain: bytes, payload: bytes) -> bytes:
        """Return the signature over `domain || 0x00 || payload`, 64 bytes."""
        ...
