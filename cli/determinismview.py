"""How what was found of steps is printed: whether they are deterministic, and why not."""

from collections.abc import Iterator, Sequence
from typing import Final

import click

from cli.report import emit_json, emit_table, printable
from cli.settings import Settings
from engine.content.cid import Cid
from engine.determinism.conditions import HELD, Conditions
from engine.determinism.examined import DIFFERS, UNKNOWN, Examined, Left, worst
from engine.determinism.finding import Diagnosed, Evidence
from engine.determinism.mends import WORDS, mend
from engine.errors import Differs, StepFailed
from engine.verdict import OutputVerdict

_MEND: Final = "do as is said of it above, then check again"
_OFTEN: Final = "what is said of it above may tell why; make it succeed each time, then check again"
_COMPARE: Final = "it is to exit with 0 and write {outputs.verdict}"
_RUN: Final = (
    "run it with 'tally run', which shows what it prints; make it succeed, then check again"
)
_NO_OUTPUTS: Final = ("fails", "fails sometimes", "comparator failed")
_WITHIN: Final = {"equivalent": "the same within its 'verify', not byte for byte"}
_SAME: Final[dict[str, str]] = {
    "deterministic": "deterministic here",
    "equivalent": "the same here within its 'verify', not byte for byte",
}
_NOTHING: Final = {
    "runs": 0,
    "varied": [],
    "as_recorded": None,
    "outputs": {},
    "causes": [],
    "other_causes": None,
    "notes": [],
}


def emit(settings: Settings, run: Cid, found: Sequence[Examined | Left]) -> None:
    """Print what was found."""
    verdict = worst(found)
    if settings.json:
        steps = [_as_json(one) for one in found]
        emit_json({"run": str(run), "verdict": verdict, "steps": steps})
        return
    emit_table([row for one in found for row in _rows(one)], ("step", "verdict", "output", "where"))
    for one in found:
        for line in _lines(one) if isinstance(one, Examined) else ():
            click.echo(printable(line))
    click.echo(f"{verdict} {run}")


def require(found: Sequence[Examined | Left]) -> None:
    """Look whether everything is deterministic, and could be compared.

    Raises: Differs when something is not; else StepFailed when something could not.
    """
    word = worst(found)
    bad = [one for one in found if one.word in DIFFERS] or [
        one for one in found if one.word in UNKNOWN
    ]
    if not bad:
        return
    one = next(one for one in bad if one.word == word)
    raise _complaint(one, f"; see {len(bad) - 1} more above" if len(bad) > 1 else "")


def _complaint(one: Examined | Left, more: str) -> Differs | StepFailed:
    """Return what is wrong with the worst of all that was found."""
    step, word = f"step '{one.id}'", one.word
    if isinstance(one, Examined) and word == "nondeterministic":
        causes = ", ".join(cause.cause for cause in one.finding.causes)
        return Differs(f"{step} does not always give the same: {causes}{more}", fix=_MEND)
    if word == "fails sometimes":
        what = f"{step} fails in some runs and not in others{more}"
        return Differs(what, where=one.why, fix=_OFTEN)
    if word == "comparator failed":
        what = f"what compares the outputs of {step} has no verdict{more}"
        return StepFailed(what, where=one.why, fix=_COMPARE)
    verb = "was not compared" if word == "not compared" else "fails"
    what = f"{step} {verb}, so that nothing can be said of what it gives{more}"
    return StepFailed(what, where=one.why, fix=_RUN)


def _rows(one: Examined | Left) -> Iterator[tuple[str, ...]]:
    if isinstance(one, Left) or one.word in _NO_OUTPUTS:
        yield one.id, one.word, "-", one.why
        return
    other = {name: out for name, out in one.verdict.outputs.items() if out.verdict != "identical"}
    for name, output in other.items():
        looks = f" ({one.hints[name]})" if name in one.hints else ""
        yield one.id, one.word, name, " ".join(_place(output).split()) + looks
    if not other:
        yield one.id, one.word, "-", one.verdict.note or "-"


