"""Listing messages: how peers say to each other what they have, a page at a time. Pure.

An ask and a want are requests, a page and what is shown their answers. What is shown comes as bytes
that nobody has checked. What is listed, and by what it is wanted, each protocol says itself
(directory_messages.py, catalogue_messages.py).
"""

from collections.abc import Callable
from typing import Final, Generic, NamedTuple, NoReturn, TypeVar

from engine.values import dataclass
from peers.changes import MAX_COUNT, Cursor, Page
from peers.errors import RemoteFault
from peers.listing_events import Ask, List, Show, Want
from peers.messages import request
from peers.plain import Plain, bytes_of, number_of

NAME_BYTES: Final = 32  # of a key, or of the digest of a CID

T = TypeVar("T")  # by what a thing is listed
N = TypeVar("N")  # by what it is wanted


@dataclass(frozen=True, slots=True)
class Wants(Generic[N]):
    """What a peer wants."""

    names: tuple[N, ...]  # 1 to a page; any NAME_BYTES


@dataclass(frozen=True, slots=True)
class Shown:
    """Signed things, unchecked: the answer to wants."""

    datas: tuple[bytes, ...]  # up to a page


class Types(NamedTuple):
    """The types of the four messages."""

    ask: int
    list: int
    want: int
    show: int


class Form(NamedTuple, Generic[T]):
    """How several values are written as one, and read."""

    pack: Callable[[tuple[T, ...]], Plain]
    read: Callable[[Plain], tuple[T, ...]]  # raises RemoteFault


class Bounds(NamedTuple):
    """How much there is in a message."""

    page: int  # things listed, wanted or shown at once
    thing: int  # bytes


class Messages(Generic[T, N]):
    """The messages of one protocol."""

    def __init__(
        self, about: str, types: Types, bounds: Bounds, items: Form[T], names: Form[N]
    ) -> None:
        self._about = about
        self._types = types
        self._bounds = bounds
        self._items = items
        self._names = names
        self._readers: dict[int, tuple[Callable[..., _Heard[T, N]], int]] = {
            types.ask: (_cursor, 2),
            types.list: (self._list, 4),
            types.want: (self._want, 1),
            types.show: (self._show, 1),
        }

    def pack(self, action: Ask | List[T] | Want[N] | Show) -> tuple[int, Plain]:
        """Return the type of a message and its body."""
        match action:
            case Ask(_, cursor):
                return self._types.ask, tuple(cursor)
            case List(_, page):
                return self._types.list, (*page.upto, page.more, self._items.pack(page.items))
            case Want(_, names):
                return self._types.want, (self._names.pack(names),)
            case Show(_, datas):
                return self._types.show, (datas,)

    def unpack(self, kind: int, body: Plain) -> "_Heard[T, N]":
        """Read what `pack` gave; nothing that a peer sent is believed.

        Raises: RemoteFault for anything else.
        """
        reader, fields = self._readers.get(kind, (None, 0))
        if reader is None or not isinstance(body, tuple) or len(body) != fields:
            self._refuse(f"type {kind} and no body of {fields} fields")
        return reader(*body)

    def _list(self, epoch: Plain, position: Plain, more: Plain, items: Plain) -> Page[T]:
        if type(more) is not bool:
            self._refuse("a page that does not say whether there are more")
        return Page(self._items.read(items), _cursor(epoch, position), more)

    def _want(self, names: Plain) -> Wants[N]:
        found = self._names.read(names)
        if not found:
            self._refuse("nothing is wanted")
        return Wants(found)

    def _show(self, datas: Plain) -> Shown:
        if not isinstance(datas, tuple) or len(datas) > self._bounds.page:
            self._refuse(f"not up to {self._bounds.page} things")
        return Shown(tuple(bytes_of(data, 1, self._bounds.thing) for data in datas))

    def _refuse(self, what: str) -> NoReturn:
        raise RemoteFault(f"a malformed message about {self._about}: {what}")


_Heard = Cursor | Page[T] | Wants[N] | Shown


def types(subject: int) -> Types:
    """Return the types of a subject and the next one."""
    ask, want = request(subject), request(subject + 1)
    return Types(ask, ask + 1, want, want + 1)


def parts(raw: Plain, most: int) -> tuple[bytes, ...]:
    """Read up to `most` names that were joined.

    Raises: RemoteFault when they are none, or more.
    """
    data = bytes_of(raw, 0, most * NAME_BYTES)
    if len(data) % NAME_BYTES:
        raise RemoteFault(f"names that are not of {NAME_BYTES} bytes each")
    return tuple(data[at : at + NAME_BYTES] for at in range(0, len(data), NAME_BYTES))


def _cursor(epoch: Plain, position: Plain) -> Cursor:
    return Cursor(number_of(epoch, MAX_COUNT), number_of(position, MAX_COUNT))
