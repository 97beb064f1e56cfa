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


def forget(messages: Iterable[str], built: StorePath) -> None:
    """Remove the directories in which a derivation was built, and which Nix says it has kept.

    A build prints among the same lines, and may say so of anything: only what has a name that Nix
    gives is removed.
    """
    name = re.compile(rf"nix-build-{re.escape(built.name)}-[0-9]+")
    for line in messages:
        found = _KEPT.search(line)
        kept = Path(found[1]) if found else Path()
        if kept.parent == Path(tempfile.gettempdir()) and name.fullmatch(kept.name):
            with suppress(OSError):
                remove(kept)


def _hash(path: Path) -> str:
    return carry(NarView.of(path)).nar_hash.hex()
