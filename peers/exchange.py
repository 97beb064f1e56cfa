"""Exchange: the messages by which peers have content from one another. Pure.

Who asks opens a lane: a number of its own for one fetch, with its own credit. A want names a scope:
the agreement that entitles to the content, or a public root. Bytes flow as the asker grants them.
Credit and bytes are counted from the beginning of a lane, so that a message that comes twice or
late changes nothing. On the wire each is a tuple of plain values (docs/protocol.md, "Content").

>>> from engine.content.cid import RAW
>>> root = Cid.of(RAW, b"a")
>>> unpack(pack(DontHave(1, (root,)))) == DontHave(1, (root,))
True
"""

from collections.abc import Callable, Sequence
from typing import Any, Final, NoReturn

from engine.content.blocks import MAX_BLOCK
from engine.content.cid import BYTES, Cid, are_cids
from engine.errors import Damaged
from engine.values import dataclass

MAX_CIDS: Final = 1024  # of one message, and wanted of one peer: 36 KiB of names
MAX_LANES: Final = 16  # of one asker: what it fetches at a time
MAX_BYTES: Final = MAX_BLOCK  # of the blocks in one message: a frame is that and 64 KiB
MAX_COUNT: Final = 2**63 - 1  # bytes counted on a lane; never reached

Claimed = tuple[Cid, bytes]  # a block whose bytes nobody has checked


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


@dataclass(frozen=True, slots=True)
class DontHave:
    """These will not come: they are not here, or not for the asker. It is not said which."""

    lane: int
    cids: tuple[Cid, ...]  # 1 to MAX_CIDS


Question = WantBlocks | Credit | Cancel
Answer = Blocks | DontHave
Message = Question | Answer

Plain = tuple[Any, ...]


def pack(message: Message) -> Plain:
    """Return a message as plain values for msgpack: its number, then its fields."""
    match message:
        case WantBlocks(lane, scope, cids, granted):
            return (1, lane, scope.raw, _raws(cids), granted)
        case Credit(lane, granted):
            return (2, lane, granted)
        case Cancel(lane, cids):
            return (3, lane, _raws(cids))
        case Blocks(lane, sent, blocks):
            return (4, lane, sent, _raws([cid for cid, _ in blocks]), [data for _, data in blocks])
        case DontHave(lane, cids):
            return (5, lane, _raws(cids))


def unpack(plain: object) -> Message:
    """Read what `pack` gave, as msgpack brings it: a list or a tuple, and nothing is believed.

    Raises: Damaged for anything else.
    """
    if not isinstance(plain, list | tuple) or not plain or type(plain[0]) is not int:
        _refuse("it is no list that begins with a number")
    reader, count = _READERS.get(plain[0], (None, 0))
    if reader is None or len(plain) != count:
        _refuse(f"kind {plain[0]!r:.20} with {len(plain)} fields")
    return reader(*plain[1:])


def _raws(cids: Sequence[Cid]) -> bytes:
    """Return names one after the other: all are 36 bytes long."""
    return b"".join(cids)


def _want(lane: object, scope: object, cids: object, granted: object) -> WantBlocks:
    (name,) = _cids(scope, most=1)
    return WantBlocks(_lane(lane), name, _cids(cids), _count(granted))


def _credit(lane: object, granted: object) -> Credit:
    return Credit(_lane(lane), _count(granted))


def _cancel(lane: object, cids: object) -> Cancel:
    return Cancel(_lane(lane), _cids(cids) if cids != b"" else ())


def _blocks(lane: object, sent: object, cids: object, datas: object) -> Blocks:
    names = _cids(cids)
    if not isinstance(datas, list | tuple) or len(datas) != len(names):
        _refuse("not as many blocks as names")
    if {*map(type, datas)} != {bytes} or sum(map(len, datas)) > MAX_BYTES:
        _refuse(f"blocks that are not bytes, or over {MAX_BYTES} of them")
    return Blocks(_lane(lane), _count(sent), tuple(zip(names, datas, strict=True)))


def _dont_have(lane: object, cids: object) -> DontHave:
    return DontHave(_lane(lane), _cids(cids))


_READERS: Final[dict[int, tuple[Callable[..., Message], int]]] = {
    1: (_want, 5),
    2: (_credit, 3),
    3: (_cancel, 3),
    4: (_blocks, 5),
    5: (_dont_have, 3),
}


def _cids(raw: object, most: int = MAX_CIDS) -> tuple[Cid, ...]:
    if type(raw) is not bytes or len(raw) % BYTES or not 0 < len(raw) <= most * BYTES:
        _refuse(f"names that are not 1 to {most} times {BYTES} bytes")
    parts = [raw[at : at + BYTES] for at in range(0, len(raw), BYTES)]
    if not are_cids(parts):
        _refuse("a name that is no CID that Tallystick reads")
    return tuple(map(Cid, parts))


def _lane(value: object) -> int:
    return _number(value, 2**32 - 1)


def _count(value: object) -> int:
    return _number(value, MAX_COUNT)


def _number(value: object, most: int) -> int:
    if type(value) is not int or not 0 <= value <= most:
        _refuse(f"{value!r:.30} where a number up to {most} is due")
    return value


def _refuse(what: str) -> NoReturn:
    raise Damaged(f"a malformed message of the exchange: {what}")
