"""Search: which of what is announced somebody means by some words, and who has verified it. Pure.

Each word has to be the beginning of one in the name, the title or the summary, whatever its case
and accents. What has it in the name comes first, then in the title; then what is verified by those
whom the user trusts; then the newest. Of each resource there is its newest version; two of one
version are both there, as nobody can say which is meant.

>>> words_of("L'Épreuve n° 2")
['l', 'epreuve', 'n', '2']
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Final, NamedTuple

from engine.content.cid import Cid
from peers.announcement import Announced
from peers.endorsement import Endorsed
from peers.identity import PeerId

MAX_WORDS: Final = 16  # of what is looked for: more make nothing clearer

_NAME, _TITLE, _SUMMARY = 16, 4, 1  # what a word counts in each; twice when it is all of one there
_WORD: Final = re.compile(r"[^\W_]+")
HOLDS: Final = frozenset({"reproduced", "equivalent"})  # verdicts by which it is what it says


class Circle(NamedTuple):
    """Whom the user knows, and how."""

    me: PeerId | None  # None in a home that has no key yet
    named: frozenset[PeerId] = frozenset()
    convicted: frozenset[PeerId] = frozenset()  # of cheating, by a proof

    def trusts(self, peer: PeerId) -> bool:
        """Return whether the user has reason to believe a peer."""
        return (peer == self.me or peer in self.named) and peer not in self.convicted


class Found(NamedTuple):
    """Something that was announced, and what is said of it."""

    announced: Announced
    endorsed: tuple[Endorsed, ...]  # those whom the user trusts first
    score: int
    is_double: bool  # its author announced another one of this name and version

    def is_verified(self, circle: Circle) -> bool:
        """Return whether somebody whom the user trusts, and who is not its author, verified it."""
        return _verified(self, circle) > 0


class Query(NamedTuple):
    """What is looked for."""

    text: str = ""
    author: str = ""  # the id of a peer, or the end of one
    is_verified: bool = False
    all_versions: bool = False


def find(
    query: Query,
    announced: Iterable[Announced],
    said_of: Callable[[Cid], Iterable[Endorsed]],
    circle: Circle,
) -> list[Found]:
    """Return what is meant, the likeliest first; `said_of` gives what is said of a Release."""
    words = list(dict.fromkeys(words_of(query.text)))[:MAX_WORDS]
    ours = [one for one in announced if str(one.signer).endswith(query.author)]
    doubles = _doubles(ours)
    kept = ours if query.all_versions else _newest(ours)
    scored = [(one, _score(one, words)) for one in kept]
    found = [
        Found(one, _in_order(said_of(one.release), circle), score, _edition(one) in doubles)
        for one, score in scored
        if score or not words
    ]
    if query.is_verified:
        found = [one for one in found if one.is_verified(circle)]
    return sorted(found, key=lambda one: _rank(one, circle))


def words_of(text: str) -> list[str]:
    """Return the words of a text, without case and accents."""
    if text.isascii():
        return _WORD.findall(text.lower())
    folded = unicodedata.normalize("NFKD", text).casefold()  # mathematical letters have no case
    plain = unicodedata.normalize("NFKD", folded)
    return _WORD.findall("".join(c for c in plain if not unicodedata.combining(c)))


def _score(one: Announced, words: Sequence[str]) -> int:
    """Return how well something fits; 0 when a word is nowhere in it."""
    said = one.announcement
    fields = ((_NAME, said.name), (_TITLE, said.title), (_SUMMARY, said.summary))
    has = [(weight, words_of(text)) for weight, text in fields]
    scores = [
        max((_fit(word, weight, there) for weight, there in has), default=0) for word in words
    ]
    return sum(scores) if all(scores) else 0


def _fit(word: str, weight: int, there: Sequence[str]) -> int:
    if word in there:
        return 2 * weight
    return weight if any(one.startswith(word) for one in there) else 0


def _verified(found: Found, circle: Circle) -> int:
    """Return by how many whom the user trusts it is verified."""
    author = found.announced.signer
    return sum(
        circle.trusts(one.signer) and one.signer != author and one.endorsement.verdict in HOLDS
        for one in found.endorsed
    )


def _rank(found: Found, circle: Circle) -> tuple[object, ...]:
    said = found.announced.announcement
    return -found.score, -_verified(found, circle), -said.made_ms, said.name, found.announced.cid


def _in_order(endorsed: Iterable[Endorsed], circle: Circle) -> tuple[Endorsed, ...]:
    """Return what is said: by the user, by who is named, by others, by who is convicted."""

    def key(one: Endorsed) -> tuple[object, ...]:
        is_me = one.signer == circle.me
        is_bad = one.signer in circle.convicted
        return is_bad, not is_me, one.signer not in circle.named, -one.endorsement.made_ms, one.cid

    return tuple(sorted(endorsed, key=key))


_Edition = tuple[PeerId, str, int]


def _edition(one: Announced) -> _Edition:
    return one.signer, one.announcement.name, one.announcement.version


def _doubles(announced: Sequence[Announced]) -> set[_Edition]:
    """Return which names and versions their author gave to more than one Release."""
    counts = Counter(map(_edition, announced))
    return {edition for edition, count in counts.items() if count > 1}


def _newest(announced: Sequence[Announced]) -> list[Announced]:
    """Return of each author's resource the newest version."""
    newest: dict[tuple[PeerId, str], int] = {}
    for one in announced:
        of = one.signer, one.announcement.name
        newest[of] = max(newest.get(of, 0), one.announcement.version)
    return [
        one
        for one in announced
        if one.announcement.version == newest[one.signer, one.announcement.name]
    ]
