"""A directory or symlink as blocks.

>>> directory([]).link.tsize
4
"""

from collections.abc import Iterable

from engine.content import dagpb, hamt
from engine.content.blocks import Block
from engine.content.cid import DAG_PB
from engine.content.dagpb import Link
from engine.content.names import MAX_ENTRIES, bad_target, impossible
from engine.content.profile import PUBLISHED, Profile
from engine.content.unixfs import DIRECTORY, SYMLINK, Message
from engine.errors import Refused
from engine.values import dataclass


@dataclass(frozen=True, slots=True)
class Made:
    """Something as blocks: the link to it (of no name yet) and its own blocks, children first."""

    link: Link
    blocks: tuple[Block, ...]


def directory(links: Iterable[Link], profile: Profile = PUBLISHED) -> Made:
    """Make a directory of `links`, in any order: one block, or shards when that is too large.

    Raises: Refused for a bad name, a name twice, or too many.
    """
    ordered = sorted(links, key=lambda link: link.name)  # by code point, which is by UTF-8 bytes
    _check(ordered)
    block = profile.block(DAG_PB, dagpb.encode(ordered, Message(DIRECTORY).encode()))
    if _estimate(ordered, block, profile) > profile.threshold:
        link, blocks = hamt.shard(ordered, profile)
        return Made(link, tuple(blocks))
    tsize = len(block.data) + sum(link.tsize for link in ordered)
    return Made(Link("", block.cid, tsize), (block,))


def symlink(target: str, profile: Profile = PUBLISHED) -> Made:
    """Make a symlink.

    Raises: Refused when nothing can point there.
    """
    if why := bad_target(target):
        raise Refused(f"a symlink to {target[:80]!a}: {why}", fix="let it point elsewhere")
    message = Message(SYMLINK, data=target.encode())
    block = profile.block(DAG_PB, dagpb.encode((), message.encode()))
    return Made(Link("", block.cid, len(block.data)), (block,))


def _check(ordered: list[Link]) -> None:
    if len(ordered) > MAX_ENTRIES:
        raise Refused(
            f"a directory of {len(ordered)} entries",
            fix=f"at most {MAX_ENTRIES} can be in one: pack them into fewer files",
        )
    previous = ""
    for link in ordered:
        if why := impossible(link.name) or ("it is there twice" if link.name == previous else ""):
            raise Refused(f"a directory entry {link.name[:80]!a}: {why}", fix="rename it")
        previous = link.name


def _estimate(links: list[Link], block: Block, profile: Profile) -> int:
    """Return the size that decides on sharding, the way the profile measures it."""
    if profile.estimate == "block":
        return len(block.data)
    return sum(len(link.name.encode()) + len(link.cid.raw) for link in links)
