"""Verdict: how far a rerun's result is the recorded one. Pure; compare.py looks inside outputs.

>>> worst(["identical", "equivalent"])
'equivalent'
"""

from collections.abc import Iterable, Iterator, Mapping
from fractions import Fraction
from itertools import islice
from math import ceil
from typing import Final, Literal

from engine.compare import Difference, compare
from engine.content.cid import Cid
from engine.content.reader import Get
from engine.contrast import Contrast, contrast
from engine.deviation import Deviation, Spot
from engine.opinion import Opinion, no_opinion
from engine.step import Result
from engine.values import dataclass
from engine.workflow.model import Comparator, OutputFile, Verify

Verdict = Literal["identical", "equivalent", "differs", "failed"]
RunVerdict = Literal["reproduced", "equivalent", "differs", "failed"]

NOT_ASKED: Final = "its comparator was not run"

SELDOM: Final = Fraction(1, 20)  # what a sample bounds holds at 95 % confidence

_RANKS: Final[tuple[Verdict, ...]] = ("identical", "equivalent", "differs", "failed")


@dataclass(frozen=True, slots=True)
class OutputVerdict:
    """One output, as it was and as it is now."""

    verdict: Verdict
    was: Cid | None
    now: Cid | None
    difference: Difference | None  # the first that the output's rule minds
    inside: Contrast | None = None  # all that is not the same; None where nothing was looked into
    opinion: Opinion | None = None  # of the program that compared them, if there is one

    @property
    def deviation(self) -> Deviation | None:
        """How far they are apart at most: as their author measures it, or else by number."""
        if self.opinion is not None and self.opinion.deviation is not None:
            return Deviation(Spot("", "", self.opinion.deviation), None, is_whole=True)
        return self.inside.deviation if self.inside else None


@dataclass(frozen=True, slots=True)
class Executor:
    """Where a step was run again, and who says so."""

    system: str
    sandbox: str
    signer: str  # the public key as hexadecimal text; "" for nobody: this machine did
    wall_ms: int


@dataclass(frozen=True, slots=True)
class StepVerdict:
    """One instance of a step."""

    id: str  # as "train[1]"
    verdict: Verdict
    outputs: dict[str, OutputVerdict]
    note: str  # why it failed, in words
    by: Executor | None = None  # None where nobody ran it to its end


def worst(verdicts: Iterable[Verdict]) -> Verdict:
    """Return the verdict on a whole, from those on its parts."""
    return max(verdicts, key=_RANKS.index, default="identical")


def of_run(steps: Iterable[StepVerdict]) -> RunVerdict:
    """Return the verdict on a run: reproduced when every step is identical."""
    verdict = worst(step.verdict for step in steps)
    return "reproduced" if verdict == "identical" else verdict


def judge(
    id: str,  # noqa: A002
    was: Result,
    now: Result,
    declared: dict[str, OutputFile],
    get: Get,
    note: str = "",
    opinions: Mapping[str, Opinion] | None = None,
) -> StepVerdict:
    """Compare a result with the recorded one, each output by its own rule.

    `note` says why the step failed now, if it did; `opinions` has those of comparators, by output.

    Raises: Unavailable when an output that must be looked into is not here; Damaged when it is
    malformed.
    """
    if was == now and not note:
        same = {
            name: OutputVerdict("identical", cid, cid, None) for name, cid in was.outputs.items()
        }
        return StepVerdict(id, "identical", same, note)
    if was.outputs and not now.outputs:
        lost = {name: OutputVerdict("failed", cid, None, None) for name, cid in was.outputs.items()}
        return StepVerdict(id, "failed", lost, note)
    outputs = {
        name: judge_output(
            was.outputs.get(name),
            now.outputs.get(name),
            declared.get(name),
            get,
            opinion=(opinions or {}).get(name),
        )
        for name in sorted(was.outputs.keys() | now.outputs.keys())
    }
    verdict = worst(output.verdict for output in outputs.values())
    if was.exit_code != now.exit_code:
        verdict = worst([verdict, "differs"])
    return StepVerdict(id, verdict, outputs, note or _why_failed(outputs))


def judge_output(
    was: Cid | None,
    now: Cid | None,
    declared: OutputFile | None,
    get: Get,
    inside: Contrast | None = None,
    opinion: Opinion | None = None,
) -> OutputVerdict:
    """Compare an output with the recorded one, by the rule that it declares.

    `inside` is what is not the same in them, if that is known; `opinion` what its comparator says.
    Without that, one that has a comparator differs.

    Raises: Unavailable when it must be looked into and is not here; Damaged when it is malformed.
    """
    if was == now:
        return OutputVerdict("identical", was, now, None)
    if was is None or now is None:
        lost = Difference("", "", "is new" if was is None else "is missing")
        return OutputVerdict("differs", was, now, lost)
    rule = declared.verify if declared else Verify("exact", None)
    if rule.rule == "none":
        return OutputVerdict("equivalent", was, now, None, inside)
    tolerance = None if rule.tolerance is None else float(rule.tolerance)
    name = declared.path if declared else ""
    if rule.rule == "compare":
        inside = inside or contrast(get, was, now, name)
        return _by_opinion(was, now, inside, opinion or no_opinion(NOT_ASKED))
    difference = compare(get, was, now, tolerance, name)
    inside = inside or contrast(get, was, now, name)
    return OutputVerdict("differs" if difference else "equivalent", was, now, difference, inside)


def to_compare(
    was: Result, now: Result, declared: Mapping[str, OutputFile]
) -> Iterator[tuple[str, Comparator, Cid, Cid]]:
    """Yield the outputs that a comparator has to look at: name, comparator, was, now."""
    for name, output in declared.items():
        old, new = was.outputs.get(name), now.outputs.get(name)
        comparator = output.verify.comparator
        if comparator is not None and old is not None and new is not None and old != new:
            yield name, comparator, old, new


def _why_failed(outputs: Mapping[str, OutputVerdict]) -> str:
    failed = (name for name, output in outputs.items() if output.verdict == "failed")
    return "".join(f"output '{name}' could not be compared" for name in islice(failed, 1))


def _by_opinion(was: Cid, now: Cid, inside: Contrast, opinion: Opinion) -> OutputVerdict:
    if opinion.failed == NOT_ASKED:
        return OutputVerdict("differs", was, now, Difference("", "", NOT_ASKED), inside)
    if opinion.failed:
        lost = Difference("", "", f"could not be compared: {opinion.failed}")
        return OutputVerdict("failed", was, now, lost, inside, opinion)
    if opinion.equivalent:
        return OutputVerdict("equivalent", was, now, None, inside, opinion)
    difference = Difference("", "", opinion.difference or "is another, by its comparator")
    return OutputVerdict("differs", was, now, difference, inside, opinion)


def can_be_wrong(sampled: int, total: int) -> int:
    """Return the percentage of steps that may differ when all of a random sample were identical.

    At most this many, at 95 % confidence: had more been wrong, a clean sample would be SELDOM seen.

    >>> can_be_wrong(20, 400)
    14
    """
    if sampled >= total:
        return 0
    wrong, clean = 0, 1.0  # how likely a sample is to be clean if so many were wrong
    while wrong < total - sampled:
        clean *= (total - sampled - wrong) / (total - wrong)
        if clean < SELDOM:
            break
        wrong += 1
    return min(100, ceil(100 * (wrong + 1) / total))
