"""Doubted: what a run has from peers that were found out since, and from nobody else.

Not all that peers give is checked. Who is found out in one thing is believed in nothing: what it
gave before that, in the same run, is made again by others, and with it what read something else.
"""

from collections.abc import Callable, Sequence, Set
from contextlib import suppress
from typing import Final, TypeVar

from cli.report import note, some
from cli.workspace import Workspace
from engine.errors import TallyError, Unavailable
from engine.evidence import evidence
from engine.plan_events import Status
from engine.rows import RunRow, StepRow

MOST_PASSES: Final = 10  # keys cost nothing: somebody new may be found out in each
MOST_NAMED: Final = 5  # steps

Ended = TypeVar("Ended", bound=tuple[Status, object])


def doubted(space: Workspace, rows: Sequence[StepRow]) -> list[StepRow]:
    """Return the steps of which nobody gave a result, or the failure, who is believed still."""
    liars = space.memo.disowned()
    if not liars:
        return []
    keys = [row.key for row in rows if row.key and row.result]
    found = space.memo.doubted(keys)
    return [row for row in rows if (row.key, row.result) in found or _failed_at(space, row, liars)]


def until_believed(space: Workspace, row: RunRow, go_through: Callable[[], Ended]) -> Ended:
    """Go through a run, and again while it has results of who was found out in it.

    Raises: as going through it does; Unavailable when ever more peers are found out.
    """
    for _ in range(MOST_PASSES):
        try:
            ended = go_through()
        except Unavailable:  # it may be for want of what a liar had
            if not (found := doubted(space, space.journal.steps(row.id))):
                raise
        else:
            if ended[0] == "cancelled":
                return ended
            if not (found := doubted(space, space.journal.steps(row.id))):
                return ended
        note(_words(found))
    raise Unavailable(
        f"peers that gave results to this run were found out as liars {MOST_PASSES} times",
        fix="go on with it alone: the same command with '--trust own', or without '--on peers'",
    )


def some_steps(names: Sequence[str]) -> str:
    """Name some of so many steps."""
    return some([f"'{name}'" for name in names], MOST_NAMED)


def _failed_at(space: Workspace, row: StepRow, liars: Set[bytes]) -> bool:
    """Return whether a step failed by the word of one of these: no failure is in the memo."""
    if row.status != "failed" or row.signed is None:
        return False
    with suppress(TallyError):  # what cannot be read is nobody's word
        return bytes.fromhex(evidence(space.store, row.signed).signer) in liars
    return False


def _words(rows: Sequence[StepRow]) -> str:
    what = "a result" if len(rows) == 1 else f"{len(rows)} results"
    named = some_steps(list(dict.fromkeys(row.step for row in rows)))
    return f"{what} of peers that were found out since: made again by others, of {named}"
