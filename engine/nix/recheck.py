"""Recheck: what came out otherwise when Nix built a derivation again, by the hashes of its NARs.

`nix-store --check --keep-failed` leaves an output that differs beside the one that was there. That,
and the directory of the build, are removed here as far as this user may.
"""

import re
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final

from engine.nix.carried import carry
from engine.nix.nixstore import NixStore
from engine.nix.storepath import StorePath
from engine.nix.treewriter import remove
from engine.nix.walk import NarView

_KEPT: Final = re.compile(r"keeping build directory '([^']+)'")


def differing(store: NixStore, outputs: Mapping[str, str]) -> Iterator[str]:
    """Yield a line for each output that was built to other bytes, and remove what was built now."""
    for path in outputs.values():
        was = store.physical(StorePath.parse(path))
        now = was.with_name(f"{was.name}.check")
        with suppress(OSError):
            if now.exists() or now.is_symlink():
                yield f"{was.name}: NAR {_hash(was)} was built first, {_hash(now)} is built now"
                remove(now)


def forget(messages: Iterable[str]) -> None:
    """Remove the directories of builds that Nix says it has kept."""
    for line in messages:
        found = _KEPT.search(line)
        if found and Path(found[1]).parent == Path(tempfile.gettempdir()):
            with suppress(OSError):
                remove(Path(found[1]))


def _hash(path: Path) -> str:
    return carry(NarView.of(path)).nar_hash.hex()
