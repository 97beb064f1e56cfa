"""UnixFS: what a dag-pb node means, as a piece of a file, a directory or a symlink.

https://specs.ipfs.tech/unixfs/. `parse` turns one block into a Node and checks all that can be
checked without other blocks; nothing here follows a link.
"""

from typing import Final, Literal

from engine.content import dagpb
from engine.content.cid import DAG_PB, RAW, Cid
from engine.content.dagpb import Link
from engine.content.names import bad_target, impossible
from engine.content.protobuf import fields, text, uint
from engine.errors import Damaged, Refused
from engine.values import dataclass

Kind = Literal["file", "directory", "symlink"]

RAW_TYPE: Final = 0  # a leaf as old writers left it: read, never written
DIRECTORY: Final = 1
FILE: Final = 2
SYMLINK: Final = 4
SHARD: Final = 5

MURMUR3: Final = 0x22  # murmur3-x64-64, the only hash that shards are made with
FANOUT: Final = 256  # children of a shard, in what nearly everybody writes
FANOUTS: Final = (8, 16, 32, 64, 128, 256, 512, 1024)  # what others may set, and read


@dataclass(frozen=True, slots=True)
class Node:
    """One block, understood."""

    kind: Kind
    size: int  # bytes of content in and below this node of a file; else 0
    data: bytes  # a file's own bytes (before its children's), a symlink's target, a shard's bits
    links: tuple[Link, ...]
    sizes: tuple[int, ...] = ()  # of a file: bytes of content below each link
    fanout: int = 0  # of a directory that is cut by the hash of its names (hamt.py), else 0

    @property
    def shard(self) -> bool:
        """Whether it is a part of such a directory, or the first of it."""
        return self.fanout > 0

    @property
    def bits(self) -> int:
        """The bits of a name's hash that choose a slot of a shard."""
        return self.fanout.bit_length() - 1

    @property
    def digits(self) -> int:
        """The digits of a slot before a name."""
        return slot_digits(self.fanout)


@dataclass(frozen=True, slots=True)
class Message:
    """The protobuf message inside a node. Modes and times are read over and forgotten."""

    type: int
    data: bytes | None = None
    filesize: int | None = None
    blocksizes: tuple[int, ...] = ()
    hash_type: int | None = None
    fanout: int | None = None

    def encode(self) -> bytes:
        """Encode the message, fields in the order of their numbers."""
        out = [uint(1, self.type)]
        out += [] if self.data is None else [text(2, self.data)]
        out += [] if self.filesize is None else [uint(3, self.filesize)]
        out += [uint(4, size) for size in self.blocksizes]
        out += [] if self.hash_type is None else [uint(5, self.hash_type)]
        out += [] if self.fanout is None else [uint(6, self.fanout)]
        return b"".join(out)

    @classmethod
    def decode(cls, message: bytes) -> "Message":
        """Read a message.

        Raises: Damaged when it is not one.
        """
        numbers: dict[int, int] = {}
        texts: dict[int, bytes] = {}
        sizes: list[int] = []
        for number, value in fields(message):
            if number in numbers or number in texts:
                raise Damaged(f"a UnixFS message with field {number} twice")
            if isinstance(value, bytes) and number in (2, 8):
                texts[number] = value
            elif isinstance(value, int) and number == 4:
                sizes.append(value)
            elif isinstance(value, int) and number in (1, 3, 5, 6, 7):
                numbers[number] = value
            else:
                raise Damaged(f"a UnixFS message with an unexpected field {number}")
        if 1 not in numbers:
            raise Damaged("a UnixFS message without a type")
        get = numbers.get
        return cls(numbers[1], texts.get(2), get(3), tuple(sizes), get(5), get(6))


def parse(cid: Cid, block: bytes) -> Node:
    """Say what a block is, whose bytes were checked against `cid` by whoever got them.

    Raises: Damaged when it is not well-formed UnixFS; Refused when it is a record.
    """
    if cid.codec == RAW:
        return Node("file", len(block), block, ())
    if cid.codec != DAG_PB:
        fix = "an output of a run is RUN/STEP/OUTPUT"
        raise Refused("this is a record, not a file or directory", where=str(cid), fix=fix)
    try:
        links, data = dagpb.decode(block)
        return _node(links, Message.decode(data))
    except Damaged as fault:
        raise Damaged(fault.what, where=str(cid)) from None


def _node(links: tuple[Link, ...], message: Message) -> Node:
    if message.type in (FILE, RAW_TYPE):
        return _file(links, message)
    if message.blocksizes:
        raise Damaged("block sizes in what is not a file")
    if message.type == DIRECTORY:
        return _directory(links, message)
    if message.type == SYMLINK:
        return _symlink(links, message)
    if message.type == SHARD:
        return _shard(links, message)
    raise Damaged(f"an unknown UnixFS type {message.type}")


def _file(links: tuple[Link, ...], message: Message) -> Node:
    data = message.data or b""
    size = len(data) + sum(message.blocksizes)
    if len(message.blocksizes) != len(links):
        raise Damaged(f"a file node with {len(links)} links and {len(message.blocksizes)} sizes")
    if message.filesize is not None and message.filesize != size:
        raise Damaged(f"a file node of {size} bytes that says {message.filesize}")
    return Node("file", size, data, links, message.blocksizes)


def _directory(links: tuple[Link, ...], message: Message) -> Node:
    if message.data:
        raise Damaged("a directory with bytes of its own")
    if len({link.name for link in links}) != len(links):
        raise Damaged("a directory with a name twice")
    for link in links:
        check_entry(link.name)
    return Node("directory", 0, b"", links)


def _symlink(links: tuple[Link, ...], message: Message) -> Node:
    data = message.data or b""
    why = bad_target(data.decode(errors="surrogateescape"))
    if links or why:
        raise Damaged(f"a symlink: {why or 'it has links'}")
    return Node("symlink", 0, data, ())


def _shard(links: tuple[Link, ...], message: Message) -> Node:
    bits = message.data or b""
    fanout = message.fanout or 0
    if message.hash_type != MURMUR3 or fanout not in FANOUTS:
        raise Damaged("a directory shard of a hash or width that nobody writes")
    field, digits = int.from_bytes(bits, "big"), slot_digits(fanout)
    slots = [f"{slot:0{digits}X}" for slot in range(fanout) if field >> slot & 1]
    if len(bits) > fanout // 8 or [link.name[:digits] for link in links] != slots:
        raise Damaged("a directory shard whose links are not those it says it has")
    for link in links:
        if len(link.name) > digits:  # the digits alone lead to the next shard
            check_entry(link.name[digits:])
    return Node("directory", 0, bits, links, fanout=fanout)


def slot_digits(fanout: int) -> int:
    """Return how many hexadecimal digits a slot is written in."""
    return len(f"{fanout - 1:X}")


def check_entry(name: str) -> None:
    """Check the name of a directory entry.

    Raises: Damaged when nothing can be called this.
    """
    if why := impossible(name):
        raise Damaged(f"a directory entry {name[:80]!a}: {why}")
