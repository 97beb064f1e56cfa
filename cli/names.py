"""Names on the command line: what is a whole CID, what is a run, what is an instance of a step."""

import re
from contextlib import suppress
from typing import Final

from cli.workspace import Workspace
from engine.content.cid import DAG_CBOR, TEXT, Cid
from engine.content.schema import kind_of
from engine.errors import NotHere, Refused

_STEP: Final = re.compile(r"([a-z][a-z0-9_-]{0,62})(?:\[(\d{1,9})\])?")
_RUN_KIND: Final = "tallystick/run/"


def whole_cid(text: str) -> Cid | None:
    """Return the CID that `text` is, or None when it has not the form of one."""
    return Cid.parse(text) if len(text) == TEXT and text.startswith("b") else None


def is_run(space: Workspace, cid: Cid) -> bool:
    """Return whether a CID names a Run record, with all of its records here then.

    Raises: NotHere when it is not here, and none of the sources that there are has it.
    """
    is_here = cid.codec == DAG_CBOR and space.store.has(cid)
    if cid.codec != DAG_CBOR or not (is_here or space.sources):
        return False
    if not (kind_of(space.sources.get(cid)) or "").startswith(_RUN_KIND):
        return False
    if space.sources and all(row.run != cid for row in space.journal.runs()):
        with suppress(*((NotHere,) if is_here else ())):  # what there is of it may be enough
            space.sources.records(cid)
    return True


def is_run_here(space: Workspace, cid: Cid) -> bool:
    """Return whether a CID names a Run record that is here; nobody else is asked."""
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
