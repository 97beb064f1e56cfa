"""Exchange: the messages by which peers have content from one another. Pure.

Who asks opens a lane: a number of its own for one fetch, with its own credit. A want names a scope:
the agreement that entitles to the content, or a public root. Bytes flow as the asker grants them.
Credit and bytes are counted from the beginning of a lane, so that a message that comes twice or
late changes nothing. On the wire each is a notice (docs/protocol.md, Content).

>>> from engine.content.cid import RAW
>>> root = Cid.of(RAW, b"a")
>>> unpack(*pack(DontHave(1, (root,)))) == DontHave(1, (root,))
True
"""

import itertools
from collections.abc import Callable
from itertools import pairwise
from typing import Final, NoReturn

from engine.content.blocks import MAX_BLOCK
from engine.content.cid import BYTES, RAW, Cid, are_cids
from engine.values import dataclass
from peers import plain
from peers.errors import RemoteFault
from peers.messages import Subject, notice
from peers.plain import Plain, number_of

MAX_CIDS: Final = 1024  # of one message, and wanted of one peer: 36 KiB of names
MAX_LANES: Final = 16  # of one asker: what it fetches at a time
MAX_BYTES: Final = MAX_BLOCK  # of the blocks in one message: a frame is that and 64 KiB
MAX_PASS: Final = 256 * 1024  # bytes of a signed pass, whose names are at most 170 KB
MAX_COUNT: Final = 2**63 - 1  # bytes counted on a lane; never reached

Claimed = tuple[Cid, bytes]  # a block whose bytes nobody has checked; of a large leaf, a view


@dataclass(frozen=True, slots=True)
class WantBlocks:
    """Send these, as far as they are content of `scope` and as credit reaches."""

    lane: int
    scope: Cid  # of an agreement's record; or a public root itself
    cids: tuple[Cid, ...]  # 1 to MAX_CIDS
    granted: int  # bytes of blocks that may be sent on this lane since it began


@dataclass(frozen=True, slots=True)
class Credit:
    """More may be sent."""

    lane: int
    granted: int  # as in WantBlocks; a lower number than before means nothing


@dataclass(frozen=True, slots=True)
class Cancel:
    """These are wanted no longer, or nothing of this lane is."""

    lane: int
    cids: tuple[Cid, ...]  # none: all of it, and the lane ends


@dataclass(frozen=True, slots=True)
class Blocks:
    """Some of what was wanted."""

    lane: int
    sent: int  # bytes of blocks on this lane since it began, these included
    blocks: tuple[Claimed, ...]  # 1 to MAX_CIDS, together at most MAX_BYTES

    @property
    def size(self) -> int:
        """How many bytes of blocks there are in it."""
        return sum(len(data) for _, data in self.blocks)


@dataclass(frozen=True, slots=True)
class DontHave:
    """These will not come: they are not here, or not for the asker. It is not said which."""

    lane: int
    cids: tuple[Cid, ...]  # 1 to MAX_CIDS


@dataclass(frozen=True, slots=True)
class Show:
    """A pass (pass_record.py): its roots may be wanted on this line from now on, by its CID."""

    word: bytes  # the signed record, at most MAX_PASS


Question = WantBlocks | Credit | Cancel | Show
Answer = Blocks | DontHave
Message = Question | Answer

WANT_TYPE: Final = notice(Subject.CONTENT)
CREDIT_TYPE: Final = notice(Subject.CONTENT + 1)
CANCEL_TYPE: Final = notice(Subject.CONTENT + 2)
BLOCKS_TYPE: Final = notice(Subject.CONTENT + 3)
DONT_HAVE_TYPE: Final = notice(Subject.CONTENT + 4)
SHOW_TYPE: Final = notice(Subject.CONTENT + 5)

_COPIED: Final = 64 * 1024  # bytes of a leaf; to copy a larger one costs as much as to check it
_LENGTH: Final = 4  # bytes that say how long the head of Blocks is


def pack(message: Message) -> tuple[int, bytes]:
    """Return the type of a message and its body."""
    match message:
        case WantBlocks(lane, scope, cids, granted):
            return WANT_TYPE, plain.pack((lane, scope.raw, b"".join(cids), granted))
        case Credit(lane, granted):
            return CREDIT_TYPE, plain.pack((lane, granted))
        case Cancel(lane, cids):
            return CANCEL_TYPE, plain.pack((lane, b"".join(cids)))
        case Blocks():
            return BLOCKS_TYPE, _pack_blocks(message)
        case Show(word):
            return SHOW_TYPE, plain.pack((word,))
        case DontHave(lane, cids):
            return DONT_HAVE_TYPE, plain.pack((lane, b"".join(cids)))


