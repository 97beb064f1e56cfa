"""Standing: whose each peer is, and what came of the checks of its results in this home."""

from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple

from cli.accusations import accusations, has_store
from cli.workspace import Workspace
from engine.trust.book import TRUST_FILE
from peers.identity import PeerId


class _Found(NamedTuple):
    """What this home knows of peers, by their names."""

    wrong: Counter[str]  # results that were found wrong here, of which there is evidence
    owners: dict[str, str]
    passed: dict[str, int]  # checks since one failed; who was never checked is left out


def with_standing(home: Path, peers: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return what is known of peers, with that; also of those of whom nothing else is known.

    Raises: Unavailable, Damaged when what was found cannot be read.
    """
    known = {one["peer"] for one in peers}
    found = _found(home, known)
    others = sorted({*found.wrong, *found.owners} - known)
    return [
        {
            **one,
            "owner": found.owners.get(one["peer"]),
            "wrong": found.wrong[one["peer"]],
            "passed": found.passed.get(one["peer"]),
        }
        for one in (*peers, *map(_unknown, others))
    ]


def _unknown(peer: str) -> dict[str, Any]:
    return {"peer": peer, "address": None, "state": "unknown", "named": False}


def _found(home: Path, peers: set[str]) -> _Found:
    """Return what was found of peers, and of all others that were accused or have an owner."""
    has_book = (home / TRUST_FILE).exists()
    if not has_book and not has_store(home):  # looking at peers makes no file
        return _Found(Counter(), {}, {})
    with Workspace(home) as space:
        wrong = Counter(str(one.accused) for one in accusations(space) if one.found_here)
        if not has_book:
            return _Found(wrong, {}, {})
        owners = {str(PeerId(key)): owner for key, owner in space.trust.owners().items()}
        keys = [PeerId.parse(peer).key for peer in {*peers, *wrong, *owners}]
        passed = space.trust.passed(keys)
        return _Found(wrong, owners, {str(PeerId(key)): many for key, many in passed.items()})
