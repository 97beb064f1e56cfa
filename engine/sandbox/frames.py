"""Frames: what an engine and its executor say to each other, as bytes. No sockets here.

A frame is its body's length, its kind and its body. What an executor says is fields, each after its
length: no pickle and no JSON, because the side nearer to the step must not be able to say anything
that surprises the side nearer to the store. An order goes the other way, and is marshalled.

The records are NamedTuples, not dataclasses: importing `dataclasses` costs an executor 2 MiB.

>>> unpack(pack(b"a", b""))
[b'a', b'']
"""

import marshal
import struct
from typing import Final, NamedTuple

# engine -> executor
START: Final = 4  # you are where you belong: build your ground
ORDER: Final = 1  # run this
CANCEL: Final = 2  # end the order of that number
TAKEN: Final = 3  # the descriptor you sent has been read
# executor -> engine
READY: Final = 10
STDOUT: Final = 11
STDERR: Final = 12
DIRECTORY: Final = 13
SYMLINK: Final = 14
FILE: Final = 15  # its bytes inline
DESCRIPTOR: Final = 16  # its bytes behind the one descriptor that comes along
DONE: Final = 17
UNAVAILABLE: Final = 18  # this machine cannot run the order
TERMINAL: Final = 19  # the one descriptor that comes along is the far side of its terminal

HEADER: Final = struct.Struct("<IB")
INLINE: Final = 64 * 1024  # bytes; a larger file goes as a descriptor and is never copied here
# 2 MiB is what Linux takes as command line and environment together (a quarter of an 8 MiB stack);
# twice that holds them, a script and the names of all outputs.
FRAME_MAX: Final = 4 * 1024 * 1024

_LENGTH: Final = struct.Struct("<I")
_ENDING: Final = struct.Struct("<iQQQ?")


class Nonsense(ValueError):
    """What the other side said is not what it ever says: a bug of ours, or it is taken over."""


class Order(NamedTuple):
    """A job as the executor gets it: paths are those of its own root, not of this machine."""

    number: int  # which order this is, so that a late cancel cannot hit the next one
    arguments: bytes  # for bwrap, each ended by NUL
    command: tuple[str, ...]
    script: bytes | None
    parents: tuple[str, ...]  # directories to make below /out
    outputs: tuple[tuple[str, str], ...]  # (name, path below /out)
    store: str  # the closure's farm
    inputs: str  # the directory seen at /in, or ""
    trees: tuple[tuple[str, str], ...]  # (path below /in, directory bound on it)
    was: str  # the directory seen at /was, or ""
    was_trees: tuple[tuple[str, str], ...]
    memory: int  # bytes
    disk: int  # bytes
    inodes: int
    wall_ms: int
    processes: int
    log: int  # bytes of each stream
    rows: int  # of the terminal it gets instead of logs; 0: it gets none
    columns: int
    renew: bool = False  # whether its network is to be a new one, whatever happened in the last
    files: tuple[bytes, ...] = ()  # what scratch holds in files, by number
    patches: tuple[tuple[str, bytes], ...] = ()  # (function of the vDSO, code)
    niceness: tuple[int, ...] = ()  # of what begins in the step, by number, over and over
    serial: bool = False  # what makes a thread or process waits for its end, up to a bound


class Ending(NamedTuple):
    """How an order ended: the fields of base.Outcome."""

    exit_code: int
    reason: str
    detail: str
    wall_ms: int
    processor_ms: int
    peak_memory: int  # bytes
    truncated: bool


def frame(kind: int, body: bytes = b"") -> bytes:
    """Make one frame."""
    return HEADER.pack(len(body), kind) + body


def pack(*fields: bytes) -> bytes:
    """Join fields into a body."""
    return b"".join(part for field in fields for part in (_LENGTH.pack(len(field)), field))


def unpack(body: bytes) -> list[bytes]:
    """Split a body into its fields.

    Raises: Nonsense when the lengths do not add up.
    """
    fields, at = [], 0
    while at < len(body):
        if at + 4 > len(body):
            raise Nonsense("a frame ends inside a length")
        (length,) = _LENGTH.unpack_from(body, at)
        at += 4
        if at + length > len(body):
            raise Nonsense("a frame ends inside a field")
        fields.append(body[at : at + length])
        at += length
    return fields


def text(field: bytes) -> str:
    """Read a field as text; names with undecodable bytes never get into a frame.

    Raises: Nonsense for bytes that are not UTF-8.
    """
    try:
        return field.decode()
    except UnicodeDecodeError as error:
        raise Nonsense("text that is not UTF-8") from error


def pack_order(order: Order) -> bytes:
    """Make the body of an ORDER."""
    return marshal.dumps(tuple(order))


def unpack_order(body: bytes) -> Order:
    """Read the body of an ORDER: the engine's, which its executor believes."""
    return Order(*marshal.loads(body))  # noqa: S302


def pack_ending(ending: Ending) -> bytes:
    """Make the body of a DONE."""
    numbers = (ending.exit_code, ending.wall_ms, ending.processor_ms, ending.peak_memory)
    return pack(
        _ENDING.pack(*numbers, ending.truncated), ending.reason.encode(), ending.detail.encode()
    )


def unpack_ending(body: bytes) -> Ending:
    """Read the body of a DONE.

    Raises: Nonsense when it is not one.
    """
    try:
        numbers, reason, detail = unpack(body)
        exit_code, wall_ms, processor_ms, peak_memory, truncated = _ENDING.unpack(numbers)
    except (struct.error, ValueError) as error:
        raise Nonsense("a DONE has other fields") from error
    return Ending(
        exit_code, text(reason), text(detail), wall_ms, processor_ms, peak_memory, truncated
    )
