"""How verdicts are printed: where an output differs and how far, as lines and as JSON."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

from cli.changeview import contrast_json, contrast_lines, measure
from engine.errors import Differs, StepFailed

if TYPE_CHECKING:
    from engine.compare import Difference
    from engine.deviation import Deviation, Spot
    from engine.opinion import Opinion
    from engine.verdict import OutputVerdict, StepVerdict

_FIND_OUT: Final = "make it deterministic, or say with 'verify' how near is near enough"
_PRINTED: Final = "what it printed last, if anything, stands above"
_SHOWN_OUTPUTS: Final = 20  # that are looked into on a terminal; JSON has them all


def require(verdict: str, verdicts: Sequence["StepVerdict"]) -> None:
    """Do nothing when a run was reproduced, or nearly so.

    Raises: StepFailed, Differs with the first place, when it was not.
    """
    if verdict in ("reproduced", "equivalent"):
        return
    bad = next(one for one in verdicts if one.verdict == verdict)
    for name, output in bad.outputs.items():
        if output.opinion is not None and output.opinion.failed:
            what = f"what compares output '{name}' of step '{bad.id}' has no verdict"
            fix = f"it is to exit with 0 and write {{outputs.verdict}}; {_PRINTED}"
            raise StepFailed(what, where=output.opinion.failed, fix=fix)
    if verdict == "failed":
        what = f"step '{bad.id}' failed when it was run again"
        fix = f"{_PRINTED}; run it alone with --step '{bad.id}'"
        raise StepFailed(what, where=bad.note, fix=fix)
    places = (place(name, output.difference) for name, output in bad.outputs.items())
    where = next((one for one in places if one), bad.note)
    what = f"step '{bad.id}' gives something else than is recorded"
    raise Differs(what, where=where, fix=_FIND_OUT)


def place(name: str, found: "Difference | None") -> str:
    """Return where an output differs, in words."""
    if found is None:
        return ""
    return " ".join(part for part in (name, found.path, found.where, found.what) if part)


def rows(one: "StepVerdict") -> list[tuple[str, ...]]:
    """Return a row of a table for each output of a step."""
    return [
        (one.id, output.verdict, name, str(output.was or "-"), str(output.now or "-"))
        for name, output in one.outputs.items()
    ] or [(one.id, one.verdict, "-", "-", "-")]


def details(verdicts: Sequence["StepVerdict"]) -> Iterator[str]:
    """Yield where the outputs that are not identical part from what is recorded."""
    other = [
        (one.id, name, output)
        for one in verdicts
        for name, output in one.outputs.items()
        if output.verdict != "identical" and (output.difference or output.inside or output.opinion)
    ]
    for step, name, output in other[:_SHOWN_OUTPUTS]:
        yield f"{step} {name}: {output.verdict}"
        yield from (f"  {line}" for line in output_lines(output))
    if len(other) > _SHOWN_OUTPUTS:
        yield f"and {len(other) - _SHOWN_OUTPUTS} more outputs; `-o json` has them all"


def output_lines(output: "OutputVerdict") -> Iterator[str]:
    """Yield what is not the same in an output, what its rule minds first, and how far at most."""
    inside = list(contrast_lines(output.inside)) if output.inside else []
    first = place("", output.difference)
    if not inside or (not _is_byte(output.difference) and first not in inside[0]):
        yield from filter(None, (first,))
    yield from inside
    yield from _in_its_words(output)
    if output.deviation is not None and (_has_several(output) or _is_measured(output)):
        yield _farthest(output.deviation)


def _in_its_words(output: "OutputVerdict") -> Iterator[str]:
    """Yield what a comparator says besides that outputs are equivalent."""
    opinion = output.opinion
    if opinion is not None and opinion.equivalent and opinion.difference:
        yield f"its comparator says: {' '.join(opinion.difference.split())}"


def _is_measured(output: "OutputVerdict") -> bool:
    """Return whether the deviation is a comparator's own."""
    return output.opinion is not None and output.opinion.deviation is not None


def step_json(one: "StepVerdict") -> dict[str, object]:
    """Return the verdict on a step for scripts."""
    return {
        "id": one.id,
        "verdict": one.verdict,
        "note": one.note,
        "outputs": {
            name: {
                "was": str(output.was) if output.was else None,
                "is": str(output.now) if output.now else None,
                "verdict": output.verdict,
                "difference": place(name, output.difference) or None,
                **output_json(output),
                "inside": contrast_json(output.inside),
            }
            for name, output in one.outputs.items()
        },
    }


def output_json(output: "OutputVerdict") -> dict[str, object]:
    """Return where an output first differs, and how far at most, for scripts."""
    return {
        "comparator": _opinion_json(output.opinion),
        "first": _first_json(output.difference),
        "deviation": _deviation_json(output.deviation),
    }


def _first_json(found: "Difference | None") -> dict[str, object] | None:
    if found is None:
        return None
    values = {"was": found.was, "is": found.now}
    return {"path": found.path, "where": found.where, "what": found.what, **values}


def _opinion_json(found: "Opinion | None") -> dict[str, object] | None:
    if found is None:
        return None
    return {
        "step": str(found.step) if found.step else None,
        "equivalent": None if found.failed else found.equivalent,
        "difference": found.difference,
        "deviation": found.deviation,
        "failed": found.failed,
    }


def _deviation_json(found: "Deviation | None") -> dict[str, object] | None:
    if found is None:
        return None
    relative = found.relative and _spot_json(found.relative)
    return {"absolute": _spot_json(found.absolute), "relative": relative, "whole": found.is_whole}


def _spot_json(spot: "Spot") -> dict[str, object]:
    return {"path": spot.path, "where": spot.where, "value": spot.value}


def _is_byte(found: "Difference | None") -> bool:
    return found is None or found.where.startswith("byte ")


def _has_several(output: "OutputVerdict") -> bool:
    """Return whether there is more than the one number that is shown."""
    if output.inside is None:
        return True
    first = output.inside.first
    values = (one.content.values for one in first if one.content is not None)
    more = sum(output.inside.counts.values()) > len(first)
    return more or sum(one.count for one in values if one is not None) > 1


def _farthest(found: "Deviation") -> str:
    text = f"largest deviation: {_at(found.absolute)}"
    if found.relative is not None:
        same = found.relative.where == found.absolute.where
        other = measure(found.relative.value) if same else _at(found.relative)
        text += f"; relative {other}"
    return text if found.is_whole else f"{text}; not all was looked at"


def _at(spot: "Spot") -> str:
    where = " ".join(part for part in (spot.path, spot.where) if part)
    return f"{measure(spot.value)} at {where}" if where else measure(spot.value)
