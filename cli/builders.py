"""Builders' words about environments: kept in a home, taken along with them, and demanded.

Each is kept by a pin of its own, as it concerns whatever environment has its outputs.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from cli.settings import unflagged
from cli.workspace import Workspace
from engine.built import MOST, Word, about, count, is_word, read, speaks_of
from engine.bundlerecords import BundleRecords
from engine.content.blocks import Block
from engine.content.cid import DAG_CBOR, Cid
from engine.errors import Damaged, Unavailable
from engine.nix.environment import words_in
from engine.nix.records import CLOSURE, ENVIRONMENT, Closure
from engine.sourced import Sourced

if TYPE_CHECKING:
    from engine.nix.environment import Opened

BUILT_PIN: Final = "built"  # of a word
HERE_PIN: Final = "built here"  # of a Closure that Nix gave on this machine


def keep(space: Workspace, words: Iterable[Block]) -> None:
    """Keep words, durably.

    Raises: Damaged, and nothing is kept, when one is not signed by its signer.
    """
    words = tuple(words)
    for word in words:
        read(word.data)
    space.store.put(words)
    for word in words:
        space.store.pins.pin(word.cid, BUILT_PIN)


def others_in(records: BundleRecords) -> frozenset[Cid]:
    """Return the roots of a bundle that are words about environments which are not in it.

    Signatures are looked at of the others alone.

    Raises: Damaged when one of those is forged; NotHere when the bundle lacks what an environment
    is.
    """
    words = {root: data for root in records.roots if (data := _word_in(records, root))}
    opened = _opened(records) if words else set()
    here = {root for root, data in words.items() if speaks_of(data) in opened}
    for root in here:
        try:
            read(words[root])
        except Damaged as damaged:
            damaged.where = str(root)
            raise
    return frozenset(words.keys() - here)


def _word_in(records: BundleRecords, root: Cid) -> bytes | None:
    if root.codec != DAG_CBOR or not records.has(root):
        return None
    data = records.get(root)
    return data if is_word(data) else None


def _opened(records: BundleRecords) -> set[frozenset[str]]:
    """Return the store paths that each environment of a bundle is; many may share one closure."""
    opened = map(ENVIRONMENT.decode, map(records.get, records.environments))
    closures = {one.closure for one in opened}
    return {frozenset(CLOSURE.decode(records.get(cid)).roots) for cid in closures}


def known(space: Workspace, opened: "Opened") -> tuple[Word, ...]:
    """Return what builders say of an environment, as far as this home knows."""
    return _known(space, opened.closure, opened.closure_cid)


def _known(space: Workspace, closure: Closure, cid: Cid) -> tuple[Word, ...]:
    kept = [word for word in space.store.pins.of(BUILT_PIN) if space.store.has(word)]
    words = ((word, space.store.get(word)) for word in kept)
    return tuple(about(closure, cid, words))


def carried(space: Workspace, opened: "Opened", most: int = MOST) -> tuple[Word, ...]:
    """Return the words that go along with an environment: the newest of each signer, `most` of all.

    Those of whom the user knows come first: nobody's junk pushes them out.
    """
    newest = sorted(known(space, opened), key=lambda one: one.said.built_ms)
    by_signer = {one.signer: one for one in newest}
    if len(by_signer) <= most:
        return tuple(by_signer.values())
    from cli.circle import circle_of
    from peers.identity import PeerId

    circle = circle_of(space.home)
    ordered = sorted(by_signer.values(), key=lambda one: not circle.trusts(PeerId(one.signer)))
    return tuple(ordered[:most])


def take(space: Workspace, named: Cid, opened: "Opened") -> None:
    """Keep the words that came in a published cache, which an environment was `named` by."""
    if named.codec == DAG_CBOR or space.read_only:
        return
    store = Sourced(space.store, space.sources, named)
    found = [Block(Cid.of(DAG_CBOR, data), data) for data in words_in(store.get, named)]
    pairs = [(word.cid, word.data) for word in found]
    good = {one.cid for one in about(opened.closure, opened.closure_cid, pairs)}
    keep(space, [word for word in found if word.cid in good])


def made_here(space: Workspace, opened: "Opened") -> None:
    """Remember that Nix made an environment on this machine: no builder is demanded for it."""
    space.store.pins.pin(opened.closure_cid, HERE_PIN)


def accept(space: Workspace, named: Cid, opened: "Opened") -> None:
    """Keep what builders said of an environment that a CID named, and look whether it may be used.

    Raises: as demand.
    """
    take(space, named, opened)
    demand(space, opened.closure, opened.closure_cid, opened.cid)


def demand(space: Workspace, closure: Closure, cid: Cid, where: Cid) -> None:
    """Look whether as many builders as are demanded agree on an environment not built here.

    Those count whom the user named: anybody can make keys. It is called by its Closure, `cid`, and
    to people by `where`.

    Raises: Unavailable when they do not.
    """
    wanted: int = unflagged("builders")
    if not wanted or cid in space.store.pins.of(HERE_PIN):
        return
    from cli.circle import circle_of  # a run that demands nothing waits for no keys
    from peers.identity import PeerId

    circle, counted = circle_of(space.home), count(_known(space, closure, cid))
    agree = sum(circle.trusts(PeerId(signer)) for signer in counted.agree)
    if agree < wanted:
        unnamed = len(counted.agree) - agree
        others = f"; so do {unnamed} that you did not name" if unnamed else ""
        differ = f", and {len(counted.differ)} differ" if counted.differ else ""
        raise Unavailable(
            f"of the builders that you named {agree} agree on this environment{differ}; "
            f"{wanted} must{others}",
            where=str(where),
            fix="build it here ('tally env build WORKFLOW'), name builders that you trust "
            "('tally peer add'), or demand fewer (setting 'builders')",
        )
