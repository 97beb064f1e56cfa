"""Wording: what came of a case, for a person. Pure."""

from collections.abc import Callable

from engine.errors import NotRun, StepFailed, TallyError
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


def unbelieved(case: Case, called: Callable[[bytes], str]) -> TallyError:
    """Return why no result of a step is believed; `called` names whose word one is.

    More peers may come; that results disagree stays so, and the step has failed.
    """
    owners, asked = case.demand.owners, len({one.owner for one in case.ran})
    if len({one.gave for one in case.ran}) > 1:
        what = f"its results disagree, and it is not known which is right: {_whose(case, called)}"
        fix = f"'tally check-determinism WORKFLOW {case.name[0]}' says whether the step varies"
        return StepFailed(what, fix=fix)
    if case.demand.is_known_wrong:
        what = f"what was given for step '{case.shown}' was found wrong here before"
        fix = "wait for more peers, or run it here: --on local"
        return NotRun(what, where=str(case.order.key), fix=fix)
    what = f"only {asked} of {owners} owners gave a result of step '{case.shown}'"
    return NotRun(what, fix="wait for more peers, or ask for less with --trust")


def _whose(case: Case, called: Callable[[bytes], str]) -> str:
    """Return who gave which result, each once."""
    pairs = ((called(one.signer), one.result_cid) for one in case.reports)
    return ", ".join(f"{who} gave {cid}" for who, cid in dict.fromkeys(pairs))
