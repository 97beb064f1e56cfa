"""`tally diff`: what differs between two runs, down to lines, values and bytes."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

import click

from cli.options import common, offline
from cli.report import emit_json, note, printable
from cli.settings import Settings
from cli.workspace import Workspace
from engine.errors import Unavailable

if TYPE_CHECKING:
    from engine.content.cid import Cid
    from engine.opinion import Opinion
    from engine.rows import Name
    from engine.rundiff import OutputDiff, RunDiff, StepDiff
    from engine.sides import Side

_SHOWN_STEPS: Final = 50


@click.command()
@click.argument("was", metavar="RUN|RESOURCE")
@click.argument("now", metavar="RUN|RESOURCE")
@common
@offline
def diff(settings: Settings, was: str, now: str) -> None:
    """Say what differs between two runs: what was given, and what each step gave.

    Outputs that have a comparator in the second are compared by it. Of an Open Resource, by its
    name or CID, it is the run that its author made; its checks are made on both.
    """
    from cli.claims import claim_lines, claims, claims_json, subject
    from cli.runview import side
    from engine.rundiff import run_diff

    with Workspace(settings.home, online=settings) as space:
        both = [subject(space, text) for text in (was, now)]
        left, right = (side(space, one.found) for one in both)
        opinions = _opinions(space, settings, both[1].found.run, left, right)
        found = run_diff(space.store.get, left, right, opinions)
        claimed = claims(space, *both)
    if settings.json:
        return emit_json({**_as_json(found), "checks": claims_json(claimed)})
    for line in (*_lines(found), *claim_lines(claimed)):
        click.echo(printable(line))
    return None


def _opinions(
    space: Workspace, settings: Settings, run: "Cid | None", was: "Side", now: "Side"
) -> "dict[Name, Opinion]":
    """Return what comparators say, where they can be run: a home may be there to be read only."""
    from engine.rundiff import to_be_compared

    asked = list(to_be_compared(was, now))
    if not asked or run is None or space.read_only:
        return {}
    from cli.comparators import compare_all
    from engine.summary import load_run

    try:
        return compare_all(space, settings, load_run(space.store, run), run, asked)
    except Unavailable as error:
        note(f"comparators were not run: {error.what}")
        return {}


def _lines(found: "RunDiff") -> Iterator[str]:
    from cli.changeview import change_lines

    for change in found.given:
        yield from change_lines(change)
    for step in found.steps[:_SHOWN_STEPS]:
        yield from _step_lines(step)
    more = len(found.steps) - _SHOWN_STEPS
    if more > 0:
        yield f"and {more} more steps; `-o json` has them all"
    if not (found.given or found.steps):
        yield "the same steps gave the same outputs"


def _step_lines(step: "StepDiff") -> Iterator[str]:
    from cli.changeview import change_lines

    yield f"{step.id}: {step.what}"
    for change in step.changes:
        yield from (f"  {line}" for line in change_lines(change))
    for output in step.outputs:
        yield from (f"  {line}" for line in _output_lines(output))


def _output_lines(output: "OutputDiff") -> Iterator[str]:
    from cli.verdictview import output_lines

    head = f"output '{output.name}'"
    if output.verdict.verdict == "equivalent":
        head += ", equivalent by its 'verify'"
    was, now = (str(cid) if cid else "(absent)" for cid in (output.verdict.was, output.verdict.now))
    below = list(output_lines(output.verdict))
    if not below:
        yield f"{head}: {was} → {now}" + (f" ({output.note})" if output.note else "")
    elif len(below) == 1:
        yield f"{head}: {below[0]}"
    else:
        yield f"{head}:"
        yield from (f"  {line}" for line in below)


def _as_json(found: "RunDiff") -> dict[str, object]:
    from cli.changeview import change_json

    return {
        "given": [change_json(change) for change in found.given],
        "steps": [
            {
                "id": step.id,
                "what": step.what,
                "changes": [change_json(change) for change in step.changes],
                "outputs": {output.name: _output_json(output) for output in step.outputs},
            }
            for step in found.steps
        ],
    }


def _output_json(output: "OutputDiff") -> dict[str, object]:
    from cli.changeview import contrast_json
    from cli.verdictview import output_json

    verdict = output.verdict
    return {
        "was": str(verdict.was) if verdict.was else None,
        "now": str(verdict.now) if verdict.now else None,
        "verdict": verdict.verdict,
        **output_json(verdict),
        "inside": contrast_json(verdict.inside),
        "note": output.note,
    }
