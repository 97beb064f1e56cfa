"""Foreign: what a binary cache that others made says of a store path, and whom to believe. Pure.

Nothing in it is believed but for what it names: the bytes are checked as they come, and a
signature only says who vouches for what they are called.
"""

import re
from collections.abc import Collection
from typing import Final

from engine.errors import Damaged, Refused
from engine.nix import narinfo, sha256
from engine.nix.narinfo import MAX_NAR, NarInfo
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
class Foreign:
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
        return self.info.nar_size + self.info.nar_size // 16 + _SPARE


def parse(data: bytes, path: StorePath) -> Foreign:
    """Read what a cache says of a store path.

    Raises: Damaged when it is no narinfo, or one of another path; Refused for a bad name in it.
    """
    fields, signatures = narinfo.fields(data)
    try:
        info = NarInfo(
            path=StorePath.parse(fields["StorePath"]),
            url=fields["URL"],
            nar_hash=sha256.parse(fields["NarHash"]),
            nar_size=int(fields["NarSize"]),
            references=tuple(sorted({*map(StorePath.parse, fields["References"].split())})),
            signatures=signatures,
        )
        file_size = int(fields["FileSize"]) if "FileSize" in fields else None
    except (KeyError, ValueError) as error:
        raise Damaged(f"a narinfo without a good {error}", where=str(path)) from None
    file_hash = sha256.parse(fields["FileHash"]) if "FileHash" in fields else None
    compression = fields.get("Compression", _OMITTED)
    found = Foreign(info, compression, file_hash, file_size, fields.get("CA", ""))
    _check(found, path)
    return found


def _check(found: Foreign, path: StorePath) -> None:
    info = found.info
    if info.path != path:
        raise Damaged(f"a narinfo of {info.path} where that of another is", where=str(path))
    if not 0 < info.nar_size <= min(MAX_NAR, MAX_NAR_SIZE):
        raise Damaged(f"a narinfo of {info.nar_size} bytes", where=str(path))
    most = info.nar_size + info.nar_size // 16 + _SPARE
    if found.file_size is not None and not 0 < found.file_size <= most:
        raise Damaged("a narinfo of a NAR that is larger compressed", where=str(path))


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


def check_trust(found: Foreign, keys: Collection[PublicKey]) -> None:
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


def is_content(found: Foreign) -> bool:
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
