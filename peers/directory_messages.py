"""Directory messages: how peers say to each other which peers there are. Pure.

They list entries, and want records by peer; an introduction is a notice. Records come as bytes that
nobody has checked: whoever reads one opens it by `peer_record.read`.

>>> unpack(*pack(Ask(PeerId(bytes(32)), Cursor(1, 2))))
Cursor(epoch=1, position=2)
"""

from typing import Final

from engine.values import dataclass
from peers.changes import Cursor, Page
from peers.directory_events import Entry, Introduce
from peers.errors import RemoteFault
from peers.identity import KEY_BYTES, PeerId
from peers.known import MARK, PAGE
from peers.listing_events import Ask, List, Show, Want
from peers.listing_messages import Bounds, Form, Messages, Shown, Wants, parts, types
from peers.messages import Subject, notice
from peers.peer_record import MAX_BYTES, MAX_SERIAL
from peers.plain import Plain, bytes_of, number_of

TYPES: Final = types(Subject.DIRECTORY)
INTRODUCE_TYPE: Final = notice(Subject.DIRECTORY + 2)


@dataclass(frozen=True, slots=True)
class Introduction:
    """The signed record of whoever sent this, unchecked."""

    data: bytes


Sent = Ask | List[Entry] | Want[PeerId] | Show | Introduce
Heard = Cursor | Page[Entry] | Wants[PeerId] | Shown | Introduction


def pack(action: Sent) -> tuple[int, Plain]:
    """Return the type of a message and its body."""
    if isinstance(action, Introduce):
        return INTRODUCE_TYPE, (action.record,)
    return _MESSAGES.pack(action)


def unpack(kind: int, body: Plain) -> Heard:
    """Read what `pack` gave; nothing that a peer sent is believed.

    Raises: RemoteFault for anything else.
    """
    if kind == INTRODUCE_TYPE and isinstance(body, tuple) and len(body) == 1:
        return Introduction(bytes_of(body[0], 1, MAX_BYTES))
    return _MESSAGES.unpack(kind, body)


def _pack_entries(entries: tuple[Entry, ...]) -> Plain:
    return tuple((entry.peer.key, entry.serial, entry.mark) for entry in entries)


def _entries(raw: Plain) -> tuple[Entry, ...]:
    if not isinstance(raw, tuple) or len(raw) > PAGE:
        raise RemoteFault(f"a malformed message about peers: no page of {PAGE} entries")
    return tuple(map(_entry, raw))


def _entry(raw: Plain) -> Entry:
    if not isinstance(raw, tuple) or len(raw) != len(Entry._fields):
        raise RemoteFault("a malformed message about peers: no peer, serial and mark")
    peer, serial, mark = raw
    found = PeerId(bytes_of(peer, KEY_BYTES, KEY_BYTES))
    return Entry(found, number_of(serial, MAX_SERIAL), bytes_of(mark, MARK, MARK))


def _pack_peers(peers: tuple[PeerId, ...]) -> Plain:
    return b"".join([peer.key for peer in peers])


def _peers(raw: Plain) -> tuple[PeerId, ...]:
    return tuple(map(PeerId, parts(raw, PAGE)))


_MESSAGES: Final = Messages(
    "peers",
    TYPES,
    Bounds(PAGE, MAX_BYTES),
    Form[Entry](_pack_entries, _entries),
    Form[PeerId](_pack_peers, _peers),
)
