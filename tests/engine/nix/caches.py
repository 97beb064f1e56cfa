"""A binary cache of others, in a folder: that of the small closure, compressed as one likes."""

import bz2
import gzip
import hashlib
import lzma
from collections.abc import Callable
from pathlib import Path

from engine.nix import narinfo, nix32
from engine.nix.records import ClosurePath
from engine.nix.signature import SecretKey
from engine.nix.vouched import info_of
from tests.engine.nix.conftest import Content

KEY = SecretKey("upstream-1", bytes(range(32)))
PACK: dict[str, tuple[str, Callable[[bytes], bytes]]] = {
    "none": ("", bytes),
    "xz": (".xz", lzma.compress),
    "bzip2": (".bz2", bz2.compress),
    "gzip": (".gz", gzip.compress),
}


def write(folder: Path, content: Content, compression: str = "xz") -> Path:
    """Write the cache of a closure, as `nix copy` does; return where."""
    (folder / "nar").mkdir(parents=True)
    (folder / "nix-cache-info").write_text("StoreDir: /nix/store\n")
    suffix, pack = PACK[compression]
    for path in content.opened.closure.paths:
        data = pack(content.nars[path.name])
        digest = nix32.encode(hashlib.sha256(data).digest())
        (folder / f"nar/{digest}.nar{suffix}").write_bytes(data)
        lines = (
            f"StorePath: /nix/store/{path.name}",
            f"URL: nar/{digest}.nar{suffix}",
            f"Compression: {compression}",
            f"FileHash: sha256:{digest}",
            f"FileSize: {len(data)}",
            f"NarHash: sha256:{nix32.encode(path.nar_hash)}",
            f"NarSize: {path.nar_size}",
            f"References: {' '.join(path.references)}",
            "Deriver: unknown-deriver",
            f"Sig: {signature(path)}",
        )
        (folder / f"{path.name[:32]}.narinfo").write_text("\n".join(lines) + "\n")
    return folder


def signature(path: ClosurePath) -> str:
    """Return what the cache's key signs of a path."""
    return KEY.sign(narinfo.fingerprint(info_of(path)))


def change(folder: Path, name: str, old: str, new: str) -> None:
    """Change the narinfo of a path."""
    file = folder / f"{name[:32]}.narinfo"
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new))
