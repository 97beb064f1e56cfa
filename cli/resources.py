"""Resources: the Open Resource that a word on the command line stands for, and having it here.

A word is the CID of its Release, or a name (naming.py). A name is bound when it is first used; it
never moves by itself. Nothing of a release is believed before its signature was looked at, and
that it is what its name promised.
"""

from collections.abc import Iterable

from cli.boundnames import known
from cli.names import whole_cid
from cli.naming import Choice, Wanted, choose, wanted
from cli.workspace import Workspace
from engine.clock import SystemClock
from engine.content.cid import DAG_CBOR, Cid
from engine.content.schema import kind_of
from engine.errors import Damaged, Refused
from engine.release import RELEASE, RESOURCE_PIN
from engine.summary import load_run
from peers.catalogue_file import CatalogueFile
from peers.endorsement import Endorsed
from peers.identity import PeerId
from peers.resource import Edition, Get, Opened, is_release, opened, printed


def find_release(space: Workspace, text: str) -> Opened | None:
    """Return the Open Resource that a word stands for; None when it is none.

    Raises: Refused when it is not said whose; Unavailable when it does not come; Damaged when it
    is not what it should be.
    """
    cid = whole_cid(text)
    if cid is not None:
        return open_release(space, cid) if kind_at(space, cid) == RELEASE.kind else None
    want = wanted(text)
    choice = None if want is None else choose(want, known(space, want.name))
    if want is None or choice is None:
        return None
    return _opened(space, choice, want)


def kind_at(space: Workspace, cid: Cid) -> str:
    """Return what kind of record a CID names; "" for none.

    Raises: Unavailable when it does not come; Damaged when what comes is wrong.
    """
    return (kind_of(space.sources.get(cid)) or "") if cid.codec == DAG_CBOR else ""


def release_in(space: Workspace, roots: Iterable[Cid]) -> Opened | None:
    """Return the Open Resource among the roots of a bundle; None when there is none."""
    for root in roots:
        if root.codec == DAG_CBOR and is_release(space.store.get(root)):
            return opened(space.store.get, root)
    return None


def example(space: Workspace, found: Opened) -> Cid:
    """Return the run that the author of a resource made, the records of which are then here.

    Raises: Refused when it was published without one; Damaged when that is of something else;
    Unavailable when it does not come.
    """
    run = found.resource.example
    if run is None:
        what = f"{printed(found.resource)} was published without a run"
        fix = "'tally run' runs it; what comes out can be run again"
        raise Refused(what, where=str(found.cid), fix=fix)
    bring(space, found, needed(found))
    keep(space, found)
    if space.sources:
        space.sources.records(run, found.cid)
    record, one = load_run(space.store, run), found.resource
    is_its_own = (record.workflow, record.lock, record.parameters) == (
        one.workflow,
        one.lock,
        one.parameters,
    )
    if not is_its_own:
        what = "the run in this Open Resource is of another workflow, or of other params"
        raise Damaged(what, where=str(found.cid), fix="believe nothing of it")
    return run


def keep(space: Workspace, found: Opened) -> None:
    """Keep one that is used here, so that it can be run for ever."""
    space.store.pins.pin(found.cid, RESOURCE_PIN)
    if CatalogueFile.is_here(space.home):
        with CatalogueFile(space.home) as file:
            file.want(found.cid)


def _opened(space: Workspace, choice: Choice, want: Wanted) -> Opened:
    """Return what was chosen, or the version before it that is wanted.

    Raises: as `opened`; Damaged when it is not what it was announced as.
    """
    found = open_release(space, choice.one.release)
    _check(found, choice.one)
    while not choice.is_exact and found.resource.version != want.version:
        one = Edition(found.author, want.name, found.resource.version - 1, _before(found))
        found = open_release(space, one.release)
        _check(found, one)
    return found


def open_release(space: Workspace, cid: Cid) -> Opened:
    """Return an Open Resource by its CID.

    Raises: Unavailable when it does not come; Damaged when it is not what it should be.
    """
    return opened(_get(space, cid), cid)


def _before(found: Opened) -> Cid:
    if found.resource.previous is None:
        raise AssertionError("a version above 1 names the one before it")
    return Cid(found.resource.previous)


def _check(found: Opened, promised: Edition) -> None:
    if found.edition != promised:
        what = f"this is not '{promised.name}@{promised.version}' of {promised.author}"
        fix = "believe nothing of it, and name the resource by its CID"
        raise Damaged(f"{what}, as was said", where=str(promised.release), fix=fix)


def author_name(found: Opened, author: PeerId) -> str:
    """Return what an author is called: the name that nobody has looked at, and all of the key."""
    names = {PeerId(one.public_key): one.name for one in found.resource.authors}
    name = names.get(author, "")
    return f"{name} ({author})" if name else str(author)


def endorsed(space: Workspace, found: Opened) -> list[Endorsed]:
    """Return who says to have run it again, as far as word of it came here."""
    if not CatalogueFile.is_here(space.home):
        return []
    with CatalogueFile(space.home) as file:
        return file.endorsements(found.cid, SystemClock().now_ms())


def bring(space: Workspace, found: Opened, roots: Iterable[Cid]) -> None:
    """Have some of what a resource leads to here, from wherever it may be had.

    Raises: Unavailable when it does not come; Damaged when what comes is wrong.
    """
    space.sources.have(roots, found.cid)


def needed(found: Opened) -> tuple[Cid, ...]:
    """Return what running a resource takes, of all that it leads to."""
    resource = found.resource
    return (resource.workflow, resource.lock, resource.royalty, *resource.royalties)


def _get(space: Workspace, cid: Cid) -> Get:
    """Return what gets a Release and its Resource, which may be elsewhere."""
    return lambda each: space.sources.get(each, cid)
