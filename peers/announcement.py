"""Announcement: that there is an Open Resource, and what it is about: what a catalogue has. Pure.

It carries the exact bytes of the Release, so that everybody sees, with nothing fetched, that who
announces is who released. Of two by one maker for one Release, the one with the higher serial
counts.

>>> read(announce(release, Words("digits", 1), signer, now_ms).data)   # doctest: +SKIP
Announced(announcement=Announcement(...), signer=PeerId(...), ...)
"""

import re
from itertools import pairwise
from typing import Final, NamedTuple

from engine import release as releases
from engine.content.blocks import Block
from engine.content.cid import DAG_CBOR, Cid
from engine.content.schema import Record
from engine.errors import Damaged
from engine.runner import Signer
from engine.values import dataclass, replace
from peers import signed
from peers.identity import PeerId
from peers.peer_record import HOUR_MS, MAX_SERIAL, MAX_TIME_MS
from peers.resource import MAX_VERSION
from peers.signed import Unsealed, seal, unseal

DAY_MS: Final = 24 * HOUR_MS
VALIDITY_MS: Final = 30 * DAY_MS  # of ours; renewed at half of it
LONGEST_MS: Final = 60 * DAY_MS  # what nobody renews is not listed for ever

MAX_BYTES: Final = 4 * 1024  # of a signed one: all bounds below reached at once fit in it
MAX_TITLE: Final = 400  # bytes in UTF-8, as the two that follow: a line of a table
MAX_SUMMARY: Final = 2_000  # what words are looked for in; the rest is in the Resource
MAX_LICENCE: Final = 200  # an SPDX expression
MAX_DIGESTS: Final = 8  # a workflow starts from a file or a few; the others come from their URLs
_DIGEST: Final = 32  # bytes of a sha256

_NAME: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Announcement:
    """What the author of an Open Resource says of it; who that is, is whose signature is on it."""

    release: bytes  # the exact bytes of the Release
    name: str
    version: int
    title: str
    summary: str  # the beginning of the description
    licence: str
    digests: tuple[bytes, ...]  # sha256 of files from URLs that its Lock has, sorted: mirrors.py
    serial: int  # its maker's count
    made_ms: int  # since 1970 UTC, by its maker's clock
    expires_ms: int


class Words(NamedTuple):
    """What a Resource says of itself, as far as it is announced."""

    name: str
    version: int
    title: str = ""
    description: str = ""  # all of it: the beginning is taken
    licence: str = ""
    digests: tuple[bytes, ...] = ()  # all of them: as many as fit are taken


class Announced(NamedTuple):
    """An announcement whose signature held, and its bytes as they came."""

    announcement: Announcement
    signer: PeerId
    cid: Cid  # of the signed bytes
    data: bytes

    @property
    def release(self) -> Cid:
        """The CID of the Open Resource."""
        return Cid.of(DAG_CBOR, self.announcement.release)


def announce(release: bytes, words: Words, signer: Signer, now_ms: int) -> Block:
    """Return the signed announcement of a Release; ValueError when it is no author's."""
    about = Announcement(
        release,
        words.name,
        words.version,
        excerpt(words.title, MAX_TITLE),
        excerpt(words.description, MAX_SUMMARY),
        excerpt(words.licence, MAX_LICENCE),
        tuple(sorted(set(words.digests))[:MAX_DIGESTS]),
        serial=now_ms,  # so that it counts after a loss of state too
        made_ms=now_ms,
        expires_ms=now_ms + VALIDITY_MS,
    )
    if releases.read(release).public_key != signer.public_key:
        raise ValueError("it is announced by who released it")
    return seal(ANNOUNCEMENT, about, signer)


def is_due(announced: Announced, now_ms: int) -> bool:
    """Return whether one is to be renewed: half of its time is over."""
    said = announced.announcement
    return now_ms >= (said.made_ms + said.expires_ms) // 2


def renew(announced: Announced, signer: Signer, now_ms: int) -> Block:
    """Return an announcement of ours with more time."""
    said = announced.announcement
    serial = min(max(said.serial + 1, now_ms), MAX_SERIAL)
    longer = replace(said, serial=serial, made_ms=now_ms, expires_ms=now_ms + VALIDITY_MS)
    return seal(ANNOUNCEMENT, longer, signer)


def excerpt(text: str, most: int) -> str:
    """Return the beginning of a text on one line, without what a terminal might obey.

    It has `most` bytes at most, and ends with an ellipsis when something was left out.
    """
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    if len(line.encode()) <= most:
        return line
    return line.encode()[: most - 3].decode(errors="ignore").rstrip() + "…"


def read(data: bytes) -> Announced:
    """Return a signed announcement.

    Raises: Damaged when it is malformed, its signature does not hold, or it is not by who released
    what it is of.
    """
    if len(data) > MAX_BYTES:
        raise Damaged(f"an announcement has {MAX_BYTES} bytes at most, this one has {len(data)}")
    return _of_its_author(unseal(ANNOUNCEMENT, data), data)


def claimed(data: bytes) -> Announced:
    """Return what is said to be an announcement: looking at all signatures of a catalogue is slow.

    Raises: Damaged when it is malformed, or is not said to be by who released what it is of.
    """
    return _of_its_author(signed.claimed(ANNOUNCEMENT, data), data)


def holds(claim: Announced) -> bool:
    """Return whether the signature holds on what was `claimed`."""
    try:
        read(claim.data)
    except Damaged:
        return False
    return True


def _of_its_author(said: Unsealed[Announcement], data: bytes) -> Announced:
    announcement, signer, cid = said
    if releases.read(announcement.release).public_key != signer.key:
        raise Damaged("an announcement is not by who released what it is of")
    return Announced(announcement, signer, cid, data)


def _check(one: Announcement) -> None:
    if not _NAME.fullmatch(one.name) or not 1 <= one.version <= MAX_VERSION:
        raise Damaged("its name or its version is none")
    _check_text("its title", one.title, MAX_TITLE)
    _check_text("its summary", one.summary, MAX_SUMMARY)
    _check_text("its licence", one.licence, MAX_LICENCE)
    _check_digests(one.digests)
    if not 0 <= one.serial <= MAX_SERIAL:
        raise Damaged(f"its serial should be from 0 to {MAX_SERIAL}, not {one.serial}")
    check_times(one.made_ms, one.expires_ms)


def _check_digests(digests: tuple[bytes, ...]) -> None:
    if len(digests) > MAX_DIGESTS or any(len(digest) != _DIGEST for digest in digests):
        raise Damaged(f"it should name up to {MAX_DIGESTS} files by their sha256")
    if any(a >= b for a, b in pairwise(digests)):
        raise Damaged("its sha256 are not sorted")


def check_times(made_ms: int, expires_ms: int) -> None:
    """Check from when until when something of a catalogue counts.

    Raises: Damaged when it is too long.
    """
    if not 0 <= made_ms <= MAX_TIME_MS:
        raise Damaged(f"its time should be from 0 to {MAX_TIME_MS}, not {made_ms}")
    if not 0 < expires_ms - made_ms <= LONGEST_MS:
        raise Damaged(f"it does not expire within {LONGEST_MS // DAY_MS} days of being made")


def _check_text(what: str, text: str, most: int) -> None:
    if len(text.encode()) > most or not text.isprintable():
        raise Damaged(f"{what} should be up to {most} bytes of plain text, not {text[:80]!r}")


ANNOUNCEMENT: Final = Record("tallystick/announcement/1", Announcement, _check)
