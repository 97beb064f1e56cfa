"""lacking: the files that building a derivation begins with, and that Nix's store does not have.

A file's store path follows from its name and hash, so what is here is seen without asking anybody.
"""

import re
from typing import Final

from engine.nix.derivation import Derivation
from engine.nix.nixstore import NixStore
from engine.nix.realise import load
from engine.nix.source import UNFETCHED
from engine.nix.storepath import StorePath
from engine.values import dataclass

_REQUIREMENT: Final = re.compile(r"[a-z0-9-]{1,100}==[0-9a-z.+!_-]{1,100}")  # a line for pip


@dataclass(frozen=True, slots=True)
class Missing:
    """A fixed output that is not in the store."""

    path: StorePath
    sha256: str  # of the file, or of its NAR
    requirement: str  # "numpy==2.2.6"; "" for what is no wheel of a lock


def lacking(root: StorePath, store: NixStore) -> list[Missing]:
    """Return what building `root` would begin with and is not here, sorted by path.

    Raises: Unavailable when a derivation is not here.
    """
    found: dict[StorePath, Missing] = {}
    seen: set[str] = set()
    waiting = [str(root)]
    while waiting:
        path = waiting.pop()
        if path in seen:
            continue
        seen.add(path)
        derivation = load(path, store)
        outputs = [StorePath.parse(output.path) for output in derivation.outputs.values()]
        if all(store.physical(output).exists() for output in outputs):
            continue
        if derivation.variables.get("url", "").startswith(UNFETCHED):
            found[outputs[0]] = _missing(outputs[0], derivation)
        waiting += derivation.inputs
    return [found[path] for path in sorted(found)]


def _missing(path: StorePath, derivation: Derivation) -> Missing:
    requirement = derivation.variables.get("requirement", "")
    known = _REQUIREMENT.fullmatch(requirement) is not None
    return Missing(path, derivation.outputs["out"].digest, requirement if known else "")
