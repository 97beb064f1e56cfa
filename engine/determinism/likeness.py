"""Likeness: how like one another two runs of a step are, by the verdict on what they gave. Pure.

A comparator that has no verdict says nothing of a step: such runs are neither the same nor apart.
"""

from collections.abc import Sequence

from engine.verdict import StepVerdict


def is_apart(verdict: StepVerdict) -> bool:
    """Return whether two runs gave what is not the same."""
    return verdict.verdict in ("differs", "failed") and not uncompared(verdict)


def uncompared(verdict: StepVerdict) -> str:
    """Return why a comparator has no verdict on a step of which nothing else is known to differ."""
    outputs = verdict.outputs.values()
    failed = [one for one in outputs if one.opinion is not None and one.opinion.failed]
    others = [one for one in outputs if one not in failed]
    if not failed or any(one.verdict in ("differs", "failed") for one in others):
        return ""
    return failed[0].opinion.failed if failed[0].opinion else ""


def least_alike(verdicts: Sequence[StepVerdict], *, differs: bool) -> StepVerdict:
    """Return the first of the worst verdicts; those of mere controls do not count."""
    counting = [one for one in verdicts if differs or not is_apart(one)] or verdicts
    return max(counting, key=_rank)


def _rank(verdict: StepVerdict) -> int:
    if is_apart(verdict):
        return 3
    return 2 if uncompared(verdict) else int(verdict.verdict == "equivalent")