def _place(output: OutputVerdict) -> str:
    found, opinion = output.difference, output.opinion
    parts = (found.path, found.where, found.what) if found is not None else ()
    said = " ".join(filter(None, parts)) or _WITHIN.get(output.verdict, output.verdict)
    words = opinion.difference if opinion is not None and opinion.equivalent else ""
    return f"{said}; its comparator says: {words}" if words else said


def _lines(one: Examined) -> Iterator[str]:
    for cause in one.finding.causes:
        yield f"{one.id}: {cause.cause}: {cause.why or WORDS[cause.cause]}"
        yield from (f"  {_said(evidence)}" for evidence in cause.evidence)
        yield f"  mend: {_mend(one, cause)}"
    if one.finding.alone is False:
        yield f"{one.id}: there is another cause: with these held it still differs"
    for said in _notes(one):
        yield f"{one.id}: {said}"


def _notes(one: Examined) -> Iterator[str]:
    if one.facts.static:
        yield f"directories were not reordered for static programs: {', '.join(one.facts.static)}"
    if one.facts.processors == 1:
        yield "the number of processors was not varied: there is one"
    if one.facts.overridden:
        yield f"its env overrides the numeric profile: {', '.join(one.facts.overridden)}"
    if one.word in ("fails", "fails sometimes"):
        yield from _on_failures(one)
    elif one.word in _SAME:
        if one.as_recorded is False:
            yield "the same here, and not what is recorded: 'tally rerun' says where"
        yield f"{_SAME[one.word]}: with these inputs; of others only an audit can tell"


def _on_failures(one: Examined) -> Iterator[str]:
    count, of = len(one.failures), one.compared
    if one.failed_before and count < of:
        yield f"it failed when it was recorded: {one.failed_before}; now in {count} of {of} runs"
    elif one.word == "fails":
        before = ", too" if one.failed_before else ", and not when it was recorded"
        yield f"it failed in each of {of} runs{before}: nothing can be said of what it gives"
    else:
        yield f"it failed in {count} of {of} runs, and not when it was recorded"


def _mend(one: Examined, cause: Diagnosed) -> str:
    return mend(cause, one.hints.values(), fails=one.word == "fails sometimes")


def _said(evidence: Evidence) -> str:
    one_another = evidence.among and evidence.conditions != HELD
    how = "the same as one another" if one_another else "the same"
    return f"{evidence.same} of {evidence.runs} runs {how} {under(evidence.conditions)}"


def under(conditions: Conditions) -> str:
    """Return conditions in words: what of them is not as most of it is."""
    words = conditions.words()
    held = [name for name, state in words.items() if state == "held"]
    if len(held) > len(words) // 2:
        others = [f"{name} {state}" for name, state in words.items() if state != "held"]
        return "with everything held" + (f" but {', '.join(others)}" if others else "")
    return "with " + ", ".join(f"{n} {state}" for n, state in words.items() if state != "free")


def _as_json(one: Examined | Left) -> dict[str, object]:
    if isinstance(one, Left):
        return {"id": one.id, "verdict": one.word, "why": one.why, **_NOTHING}
    return {
        "id": one.id,
        "verdict": one.word,
        "why": one.why or None,
        "runs": one.finding.runs,
        "varied": list(one.finding.varied),
        "as_recorded": one.as_recorded,
        "outputs": {
            name: {
                "verdict": output.verdict,
                "difference": _place(output) if output.difference else None,
                "hint": one.hints.get(name),
            }
            for name, output in one.verdict.outputs.items()
        },
        "causes": [_cause_as_json(one, cause) for cause in one.finding.causes],
        "other_causes": None if one.finding.alone is None else not one.finding.alone,
        "notes": list(_notes(one)),
    }


def _cause_as_json(of: Examined, cause: Diagnosed) -> dict[str, object]:
    return {
        "cause": cause.cause,
        "why": cause.why or WORDS[cause.cause],
        "mend": _mend(of, cause),
        "evidence": [
            {
                "conditions": one.conditions.words(),
                "runs": one.runs,
                "same": one.same,
                "among": one.among,
            }
            for one in cause.evidence
        ],
    }
