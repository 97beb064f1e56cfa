"""Vouched: what others have signed of store paths, kept so that it is published again. Pure.

Kept as a directory of narinfos, as a binary cache has them, with no NARs beside them. A signature
is over a path, its NAR's hash and size and its references: for a path that differs in any of them
it is not taken. Whether a signature is right, only who has its key can say (`verified`).
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from itertools import chain, islice, zip_longest
from typing import Final

from engine.content import reader
from engine.content.blocks import Block
from engine.content.cid import RAW, Cid
from engine.content.dagpb import Link
from engine.content.directory import Made, directory
from engine.content.profile import PUBLISHED
from engine.content.reader import Get
from engine.errors import TallyError
from engine.nix import narinfo
from engine.nix.narinfo import NarInfo
from engine.nix.records import Closure, ClosurePath
from engine.nix.signature import PublicKey
from engine.nix.storepath import StorePath

Signatures = Mapping[str, tuple[str, ...]]  # base name of a store path -> what is signed of it

MOST: Final = 16  # signatures of one path

_SIGNATURE: Final = re.compile(r"[!-9;-~]{1,100}:[A-Za-z0-9+/]{86}==", re.ASCII)


def info_of(path: ClosurePath, signatures: Iterable[str] = ()) -> NarInfo:
    """Return what a cache says of a path: in ours, its NAR is called by its hash."""
    return NarInfo(
        path=StorePath.parse(path.name),
        url=narinfo.nar_url(path.nar_hash),
        nar_hash=path.nar_hash,
        nar_size=path.nar_size,
        references=tuple(map(StorePath.parse, path.references)),
        signatures=tuple(signatures),
    )


def pack(closure: Closure, signatures: Signatures) -> Made:
    """Make the directory of what was signed of some of a closure's paths."""
    blocks: list[Block] = []
    links: list[Link] = []
    for path in closure.paths:
        if signed := _sound(signatures.get(path.name, ())):
            info = info_of(path, signed)
            block = PUBLISHED.block(RAW, narinfo.show(info).encode())
            blocks.append(block)
            links.append(Link(f"{info.path.digest}.narinfo", block.cid, len(block.data)))
    top = directory(links)
    return Made(top.link, (*blocks, *top.blocks))


def collect(get: Get, folders: Iterable[Cid], closure: Closure) -> Signatures:
    """Return what was signed of a closure's paths, by any of these directories.

    One that is not here any more, or is none, has nothing.
    """
    found: dict[str, list[tuple[str, ...]]] = {}
    for folder in folders:
        with suppress(TallyError):
            for path, signatures in _signed(get, folder, closure):
                found.setdefault(path, []).append(signatures)
    return {path: _sound(*several) for path, several in found.items()}


def merged(*several: Signatures, without: str = "") -> Signatures:
    """Return all that is signed of each path, but for what is by the key called `without`."""
    found: dict[str, list[list[str]]] = {}
    for signatures in several:
        for path, signed in signatures.items():
            others = [one for one in signed if one.partition(":")[0] != without]
            found.setdefault(path, []).append(others)
    sound = {path: _sound(*signed) for path, signed in found.items()}
    return {path: signed for path, signed in sound.items() if signed}


def verified(signatures: Signatures, closure: Closure, keys: Iterable[PublicKey]) -> frozenset[str]:
    """Return the names of those keys of which all signatures that are called by them hold."""
    known = {key.name: key for key in keys}
    right: set[str] = set()
    wrong: set[str] = set()
    for path in closure.paths:
        message = narinfo.fingerprint(info_of(path))
        for one in signatures.get(path.name, ()):
            name = one.partition(":")[0]
            holds = name in known and known[name].verifies(message, one)
            (right if holds else wrong).add(name)
    return frozenset(right - wrong)


def _signed(get: Get, folder: Cid, closure: Closure) -> Iterator[tuple[str, tuple[str, ...]]]:
    for path in closure.paths:
        ours = info_of(path)
        link = reader.lookup(get, folder, f"{ours.path.digest}.narinfo")
        if link is None:
            continue
        data = b"".join(reader.read(get, link.cid, length=narinfo.MAX_BYTES + 1))
        info = narinfo.parse(data)
        if narinfo.fingerprint(info) == narinfo.fingerprint(ours):
            yield path.name, info.signatures


def _sound(*several: Iterable[str]) -> tuple[str, ...]:
    """Return what can be signatures, sorted, each once, and no more than MOST.

    Those of several are taken in turn: nobody's junk pushes out what others kept.
    """
    sound = (sorted({one for one in some if _SIGNATURE.fullmatch(one)}) for some in several)
    turns = chain.from_iterable(zip_longest(*sound))
    found = dict.fromkeys(one for one in turns if one is not None)
    return tuple(sorted(islice(found, MOST)))
