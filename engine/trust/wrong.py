"""WrongResult: that a peer gave its word for a wrong result, for anybody to look at. Pure.

What is certain is whose word it is, and that others gave theirs for something else. Which of them
is right, each finds out alone, by running the step: that is why all that it takes is linked.
"""

from collections.abc import Mapping
from typing import Final, Literal, NamedTuple

from engine.attestations import read_attestation, record_of
from engine.batch import BATCH, PROOF, is_proved
from engine.content.cid import Cid
from engine.content.schema import Record
from engine.errors import Damaged
from engine.machine import class_in
from engine.seals import holds
from engine.step import RESULT, SIGNED, Attestation, Result
from engine.values import dataclass

Verdict = Literal["wrong", "right", "undecided"]  # of the result that is said to be wrong
Outputs = Mapping[str, Cid]

MAX_WORDS: Final = 16  # executions of one step are nine at most


@dataclass(frozen=True, slots=True)
class Word:
    """What somebody says of a step, with the records that prove it; exact bytes of each."""

    signed: bytes  # a Signed batch; or a Signed attestation; or b"" when nobody signed
    path: bytes  # the Proof from that batch; b"" when there is none
    attestation: bytes
    result: bytes


@dataclass(frozen=True, slots=True)
class WrongResult:
    """A result that is wrong, by the word of whoever gave it, and of others who did not."""

    step: Cid
    environment: Cid  # that carries the step's closure
    cores: int  # that whoever runs the step is to lend it
    memory: int  # bytes
    scratch: int  # bytes of disk
    wall_ms: int
    claim: Word  # the wrong one
    others: tuple[Word, ...]  # at least one: what it should be


class Spoken(NamedTuple):
    """A word that was looked at."""

    signer: bytes  # Ed25519 public key; b"" of an unsigned one
    attestation: Attestation
    result: Result


class Opened(NamedTuple):
    """What a WrongResult shows."""

    claim: Spoken
    others: tuple[Spoken, ...]


def open_wrong(wrong: WrongResult) -> Opened:
    """Return what is shown, with all signatures checked.

    Raises: Damaged when it does not show that somebody signed what others contradict.
    """
    claim = listen(wrong.claim)
    others = tuple(map(listen, wrong.others))
    if not claim.signer:
        raise Damaged("nobody signed the result that is said to be wrong")
    if claim.attestation.reason or claim.result.exit_code:
        raise Damaged("what is said to be wrong is no result: its step did not succeed there")
    for one in (claim, *others):
        if one.result.step != wrong.step:
            raise Damaged("it shows results of another step")
    if any(one.result == claim.result or one.signer == claim.signer for one in others):
        raise Damaged("those who contradict say the same, or are the same")
    return Opened(claim, others)


def stands(shown: Opened, here: Outputs, varied: Outputs, machine: str) -> tuple[Verdict, str]:
    """Return whether a result is wrong, as is said, and why that cannot be told if it cannot.

    `here`, `varied`: what the step gives on this machine, and then under other conditions, empty
    where it fails; `machine`: the class of this machine.
    """
    claim = shown.claim
    there = class_in(claim.attestation.system)
    if claim.result.outputs in (here, varied):
        return "right", "the step gives here what the accused says"
    if here != varied:
        return "undecided", "the step gives now this, now that"
    if all(here != one.result.outputs for one in shown.others):
        return "undecided", "it gives neither"
    if there not in ("", machine):
        return "undecided", f"the accused ran it on another class of machine, {there}"
    return "wrong", ""


def listen(word: Word) -> Spoken:
    """Return what a word says, and whose it is.

    Raises: Damaged when its records do not belong together, or are not what was signed.
    """
    attestation, result = read_attestation(word.attestation), RESULT.decode(word.result)
    if not attestation.result.matches(word.result) or result.step != attestation.step:
        raise Damaged("an attestation is of another result")
    if not word.signed:
        return Spoken(b"", attestation, result)
    signed = SIGNED.decode(word.signed)
    if not word.path:
        kind = record_of(attestation).kind
        if signed.payload != word.attestation or not holds(kind, signed):
            raise Damaged("an attestation is not signed by its signer")
        return Spoken(signed.public_key, attestation, result)
    proof, batch = PROOF.decode(word.path), BATCH.decode(signed.payload)
    is_led_to = proof.batch.matches(word.signed) and proof.attestation.matches(word.attestation)
    if not is_led_to or not is_proved(batch, proof, attestation) or not holds(BATCH.kind, signed):
        raise Damaged("a batch is not signed by its signer, or not of that attestation")
    return Spoken(signed.public_key, attestation, result)


def _check(wrong: WrongResult) -> None:
    if min(wrong.cores, wrong.memory, wrong.scratch, wrong.wall_ms) < 1:
        raise Damaged("a step needs more than nothing to run")
    if not 0 < len(wrong.others) <= MAX_WORDS:
        raise Damaged(f"it has the word of 1 to {MAX_WORDS} others")


WRONG_RESULT: Final = Record("tallystick/wrong-result/1", WrongResult, _check)
