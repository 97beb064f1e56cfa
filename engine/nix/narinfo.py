"""NarInfo: what a Nix binary cache says of one store path, and what a signature is made over. Pure.

Only what Tallystick writes is read: archives without compression. Keys that it does not know are
skipped, as Nix does.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final

from engine.errors import Damaged
from engine.nix import nix32
from engine.nix.signature import SecretKey
from engine.nix.storepath import STORE_DIR, StorePath
from engine.values import dataclass

MAX_BYTES: Final = 1024 * 1024  # of a narinfo; one that names 10 000 references has half of it
MAX_NAR: Final = 2**63 - 1  # bytes; what a record's integer holds

CACHE_INFO: Final = f"StoreDir: {STORE_DIR}\nWantMassQuery: 1\nPriority: 50\n"

_HASH: Final = "sha256:"


@dataclass(frozen=True, slots=True)
class NarInfo:
    """One store path of a binary cache."""

    path: StorePath
    url: str  # of the archive, relative to the cache
    nar_hash: bytes  # sha256, 32 bytes
    nar_size: int  # bytes
    references: tuple[StorePath, ...]  # sorted
    signatures: tuple[str, ...] = ()  # each "<key name>:<base64>"


def nar_url(nar_hash: bytes) -> str:
    """Return where an archive is in a cache: by its content."""
    return f"nar/{nix32.encode(nar_hash)}.nar"


def show(info: NarInfo) -> str:
    """Print a narinfo; nothing in it depends on who made it but the signatures."""
    digest = _HASH + nix32.encode(info.nar_hash)
    lines = [
        f"StorePath: {info.path}",
        f"URL: {info.url}",
        "Compression: none",
        f"FileHash: {digest}",
        f"FileSize: {info.nar_size}",
        f"NarHash: {digest}",
        f"NarSize: {info.nar_size}",
        # the space after the colon stays when there are none: Nix skips two characters
        f"References: {' '.join(reference.base for reference in info.references)}",
        *(f"Sig: {signature}" for signature in info.signatures),
    ]
    return "\n".join(lines) + "\n"


def parse(data: bytes) -> NarInfo:
    """Read a narinfo.

    Raises: Damaged when it is not one, or is of a compressed archive; Refused for a bad name in it.
    """
    found, signatures = fields(data)
    info = of_fields(found, signatures, _hash)
    if found.get("Compression") != "none":
        raise Damaged("a narinfo of a compressed archive", where=str(info.path))
    if not 0 < info.nar_size <= MAX_NAR:
        raise Damaged("a narinfo with a bad NarSize", where=str(info.path))
    return info


def _hash(text: str) -> bytes:
    if not text.startswith(_HASH):
        raise ValueError("NarHash")
    return nix32.decode(text.removeprefix(_HASH), 32)


def of_fields(
    found: Mapping[str, str], signatures: tuple[str, ...], read_hash: Callable[[str], bytes]
) -> NarInfo:
    """Return what fields say; `read_hash` reads a hash, or raises ValueError.

    Raises: Damaged when one is missing or malformed; Refused for a bad name, and as `read_hash`.
    """
    try:
        return NarInfo(
            path=StorePath.parse(found["StorePath"]),
            url=found["URL"],
            nar_hash=read_hash(found["NarHash"]),
            nar_size=int(found["NarSize"]),
            references=tuple(sorted({*map(StorePath.parse, found["References"].split())})),
            signatures=signatures,
        )
    except (KeyError, ValueError) as error:
        raise Damaged(f"a narinfo without a good {error}") from None


def fields(data: bytes) -> tuple[dict[str, str], tuple[str, ...]]:
    """Split the lines; only signatures may come more than once.

    Raises: Damaged when they are none.
    """
    if len(data) > MAX_BYTES or not data.endswith(b"\n"):
        raise Damaged("a narinfo that is too long or ends early")
    found: dict[str, str] = {}
    signatures = []
    for line in data.decode("utf-8", "replace").split("\n")[:-1]:
        key, colon, value = line.partition(": ")
        if not colon or key in found:
            raise Damaged(f"a narinfo with the line '{line[:80]}'")
        if key == "Sig":
            signatures.append(value)
        else:
            found[key] = value
    return found, tuple(signatures)


def fingerprint(info: NarInfo) -> bytes:
    """Return the bytes that a signature is made over (Nix: path-info.cc)."""
    references = ",".join(map(str, info.references))
    digest = _HASH + nix32.encode(info.nar_hash)
    return f"1;{info.path};{digest};{info.nar_size};{references}".encode()


def signed(info: NarInfo, key: SecretKey) -> NarInfo:
    """Return the narinfo with one more signature."""
    return replace(info, signatures=(*info.signatures, key.sign(fingerprint(info))))


def unsigned(data: bytes) -> bytes:
    """Return a narinfo without its signatures.

    Raises: Damaged, Refused as parse.
    """
    return show(replace(parse(data), signatures=())).encode()
