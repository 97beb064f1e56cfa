"""Row: one figure that was measured, and what it should be."""

from dataclasses import asdict, dataclass
from typing import Any, Literal


@dataclass(frozen=True, slots=True)
class Target:
    """What a figure should be."""

    how: Literal["≤", "≥"]
    value: float

    def holds(self, figure: float) -> bool:
        """Return whether a figure is as it should be."""
        return figure <= self.value if self.how == "≤" else figure >= self.value


@dataclass(frozen=True, slots=True)
class Row:
    """A figure of a part. Most are ratios: ours over theirs, or theirs over ours for a speed."""

    part: str
    what: str
    figure: float
    unit: str  # "x", "MiB", "ms", …
    target: Target | None = None
    note: str = ""  # the medians behind it

    @property
    def verdict(self) -> str:
        """Whether the target is reached; "" when there is none."""
        if self.target is None:
            return ""
        return "reached" if self.target.holds(self.figure) else "MISSED"

    def as_json(self) -> dict[str, Any]:
        """Return it as it goes into the results file."""
        return asdict(self) | {"verdict": self.verdict}


def at_most(value: float) -> Target:
    """Return the target of a figure that should be small."""
    return Target("≤", value)


def at_least(value: float) -> Target:
    """Return the target of a figure that should be large."""
    return Target("≥", value)
