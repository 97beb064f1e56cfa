"""Catalogue messages: how peers say to each other what they know of Open Resources. Pure.

An ask and a want are requests, a page and postings their answers; that there is news is a notice.
Postings come as bytes that nobody has checked: whoever reads one opens it by `posting.read`.

>>> unpack(*pack(Ask(PeerId(bytes(32)), Cursor(1, 2))))
Cursor(epoch=1, position=2)
"""

from collections.abc import Callable
from typing import Final, NoReturn

from engine.values import dataclass
from peers.announcement import MAX_BYTES
from peers.catalogue import PAGE, Name
from peers.catalogue_events import Ask, List, Show, Tell, Want
from peers.changes import MAX_COUNT, Cursor, Page
from peers.errors import RemoteFault
from peers.messages import Subject, notice, request
from peers.plain import Plain, bytes_of, number_of

NAME_BYTES: Final = 32  # the digest of a CID

ASK_TYPE: Final = request(Subject.CATALOGUE)
LIST_TYPE: Final = ASK_TYPE + 1
WANT_TYPE: Final = request(Subject.CATALOGUE + 1)
SHOW_TYPE: Final = WANT_TYPE + 1
NEWS_TYPE: Final = notice(Subject.CATALOGUE + 2)


@dataclass(frozen=True, slots=True)
class Wants:
    """What a peer wants."""

    names: tuple[Name, ...]  # 1 to PAGE; any 32 bytes


@dataclass(frozen=True, slots=True)
class Shown:
    """Signed postings, unchecked: the answer to wants."""

    datas: tuple[bytes, ...]  # up to PAGE


@dataclass(frozen=True, slots=True)
class News:
    """There is something new."""


Sent = Ask | List | Want | Show | Tell
Heard = Cursor | Page[Name] | Wants | Shown | News


def pack(action: Sent) -> tuple[int, Plain]:
    """Return the type of a message and its body."""
    match action:
        case Ask(_, cursor):
            return ASK_TYPE, tuple(cursor)
        case List(_, page):
            return LIST_TYPE, (*page.upto, page.more, b"".join(page.items))
        case Want(_, names):
            return WANT_TYPE, (b"".join(names),)
        case Show(_, datas):
            return SHOW_TYPE, (datas,)
        case Tell():
            return NEWS_TYPE, ()


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


def _list(epoch: Plain, position: Plain, more: Plain, names: Plain) -> Page[Name]:
    if type(more) is not bool:
        _refuse("a page that does not say whether there are more")
    return Page(_names(names), _ask(epoch, position), more)


def _want(names: Plain) -> Wants:
    found = _names(names)
    if not found:
        _refuse("nothing is wanted")
    return Wants(found)


def _show(datas: Plain) -> Shown:
    if not isinstance(datas, tuple) or len(datas) > PAGE:
        _refuse(f"not up to {PAGE} postings")
    return Shown(tuple(bytes_of(data, 1, MAX_BYTES) for data in datas))


_READERS: Final[dict[int, tuple[Callable[..., Heard], int]]] = {
    ASK_TYPE: (_ask, 2),
    LIST_TYPE: (_list, 4),
    WANT_TYPE: (_want, 1),
    SHOW_TYPE: (_show, 1),
    NEWS_TYPE: (News, 0),
}


def _names(raw: Plain) -> tuple[Name, ...]:
    data = bytes_of(raw, 0, PAGE * NAME_BYTES)
    if len(data) % NAME_BYTES:
        _refuse(f"names that are not of {NAME_BYTES} bytes each")
    parts = range(0, len(data), NAME_BYTES)
    names = tuple(data[at : at + NAME_BYTES] for at in parts)
    if len({*names}) != len(names):
        _refuse("one name twice")
    return names


def _refuse(what: str) -> NoReturn:
    raise RemoteFault(f"a malformed message about a catalogue: {what}")