def unpack(kind: int, body: bytes) -> Message:
    """Read what `pack` gave; nothing that a peer sent is believed.

    Raises: RemoteFault for anything else.
    """
    if kind == BLOCKS_TYPE:
        return _unpack_blocks(body)
    reader, fields = _READERS.get(kind, (None, 0))
    if reader is None:
        _refuse(f"there is no type {kind}")
    return reader(*_fields(body, fields))


def _pack_blocks(message: Blocks) -> bytes:
    """Return the length of a head, the head, and then the bytes, which are copied this once."""
    names = b"".join([cid for cid, _ in message.blocks])
    datas = [data for _, data in message.blocks]
    head = plain.pack((message.lane, message.sent, names, tuple(map(len, datas))))
    return b"".join((len(head).to_bytes(_LENGTH, "big"), head, *datas))


def _unpack_blocks(body: bytes) -> Blocks:
    at = _LENGTH + int.from_bytes(body[:_LENGTH], "big")
    lane, sent, cids, sizes = _fields(body[_LENGTH:at], 4)
    names = _cids(cids)
    if not isinstance(sizes, tuple) or len(sizes) != len(names):
        _refuse("not as many blocks as names")
    ends = [*itertools.accumulate((number_of(size, MAX_BYTES) for size in sizes), initial=at)]
    if ends[-1] != len(body) or ends[-1] - at > MAX_BYTES:
        _refuse(f"blocks of other sizes than it says, or over {MAX_BYTES} bytes")
    blocks = [
        (cid, _part(body, a, b, is_leaf=cid.codec == RAW))
        for cid, (a, b) in zip(names, pairwise(ends), strict=True)
    ]
    return Blocks(_lane(lane), _count(sent), tuple(blocks))


def _part(body: bytes, start: int, end: int, *, is_leaf: bool) -> bytes:
    """Return a block. Of a large leaf it is a view: that is checked and written, no more."""
    if is_leaf and end - start > _COPIED:
        return memoryview(body)[start:end]  # type: ignore[return-value]
    return body[start:end]


def _fields(body: bytes, count: int) -> tuple[Plain, ...]:
    fields = plain.unpack(body)
    if not isinstance(fields, tuple) or len(fields) != count:
        _refuse(f"it has not {count} fields")
    return fields


def _want(lane: Plain, scope: Plain, cids: Plain, granted: Plain) -> WantBlocks:
    (name,) = _cids(scope, most=1)
    return WantBlocks(_lane(lane), name, _cids(cids), _count(granted))


def _credit(lane: Plain, granted: Plain) -> Credit:
    return Credit(_lane(lane), _count(granted))


def _cancel(lane: Plain, cids: Plain) -> Cancel:
    return Cancel(_lane(lane), _cids(cids) if cids != b"" else ())


def _show(word: Plain) -> Show:
    if type(word) is not bytes or not 0 < len(word) <= MAX_PASS:
        _refuse(f"a pass that is not 1 to {MAX_PASS} bytes")
    return Show(word)


def _dont_have(lane: Plain, cids: Plain) -> DontHave:
    return DontHave(_lane(lane), _cids(cids))


_READERS: Final[dict[int, tuple[Callable[..., Message], int]]] = {
    WANT_TYPE: (_want, 4),
    CREDIT_TYPE: (_credit, 2),
    CANCEL_TYPE: (_cancel, 2),
    DONT_HAVE_TYPE: (_dont_have, 2),
    SHOW_TYPE: (_show, 1),
}


def _cids(raw: Plain, most: int = MAX_CIDS) -> tuple[Cid, ...]:
    if type(raw) is not bytes or len(raw) % BYTES or not 0 < len(raw) <= most * BYTES:
        _refuse(f"names that are not 1 to {most} times {BYTES} bytes")
    parts = [raw[at : at + BYTES] for at in range(0, len(raw), BYTES)]
    if not are_cids(parts):
        _refuse("a name that is no CID that Tallystick reads")
    return tuple(map(Cid, parts))


def _lane(value: Plain) -> int:
    return number_of(value, 2**32 - 1)


def _count(value: Plain) -> int:
    return number_of(value, MAX_COUNT)


def _refuse(what: str) -> NoReturn:
    raise RemoteFault(f"a malformed message about content: {what}")
