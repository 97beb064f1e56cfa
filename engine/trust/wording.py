"""Wording: what came of a case, for a person. Pure."""

from engine.trust.case import Case
from engine.trust.weighing import Settled


def words(case: Case, settled: Settled, finding: str) -> str:
    """Return what a person wants to know of a case; "" when all is as usual."""
    name = case.shown
    if finding == "nondeterministic":
        return f"step '{name}' is not deterministic: run again here, it gave something else"
    if finding == "machine":
        return f"step '{name}' gives something else on another class of machine"
    if finding == "wrong":
        count = len(settled.wrong)
        return f"step '{name}': {count} wrong result{'s' * (count > 1)}, against all others' word"
    if finding == "disputed":
        return f"step '{name}': results differ, and it cannot be told here who is right"
    if settled.accepted is not None and case.demand.owners > 1 and finding == "unchecked":
        return f"step '{name}' could not be checked: nobody else is there to run it"
    return ""


def why(case: Case) -> tuple[str, str, str]:
    """Return why no result of a step is believed: what, where, what to do."""
    owners, asked = case.demand.owners, len({one.owner for one in case.ran})
    if len({one.gave for one in case.ran}) > 1:
        what = f"step '{case.shown}' gave different results, and it is not known which is right"
        return what, str(case.order.key), "'tally check-determinism' looks into the step"
    if case.demand.is_known_wrong:
        what = f"what was given for step '{case.shown}' was found wrong here before"
        return what, str(case.order.key), "wait for more peers, or run it here: --on local"
    what = f"only {asked} of {owners} owners gave a result of step '{case.shown}'"
    return what, "", "wait for more peers, or ask for less with --trust"
