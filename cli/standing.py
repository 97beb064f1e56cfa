"""Standing: whose each peer is, and what came of the checks of its results in this home."""

from collections import Counter
from pathlib import Path
from typing import Any

from engine.trust.book import TRUST_FILE
from peers.identity import PeerId


def with_standing(home: Path, peers: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return what is known of peers, with that; also of those of whom nothing else is known.

    Raises: Unavailable, Damaged when what was found cannot be read.
    """
    wrong, owners = _wrong(home), _owners(home)
    named = {one["peer"] for one in peers}
    others = sorted({*wrong, *owners} - named)
    all_ = [*peers, *map(_unknown, others)]
    passed = _passed(home, [one["peer"] for one in all_])
    return [
        {
            **one,
            "owner": owners.get(one["peer"]),
            "wrong": wrong[one["peer"]],
            "passed": passed.get(one["peer"]),
        }
        for one in all_
    ]


def _unknown(peer: str) -> dict[str, Any]:
    return {"peer": peer, "address": None, "state": "unknown", "named": False}


def _wrong(home: Path) -> Counter[str]:
    """Return how many results of each peer were found wrong, of which there is evidence here."""
    from cli.accusations import accusations, has_store
    from cli.workspace import Workspace

    if not has_store(home):
        return Counter()
    with Workspace(home) as space:
        return Counter(str(one.accused) for one in accusations(space) if one.found_here)


def _owners(home: Path) -> dict[str, str]:
    if not (home / TRUST_FILE).exists():  # looking at peers makes no file
        return {}
    from cli.workspace import Workspace

    with Workspace(home) as space:
        return {str(PeerId(signer)): owner for signer, owner in space.trust.owners().items()}


def _passed(home: Path, peers: list[str]) -> dict[str, int]:
    """Return how many checks each passed since one failed; who was never checked is left out."""
    if not (home / TRUST_FILE).exists():
        return {}
    from cli.workspace import Workspace

    keys = [PeerId.parse(peer).key for peer in peers]
    with Workspace(home) as space:
        return {str(PeerId(key)): count for key, count in space.trust.passed(keys).items()}
