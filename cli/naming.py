"""Naming: which Open Resource a name on the command line means. Pure.

A name is `digits`, `digits@2`, or with the beginning or end of its author's peer id before it:
`12D3KooWK9/digits`. Only what the same author signed is another version of it.

>>> wanted("digits@2")
Wanted(author='', name='digits', version=2)
"""

import re
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from engine.errors import NotHere, Refused
from engine.workflow.names import WORKFLOW_NAME
from peers.identity import BEGINS, PeerId, tail
from peers.resource import Edition

_NAME: Final = re.compile(
    rf"(?:([A-Za-z0-9]{{1,60}})/)?({WORKFLOW_NAME})(?:@([1-9]\d{{0,6}}))?", re.ASCII
)
MAX_BACK: Final = 1_000  # versions that are fetched one after the other for the one before
_SHOWN: Final = 5  # of several that could be meant


class Wanted(NamedTuple):
    """A name, as a person wrote it."""

    author: str  # a beginning or an end of a peer id; "" when nobody is named
    name: str
    version: int | None

    def __str__(self) -> str:
        author = f"{self.author}/" if self.author else ""
        return f"{author}{self.name}" + (f"@{self.version}" if self.version else "")


class Known(NamedTuple):
    """What a home knows under a name."""

    meant: PeerId | None  # whose a bare name is
    used: Sequence[Edition]  # which version of each is used
    offered: Sequence[Edition]  # all that is announced, published or here


class Choice(NamedTuple):
    """What a name means, and what is newer."""

    one: Edition  # of the version that is wanted; `is_exact` is False when an earlier one is
    is_exact: bool
    newer: Edition | None


def wanted(text: str) -> Wanted | None:
    """Return what a name asks for; None for what cannot be one."""
    found = _NAME.fullmatch(text)
    if found is None:
        return None
    return Wanted(found[1] or "", found[2], int(found[3]) if found[3] else None)


def choose(want: Wanted, known: Known) -> Choice | None:
    """Return what a name means; None when nothing is called that.

    Raises: Refused when it could be somebody else's, too, or is too long ago to be looked for;
    NotHere for a version that nobody knows.
    """
    offered = [one for one in (*known.used, *known.offered) if one.name == want.name]
    authors = _authors(want, known, offered)
    if not authors:
        return None
    if len(authors) > 1:
        raise _several(want, sorted(authors))
    (author,) = authors
    own = [one for one in offered if one.author == author]
    used = next((one for one in known.used if one in own), None)
    newest = max(own, key=lambda one: one.version)
    if want.version is None:
        one = used or _only(newest, own)
        return Choice(one, True, newest if newest.version > one.version else None)
    return _version(want.version, own, used, newest)


def _authors(want: Wanted, known: Known, offered: Iterable[Edition]) -> set[PeerId]:
    """Return whose the name may be."""
    authors = {one.author for one in offered}
    if want.author:
        return {author for author in authors if _is_called(author, want.author)}
    return {known.meant} if known.meant in authors else authors


def _is_called(author: PeerId, text: str) -> bool:
    """Return whether some text is how an id begins, or goes on, or ends: all begin alike."""
    name = str(author)
    return name.startswith((text, BEGINS + text)) or name.endswith(text)


def _version(number: int, own: Sequence[Edition], used: Edition | None, newest: Edition) -> Choice:
    if used is not None and used.version == number:
        return Choice(used, True, None)
    exact = [one for one in own if one.version == number]
    if exact:
        return Choice(_only(exact[0], own), True, None)
    later = [one for one in own if one.version > number]
    if not later:
        what = f"version {number} of '{newest.name}' is not known here"
        raise NotHere(what, fix=f"the newest that is known is {newest.name}@{newest.version}")
    nearest = min(later, key=lambda one: one.version)
    if nearest.version - number > MAX_BACK:
        what = f"version {number} of '{newest.name}' is over {MAX_BACK} before what is known here"
        fix = f"name it by its CID, or a version from {nearest.version - MAX_BACK} on"
        raise Refused(what, fix=fix)
    return Choice(nearest, False, None)


def _only(one: Edition, own: Iterable[Edition]) -> Edition:
    """Return a version of which there is one release.

    Raises: Refused when its author signed two.
    """
    releases = {each.release for each in own if each.version == one.version}
    if len(releases) > 1:
        what = f"its author has signed two releases as {one.name}@{one.version}"
        raise Refused(what, fix=f"name one by its CID: {', '.join(sorted(map(str, releases)))}")
    return one


def _several(want: Wanted, authors: Sequence[PeerId]) -> Refused:
    names = [f"{tail(author)}/{want._replace(author='')}" for author in authors[:_SHOWN]]
    more = ", …" if len(authors) > _SHOWN else ""
    what = f"{len(authors)} authors have published something as '{want.name}'"
    return Refused(what, fix=f"say whose: {', '.join(names)}{more}")
