"""How what was found of Open Resources is printed: who says what of each, and how they are known.

Nothing that a stranger wrote is printed but through cli/report.py. Verdicts that differ are all
there: nobody's is left out because another's is better.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final, Literal

from peers.endorsement import VERDICTS, Endorsed
from peers.identity import PeerId, tail
from peers.search import Circle, Found

WIDE: Final = 48  # characters of a title in a column
SAID: Final = 3  # who is named for a verdict; others are counted

Who = Literal["you", "named", "author", "convicted", "unknown"]

_MINUTE_MS: Final = 60_000
_HOUR_MS: Final = 60 * _MINUTE_MS
_DAY_MS: Final = 24 * _HOUR_MS


def as_row(found: Found, circle: Circle, now_ms: int) -> tuple[str, ...]:
    """Return a row: name, title, author, who verified it, age, CID."""
    one = found.announced
    said = one.announcement
    double = " (!)" if found.is_double else ""
    return (
        f"{said.name}@{said.version}{double}",
        said.title if len(said.title) <= WIDE else f"{said.title[: WIDE - 1]}…",
        _called(one.signer, circle),
        verdicts(found.endorsed, one.signer, circle) or "-",
        age(now_ms - said.made_ms) if one.data else "kept here",
        str(one.release),
    )


def as_json(found: Found, circle: Circle) -> dict[str, Any]:
    """Return all that is known of it."""
    one = found.announced
    said = one.announcement
    return {
        "resource": str(one.release),
        "name": said.name,
        "version": said.version,
        "double": found.is_double,
        "title": said.title,
        "summary": said.summary,
        "licence": said.licence,
        "author": str(one.signer),
        "announced_ms": said.made_ms if one.data else None,  # None: it is kept, and not announced
        "expires_ms": said.expires_ms if one.data else None,
        "verified": found.is_verified(circle),
        "verdicts": [
            {
                "peer": str(each.signer),
                "who": who(each.signer, one.signer, circle),
                "verdict": each.endorsement.verdict,
                "run": str(each.endorsement.rerun),
                "made_ms": each.endorsement.made_ms,
            }
            for each in found.endorsed
        ],
    }


def verdicts(endorsed: Sequence[Endorsed], author: PeerId, circle: Circle) -> str:
    """Return in words what those say who ran it again, as "reproduced: you, 2 unknown"."""
    parts = []
    for verdict in VERDICTS:
        said = [one.signer for one in endorsed if one.endorsement.verdict == verdict]
        if said:
            parts.append(f"{verdict}: {', '.join(_all_of(said, author, circle))}")
    return "; ".join(parts)


def who(peer: PeerId, author: PeerId, circle: Circle) -> Who:
    """Return how whoever says something of an author's resource is known."""
    if peer in circle.convicted:
        return "convicted"
    if peer == author:
        return "author"
    if peer == circle.me:
        return "you"
    return "named" if peer in circle.named else "unknown"


def age(ms: int) -> str:
    """Return how long ago something was, in its largest unit; clocks differ: at least none."""
    for unit, name in ((_DAY_MS, "d"), (_HOUR_MS, "h"), (_MINUTE_MS, "min")):
        if ms >= unit:
            return f"{ms // unit} {name} ago"
    return "just now"


def _all_of(said: Iterable[PeerId], author: PeerId, circle: Circle) -> Iterator[str]:
    """Yield who says something: the user and who is named one by one, all others by number."""
    kinds: dict[Who, list[PeerId]] = {}
    for peer in said:
        kinds.setdefault(who(peer, author, circle), []).append(peer)
    if "you" in kinds:
        yield "you"
    named = kinds.get("named", [])
    yield from map(tail, named[:SAID])
    if len(named) > SAID:
        yield f"{len(named) - SAID} more that you named"
    if "unknown" in kinds:
        yield f"{len(kinds['unknown'])} unknown"
    if "author" in kinds:
        yield "its author"
    if "convicted" in kinds:
        yield f"{len(kinds['convicted'])} convicted of cheating"


def _called(peer: PeerId, circle: Circle) -> str:
    if peer in circle.convicted:
        return f"{tail(peer)} (convicted)"
    return "you" if peer == circle.me else tail(peer)
