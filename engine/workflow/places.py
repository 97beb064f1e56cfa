"""Places: where each part of a workflow was written, for errors found after reading. Pure."""

from collections.abc import Iterable
from dataclasses import field
from typing import TypeAlias

from engine.errors import Refused
from engine.values import dataclass
from engine.workflow.nodes import Mark

Part: TypeAlias = tuple[str, ...]  # the way down to it, as ("steps", "train", "inputs", "data")


@dataclass(frozen=True, slots=True)
class Problem:
    """Something wrong with one part of a workflow."""

    part: Part
    what: str
    fix: str


@dataclass(frozen=True, slots=True)
class Places:
    """Marks by part. Without any, a place is the part's own name: "steps.train.inputs.data"."""

    marks: dict[Part, Mark] = field(default_factory=dict)

    def mark(self, part: Part) -> Mark | None:
        """Return the mark of a part, or of the nearest one that holds it."""
        while part:
            if part in self.marks:
                return self.marks[part]
            part = part[:-1]
        return None

    def refuse_first(self, problems: Iterable[Problem]) -> None:
        """Do nothing when there are no problems.

        Raises: Refused for the one that comes first in the file.
        """
        found = list(problems)
        if not found:
            return
        first = min(found, key=lambda problem: self._order(problem.part))
        where = self.mark(first.part)
        raise Refused(first.what, where=str(where or ".".join(first.part)), fix=first.fix)

    def _order(self, part: Part) -> tuple[int, int, Part]:
        mark = self.mark(part)
        return (mark.line, mark.column, part) if mark else (0, 0, part)
