"""Collect: what a dead step left in /out, read as if an enemy had written it.

Every directory and file is opened beneath the one above it, following no symlink (openat2), so
that nothing outside the output can be reached whatever the step made of its names. Only contents,
names, the executable bit and harmless symlinks are taken.
"""

import errno
import os
import stat
from collections.abc import Callable, Iterator
from typing import Final, NamedTuple

from engine.content.names import (
    MAX_DEPTH,
    MAX_ENTRIES,
    bad_target,
    has_control,
    impossible,
    unwelcome,
)
from engine.sandbox import syscalls

_STORE: Final = "/nix/store/"
_READ: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


class RefusedOutput(Exception):
    """Something in an output cannot be kept: its argument says what and why."""


class MissingOutput(Exception):
    """A declared output is not there: its argument says which."""


class Found(NamedTuple):
    """One thing in an output, parents before children."""

    name: str  # the output
    path: str  # inside it; "" for the output itself
    kind: int  # stat.S_IFDIR, S_IFREG or S_IFLNK
    executable: bool
    size: int  # bytes of a file
    target: str  # of a symlink
    descriptor: int  # to read a file from; closed when the next thing is asked for


class Collector:
    """Walks the outputs of one step below the directory `out`."""

    def __init__(self, out: str, in_closure: Callable[[str], bool], most_bytes: int) -> None:
        self._out = out
        self._in_closure = in_closure  # is this the base name of a path in the closure?
        self._bytes = most_bytes  # still allowed, as sizes, not blocks: a sparse file has both
        self._entries = MAX_ENTRIES

    def collect(self, outputs: tuple[tuple[str, str], ...]) -> Iterator[Found]:
        """Yield everything in the outputs; a file's descriptor lives until the next is asked for.

        Raises: MissingOutput before anything is yielded; RefusedOutput.
        """
        base = os.open(self._out, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            for name, path in outputs:
                self._expect(base, name, path)
            for name, path in outputs:
                yield from self._output(base, name, path)
        finally:
            os.close(base)

    def _expect(self, base: int, name: str, path: str) -> None:
        """Check that an output is there and that no directory above it was swapped."""
        try:
            parent = _parent(base, path)
            try:
                os.stat(os.path.basename(path), dir_fd=parent, follow_symlinks=False)
            finally:
                os.close(parent)
        except OSError as error:
            if error.errno in (errno.ENOENT, errno.ENOTDIR):
                raise MissingOutput(f"/out/{path}, declared as {name}, is not there") from error
            raise RefusedOutput(f"/out/{path}: {error.strerror}") from error

    def _output(self, base: int, name: str, path: str) -> Iterator[Found]:
        parent = _parent(base, path)
        try:
            yield from _Walk(self, name, path).walk(parent)
        finally:
            os.close(parent)

    def count(self, size: int, where: str) -> None:
        """Take note of one more entry of `size` bytes.

        Raises: RefusedOutput when that is more than is allowed.
        """
        self._entries -= 1
        self._bytes -= size
        if self._entries < 0:
            raise RefusedOutput(f"{where}: more than {MAX_ENTRIES} files and directories")
        if self._bytes < 0:
            raise RefusedOutput(f"{where}: the outputs' sizes add up to more than the disk limit")

    def allows_target(self, inside: str, target: str) -> bool:
        """Say whether a symlink at `inside` an output may point to `target`."""
        if bad_target(target) or has_control(target):
            return False
        if target.startswith("/"):
            within = os.path.normpath(target)
            return within.startswith(_STORE) and self._in_closure(within.split("/")[3])
        # an output that is itself a symlink has nothing beside it that would be kept
        return bool(inside) and not _climbs(os.path.dirname(inside), target)


class _Walk:
    """The walk through one output."""

    def __init__(self, collector: Collector, name: str, place: str) -> None:
        self._collector = collector
        self._name = name
        self._place = place

    def walk(self, parent: int) -> Iterator[Found]:
        """Yield the output and all below it, from a stack of open directories, never recursing."""
        stack: list[tuple[int, str, list[str]]] = []
        try:
            entry = os.path.basename(self._place)
            yield from self._visit(parent, entry, "", stack)
            while stack:
                directory, path, names = stack[-1]
                if names:
                    name = names.pop()
                    _check_name(name, self._shown(path))
                    yield from self._visit(directory, name, f"{path}/{name}".lstrip("/"), stack)
                else:
                    os.close(stack.pop()[0])
        finally:
            for directory, _, _ in stack:
                os.close(directory)

    def _visit(
        self, parent: int, entry: str, path: str, stack: list[tuple[int, str, list[str]]]
    ) -> Iterator[Found]:
        where = self._shown(path)
        mode = os.stat(entry, dir_fd=parent, follow_symlinks=False).st_mode
        if stat.S_ISLNK(mode):
            yield self._symlink(parent, entry, path)
        elif stat.S_ISDIR(mode):
            if len(stack) >= MAX_DEPTH:
                raise RefusedOutput(f"{where}: more than {MAX_DEPTH} directories deep")
            self._collector.count(0, where)
            directory = _open(parent, entry, _READ | os.O_DIRECTORY, where)
            stack.append((directory, path, sorted(os.listdir(directory), key=os.fsencode)[::-1]))
            yield Found(self._name, path, stat.S_IFDIR, False, 0, "", -1)
        elif stat.S_ISREG(mode):
            yield from self._file(parent, entry, path)
        else:
            raise RefusedOutput(f"{where}: {_kind(mode)} cannot be kept")

    def _symlink(self, parent: int, entry: str, path: str) -> Found:
        where = self._shown(path)
        self._collector.count(0, where)
        target = os.readlink(entry, dir_fd=parent)
        if not self._collector.allows_target(path, target):
            raise RefusedOutput(
                f"{where}: a symlink to {target!a} leads out of the output; "
                "only relative links inside it and links into the environment are kept"
            )
        return Found(self._name, path, stat.S_IFLNK, False, 0, target, -1)

    def _file(self, parent: int, entry: str, path: str) -> Iterator[Found]:
        where = self._shown(path)
        descriptor = _open(parent, entry, _READ, where)
        try:
            state = os.fstat(descriptor)
            if not stat.S_ISREG(state.st_mode):
                raise RefusedOutput(f"{where}: {_kind(state.st_mode)} cannot be kept")
            self._collector.count(state.st_size, where)
            executable = bool(state.st_mode & 0o111)
            yield Found(self._name, path, stat.S_IFREG, executable, state.st_size, "", descriptor)
        finally:
            os.close(descriptor)

    def _shown(self, path: str) -> str:
        """Return a path as the step knew it, safe to print."""
        shown = ascii(f"/out/{self._place}/{path}".rstrip("/"))
        return shown[1:-1]


def _parent(base: int, path: str) -> int:
    directory = os.path.dirname(path)
    return syscalls.open_beneath(base, directory or ".", os.O_RDONLY | os.O_DIRECTORY)


def _open(parent: int, entry: str, flags: int, where: str) -> int:
    try:
        return syscalls.open_beneath(parent, entry, flags)
    except OSError as error:
        raise RefusedOutput(f"{where}: {error.strerror}") from error


def _check_name(name: str, where: str) -> None:
    if why := impossible(name) or unwelcome(name):
        raise RefusedOutput(f"{where}/{ascii(name)[1:-1]}: {why}")


def _climbs(directory: str, target: str) -> bool:
    """Say whether following `target` from `directory` ever leaves the top."""
    depth = len([part for part in directory.split("/") if part])
    for part in target.split("/"):
        depth += -1 if part == ".." else 0 if part in ("", ".") else 1
        if depth < 0:
            return True
    return False


def _kind(mode: int) -> str:
    kinds = (
        (stat.S_ISFIFO, "a fifo"),
        (stat.S_ISSOCK, "a socket"),
        (stat.S_ISBLK, "a block device"),
        (stat.S_ISCHR, "a character device"),
    )
    return next((name for test, name in kinds if test(mode)), "something unknown")
