"""Keeping what came of a rerun: its verdicts, where it ran, and what it proves."""

from typing import TYPE_CHECKING

from cli.sampling import in_words
from cli.verdictview import output_lines
from cli.workspace import Workspace
from engine.clock import SystemClock
from engine.redone import MAX_OUTPUTS, MAX_TEXT, Redone, RedoneOutput, RedoneStep
from engine.verdict import OutputVerdict, StepVerdict, of_run

if TYPE_CHECKING:
    from cli.againview import Again


def keep(space: Workspace, again: "Again", began_ms: int, *, is_chain: bool) -> None:
    """Keep what came of a rerun in the home where it was made.

    Raises: Unavailable on a full disk.
    """
    redone = Redone(
        id=0,
        run=again.run,
        began_ms=began_ms,
        ended_ms=max(began_ms, SystemClock().now_ms()),
        verdict=of_run(again.verdicts),
        steps=len(again.verdicts),
        possible=again.total,
        chain=is_chain,
        seed=again.sampled.seed,
        proves=in_words(again.sampled, again.verdicts),
    )
    space.reruns.keep(redone, map(_step, again.verdicts))


def _step(one: StepVerdict) -> RedoneStep:
    other = [
        _output(name, output) for name, output in one.outputs.items() if output.now != output.was
    ]
    by = one.by
    where = (by.system, by.sandbox, by.signer, by.wall_ms) if by else ("", "", "", 0)
    kept = tuple(other[:MAX_OUTPUTS])
    return RedoneStep(one.id, one.verdict, one.note[:MAX_TEXT], *where, kept)


def _output(name: str, output: OutputVerdict) -> RedoneOutput:
    where = "\n".join(output_lines(output))[:MAX_TEXT]
    return RedoneOutput(name, output.verdict, output.was, output.now, where)
