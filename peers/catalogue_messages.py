"""Catalogue messages: how peers say to each other what they know of Open Resources. Pure.

They list and want postings by name; that there is news is a notice. Postings come as bytes that
nobody has checked: whoever reads one opens it by `posting.read`.

>>> unpack(*pack(Ask(PeerId(bytes(32)), Cursor(1, 2))))
Cursor(epoch=1, position=2)
"""

from typing import Final

from engine.values import dataclass
from peers.announcement import MAX_BYTES
from peers.catalogue import PAGE, Name
from peers.catalogue_events import Tell
from peers.changes import Cursor, Page
from peers.errors import RemoteFault
from peers.listing_events import Ask, List, Show, Want
from peers.listing_messages import Bounds, Form, Messages, Shown, Wants, parts, types
from peers.messages import Subject, notice
from peers.plain import Plain

TYPES: Final = types(Subject.CATALOGUE)
NEWS_TYPE: Final = notice(Subject.CATALOGUE + 2)


@dataclass(frozen=True, slots=True)
class News:
    """There is something new."""


Sent = Ask | List[Name] | Want[Name] | Show | Tell
Heard = Cursor | Page[Name] | Wants[Name] | Shown | News


def pack(action: Sent) -> tuple[int, Plain]:
    """Return the type of a message and its body."""
    return (NEWS_TYPE, ()) if isinstance(action, Tell) else _MESSAGES.pack(action)


def unpack(kind: int, body: Plain) -> Heard:
    """Read what `pack` gave; nothing that a peer sent is believed.

    Raises: RemoteFault for anything else.
    """
    return News() if (kind, body) == (NEWS_TYPE, ()) else _MESSAGES.unpack(kind, body)


def _names(raw: Plain) -> tuple[Name, ...]:
    names = parts(raw, PAGE)
    if len({*names}) != len(names):
        raise RemoteFault("a malformed message about a catalogue: one name twice")
    return names


_FORM: Final = Form[Name](b"".join, _names)
_MESSAGES: Final = Messages("a catalogue", TYPES, Bounds(PAGE, MAX_BYTES), _FORM, _FORM)
