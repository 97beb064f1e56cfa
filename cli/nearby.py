"""Nearby: the Open Resource that somebody may have meant by a word that names no run."""

from cli.boundnames import known
from cli.names import whole_cid
from cli.naming import wanted
from cli.resources import kind_at
from cli.workspace import Workspace
from engine.content.cid import Cid
from engine.errors import Refused, Unavailable
from engine.release import RELEASE
from engine.workflow.names import did_you_mean

LOOK = "'tally show {0}' and 'tally graph {0}' say what is in it, 'tally run {0}' makes a run of it"


def instead_of_run(space: Workspace, text: str, refused: Refused) -> Refused:
    """Return what to say of a word that names no run: it is a resource, or nearly one."""
    cid = whole_cid(text)
    if cid is not None:
        return _is_resource(text) if _kind(space, cid) == RELEASE.kind else refused
    want = wanted(text)
    names = {one.name for one in known(space).offered}
    if want is None or not names:
        return refused
    if want.name in names:
        return _is_resource(text)
    near = did_you_mean(want.name, [*names, *(row.name for row in space.journal.runs())], "none")
    what = f"{refused.what}, and no Open Resource of that name is known here"
    fix = "'tally runs' and 'tally search' list them" if near == "none" else near
    return Refused(what, where=refused.where, fix=fix)


def _is_resource(text: str) -> Refused:
    return Refused("this is an Open Resource, not a run", where=text, fix=LOOK.format(text))


def _kind(space: Workspace, cid: Cid) -> str:
    try:
        return kind_at(space, cid)
    except Unavailable:
        return ""
