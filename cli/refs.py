"""References to content on the command line: CID[/path] and RUN/STEP/OUTPUT[/path].

A RUN is a name, an id, a Run's CID, or a unique beginning of one; a CID of content is whole.
"""

import re
from typing import TYPE_CHECKING, Final

from cli.workspace import Workspace
from engine.content.cid import DAG_CBOR, TEXT, Cid
from engine.content.schema import kind_of
from engine.content.select import select
from engine.errors import Refused
from engine.step import RESULT

if TYPE_CHECKING:
    from engine.journal import StepRow

_STEP: Final = re.compile(r"([a-z][a-z0-9_-]{0,62})(?:\[(\d{1,9})\])?")
_RUN_KIND: Final = "tallystick/run/"


def find_content(space: Workspace, text: str) -> Cid:
    """Return the CID that a reference names.

    Raises: Refused when it names nothing, with what is near; Unavailable when that is not here.
    """
    head, _, rest = text.rstrip("/").partition("/")
    cid = whole_cid(head)
    if cid is None or is_run(space, cid):
        return _of_run(space, head, rest, text) if rest else _run_cid(space, head)
    part, blocks = select(space.store.get, cid, rest)
    space.store.put(blocks)
    return part


def whole_cid(text: str) -> Cid | None:
    """Return the CID that `text` is, or None when it has not the form of one."""
    return Cid.parse(text) if len(text) == TEXT and text.startswith("b") else None


def is_run(space: Workspace, cid: Cid) -> bool:
    """Return whether a CID names a Run record that is here."""
    if cid.codec != DAG_CBOR or not space.store.has(cid):
        return False
    return (kind_of(space.store.get(cid)) or "").startswith(_RUN_KIND)


def parse_step(text: str) -> tuple[str, int | None]:
    """Return the name and the index of 'train' or 'train[1]'.

    Raises: Refused for anything else.
    """
    found = _STEP.fullmatch(text)
    if found is None:
        raise Refused(f"'{text[:80]}' is not a step", fix="write STEP, or STEP[INDEX]")
    return found[1], int(found[2]) if found[2] else None


def find_step(rows: "list[StepRow]", text: str) -> "StepRow":
    """Return the row of a step's instance.

    Raises: Refused when there is none, or it is not said which.
    """
    name, index = parse_step(text)
    of_name = [row for row in rows if row.step == name]
    if not of_name:
        names = ", ".join(dict.fromkeys(row.step for row in rows))
        raise Refused(f"the run has no step '{name}'", fix=f"it has: {names}")
    if index is None and len(of_name) > 1:
        raise Refused(
            f"step '{name}' has {len(of_name)} instances", fix=f"say which: {name}[0], {name}[1], …"
        )
    found = [row for row in of_name if index is None or row.index == index]
    if not found:
        raise Refused(f"the run has no step '{text}'", fix=f"'{name}' has {len(of_name)} instances")
    return found[0]


def _run_cid(space: Workspace, text: str) -> Cid:
    cid = whole_cid(text)
    if cid is not None:
        return cid
    run = space.journal.find(text)
    if run.run is None:
        raise Refused(f"run '{run.name}' has not ended", fix="name one of its outputs, or wait")
    return run.run


def _of_run(space: Workspace, run: str, rest: str, text: str) -> Cid:
    step, _, tail = rest.partition("/")
    output, _, path = tail.partition("/")
    if not output:
        raise Refused(f"'{text}' names no output", fix="write RUN/STEP/OUTPUT")
    row = find_step(space.journal.steps(space.journal.find(run).id), step)
    if row.result is None:
        raise Refused(f"step '{step}' of this run has no result", fix=f"it was {row.status}")
    outputs = RESULT.decode(space.store.get(row.result)).outputs
    if output not in outputs:
        known = ", ".join(outputs) or "none"
        raise Refused(f"step '{step}' has no output '{output}'", fix=f"it has: {known}")
    part, blocks = select(space.store.get, outputs[output], path)
    space.store.put(blocks)
    return part
