"""Substitute: what a binary cache that others made says of a store path, and whom to believe. Pure.

Nothing in it is believed but for what it names: the bytes are checked as they come, and a
signature only says who vouches for what they are called.
"""

import re
from collections.abc import Collection, Mapping
from typing import Final

from engine.errors import Damaged, Refused
from engine.nix import narinfo, sha256
from engine.nix.narinfo import NarInfo
from engine.nix.records import ClosurePath
from engine.nix.signature import PublicKey
from engine.nix.storepath import STORE_DIR, StorePath, source_path
from engine.values import dataclass

MAX_PATHS: Final = 50_000  # of one closure; a whole desktop has some 3 000
MAX_NAR_SIZE: Final = 2**40  # bytes

_SPARE: Final = 64 * 1024  # bytes that a compressed NAR may be longer than it is, and 1/16 of it
_OMITTED: Final = "bzip2"  # the compression of a narinfo that says none
_CONTENT: Final = re.compile(r"fixed:r:(sha256:\S+)", re.ASCII)
_INFO: Final = re.compile(rb"^StoreDir:[ \t]*(\S+)[ \t]*\r?$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Substitute:
    """One store path of somebody's binary cache."""

    info: NarInfo
    compression: str
    file_hash: bytes | None  # of the NAR as it is compressed
    file_size: int | None
    content: str  # what it is called by, when that is its content; else ""

    @property
    def path(self) -> ClosurePath:
        """What is recorded of it."""
        references = tuple(reference.base for reference in self.info.references)
        return ClosurePath(self.info.path.base, self.info.nar_hash, self.info.nar_size, references)

    @property
    def longest(self) -> int:
        """How many bytes are taken of its NAR, as it is compressed."""
        if self.file_size is not None:
            return self.file_size
        return _longest(self.info)


def parse(data: bytes, path: StorePath) -> Substitute:
    """Read what a cache says of a store path.

    Raises: Damaged when it is no narinfo, or one of another path; Refused for a bad name in it,
    and for one that is called otherwise there.
    """
    try:
        found = _parse(*narinfo.fields(data))
        _check(found, path)
    except Damaged as damaged:
        damaged.where = damaged.where or str(path)
        raise
    return found


def _parse(fields: Mapping[str, str], signatures: tuple[str, ...]) -> Substitute:
    info = narinfo.of_fields(fields, signatures, sha256.parse)
    file_hash = sha256.parse(fields["FileHash"]) if "FileHash" in fields else None
    try:
        file_size = int(fields["FileSize"]) if "FileSize" in fields else None
    except ValueError as error:
        raise Damaged(f"a narinfo without a good {error}") from None
    compression = fields.get("Compression", _OMITTED)
    return Substitute(info, compression, file_hash, file_size, fields.get("CA", ""))


def _longest(info: NarInfo) -> int:
    return info.nar_size + info.nar_size // 16 + _SPARE


def _check(found: Substitute, path: StorePath) -> None:
    info = found.info
    if info.path != path and info.path.digest == path.digest:
        fix = f"did you mean '{info.path}'?"
        raise Refused("this cache has it by another name", where=str(path), fix=fix)
    if info.path != path:
        raise Damaged(f"a narinfo of {info.path} where that of another is")
    if not 0 < info.nar_size <= MAX_NAR_SIZE:
        raise Damaged(f"a narinfo of {info.nar_size} bytes")
    if found.file_size is not None and not 0 < found.file_size <= _longest(info):
        raise Damaged("a narinfo of a NAR that is larger compressed")


def check_store(data: bytes) -> None:
    """Check what a cache says of itself: its paths must be made for the one store that there is.

    Raises: Refused when they are not.
    """
    match = _INFO.search(data)
    said = match[1].decode("ascii", "replace") if match else "no store that it names"
    if said != STORE_DIR:
        raise Refused(
            f"this cache is for {said[:80]}, and environments are for {STORE_DIR}",
            fix="name another cache",
        )


def check_trust(found: Substitute, keys: Collection[PublicKey]) -> None:
    """Check that one of these keys signed a path, or that it is called by its own content.

    Raises: Refused when none did; Damaged when one seems to have, of something else.
    """
    if is_content(found):
        return
    message = narinfo.fingerprint(found.info)
    for key in keys:
        for signature in found.info.signatures:
            if signature.partition(":")[0] != key.name:
                continue
            if key.verifies(message, signature):
                return
            raise Damaged(f"the signature of {key.name} is wrong", where=str(found.info.path))
    names = ", ".join(one.partition(":")[0] for one in found.info.signatures) or "nobody"
    raise Refused(
        f"no trusted key signed this store path: {names[:200]} did",
        where=str(found.info.path),
        fix="name the key of whom you trust: --trusted-key NAME:KEY",
    )


def is_content(found: Substitute) -> bool:
    """Return whether a path's name follows from the bytes of its NAR, so that no word is needed."""
    match = _CONTENT.fullmatch(found.content)
    if match is None:
        return False
    info = found.info
    others = tuple(one for one in info.references if one != info.path)
    try:
        named = sha256.parse(match[1])
        has_own = len(others) < len(info.references)
        made = source_path(info.path.name, info.nar_hash, others, self_reference=has_own)
    except Refused:
        return False
    return named == info.nar_hash and made == info.path
