"""Step, Result, Attestation: the records of one unit of work. A Step's CID is its key.

A Step holds what can change the result and nothing else: no names of steps, no paths of this
machine, no times, resources, retries or peers. Everything here is pure.
"""

from typing import Final

from engine.content.cid import Cid
from engine.content.names import impossible, impossible_path
from engine.content.schema import Record
from engine.errors import Damaged
from engine.values import dataclass

CONTRACT: Final = 1  # the version of "What a step sees" (docs/steps.md)
SYSTEM: Final = "x86_64-linux"
REQUIRES: Final = "x86-64-v3"  # without FMA and AVX2 even exp() has other last bits
MAX_INLINE_SCRIPT: Final = 64 * 1024  # bytes; a longer one is linked, so that records stay small
GATHER_PAGE: Final = 1_000  # items; more go in pages, so that a record stays under 1 MiB
MAX_EXIT_CODE: Final = 255
PUBLIC_KEY: Final = 32  # bytes, of Ed25519
SIGNATURE: Final = 64


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


def _check_step(step: Step) -> None:
    if bool(step.command) + bool(step.script) + (step.script_link is not None) != 1:
        raise Damaged("it has not exactly one of command, script and script_link")
    if len(step.script.encode()) > MAX_INLINE_SCRIPT:
        raise Damaged(f"its script is over {MAX_INLINE_SCRIPT} bytes and not linked")
    if "\0" in "".join((*step.command, *step.variables, *step.variables.values())):
        raise Damaged("its command or variables have NUL in them")
    if "" in step.variables or "=" in "".join(step.variables):
        raise Damaged("a variable is named '' or has '=' in its name")
    _check_inputs(step)
    for name, path in step.outputs.items():
        if why := impossible_path(path):
            raise Damaged(f"its output '{name[:80]}' cannot be at its path: {why}")
    if step.contract < 1:
        raise Damaged("its contract has no number")


def _check_inputs(step: Step) -> None:
    """Check that each input and gather has a place of its own below /in."""
    places = [*step.inputs, *step.gathers, *(f"{name}.list" for name in step.gathers)]
    for name in places:
        if why := impossible(name):
            raise Damaged(f"an input cannot be at /in/{name[:80]}: {why}")
    if len(set(places)) != len(places):
        raise Damaged("two of its inputs have one place below /in")
    for gather in step.gathers.values():
        if len(gather.items) > GATHER_PAGE or (gather.pages and gather.items):
            raise Damaged(f"it gathers both items and pages, or over {GATHER_PAGE} items")
        if len(gather.pages) == 1:
            raise Damaged("it gathers a single page, whose items should be in it")


def _check_page(page: GatherPage) -> None:
    if not 0 < len(page.items) <= GATHER_PAGE:
        raise Damaged(f"it has not 1 to {GATHER_PAGE} items")


def _check_result(result: Result) -> None:
    if not 0 <= result.exit_code <= MAX_EXIT_CODE:
        raise Damaged(f"no program exits with {result.exit_code}")
    if result.exit_code and result.outputs:
        raise Damaged("it failed and has outputs")


def check_attestation(attestation: Attestation) -> None:
    """Look whether something can be an attestation.

    Raises: Damaged.
    """
    figures = (attestation.wall_ms, attestation.processor_ms, attestation.peak_memory)
    if min(figures) < 0 or attestation.started_ms < 0:
        raise Damaged("it has a figure below zero")


def _check_signed(signed: Signed) -> None:
    if len(signed.public_key) != PUBLIC_KEY or len(signed.signature) != SIGNATURE:
        raise Damaged("its key or signature is not of Ed25519")


STEP: Final = Record("tallystick/step/1", Step, _check_step)
GATHER_PAGE_RECORD: Final = Record("tallystick/gather-page/1", GatherPage, _check_page)
RESULT: Final = Record("tallystick/result/1", Result, _check_result)
ATTESTATION: Final = Record("tallystick/attestation/1", Attestation, check_attestation)
SIGNED: Final = Record("tallystick/signed/1", Signed, _check_signed)
