"""The binary cache of a closure: a UnixFS directory that stock Nix substitutes from. Pure.

    nix-cache-info
    tallystick-closure        the bytes of the Closure record; Nix does not look at it
    <digest>.narinfo          for each store path
    nar/<nar hash>.nar        not compressed: compressors change, and blocks would not be shared
    tallystick-builders/<n>   in a signed view: what builders say came out where they built it

Nothing in it depends on who made it. A signed view is the same directory with `Sig` lines in the
narinfos, and shares everything else. environment.py reads such directories back.
"""

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Final

from engine.content.blocks import Block
from engine.content.cid import RAW
from engine.content.dagpb import Link
from engine.content.directory import Made, directory
from engine.content.profile import PUBLISHED
from engine.nix import narinfo
from engine.nix.narinfo import NarInfo
from engine.nix.records import CLOSURE, Closure, ClosurePath
from engine.nix.signature import SecretKey
from engine.nix.vouched import Signatures, info_of

INFO: Final = "nix-cache-info"
RECORD: Final = "tallystick-closure"
NARS: Final = "nar"
WORDS: Final = "tallystick-builders"

_NONE: Final[Signatures] = MappingProxyType({})


def cache(
    closure: Closure,
    nars: Mapping[str, Link],
    key: SecretKey | None = None,
    vouched: Signatures = _NONE,
    words: Sequence[bytes] = (),
) -> Made:
    """Make the cache of a closure; `nars`: base name -> link to the UnixFS file of its NAR.

    It has the signatures `vouched`, those of `key`, and builders' `words`. The blocks of the NARs
    themselves are not among those returned.
    """
    named = {nar_name(path): nars[path.name] for path in closure.paths}
    folder = directory(Link(name, link.cid, link.tsize) for name, link in named.items())
    files = [_file(name, data) for name, data in texts(closure, key, vouched).items()]
    links = [*(link for link, _ in files), Link(NARS, folder.link.cid, folder.link.tsize)]
    said = [_file(str(place), data) for place, data in enumerate(words)]
    if said:
        builders = directory(link for link, _ in said)
        links.append(Link(WORDS, builders.link.cid, builders.link.tsize))
        said = [*said, *((builders.link, block) for block in builders.blocks)]
    top = directory(links)
    made = (block for _, block in (*files, *said))
    return Made(top.link, (*made, *folder.blocks, *top.blocks))


def texts(
    closure: Closure, key: SecretKey | None = None, vouched: Signatures = _NONE
) -> dict[str, bytes]:
    """Return the small files of a cache: all but the NARs."""
    infos = {
        f"{info.path.digest}.narinfo": narinfo.show(info).encode()
        for info in _infos(closure, key, vouched)
    }
    return {INFO: narinfo.CACHE_INFO.encode(), RECORD: CLOSURE.encode(closure), **infos}


def nar_name(path: ClosurePath) -> str:
    """Return the name of a path's NAR in the directory `nar`."""
    return narinfo.nar_url(path.nar_hash).removeprefix(f"{NARS}/")


def _infos(closure: Closure, key: SecretKey | None, vouched: Signatures) -> Iterable[NarInfo]:
    for path in closure.paths:
        info = info_of(path, vouched.get(path.name, ()))
        yield info if key is None else narinfo.signed(info, key)


def _file(name: str, data: bytes) -> tuple[Link, Block]:
    """Make a file of one block; the longest here is a record, which has at most one."""
    block = PUBLISHED.block(RAW, data)
    return Link(name, block.cid, len(data)), block
