"""Examined: what is found of one instance of a step, and the one word for it. Pure.

A step that failed, or that a comparator has no verdict on, is not called deterministic or not: of
what it gives nothing is known. One that fails in some runs and not in others is a finding.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final, Literal

from engine.determinism.facts import Facts
from engine.determinism.finding import Finding
from engine.run import RunStep
from engine.values import dataclass
from engine.verdict import StepVerdict
from engine.workflow.graph import Group

DeterminismVerdict = Literal[
    "deterministic",
    "equivalent",
    "not compared",
    "fails",
    "comparator failed",
    "fails sometimes",
    "nondeterministic",
]

DIFFERS: Final[frozenset[DeterminismVerdict]] = frozenset({"nondeterministic", "fails sometimes"})
UNKNOWN: Final[frozenset[DeterminismVerdict]] = frozenset(
    {"fails", "comparator failed", "not compared"}
)

_BEST_FIRST: Final[tuple[DeterminismVerdict, ...]] = (
    "deterministic",
    "equivalent",
    "not compared",
    "comparator failed",
    "fails",
    "fails sometimes",
    "nondeterministic",
)
_NO_REASON: Final = "it gave no result"


@dataclass(frozen=True, slots=True)
class Examined:
    """What is found of one instance that was run here."""

    id: str
    finding: Finding
    facts: Facts
    verdict: StepVerdict  # on the two of its runs that were least alike
    as_recorded: bool | None  # whether the first run gave what is recorded; None: nobody can say
    hints: dict[str, str]  # by output: what its first difference looks like
    failures: tuple[str, ...] = ()  # why, of each of the runs under comparison that failed
    compared: int = 2  # runs under comparison
    failed_before: str = ""  # why it failed when it was recorded, if it did
    uncompared: str = ""  # why a comparator has no verdict, where that decides

    @property
    def word(self) -> DeterminismVerdict:
        """The verdict."""
        if self.failures or self.failed_before:
            return "fails" if len(self.failures) == self.compared else "fails sometimes"
        if self.finding.differs:
            return "nondeterministic"
        if self.uncompared:
            return "comparator failed"
        return "equivalent" if self.verdict.verdict == "equivalent" else "deterministic"

    @property
    def why(self) -> str:
        """Why there is nothing to be compared, or not always."""
        if self.failures:
            return self.failures[0]
        return self.failed_before or self.uncompared


@dataclass(frozen=True, slots=True)
class Left:
    """An instance that could not be examined, as there is nothing to hold anything against."""

    id: str
    word: DeterminismVerdict
    why: str


def worst(found: Iterable[Examined | Left]) -> DeterminismVerdict:
    """Return the verdict on several: of the first of those that are worst."""
    return max((one.word for one in found), key=_BEST_FIRST.index, default="deterministic")


def left(
    steps: Sequence[RunStep], groups: Sequence[Group], notes: Mapping[str, str]
) -> Iterator[Left]:
    """Yield the instances of a run that failed without a result, and those that wait for such.

    `groups` come each after those it needs; `notes` says why instances failed, by id.
    """
    failed = {step.name for step in steps if step.status == "failed"}
    after: dict[str, str] = {}  # of a step: the one that failed before it
    for group in groups:
        for need in group.needs:
            if need.step in failed or need.step in after:
                after.setdefault(group.step, after.get(need.step, need.step))
    for step in steps:
        if step.status == "failed" and step.result is None:
            yield Left(step.id, "fails", notes.get(step.id) or _NO_REASON)
        elif step.status == "skipped" and step.name in after:
            yield Left(step.id, "not compared", f"it comes after '{after[step.name]}', which fails")
