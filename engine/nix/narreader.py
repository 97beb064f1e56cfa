"""Read a NAR as a stream, strictly: one tree has one archive, and nothing else is read. Pure.

The bytes come from strangers, so what is read is bounded (nar.py) and each name is safe to join
to a directory: no ".", "..", "/" or NUL, no name twice. Whoever consumes the nodes still hashes
the bytes: only the hash says that they are the right ones.
"""

import struct
from collections.abc import Iterable, Iterator
from functools import cache
from typing import Final

from engine.errors import Damaged
from engine.nix import nar
from engine.nix.nar import Directory, Node, Regular, Symlink

PIECE: Final = 1024 * 1024  # bytes of a file handed on at once, at most
MAX_WORD: Final = 16  # bytes; the longest word of the grammar is "nix-archive-1"
_HEADS: Final = (  # how a node begins, most of them in one look
    (nar.REGULAR + nar.CONTENTS, b"contents"),
    (nar.SYMLINK, b"symlink"),
    (nar.REGULAR + nar.EXECUTABLE + nar.CONTENTS, b"executable"),
    (nar.DIRECTORY, b"directory"),
)


def read(chunks: Iterable[bytes]) -> Iterator[Node | bytes]:
    """Yield the nodes of an archive, parents before children, content after its Regular.

    Content comes in non-empty pieces that together have exactly the Regular's size.

    Raises: Damaged at the first byte that no archive has there, or that follows its end.
    """
    source = _Source(chunks)
    source.expect(b"nix-archive-1")
    opened = _Opened()
    path = b""
    for _ in range(nar.MAX_ENTRIES):
        yield from _node(source, opened, path)
        following = _next(source, opened)
        if following is None:
            return source.end()
        path = following
    raise Damaged(f"a NAR of more than {nar.MAX_ENTRIES} entries")


class _Opened:
    """The directories that are open: their paths, and the last name in each."""

    def __init__(self) -> None:
        self._directories: list[tuple[bytes, bytes]] = []

    def __bool__(self) -> bool:
        return bool(self._directories)

    def open(self, path: bytes) -> None:
        if len(self._directories) >= nar.MAX_DEPTH:
            raise Damaged(f"a NAR more than {nar.MAX_DEPTH} directories deep")
        self._directories.append((path, b""))

    def close(self) -> None:
        self._directories.pop()

    def child(self, name: bytes) -> bytes:
        """Return the path of the next entry, which must sort after the one before."""
        path, previous = self._directories[-1]
        if not name or name in (b".", b"..") or b"/" in name or b"\0" in name:
            raise Damaged(f"a NAR with the name {name[:300]!r}")
        if name <= previous:
            raise Damaged(f"a NAR with {name!r} after {previous!r}")
        self._directories[-1] = (path, name)
        return path + b"/" + name if path else name


def _node(source: "_Source", opened: _Opened, path: bytes) -> Iterator[Node | bytes]:
    """Read a node up to its end, or a directory up to its first entry."""
    kind = _kind(source)
    if kind == b"directory":
        opened.open(path)
        yield Directory(path)
        return
    if kind == b"symlink":
        yield Symlink(path, _target(source))
    else:
        size = source.number()
        yield Regular(path, size, kind == b"executable")
        yield from source.pieces(size)
        source.padding(size)
    source.expect(b")", *([b")"] if opened else []))  # of the node, and of its entry


def _kind(source: "_Source") -> bytes:
    """Read what a node is, up to its size or target; "executable" is a file that is one."""
    for head, kind in _HEADS:
        if source.skip(head):
            return kind
    source.expect(b"(", b"type")
    kind = source.word()
    if kind == b"symlink":
        source.expect(b"target")
    elif kind == b"regular":
        kind = source.word()
        if kind == b"executable":
            source.expect(b"", b"contents")
        elif kind != b"contents":
            raise Damaged(f"a NAR with {kind!r} where a file's content begins")
    elif kind != b"directory":
        raise Damaged(f"a NAR with a node of type {kind!r}")
    return kind


def _target(source: "_Source") -> bytes:
    target = source.string(nar.MAX_TARGET)
    if not target or 0 in target:
        raise Damaged("a NAR with a symlink to nothing")
    return target


def _next(source: "_Source", opened: _Opened) -> bytes | None:
    """Close the directories that end here; return the path of the next entry, None at the end."""
    while opened:
        if not source.skip(nar.ENTRY):
            word = source.word()
            if word == b")":
                opened.close()
                if opened:
                    source.expect(b")")
                continue
            if word != b"entry":
                raise Damaged(f"a NAR with {word!r} in a directory")
            source.expect(b"(", b"name")
        path = opened.child(source.string(nar.MAX_NAME))
        if not source.skip(nar.NODE):
            source.expect(b"node")
        return path
    return None


def _check_padding(data: bytes) -> None:
    if any(data):
        raise Damaged("a NAR with padding that is not zero")


@cache
def _spelled(words: tuple[bytes, ...]) -> bytes:
    return b"".join(map(nar.string, words))


class _Source:
    """The bytes of an archive, taken from the front."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks = iter(chunks)
        self._buffer = b""
        self._at = 0

    def take(self, size: int) -> bytes:
        """Return exactly `size` bytes, which are few."""
        while len(self._buffer) - self._at < size:
            self._buffer = self._buffer[self._at :] + self._more()
            self._at = 0
        self._at += size
        return self._buffer[self._at - size : self._at]

    def pieces(self, size: int) -> Iterator[bytes]:
        """Yield exactly `size` bytes as they come."""
        while size:
            if self._at == len(self._buffer):
                self._buffer, self._at = self._more(), 0
            piece = self._buffer[self._at : self._at + min(size, PIECE)]
            self._at += len(piece)
            size -= len(piece)
            if piece:
                yield piece

    def number(self) -> int:
        """Return a length."""
        number: int = struct.unpack("<Q", self.take(8))[0]
        return number

    def string(self, limit: int) -> bytes:
        """Return a string of at most `limit` bytes."""
        size = self.number()
        if size > limit:
            raise Damaged(f"a NAR with a string of {size} bytes where {limit} are the most")
        data = self.take(size + -size % 8)
        _check_padding(data[size:])
        return data[:size]

    def word(self) -> bytes:
        """Return a word of the grammar."""
        return self.string(MAX_WORD)

    def expect(self, *words: bytes) -> None:
        """Take these words and no others."""
        spelled = _spelled(words)
        if self._buffer.startswith(spelled, self._at):
            self._at += len(spelled)
            return
        for word in words:
            found = self.word()
            if found != word:
                raise Damaged(f"a NAR with {found!r} where {word!r} belongs")

    def skip(self, words: bytes) -> bool:
        """Take some words if they come next, as far as that is known without reading on."""
        if not self._buffer.startswith(words, self._at):
            return False
        self._at += len(words)
        return True

    def padding(self, size: int) -> None:
        """Take the zeros after `size` bytes."""
        _check_padding(self.take(-size % 8))

    def end(self) -> None:
        """Check that nothing follows."""
        if self._at < len(self._buffer) or any(self._chunks):
            raise Damaged("a NAR with bytes after its end")

    def _more(self) -> bytes:
        chunk = next(self._chunks, None)
        if chunk is None:
            raise Damaged("a NAR that ends early")
        return chunk
