"""Finding: what is found of a step that does not always give the same, and what shows it. Pure."""

from typing import Literal

from engine.determinism.conditions import Conditions, Factor
from engine.values import dataclass, replace

Cause = Literal[
    "time",
    "random bytes",
    "hash order",
    "threads",
    "processor count",
    "CPU dispatch",
    "addresses",
    "uninitialised bytes",
    "directory order",
    "machine",
    "unknown",
]


@dataclass(frozen=True, slots=True)
class Evidence:
    """Some runs under like conditions, and how many gave the same as what they are held against."""

    conditions: Conditions
    runs: int
    same: int  # all of them when nothing differs
    among: bool = False  # they are held against the first of themselves, which counts

    def and_first(self) -> "Evidence":
        """Return the same with the run that the others were held against."""
        return replace(self, runs=self.runs + 1, same=self.same + 1, among=True)


@dataclass(frozen=True, slots=True)
class Diagnosed:
    """One cause, with what shows it."""

    cause: Cause
    evidence: tuple[Evidence, ...]
    why: str  # in words, beside the numbers


@dataclass(frozen=True, slots=True)
class Finding:
    """What is found of a step."""

    differs: bool
    runs: int
    varied: tuple[Factor, ...]
    causes: tuple[Diagnosed, ...]  # empty when nothing differs
    alone: bool | None = None  # whether with these causes held all else may vary; None: not tried
