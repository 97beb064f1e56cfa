"""Bound names: what names of Open Resources mean in a home, and all that it knows to have one."""

from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

from cli.naming import Known, choose, wanted
from cli.report import note
from cli.workspace import Workspace
from engine.clock import SystemClock
from engine.content.cid import DAG_CBOR, Cid
from engine.errors import Damaged, NotHere
from engine.release import UNSHARED_PIN
from peers.announcement import holds
from peers.bindings import Bindings
from peers.catalogue_file import CatalogueFile
from peers.identity import tail
from peers.resource import Edition, Opened, is_release, opened, printed


def bound(home: Path, name: str = "") -> Known:
    """Return what names mean in a home, and what it has published: public now or not."""
    if not Bindings.is_here(home):
        return Known(None, (), ())
    with closing(Bindings(home)) as file:
        return Known(file.meant(name), file.used(), file.made())


def announced(home: Path, name: str = "") -> list[Edition]:
    """Return what authors announce, under a name or any, as far as word of it came to a home."""
    if not CatalogueFile.is_here(home):
        return []
    with CatalogueFile(home) as file:
        claims = file.claims(SystemClock().now_ms())
    called = (one for one in claims if name in ("", one.announcement.name))
    said = ((one.signer, one.announcement, one.release) for one in called if holds(one))
    return [Edition(signer, one.name, one.version, release) for signer, one, release in said]


def known(space: Workspace, name: str = "") -> Known:
    """Return what is known in a home of names: as bound, as announced, and what is here."""
    found, here = bound(space.home, name), (one.edition for one in pinned(space))
    return found._replace(offered=[*found.offered, *announced(space.home, name), *here])


def pinned(space: Workspace) -> Iterator[Opened]:
    """Yield the Open Resources that are kept here."""
    pins = space.store.pins.all()
    records = (cid for cid, name in pins if cid.codec == DAG_CBOR and name != UNSHARED_PIN)
    for cid in dict.fromkeys(records):
        with suppress(NotHere, Damaged):  # of another, `tally fsck` speaks
            if is_release(space.store.get(cid)):
                yield opened(space.store.get, cid)


def bind(space: Workspace, text: str, found: Opened, *, is_dry: bool = False) -> None:
    """Have a name that was used mean just that, durably, unless it does already.

    Say so, with all of the author's key, and what is newer; a CID has no need of it. `is_dry`: only
    say what it would mean.

    Raises: as `choose`; Unavailable when that cannot be written.
    """
    want = wanted(text)
    choice = None if want is None else choose(want, known(space, want.name))
    if want is None or choice is None:
        return
    meant = bound(space.home, want.name)
    is_new = found.edition not in meant.used
    if is_new and not is_dry:
        with closing(Bindings(space.home)) as file:
            file.use(found.edition)
            meant = meant._replace(meant=file.meant(want.name))
    if is_new:
        is_bare = meant.meant == found.author or (is_dry and meant.meant is None)
        whose = "" if is_bare else f"{tail(found.author)}/"
        what = f"{printed(found.resource)} of {found.author}"
        when = "here; a run binds the name, this does not" if is_dry else "from now on"
        note(f"'{whose}{want.name}' is {what} {when}")
    if choice.newer is not None:
        newer = f"{choice.newer.name}@{choice.newer.version}"
        note(f"there is a newer version: name it '{newer}' to use it from now on")


def forget(home: Path, release: Cid) -> None:
    """Let names that mean a release mean nothing: they are bound when they are next used."""
    if Bindings.is_here(home):
        with closing(Bindings(home)) as file:
            file.forget(release)
