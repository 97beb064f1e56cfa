"""Bundle: a run, an environment or any other content as one file, and back.

The file is a CAR v1 with one root and everything that can be reached from it, parents first: the
workflow, inputs, environments, outputs, logs and signatures of a run. What was paid for a run is
beside it, as a second root, and what builders say of its environments as more. A thin bundle
(thin.py) has a part of a run. Nothing in it is trusted: each block is checked against its name, and
taken only if something before it links to it.
"""

from collections.abc import Container, Iterable, Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import BinaryIO

from engine.content import car
from engine.content.blocks import Block, BlockStore, batches
from engine.content.cid import RAW, Cid
from engine.content.links import OURS, STRANGER, links, reachable, walk
from engine.content.schema import kind_of
from engine.durable import reached
from engine.errors import Damaged, Refused
from engine.run import RUN
from engine.thin import THIN, content, is_thin, missing
from engine.wholefile import whole_file


def export(
    store: BlockStore,
    root: Cid,
    stream: BinaryIO,
    beside: Sequence[Block] = (),
    also: Sequence[Cid] = (),
) -> None:
    """Write everything that can be reached from `root`.

    `beside` are blocks that are in no store, of which the first is a root too, and leads to them;
    `also` are more roots.

    Raises: Unavailable when some of it is not here; Damaged when it is not what it is named.
    """
    held = {block.cid: block.data for block in beside}
    roots = [root, *(block.cid for block in beside[:1]), *also]

    def get(cid: Cid) -> bytes:
        return held[cid] if cid in held else store.get(cid)

    car.write(stream, roots, (Block(cid, get(cid)) for cid in reachable(get, roots, OURS)))


def export_thin(store: BlockStore, thin: Cid, stream: BinaryIO, also: Sequence[Cid] = ()) -> None:
    """Write what a Thin record, which is in the store, says of a run; `also` are more roots.

    Raises: as export.
    """
    cids = dict.fromkeys(chain(content(store, thin), reachable(store.get, also, OURS)))
    car.write(stream, [thin, *also], (Block(cid, store.get(cid)) for cid in cids))


def export_file(
    store: BlockStore,
    root: Cid,
    path: Path,
    beside: Sequence[Block] = (),
    also: Sequence[Cid] = (),
) -> int:
    """Write a bundle to `path`, which is there only when it is whole; return its bytes.

    Raises: as export; Refused when the file cannot be written there.
    """
    with whole_file(path) as stream:
        if is_thin(store, root):
            export_thin(store, root, stream, also)
        else:
            export(store, root, stream, beside, also)
        reached("bundle.written")
    reached("bundle.named")
    return path.stat().st_size


def import_bundle(
    store: BlockStore, stream: BinaryIO, without: Container[Cid] = ()
) -> tuple[Cid, ...]:
    """Put the content of a bundle in a store; return its roots, all of which is then here.

    `without`: roots that are left out.

    What was put before something turned out to be wrong is correct content that nothing names: it
    does no harm, and a gc removes it.

    Raises: Refused when it is no bundle; Damaged when it is changed, cut short, or lacks a block;
    Unavailable on a full disk.
    """
    reader = car.Reader(stream)
    roots = tuple(root for root in reader.roots if root not in without)
    for batch in batches(block for block in wanted(reader) if block.cid not in without):
        store.put(batch)
        reached("bundle.taken")
    for cid in _missing(store, roots):
        fix = "fetch or export the bundle again"
        raise Damaged("the bundle lacks a block that it links to", where=str(cid), fix=fix)
    return roots


def run_in(store: BlockStore, roots: Iterable[Cid]) -> Cid:
    """Return the Run among the roots of a bundle, or the one that a thin bundle is a part of.

    Raises: Refused when there is none.
    """
    for root in roots:
        if root.codec != RAW and kind_of(store.get(root)) == RUN.kind:
            return root
        if is_thin(store, root):
            return THIN.decode(store.get(root)).whole
    raise Refused("there is no Run in this bundle", fix="export one: `tally export RUN FILE.car`")


def wanted(reader: car.Reader) -> Iterator[Block]:
    """Yield the blocks that the roots, or blocks before them, link to.

    Raises: Damaged as the reader, and for more than an honest bundle has.
    """
    wanted = set(reader.roots)
    for block in reader:
        if block.cid not in wanted:
            continue
        wanted.update(links(block.cid, block.data))
        if len(wanted) > STRANGER.blocks:
            raise Damaged(f"a bundle of over {STRANGER.blocks} blocks", where=str(block.cid))
        yield block


def _missing(store: BlockStore, roots: Iterable[Cid]) -> Iterator[Cid]:
    """Yield what can be reached from the roots and is not here, and lacks in a thin bundle."""
    thin = {root for root in roots if is_thin(store, root)}

    def children(cid: Cid) -> Iterable[Cid]:
        return links(cid, store.get(cid)) if cid.codec != RAW and store.has(cid) else ()

    whole = walk(children, (root for root in roots if root not in thin))
    yield from (cid for cid in whole if not store.has(cid))
    for root in thin:
        yield from missing(store, root)
