"""dag-pb: a block of named links and some bytes, the node of every UnixFS file and directory.

https://ipld.io/specs/codecs/dag-pb/spec/. Written in the one canonical form; read with links and
bytes in either order, as old writers left them.
"""

from collections.abc import Callable, Iterable
from typing import Final, TypeAlias

from engine.content.cid import BYTES, DAG_PB, SHA2_256, Cid
from engine.content.protobuf import fields, read_varint, text, varint
from engine.errors import Damaged, Refused
from engine.values import dataclass

# A directory is sharded at 256 KiB and a link to a name takes over 40 bytes, so 6 500 is the most
# that anybody writes; it bounds what one hostile block can make a reader do.
MAX_LINKS: Final = 8192

Target: TypeAlias = Callable[[bytes], Cid]

_HASH: Final = bytes((1 << 3 | 2, BYTES))
_V0: Final = 34  # bytes of a CIDv0: hash function, digest length, digest
_V0_HEAD: Final = bytes((SHA2_256, 32))
_V1_DAG_PB: Final = bytes((1, DAG_PB))


@dataclass(frozen=True, slots=True)
class Link:
    """A child: its name here ("" in files), its address, and the bytes of all blocks below it.

    `tsize` counts a block as often as it is linked to; it is a claim of whoever wrote the node.
    """

    name: str
    cid: Cid
    tsize: int


def encode(links: Iterable[Link], data: bytes) -> bytes:
    """Encode a node: links in the order given, then data (the spec's canonical order)."""
    out = [text(2, _link(link)) for link in links]
    out.append(text(1, data))
    return b"".join(out)


def _link(link: Link) -> bytes:
    name = link.name.encode()
    return b"".join(
        (_HASH, link.cid.raw, b"\x12", varint(len(name)), name, b"\x18", varint(link.tsize))
    )


def decode(block: bytes, target: Target | None = None) -> tuple[tuple[Link, ...], bytes]:
    """Return the links and data of a node, whose binary CIDs `target` reads.

    Raises: Damaged when it is not dag-pb, or links to what is not read, by Tallystick or `target`.
    """
    target = target or _target
    links: list[Link] = []
    data: bytes | None = None
    for number, value in fields(block):
        if number == 2 and isinstance(value, bytes):
            links.append(_decode_link(value, target))
        elif number == 1 and isinstance(value, bytes) and data is None:
            data = value
        else:
            raise Damaged(f"a dag-pb node with an unexpected field {number}")
        if len(links) > MAX_LINKS:
            raise Damaged(f"a dag-pb node with over {MAX_LINKS} links")
    if data is None:
        raise Damaged("a dag-pb node without data")
    return tuple(links), data


def _decode_link(message: bytes, target: Target) -> Link:
    if message[:2] == _HASH and message[38:39] == b"\x12":  # as every writer of our CIDs has it
        size = int.from_bytes(message[39:40], "big")
        end = 40 + size
        if size < 0x80 and message[end : end + 1] == b"\x18":
            tsize, at = read_varint(message, end + 1)
            if at == len(message):
                return _link_of(target(message[2:38]), message[40:end], tsize)
    return _decode_fields(message, target)


def _decode_fields(message: bytes, target: Target) -> Link:
    """Read a link whose fields come in any order, or are not all there."""
    found = dict(pairs := list(fields(message)))
    to, name, tsize = found.get(1), found.get(2, b""), found.get(3, 0)
    if len(found) != len(pairs) or not found.keys() <= {1, 2, 3}:
        raise Damaged("a dag-pb link with an unexpected field")
    if not (isinstance(to, bytes) and isinstance(name, bytes) and isinstance(tsize, int)):
        raise Damaged("a dag-pb link with a field of the wrong type")
    return _link_of(target(to), name, tsize)


def _link_of(cid: Cid, name: bytes, tsize: int) -> Link:
    try:
        return Link(name.decode(), cid, tsize)
    except UnicodeDecodeError:
        raise Damaged("a dag-pb link whose name is not UTF-8") from None


def _target(raw: bytes) -> Cid:
    """Read a CID; Kubo's default still links by CIDv0, a bare sha2-256 of dag-pb."""
    if len(raw) == _V0 and raw.startswith(_V0_HEAD):
        raw = _V1_DAG_PB + raw
    try:
        return Cid.from_bytes(raw)
    except Refused as fault:
        raise Damaged(f"a dag-pb link: {fault.what}") from None
