"""Step, Result, Attestation: the records of one unit of work. A Step's CID is its key.

A Step holds what can change the result and nothing else: no names of steps, no paths of this
machine, no times, resources, retries or peers. Everything here is pure.
"""

from dataclasses import dataclass
from typing import Final, NewType

from engine.content.cid import Cid
from engine.content.schema import Record

StepKey = NewType("StepKey", Cid)

CONTRACT: Final = 1  # the version of "What a step sees" (docs/steps.md)
SYSTEM: Final = "x86_64-linux"
REQUIRES: Final = "x86-64-v3"  # without FMA and AVX2 even exp() has other last bits
MAX_INLINE_SCRIPT: Final = 64 * 1024  # bytes; a longer script is linked, so that a record stays small
GATHER_PAGE: Final = 1_000  # items; more go in pages, so that a record stays under 1 MiB


@dataclass(frozen=True, slots=True)
class Platform:
    """The machine a step is for: Nix's system name and the CPU level it requires."""

    requires: str
    system: str


@dataclass(frozen=True, slots=True)
class Gather:
    """Many values in order: up to GATHER_PAGE as `items`, or else links to GatherPages."""

    items: tuple[Cid, ...]
    pages: tuple[Cid, ...]


@dataclass(frozen=True, slots=True)
class GatherPage:
    """Up to GATHER_PAGE of the values of a long Gather."""

    items: tuple[Cid, ...]


@dataclass(frozen=True, slots=True)
class Step:
    """One fully resolved unit of work.

    Exactly one of `command`, `script` and `script_link` is set: a list to execute, or the text
    of a file for `/bin/sh -eu`, linked when it is longer than MAX_INLINE_SCRIPT.
    """

    closure: Cid
    command: tuple[str, ...]
    script: str
    script_link: Cid | None
    variables: dict[str, str]  # all of them, the numeric profile too
    inputs: dict[str, Cid]  # name -> file or tree, seen at /in/NAME
    gathers: dict[str, Gather]  # name -> values, seen at /in/NAME/0, /in/NAME/1, ...
    outputs: dict[str, str]  # name -> path below /out
    platform: Platform
    contract: int


@dataclass(frozen=True, slots=True)
class Result:
    """What a step gave: nothing in it varies between two honest runs."""

    step: Cid
    exit_code: int  # 128 + N when it died of signal N
    outputs: dict[str, Cid]  # all of the step's outputs, or none when it failed


@dataclass(frozen=True, slots=True)
class Attestation:
    """Who ran a step, where, when and how it went; it varies, so nothing is keyed by it."""

    step: Cid
    result: Cid
    sandbox: str  # tier and its version, as "bwrap 0.8.0 seccomp watchdog"
    system: str  # kernel and CPU, as the machine says
    started_ms: int  # since 1970 UTC, by the clock of whoever ran it
    wall_ms: int
    processor_ms: int
    peak_memory: int  # bytes
    stdout: Cid | None  # a raw file; None when nothing was printed
    stderr: Cid | None
    truncated: bool  # the logs went over their limit
    reason: str  # "" or why it did not end by itself: "timeout", "memory", "disk", "cancelled", ...


@dataclass(frozen=True, slots=True)
class Signed:
    """A record's exact bytes and a signature over `domain || 0x00 || payload`."""

    payload: bytes
    public_key: bytes  # Ed25519, 32 bytes
    signature: bytes  # Ed25519, 64 bytes


STEP: Final = Record("tallystick/step/1", Step)
GATHER_PAGE_RECORD: Final = Record("tallystick/gather-page/1", GatherPage)
RESULT: Final = Record("tallystick/result/1", Result)
ATTESTATION: Final = Record("tallystick/attestation/1", Attestation)
SIGNED: Final = Record("tallystick/signed/1", Signed)
