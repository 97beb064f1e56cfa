r"""FileDag: the nodes above the leaves of a file, made while the leaves stream by.

A balanced tree: every leaf is equally deep, every node but the last of its level is full. Of a
10 GiB file only the links of unfinished nodes are held, a thousand a level.

>>> dag = FileDag(PUBLISHED)
>>> dag.leaf(PUBLISHED.block(RAW, b"foo\n").cid, 4)
[]
>>> dag.finish()[0].cid
Cid('bafkr4icj3sdq34o6p7lapfgoxtset5om3lsxll72uz5cjnrkzmb6aoo3si')
"""

from engine.content import dagpb
from engine.content.blocks import Block
from engine.content.cid import DAG_PB, RAW, Cid
from engine.content.dagpb import Link
from engine.content.profile import PUBLISHED, Profile
from engine.content.unixfs import FILE, Message
from engine.values import dataclass


@dataclass(frozen=True, slots=True)
class _Child:
    link: Link
    size: int  # bytes of the file


class FileDag:
    """Takes the leaves of one file in order."""

    def __init__(self, profile: Profile = PUBLISHED) -> None:
        self.size = 0  # bytes of the file so far
        self._profile = profile
        self._levels: list[list[_Child]] = [[]]  # nodes not yet full, the leaves' level first

    def leaf(self, cid: Cid, size: int) -> list[Block]:
        """Take the next raw leaf, of `size` bytes; return the nodes that this completed."""
        self.size += size
        self._levels[0].append(_Child(Link("", cid, size), size))
        made: list[Block] = []
        level = 0
        while len(self._levels[level]) == self._profile.links:
            made.append(self._close(level))
            level += 1
        return made

    def finish(self) -> tuple[Link, list[Block]]:
        """Return the link to the whole file, and the nodes that were still open.

        A file of one leaf is that leaf; a file of none is the empty raw block.
        """
        made: list[Block] = []
        if not self.size and not self._levels[0]:
            made.append(self._profile.block(RAW, b""))
            self.leaf(made[0].cid, 0)
        for level in range(len(self._levels)):
            is_top = level == len(self._levels) - 1
            if self._levels[level] and not (is_top and len(self._levels[level]) == 1):
                made.append(self._close(level))
        return self._levels[-1][0].link, made

    def _close(self, level: int) -> Block:
        """Make one node of all that waits at `level` and let it wait one level up."""
        children = self._levels[level]
        sizes = tuple(child.size for child in children)
        message = Message(FILE, filesize=sum(sizes), blocksizes=sizes)
        links = [child.link for child in children]
        block = self._profile.block(DAG_PB, dagpb.encode(links, message.encode()))
        tsize = len(block.data) + sum(link.tsize for link in links)
        if level + 1 == len(self._levels):
            self._levels.append([])
        self._levels[level + 1].append(_Child(Link("", block.cid, tsize), sum(sizes)))
        children.clear()
        return block
