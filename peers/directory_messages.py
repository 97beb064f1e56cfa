"""Directory messages: how peers say to each other which peers there are. Pure.

An ask and a want are requests, a listing and records their answers; an introduction is a notice.
Records come as bytes that nobody has checked: whoever reads one opens it by `peer_record.read`.

>>> unpack(*pack(Ask(PeerId(bytes(32)), Cursor(1, 2))))
Cursor(epoch=1, position=2)
"""

from collections.abc import Callable
from typing import Final, NoReturn

from engine.values import dataclass
from peers.changes import MAX_COUNT, Cursor
from peers.directory_events import (
    Announce,
    Ask,
    Entry,
    Introduce,
    List,
    Listing,
    Want,
)
from peers.errors import RemoteFault
from peers.identity import KEY_BYTES, PeerId
from peers.known import MARK, PAGE
from peers.messages import Subject, notice, request
from peers.peer_record import MAX_BYTES, MAX_SERIAL
from peers.plain import Plain, bytes_of, number_of

ASK_TYPE: Final = request(Subject.DIRECTORY)
LIST_TYPE: Final = ASK_TYPE + 1
WANT_TYPE: Final = request(Subject.DIRECTORY + 1)
RECORDS_TYPE: Final = WANT_TYPE + 1
INTRODUCE_TYPE: Final = notice(Subject.DIRECTORY + 2)


@dataclass(frozen=True, slots=True)
class Wants:
    """Whose records a peer wants."""

    peers: tuple[PeerId, ...]  # 1 to PAGE; any 32 bytes


@dataclass(frozen=True, slots=True)
class Records:
    """Signed records, unchecked: the answer to wants."""

    datas: tuple[bytes, ...]  # up to PAGE


@dataclass(frozen=True, slots=True)
class Introduction:
    """The signed record of whoever sent this, unchecked."""

    data: bytes


Sent = Ask | List | Want | Announce | Introduce
Heard = Cursor | Listing | Wants | Records | Introduction


def pack(action: Sent) -> tuple[int, Plain]:
    """Return the type of a message and its body."""
    match action:
        case Ask(_, cursor):
            return ASK_TYPE, tuple(cursor)
        case List(_, listing):
            entries = tuple((e.peer.key, e.serial, e.mark) for e in listing.entries)
            return LIST_TYPE, (*listing.upto, listing.more, entries)
        case Want(_, peers):
            return WANT_TYPE, (b"".join([peer.key for peer in peers]),)
        case Announce(_, records):
            return RECORDS_TYPE, (records,)
        case Introduce(_, record):
            return INTRODUCE_TYPE, (record,)


def unpack(kind: int, body: Plain) -> Heard:
    """Read what `pack` gave; nothing that a peer sent is believed.

    Raises: RemoteFault for anything else.
    """
    reader, fields = _READERS.get(kind, (None, 0))
    if reader is None or not isinstance(body, tuple) or len(body) != fields:
        _refuse(f"type {kind} and no body of {fields} fields")
    return reader(*body)


def _ask(epoch: Plain, position: Plain) -> Cursor:
    return Cursor(number_of(epoch, MAX_COUNT), number_of(position, MAX_COUNT))


def _list(epoch: Plain, position: Plain, more: Plain, entries: Plain) -> Listing:
    if type(more) is not bool or not isinstance(entries, tuple) or len(entries) > PAGE:
        _refuse(f"a listing that is no page of {PAGE} entries")
    return Listing(tuple(map(_entry, entries)), _ask(epoch, position), more=more)


def _entry(raw: Plain) -> Entry:
    if not isinstance(raw, tuple) or len(raw) != len(Entry._fields):
        _refuse("an entry that is no peer, serial and mark")
    peer, serial, mark = raw
    found = PeerId(bytes_of(peer, KEY_BYTES, KEY_BYTES))
    return Entry(found, number_of(serial, MAX_SERIAL), bytes_of(mark, MARK, MARK))


def _want(raw: Plain) -> Wants:
    keys = bytes_of(raw, KEY_BYTES, PAGE * KEY_BYTES)
    if len(keys) % KEY_BYTES:
        _refuse(f"keys that are not of {KEY_BYTES} bytes each")
    parts = range(0, len(keys), KEY_BYTES)
    return Wants(tuple(PeerId(keys[at : at + KEY_BYTES]) for at in parts))


def _records(datas: Plain) -> Records:
    if not isinstance(datas, tuple) or len(datas) > PAGE:
        _refuse(f"not up to {PAGE} records")
    return Records(tuple(bytes_of(data, 1, MAX_BYTES) for data in datas))


def _introduction(data: Plain) -> Introduction:
    return Introduction(bytes_of(data, 1, MAX_BYTES))


_READERS: Final[dict[int, tuple[Callable[..., Heard], int]]] = {
    ASK_TYPE: (_ask, 2),
    LIST_TYPE: (_list, 4),
    WANT_TYPE: (_want, 1),
    RECORDS_TYPE: (_records, 1),
    INTRODUCE_TYPE: (_introduction, 1),
}


def _refuse(what: str) -> NoReturn:
    raise RemoteFault(f"a malformed message about peers: {what}")
