"""References to content on the command line: CID[/path] and RUN/STEP/OUTPUT[/path].

A RUN is a name, an id, a Run's CID, or a unique beginning of one; a CID of content is whole, and
may be one that others gave it (foreignnames.py).
"""

from collections.abc import Iterable, Sequence
from functools import partial
from typing import TYPE_CHECKING

from cli.foreignnames import find_foreign, foreign_cid, parted
from cli.names import is_run, parse_step, whole_cid
from cli.workspace import Workspace
from engine.content.cid import DAG_CBOR, Cid
from engine.content.schema import kind_of
from engine.content.select import select
from engine.content.tree import TREE
from engine.errors import Refused
from engine.release import RELEASE
from engine.run import RUN

if TYPE_CHECKING:
    from cli.runview import RunView
    from engine.summary import StepSummary


def find_content(space: Workspace, text: str) -> Cid:
    """Return the CID that a reference names.

    Raises: Refused when it names nothing, with what is near; Unavailable when that is not here.
    """
    head, rest = parted(text)
    name = foreign_cid(head)
    cid = whole_cid(head) if name is None else find_foreign(space, name)
    if cid is None or is_run(space, cid):
        return _of_run(space, head, rest, text) if rest else _run_cid(space, head)
    return _part(space, check_tree(space, cid, cid), rest, cid) if rest else cid


def public_root(text: str) -> Cid | None:
    """Return the CID by which others may give what a reference names: the one it begins with."""
    head, _ = parted(text)
    name = foreign_cid(head)
    return whole_cid(head) if name is None else name.cid


def find_tree(space: Workspace, text: str) -> Cid:
    """Return the CID of the file or directory that a reference names.

    Raises: as find_content does; Refused when it is a run, or another record.
    """
    return check_tree(space, find_content(space, text), public_root(text))


def find_step(steps: Sequence["StepSummary"], text: str) -> "StepSummary":
    """Return the instance of a run that 'train[1]' names.

    Raises: Refused when there is none, or it is not said which.
    """
    name, index = parse_step(text)
    of_name = [one for one in steps if one.name == name]
    if not of_name:
        names = dict.fromkeys(one.name for one in steps)
        raise Refused(f"the run has no step '{name}'", fix=_near(name, names))
    found = [one for one in of_name if index is None or one.index == index]
    if not found:
        plain = of_name[0].index is None
        fix = f"name it '{name}'" if plain else f"'{name}' has {len(of_name)} instances"
        raise Refused(f"the run has no step '{text}'", fix=fix)
    if len(found) > 1:
        fix = f"say which: {name}[0], {name}[1], …"
        raise Refused(f"step '{name}' has {len(found)} instances", fix=fix)
    return found[0]


def _near(wrong: str, known: Iterable[str]) -> str:
    from engine.workflow.names import did_you_mean, some_of  # only who errs waits for that

    return did_you_mean(wrong, known, f"it has: {some_of(known)}")


def _run_cid(space: Workspace, text: str) -> Cid:
    cid = whole_cid(text)
    if cid is not None:
        return cid
    from cli.runview import is_known

    if not is_known(space, text):
        from cli.resources import find_release

        if (found := find_release(space, text)) is not None:
            return found.cid
    run = space.journal.find(text)
    if run.run is None:
        raise Refused(f"run '{run.name}' has not ended", fix="name one of its outputs, or wait")
    return run.run


def _of_run(space: Workspace, run: str, rest: str, text: str) -> Cid:
    from cli.runview import view  # which brings the workflow language: content has no need of it

    step, _, tail = rest.partition("/")
    output, _, path = tail.partition("/")
    found = _find_step(space, view(space, run), step)
    if not output:
        known = f"; {_near('', found.outputs)}" if found.outputs else ""
        raise Refused(f"'{text}' names no output", fix=f"write RUN/STEP/OUTPUT{known}")
    if not found.outputs:
        raise Refused(f"step '{step}' of this run has no outputs", fix=f"it was {found.status}")
    if output not in found.outputs:
        fix = _near(output, found.outputs)
        raise Refused(f"step '{step}' has no output '{output}'", fix=fix)
    return _part(space, found.outputs[output], path, public_root(text))


def _find_step(space: Workspace, run: "RunView", text: str) -> "StepSummary":
    """Return a step of a run; of an output of the workflow, say whose it is."""
    from engine.summary import load_workflow

    try:
        return find_step(run.steps, text)
    except Refused:
        reference = load_workflow(space.store, run.workflow).outputs.get(text)
        if reference is None:
            raise
    path = reference.replace(".", "/", 1).replace("[*]", "[0]")
    what = f"the run has no step '{text}'; that is an output of its workflow"
    raise Refused(what, fix=f"write RUN/{path}")


def check_tree(space: Workspace, cid: Cid, within: Cid | None = None) -> Cid:
    """Return a CID that is of a file or a directory.

    Raises: Refused when it is of another record; NotHere when that does not come.
    """
    kind = kind_of(space.sources.get(cid, within)) if cid.codec == DAG_CBOR else TREE.kind
    if kind != TREE.kind:
        what = f"this is not a file or directory, but a record: {kind or 'of no known kind'}"
        fix = "an output of a run is RUN/STEP/OUTPUT"
        if kind == RUN.kind:
            what = "this is a run, not a file or directory"
            fix = "name an output of it, as RUN/STEP/OUTPUT; 'tally show RUN' lists them"
        if kind == RELEASE.kind:
            fix = f"'tally show {cid}' says what is in it; 'tally export' writes all of it"
        raise Refused(what, where=str(cid), fix=fix)
    return cid


def _part(space: Workspace, tree: Cid, path: str, within: Cid | None) -> Cid:
    part, blocks = select(partial(space.sources.get, within=within), tree, path)
    space.store.put(blocks)
    return part
