"""Agreement: which results of a step are the same, by the rules of its outputs.

Outputs that are to be exact are held against each other by their CIDs: their content may have
stayed with the peers that made them.
"""

from collections.abc import Mapping, Sequence
from typing import Protocol

from engine.compare import compare
from engine.content.blocks import BlockStore
from engine.content.reader import over
from engine.errors import Damaged, TallyError
from engine.opinion import Asked, Opinion
from engine.rows import Name
from engine.runner import Report
from engine.verdict import to_compare
from engine.workflow.model import OutputFile, Verify

Outputs = Mapping[str, Mapping[str, OutputFile]]  # of each step, as they are declared

_EXACT = Verify("exact", None)


class Programs(Protocol):
    """Runs programs that compare outputs, as engine/comparing.py does."""

    def ask_all(self, asked: Sequence[Asked]) -> Mapping[Name, Opinion]:
        """Return what they say, by what each comparison is called.

        Raises: TallyError when they cannot be run, or are cancelled.
        """
        ...

    def cancel(self, asked: Asked) -> None:
        """End a comparison, from any thread."""
        ...


class Agreement:
    """Holds results of one run's steps against each other. For one thread."""

    def __init__(self, store: BlockStore, outputs: Outputs, programs: Programs) -> None:
        self._store = store
        self._outputs = outputs
        self._programs = programs
        self._asked: list[Asked] = []  # that are being compared

    def is_free(self, step: str) -> bool:
        """Return whether any result of a step is as good as any other."""
        outputs = self._outputs.get(step, {})
        return bool(outputs) and all(_is_any(one.verify) for one in outputs.values())

    def free(self) -> list[str]:
        """Return the steps of which that is so."""
        return [step for step in self._outputs if self.is_free(step)]

    def cancel(self, name: Name) -> None:
        """End what is compared of a step, from any thread; to be repeated until it has ended."""
        for asked in tuple(self._asked):
            if asked.name == name:
                self._programs.cancel(asked)

    def agree(self, name: Name, one: Report, two: Report) -> bool | None:
        """Return whether two results are the same; None when that cannot be told here."""
        if one.result_cid == two.result_cid:
            return True
        was, now = one.result, two.result
        if was.exit_code != now.exit_code or was.outputs.keys() != now.outputs.keys():
            return False
        other = [output for output, cid in was.outputs.items() if now.outputs[output] != cid]
        declared = self._outputs.get(name[0], {})
        try:
            return all(
                self._is_near(declared.get(output), one, two, output) for output in other
            ) and self._are_equivalent(name, one, two)
        except Damaged:
            return False
        except TallyError:  # as content that is not here, or a comparator that cannot be run
            return None

    def _is_near(self, declared: OutputFile | None, one: Report, two: Report, output: str) -> bool:
        """Return whether two outputs that are not identical are the same by a rule of numbers."""
        verify = declared.verify if declared else _EXACT
        if declared is None or verify.tolerance is None:
            return verify.rule in ("none", "compare")
        was, now = one.result.outputs[output], two.result.outputs[output]
        get = over((*one.blocks, *two.blocks), self._store.get)
        return compare(get, was, now, float(verify.tolerance), declared.path) is None

    def _are_equivalent(self, name: Name, one: Report, two: Report) -> bool:
        """Return whether those that a program of their author compares are equivalent."""
        declared = self._outputs.get(name[0], {})
        asked = [Asked(name, *each) for each in to_compare(one.result, two.result, declared)]
        if not asked:
            return True
        for report in (one, two):
            self._store.put(report.blocks)  # a comparator is a step, which reads what is stored
        self._asked = asked
        try:
            opinions = self._programs.ask_all(asked)
        finally:
            self._asked = []
        return all(opinions[each.called].equivalent for each in asked)


def _is_any(verify: Verify) -> bool:
    """Return whether a rule is content with anything: relative, 1 is all of a number."""
    return verify.rule == "none" or float(verify.tolerance or 0) >= 1
