"""Resources: the Open Resource that a word on the command line stands for, and having it here.

A word is the CID of its Release, or a name (naming.py). A name is bound when it is first used; it
never moves by itself. Nothing of a release is believed before its signature was looked at, and
that it is what its name promised.
"""

from collections.abc import Iterable, Iterator
from typing import Final

from cli.names import whole_cid
from cli.naming import Choice, Known, Wanted, choose, wanted
from cli.report import note
from cli.workspace import Workspace
from engine.clock import SystemClock
from engine.content.cid import DAG_CBOR, Cid
from engine.errors import Damaged, NotHere
from peers.bindings import Bindings
from peers.catalogue_file import CatalogueFile
from peers.identity import PeerId, tail
from peers.resource import Edition, Get, Opened, is_release, opened, printed

RESOURCE_PIN: Final = "resource"  # keeps one that was used here, so that it stays runnable


def find_release(space: Workspace, text: str, *, use: bool = False) -> Opened | None:
    """Return the Open Resource that a word stands for; None when it is none.

    With `use`, the name means just that from now on, unless it means something already.

    Raises: Refused when it is not said whose; Unavailable when it does not come; Damaged when it
    is not what it should be.
    """
    cid = whole_cid(text)
    if cid is not None:
        return open_release(space, cid) if is_release_here(space, cid) else None
    want = wanted(text)
    choice = None if want is None else choose(want, known(space, want))
    if want is None or choice is None:
        return None
    found = _opened(space, choice, want)
    if use:
        _bind(space, want, found, choice)
    return found


def is_release_here(space: Workspace, cid: Cid) -> bool:
    """Return whether a CID names a Release, as far as it can be had."""
    if cid.codec != DAG_CBOR:
        return False
    try:
        return is_release(_get(space, cid)(cid))
    except NotHere:
        return False


def keep(space: Workspace, found: Opened) -> None:
    """Keep one that is used here, so that it can be run for ever."""
    space.store.pins.pin(found.cid, RESOURCE_PIN)
    if CatalogueFile.is_here(space.home):
        with CatalogueFile(space.home) as file:
            file.want(found.cid)


def known(space: Workspace, want: Wanted | None = None) -> Known:
    """Return what this home knows of a name, or of all names."""
    offered = list(_here(space))
    offered += _announced(space)
    if not Bindings.is_here(space.home):
        return Known(None, (), offered)
    file = Bindings(space.home)
    try:
        meant = file.meant(want.name) if want else None
        return Known(meant, file.used(), [*offered, *file.made()])
    finally:
        file.close()


def _here(space: Workspace) -> Iterator[Edition]:
    """Yield the releases that are pinned here."""
    cids = dict.fromkeys(cid for cid, _ in space.store.pins.all() if cid.codec == DAG_CBOR)
    for cid in cids:
        try:
            if is_release(space.store.get(cid)):
                yield opened(space.store.get, cid).edition
        except (NotHere, Damaged):  # of another, `tally fsck` speaks
            continue


def _announced(space: Workspace) -> Iterator[Edition]:
    """Yield the releases that their authors announce, as far as word of it came here."""
    if not CatalogueFile.is_here(space.home):
        return
    with CatalogueFile(space.home) as file:
        for notice in file.notices(SystemClock().now_ms()):
            said = notice.announcement
            if said.version.isdecimal():
                yield Edition(notice.signer, said.name, int(said.version), notice.release)


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


def _open(space: Workspace, cid: Cid) -> Opened:
    return opened(_get(space, cid), cid)


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
        what = f"this is not '{promised.name}@{promised.version}' of {tail(promised.author)}"
        fix = "believe nothing of it, and name the resource by its CID"
        raise Damaged(f"{what}, as was said", where=str(promised.release), fix=fix)


def _bind(space: Workspace, want: Wanted, found: Opened, choice: Choice) -> None:
    file = Bindings(space.home)
    try:
        was = next((one for one in file.used() if _same(one, found)), None)
        if was is None or was.version != found.resource.version:
            file.use(found.edition)
    finally:
        file.close()
    if was is None or was.version != found.resource.version:
        note(f"'{want.name}' is {printed(found.resource)} of {tail(found.author)} from now on")
    if choice.newer is not None:
        newer = f"{choice.newer.name}@{choice.newer.version}"
        note(f"there is a newer version: name it '{newer}' to use it from now on")


def _same(one: Edition, found: Opened) -> bool:
    return (one.author, one.name) == (found.author, found.resource.name)


def author_name(found: Opened, author: PeerId) -> str:
    """Return what an author is called: the name that nobody has looked at, and the key."""
    names = {PeerId(one.public_key): one.name for one in found.resource.authors}
    name = names.get(author, "")
    return f"{name} ({tail(author)})" if name else tail(author)


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
