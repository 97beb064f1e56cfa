"""A run that would do nothing again: entered at once, and printed without looking it through."""

import secrets
from collections.abc import Callable
from dataclasses import replace

from cli.prepare import Prepared
from cli.report import note
from cli.settings import Settings
from cli.workspace import Workspace
from engine.clock import SystemClock
from engine.errors import Damaged, NotHere
from engine.rows import RunRow
from engine.workflow.model import Workflow


def repeated(space: Workspace, settings: Settings, prepared: Prepared) -> bool:
    """Enter and print a run like the last of its work, if that would be reused as it is.

    Return whether it was; if not, the run has to be looked through step by step.
    """
    new = prepared.new
    earlier = space.repeats.find(new.work)
    if earlier is None:
        return False
    try:
        emit = _printing(space, settings, prepared.workflow, earlier)
    except (NotHere, Damaged):  # out of the way now; the steps that gave it are done again
        return False
    row = space.repeats.repeat(new, secrets.token_bytes(16), SystemClock().now_ms())
    if row is None:
        return False
    note(f"run {row.name}")
    scattered = {group.step for group in prepared.groups if group.scattered}
    for one in space.journal.counts(row.id):
        of = f"{one.instances} of {one.instances} " if one.step in scattered else ""
        note(f"{one.step}: {of}{one.status}")
    emit(row.name)
    return True


def _printing(
    space: Workspace, settings: Settings, workflow: Workflow, row: RunRow
) -> Callable[[str], None]:
    """Return what prints a run under another name; all that it takes has been read.

    Raises: NotHere, Damaged when some of that is not here.
    """
    if settings.json:
        from cli.runview import emit_run, view_row

        view = view_row(space, row)
        return lambda name: emit_run(replace(view, name=name), as_json=True)
    from cli.runtext import emit_text, folded

    text = folded(space, row, workflow)
    return lambda name: emit_text(text._replace(name=name))
