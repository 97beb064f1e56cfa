"""Adding: files and directories of this machine into a store.

What is kept is content, names, symlinks as they are and whether a file is executable; nothing is
left out but what `ignore` names. What cannot be kept is refused with its path, never skipped.
"""

import errno
import os
import stat
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from fnmatch import fnmatchcase
from operator import attrgetter
from pathlib import Path
from typing import Final

from engine.errors import Refused, Unavailable
from engine.store.base import ContentStore
from engine.store.intake import Intake, Source
from engine.store.treebuilder import Added, TreeBuilder

# What is no path's fault, and may go away by itself.
_OF_THE_MACHINE: Final = (errno.EIO, errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ESTALE)

# Not followed if it became a symlink meanwhile; never waits for the writer of a fifo.
_OPEN: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


def add_path(
    store: ContentStore, path: Path, *, ignore: Sequence[str] = (), in_place: bool = False
) -> Added:
    """Add a file or directory; return it when all of it is durable.

    `path` itself may be a symlink to what is meant; symlinks below it are kept as symlinks. A
    pattern of `ignore` is matched with names, or with whole paths below `path` when it has a '/'.
    With `in_place`, large files stay where they are and are only indexed.

    Raises: Refused, with the path, for what is no file, directory or symlink, cannot be read,
        cannot be named, or changes meanwhile; Unavailable on a full or failing disk.
    """
    with _reading(lambda: path):
        root = Path(os.path.realpath(path, strict=True))
    walk = _Walk(Intake(store), root, tuple(ignore), in_place)
    return walk.run()


def add_stream(store: ContentStore, source: Source) -> Added:
    """Add a file read from a stream to its end, as a pipe; return it when it is durable.

    Raises: Unavailable on a full disk.
    """
    intake = Intake(store)
    link, size = intake.stream(source)
    intake.flush()
    return Added(link.cid, size)


class _Walk:
    """One walk over the disk, which feeds a TreeBuilder."""

    def __init__(self, intake: Intake, root: Path, ignore: tuple[str, ...], in_place: bool) -> None:
        self._intake = intake
        self._root = root
        self._ignore = ignore
        self._in_place = in_place
        self._tree = TreeBuilder(intake)
        self._waiting: list[str] = []  # directories not listed yet, relative to the root
        self._at = ""  # where the walk is, for what is said when it fails

    def run(self) -> Added:
        with _reading(self._place):
            self._root_itself()
            while self._waiting:
                self._directory(self._waiting.pop())
        added = self._tree.finish()
        self._intake.flush()
        return added

    def _place(self) -> Path:
        return self._root / self._at

    def _root_itself(self) -> None:
        mode = self._root.lstat().st_mode
        if stat.S_ISREG(mode):
            self._file("", str(self._root))
        elif stat.S_ISDIR(mode):
            self._enter("")
        else:
            raise _special(mode)

    def _enter(self, path: str) -> None:
        self._tree.directory(path)
        self._waiting.append(path)

    def _directory(self, directory: str) -> None:
        self._at = directory
        with os.scandir(self._place()) as listing:
            items = sorted(listing, key=attrgetter("name"))
        prefix = f"{directory}/" if directory else ""
        waiting = len(self._waiting)
        for item in items:
            self._at = path = prefix + item.name
            if not (self._ignore and self._ignored(path, item.name)):
                self._item(path, item)
        # in order too: what is read together lies together then, and takes one read
        self._waiting[waiting:] = reversed(self._waiting[waiting:])

    def _item(self, path: str, item: "os.DirEntry[str]") -> None:
        """Take an entry; what kind it is, the directory itself has told in most file systems."""
        if item.is_file(follow_symlinks=False):
            self._file(path, item.path)
        elif item.is_dir(follow_symlinks=False):
            self._enter(path)
        elif item.is_symlink():
            self._tree.symlink(path, os.readlink(item.path))  # noqa: PTH115 (pathlib changes 'a/' to 'a')
        else:
            raise _special(item.stat(follow_symlinks=False).st_mode)

    def _ignored(self, path: str, name: str) -> bool:
        return any(
            fnmatchcase(path if "/" in pattern.rstrip("/") else name, pattern.strip("/"))
            for pattern in self._ignore
        )

    def _file(self, path: str, place: str) -> None:
        self._tree.check(path)
        descriptor = os.open(place, _OPEN)
        try:
            before = os.fstat(descriptor)
            if not stat.S_ISREG(before.st_mode):
                raise Refused("it changed while it was read", fix="try again")
            if self._in_place:
                link = self._intake.in_place(Path(place), descriptor, before.st_size)
            else:
                link = self._intake.file(descriptor, before.st_size)
            after = os.fstat(descriptor)
        finally:
            os.close(descriptor)
        if (before.st_mtime_ns, before.st_size) != (after.st_mtime_ns, after.st_size):
            raise Refused("it changed while it was read", fix="try again")
        self._tree.placed(path, bool(before.st_mode & stat.S_IXUSR), link, before.st_size)


_SPECIAL: Final[tuple[tuple[Callable[[int], bool], str], ...]] = (
    (stat.S_ISSOCK, "socket"),
    (stat.S_ISFIFO, "named pipe"),
    (stat.S_ISCHR, "device"),
    (stat.S_ISBLK, "device"),
)


def _special(mode: int) -> Refused:
    kind = next((name for test, name in _SPECIAL if test(mode)), "special file")
    what = f"this is a {kind}: only files, directories and symlinks are kept"
    return Refused(what, fix="leave it out with ignore, or remove it")


@contextmanager
def _reading(place: Callable[[], Path]) -> Iterator[None]:
    """Say of every failure which path it was, and whether that or the machine is to be mended."""
    try:
        yield
    except FileNotFoundError:
        raise Refused("there is nothing", where=_shown(place()), fix="check the path") from None
    except OSError as fault:
        if fault.errno in _OF_THE_MACHINE:
            what = f"it cannot be read or kept just now: {fault.strerror}"
            fix = "look after this disk and that of the home, then run the command again"
            raise Unavailable(what, where=_shown(place()), fix=fix) from fault
        fix = "make it readable, or leave it out with ignore"
        raise Refused(f"cannot read it: {fault.strerror}", where=_shown(place()), fix=fix) from None
    except Refused as fault:
        raise Refused(fault.what, where=_shown(place()), fix=fault.fix) from None


def _shown(place: Path) -> str:
    """Return a path as text that is safe to print, whatever bytes are in it."""
    text = str(place)
    return text if text.isprintable() else ascii(text)
