"""Car: a bundle, which is a stream of blocks with roots (CAR v1, https://ipld.io/specs/transport/car/).

Both ways in the memory of one block. Every block read has been checked against its name; that no
block is missing is known only to whoever follows the links. CAR v2 is refused: its index would be
one more thing to believe.

>>> from io import BytesIO
>>> from engine.content.cid import RAW
>>> block = Block(Cid.of(RAW, b"a"), b"a")
>>> bundle = BytesIO()
>>> write(bundle, [block.cid], [block])
>>> list(Reader(BytesIO(bundle.getvalue()))) == [block]
True
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import BinaryIO, Final

from engine.content import canonical
from engine.content.blocks import MAX_BLOCK, Block
from engine.content.budget import Budget
from engine.content.cid import BYTES, Cid
from engine.content.protobuf import varint
from engine.errors import Damaged, Refused

MAX_HEADER: Final = 4 * 1024  # bytes: MAX_ROOTS take 700
MAX_ROOTS: Final = 16  # a bundle is for one thing or a few; roots are remembered while reading
MAX_SECTION: Final = MAX_BLOCK + 256  # bytes: a block and any name that Tallystick may come to read

_BUDGET: Final = Budget(size=MAX_HEADER, depth=2, items=128)  # all the roots that can be in 4 KiB
_LONGEST_SIZE: Final = 4  # bytes of a varint: 2**28 is more than any length here
_MARKS: Final = (b"roots", b"version")  # of a header with one root or a few; damage may spare one
_GLANCE: Final = 64  # bytes: where the marks are when the length before them has changed
_GIVE_A_BUNDLE: Final = "give a file that `tally export` wrote, or another CAR v1"
_COPY_AGAIN: Final = "fetch or copy the bundle again"


def write(stream: BinaryIO, roots: Sequence[Cid], blocks: Iterable[Block]) -> None:
    """Write a bundle; ValueError for too few or many roots and for a block that is too long."""
    for piece in pieces(roots, blocks):
        stream.write(piece)


def pieces(roots: Sequence[Cid], blocks: Iterable[Block]) -> Iterator[bytes]:
    """Yield a bundle, a block at a time; ValueError as write."""
    if not 0 < len(roots) <= MAX_ROOTS:
        raise ValueError(f"a bundle has 1 to {MAX_ROOTS} roots, not {len(roots)}")
    header = _header(roots)
    yield varint(len(header)) + header
    for block in blocks:
        if len(block.data) > MAX_BLOCK:
            raise ValueError(f"{block.cid} is {len(block.data)} bytes; {MAX_BLOCK} at most")
        yield varint(BYTES + len(block.data)) + block.cid.raw
        yield block.data


class Reader:
    """A bundle, read once from start to end: first its `roots`, then, by iteration, its blocks."""

    def __init__(self, stream: BinaryIO) -> None:
        """Read the header; ask `stream` for no more than is used.

        Raises: Refused when this is not a CAR v1; Damaged when it was one and has changed.
        """
        self._stream = stream
        self._at = 0  # bytes read so far
        self.roots = self._read_header()

    @property
    def at(self) -> int:
        """How many bytes were read so far: the end of the last block."""
        return self._at

    def __iter__(self) -> Iterator[Block]:
        """Yield each block, checked against its name.

        Raises: Damaged, with the offset, where the bundle is changed or cut short, and at its end
        when it did not hold a root.
        """
        missing = set(self.roots)
        start = self._at
        while (size := self._read_size()) is not None:
            block = self._read_block(start, size)
            missing.discard(block.cid)
            yield block
            start = self._at
        for cid in missing:
            raise Damaged("the bundle ends without its root", where=str(cid), fix=_COPY_AGAIN)

    def _read_header(self) -> tuple[Cid, ...]:
        header = b""
        try:
            size = self._read_size()
            if size is None or size > MAX_HEADER:
                raise Damaged("it has no length")
            header = self._read(size)
            return _roots(header)
        except Damaged as damaged:
            seen = header + self._stream.read(_GLANCE)
            if any(mark in seen for mark in _MARKS):
                what = f"the bundle has a damaged header: {damaged.what}"
                raise Damaged(what, fix=_COPY_AGAIN) from None
            raise Refused("not a bundle", fix=_GIVE_A_BUNDLE) from None

    def _read_block(self, start: int, size: int) -> Block:
        if not BYTES <= size <= MAX_SECTION:
            raise _damaged(f"a block of {size} bytes", start)
        section = self._take(size)
        try:
            cid = Cid.from_bytes(section[:BYTES])
        except Refused as refused:
            raise _damaged(refused.what, start) from None
        data = section[BYTES:]
        if len(data) > MAX_BLOCK or not cid.matches(data):
            raise _damaged(f"{len(data)} bytes that are not {cid}", start)
        return Block(cid, data)

    def _read_size(self) -> int | None:
        """Read a varint of the shortest form; None at the end of the stream."""
        start = self._at
        size = 0
        for place in range(_LONGEST_SIZE):
            byte = self._stream.read(1)
            if not byte and not place:
                return None
            if not byte or (byte == b"\0" and place):
                break
            self._at += 1
            size |= (byte[0] & 0x7F) << 7 * place
            if byte[0] <= 0x7F:
                return size
        raise _damaged("no length", start)

    def _take(self, size: int) -> bytes:
        start = self._at
        data = self._read(size)
        if len(data) < size:
            raise _damaged("its end, too early,", start)
        return data

    def _read(self, size: int) -> bytes:
        """Read `size` bytes, or what there is: a pipe gives less than it is asked for."""
        pieces = []
        while size and (piece := self._stream.read(size)):
            pieces.append(piece)
            size -= len(piece)
            self._at += len(piece)
        return b"".join(pieces)


def _damaged(what: str, offset: int) -> Damaged:
    return Damaged(f"the bundle has {what} at byte {offset}", fix=_COPY_AGAIN)


def _header(roots: Sequence[Cid]) -> bytes:
    return canonical.encode({"roots": list(roots), "version": 1})


def _roots(data: bytes) -> tuple[Cid, ...]:
    """Return the roots that a header gives.

    Raises: Refused for CAR v2 and for too many roots; Damaged when it is no header.
    """
    header = canonical.decode(data, _BUDGET)
    if header == {"version": 2}:
        raise Refused("this is a CAR v2, and bundles are CAR v1", fix=_GIVE_A_BUNDLE)
    match header:
        case {"roots": [_, *_] as found}:
            roots = tuple(root for root in found if isinstance(root, Cid))
            if data != _header(roots):
                raise Damaged("it is not one of CAR v1")
            if len(roots) > MAX_ROOTS:
                what = f"a bundle of {len(roots)} roots; {MAX_ROOTS} at most"
                raise Refused(what, fix="have it made again, in several files")
            return roots
    raise Damaged("it has no roots")
