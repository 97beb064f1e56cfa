"""How what was found of steps is printed: whether they are deterministic, and why not."""

from collections.abc import Iterator, Sequence

import click

from cli.report import emit_json, emit_table
from cli.settings import Settings
from engine.content.cid import Cid
from engine.determinism.conditions import Conditions
from engine.determinism.diagnosis import Diagnosed, Evidence
from engine.determinism.laboratory import Examined
from engine.determinism.mends import MENDS, WORDS
from engine.verdict import OutputVerdict


def emit(settings: Settings, run: Cid, examined: Sequence[Examined]) -> None:
    """Print what was found."""
    verdict = _worst(examined)
    if settings.json:
        steps = [_as_json(one) for one in examined]
        emit_json({"run": str(run), "verdict": verdict, "steps": steps})
        return
    emit_table(
        [row for one in examined for row in _rows(one)], ("step", "verdict", "output", "where")
    )
    for one in examined:
        for line in _lines(one):
            click.echo(line)
    click.echo(f"{verdict} {run}")


def _worst(examined: Sequence[Examined]) -> str:
    differs = any(one.finding.differs for one in examined)
    return "nondeterministic" if differs else "deterministic"


def _verdict(one: Examined) -> str:
    if one.finding.differs:
        return "nondeterministic"
    return "equivalent" if one.verdict.verdict == "equivalent" else "deterministic"


def _rows(one: Examined) -> Iterator[tuple[str, ...]]:
    for name, output in one.verdict.outputs.items():
        if output.verdict != "identical":
            looks = f" ({one.hints[name]})" if name in one.hints else ""
            yield one.id, _verdict(one), name, _place(output) + looks
    if not any(output.verdict != "identical" for output in one.verdict.outputs.values()):
        yield one.id, _verdict(one), "-", one.verdict.note or "-"


def _place(output: OutputVerdict) -> str:
    found = output.difference
    parts = (found.path, found.where, found.what) if found is not None else ()
    return " ".join(filter(None, parts)) or output.verdict


def _lines(one: Examined) -> Iterator[str]:
    for cause in one.finding.causes:
        yield f"{one.id}: {cause.cause}: {cause.why or WORDS[cause.cause]}"
        yield from (f"  {_said(evidence)}" for evidence in cause.evidence)
        yield f"  mend: {MENDS[cause.cause]}"
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
    if not one.finding.differs:
        if not one.as_recorded:
            yield "deterministic here, and not what is recorded: 'tally rerun' says where"
        yield "deterministic here: with these inputs; of others only an audit can tell"


def _said(evidence: Evidence) -> str:
    return f"{evidence.same} of {evidence.runs} runs the same {under(evidence.conditions)}"


def under(conditions: Conditions) -> str:
    """Return conditions in words: what of them is not as most of it is."""
    words = conditions.words()
    held = [name for name, state in words.items() if state == "held"]
    if len(held) > len(words) // 2:
        others = [f"{name} {state}" for name, state in words.items() if state != "held"]
        return "with everything held" + (f" but {', '.join(others)}" if others else "")
    return "with " + ", ".join(f"{n} {state}" for n, state in words.items() if state != "free")


def _as_json(one: Examined) -> dict[str, object]:
    return {
        "id": one.id,
        "verdict": _verdict(one),
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
        "causes": [_cause_as_json(cause) for cause in one.finding.causes],
        "other_causes": None if one.finding.alone is None else not one.finding.alone,
        "notes": list(_notes(one)),
    }


def _cause_as_json(cause: Diagnosed) -> dict[str, object]:
    return {
        "cause": cause.cause,
        "why": cause.why or WORDS[cause.cause],
        "mend": MENDS[cause.cause],
        "evidence": [
            {"conditions": one.conditions.words(), "runs": one.runs, "same": one.same}
            for one in cause.evidence
        ],
    }
