"""Links: what a block points to, and everything that can be reached from some roots.

It knows the three codecs and nothing of records: a run, a tree and a file are walked alike, by gc
to find what to keep and by a bundle to find what to carry.

>>> sorted(map(str, reachable(store.get, [run])))                          # doctest: +SKIP
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Final

from engine.content import canonical, dagpb
from engine.content.cid import DAG_CBOR, DAG_PB, RAW, Cid
from engine.errors import Damaged
from engine.values import dataclass

Children = Callable[[Cid], Iterable[Cid]]


@dataclass(frozen=True, slots=True)
class Bounds:
    """The most that is walked; what a stranger sent may be made to explode."""

    blocks: int = 1_000_000  # 1 TiB of file content, and 36 MB of names in memory
    links: int = dagpb.MAX_LINKS  # of one block; an honest directory has up to 6 500
    depth: int = 128  # honest graphs have under 20 levels


STRANGER: Final = Bounds()
OURS: Final = Bounds(2**63, 2**63, 2**63)  # our own store was bounded as things came in


def links(cid: Cid, data: bytes) -> Iterator[Cid]:
    """Yield what a block links to; one link may come twice.

    Raises: Damaged when it is not what its codec says.
    """
    if cid.codec == DAG_PB:
        yield from (link.cid for link in dagpb.decode(data)[0])
    elif cid.codec == DAG_CBOR:
        yield from canonical.links(data)


def reachable(
    get: Callable[[Cid], bytes], roots: Iterable[Cid], bounds: Bounds = STRANGER
) -> Iterator[Cid]:
    """Yield every block that roots lead to, each once, parents first. Raw blocks are not read.

    Raises: Damaged over `bounds` or for a malformed block; what `get` raises.
    """
    return walk(lambda cid: () if cid.codec == RAW else links(cid, get(cid)), roots, bounds)


def walk(children: Children, roots: Iterable[Cid], bounds: Bounds = STRANGER) -> Iterator[Cid]:
    """Yield what roots lead to by `children`, each once, parents first, depth first.

    Raises: Damaged over `bounds`.
    """
    seen: set[Cid] = set()
    waiting = [(root, 0) for root in reversed(list(roots))]
    while waiting:
        cid, depth = waiting.pop()
        if cid in seen:
            continue
        seen.add(cid)
        if len(seen) > bounds.blocks:
            raise _over(cid, f"over {bounds.blocks} blocks")
        yield cid
        below = list(children(cid))
        if len(below) > bounds.links:
            raise _over(cid, f"a block with over {bounds.links} links")
        if below and depth == bounds.depth:
            raise _over(cid, f"over {bounds.depth} levels")
        waiting += [(child, depth + 1) for child in reversed(below) if child not in seen]


def _over(cid: Cid, what: str) -> Damaged:
    return Damaged(
        f"content goes over a limit: {what}",
        where=str(cid),
        fix="nothing honest is shaped like this: ask whoever made it",
    )
