"""StorePath: the name of something in a Nix store, and how each kind of name is computed. Pure.

A store path says what something was made *from* (its inputs, or for fixed content the content);
that the bytes are right is the NAR hash's to say. Nix manual, protocols/store-path.

>>> StorePath.parse("/nix/store/jcaj5dfvlzl2ghax6hl5si6rf15656x8-env-numpy").name
'env-numpy'
"""

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal, Self

from engine.errors import Refused
from engine.nix import nix32

STORE_DIR: Final = "/nix/store"
MAX_NAME: Final = 211  # characters; Nix's own bound, so that "<digest>-<name>.lock" is a file name
DIGEST_BYTES: Final = 20

_BASE: Final = re.compile(rf"([{nix32.ALPHABET}]{{32}})-([0-9A-Za-z+\-._?=]{{1,{MAX_NAME}}})")
_DOTS: Final = re.compile(r"\.\.?(-.*)?")  # names that newer Nix refuses: ".", "..", ".-x", "..-x"


@dataclass(frozen=True, slots=True, order=True)
class StorePath:
    """A path directly below /nix/store; sorts as its text does."""

    digest: str  # 32 characters of nix32
    name: str  # checked by parse

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read an absolute store path or a base name.

        Raises: Refused for anything else, a path below a store path too.
        """
        match = _BASE.fullmatch(text.removeprefix(STORE_DIR + "/"))
        if match is None or _DOTS.fullmatch(match[2]):
            raise Refused(
                f"not a store path: '{text[:280]}'",
                fix=f"a store path is {STORE_DIR}/<32 characters>-<name>",
            )
        return cls(match[1], match[2])

    @property
    def base(self) -> str:
        """The name in the store directory: "<digest>-<name>"."""
        return f"{self.digest}-{self.name}"

    def __str__(self) -> str:
        return f"{STORE_DIR}/{self.base}"


def text_path(name: str, content: bytes, references: Iterable[StorePath] = ()) -> StorePath:
    """Return the path of a file made of text, as `builtins.toFile` and every .drv is.

    Raises: Refused for a name that no store path may have.
    """
    kind = ":".join(["text", *map(str, sorted(references))])
    return _path(kind, hashlib.sha256(content).digest(), name)


def source_path(
    name: str,
    nar_hash: bytes,
    references: Iterable[StorePath] = (),
    *,
    self_reference: bool = False,
) -> StorePath:
    """Return the path of a tree named by the sha256 of its NAR, as `nix-store --add` makes.

    Raises: Refused for a name that no store path may have.
    """
    kind = ":".join(["source", *map(str, sorted(references))] + ["self"] * self_reference)
    return _path(kind, nar_hash, name)


def fixed_path(
    name: str, method: Literal["flat", "recursive"], algorithm: str, digest: bytes
) -> StorePath:
    """Return the path of fixed content: `digest` is of the file (flat) or of its NAR (recursive).

    Raises: Refused for a name that no store path may have.
    """
    if method == "recursive" and algorithm == "sha256":
        return source_path(name, digest)
    prefix = "r:" if method == "recursive" else ""
    inner = f"fixed:out:{prefix}{algorithm}:{digest.hex()}:"
    return _path("output:out", hashlib.sha256(inner.encode()).digest(), name)


def output_path(name: str, output: str, modulo: bytes) -> StorePath:
    """Return the path of a derivation's output; `modulo` is its masked hash (derivation.py).

    Raises: Refused for a name that no store path may have.
    """
    return _path(f"output:{output}", modulo, name if output == "out" else f"{name}-{output}")


def _path(kind: str, inner: bytes, name: str) -> StorePath:
    fingerprint = f"{kind}:sha256:{inner.hex()}:{STORE_DIR}:{name}"
    digest = _fold(hashlib.sha256(fingerprint.encode()).digest())
    return StorePath.parse(f"{nix32.encode(digest)}-{name}")


def _fold(digest: bytes) -> bytes:
    """Compress a digest to 20 bytes by exclusive or, as Nix does."""
    folded = bytearray(DIGEST_BYTES)
    for place, value in enumerate(digest):
        folded[place % DIGEST_BYTES] ^= value
    return bytes(folded)
