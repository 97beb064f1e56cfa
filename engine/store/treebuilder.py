"""TreeBuilder: a tree out of files, directories and symlinks that come parents first.

Outputs builds one for each output of a step and has the methods that a sandbox gives outputs to.
"""

from engine.content.cid import Cid
from engine.content.dagpb import Link
from engine.content.directory import directory, symlink
from engine.content.names import (
    MAX_DEPTH,
    MAX_ENTRIES,
    bad_target,
    has_control,
    impossible,
    unwelcome,
)
from engine.content.walk import make_tree
from engine.errors import Refused
from engine.store.base import ContentStore
from engine.store.intake import Intake
from engine.values import dataclass


@dataclass(frozen=True, slots=True)
class Added:
    """A tree in the store."""

    cid: Cid
    size: int  # bytes of content of all its files


class TreeBuilder:
    """Builds one tree. Paths are relative to it, with "" the tree itself; parents come first."""

    def __init__(self, intake: Intake, *, any_name: bool = False) -> None:
        """With `any_name`, names and targets are kept that people cannot type or tell apart."""
        self._intake = intake
        self._any_name = any_name
        self._directories: dict[str, list[Link]] = {}  # in the order they came: parents first
        self._executables: set[str] = set()
        self._root: Link | None = None  # of a tree that is a file or symlink
        self._count = self._size = 0

    def directory(self, path: str) -> None:
        """Take a directory; what is in it follows.

        Raises: Refused for a bad name or too many entries; so do the other two.
        """
        self.check(path)
        self._directories[path] = []

    def symlink(self, path: str, target: str) -> None:
        """Take a symlink; it is kept as it is, wherever it points."""
        self.check(path)
        if why := bad_target(target) or self._unprintable(target):
            what = f"a symlink whose target cannot be kept: {why}"
            raise Refused(what, where=path, fix="let it point elsewhere, or leave it out")
        made = symlink(target)
        self._intake.batch.put(made.blocks)
        self._place(path, made.link)

    def file(self, path: str, executable: bool, content: bytes | int, size: int) -> None:
        """Take a file: its bytes, or a descriptor of the caller's to read `size` bytes from."""
        self.check(path)
        if isinstance(content, bytes):
            link = self._intake.small(content)
        else:
            link = self._intake.file(content, size)
        self.placed(path, executable, link, size)

    def placed(self, path: str, executable: bool, link: Link, size: int) -> None:
        """Take a file whose content the store has already."""
        self._size += size
        if executable:
            self._executables.add(path)
        self._place(path, link)

    def finish(self) -> Added:
        """Return the tree; it is durable when the intake has been flushed.

        Raises: Refused when the list of executable files is too long for a record, or a name came
        twice.
        """
        for path in reversed(self._directories):
            if len({link.name for link in self._directories[path]}) < len(self._directories[path]):
                what = "a directory with two entries of one name"
                raise Refused(what, where=ascii(path), fix="run it again")
            made = directory(self._directories[path])
            self._intake.batch.put(made.blocks)
            self._place(path, made.link)
        if self._root is None:
            raise ValueError("a tree of nothing")
        cid, record = make_tree(self._root.cid, self._executables)
        self._intake.batch.put(record)
        return Added(cid, self._size)

    def check(self, path: str) -> None:
        """Check a path before its content is read.

        Raises: Refused when it cannot be kept, is one too many, or came before its directory.
        """
        self._count += 1
        if self._count > MAX_ENTRIES + 1:
            raise Refused(
                f"over {MAX_ENTRIES} files", where=path, fix="pack them into fewer, larger files"
            )
        above, _, name = path.rpartition("/")
        if path and (why := _rooted(path) or impossible(name) or self._odd(name)):
            raise Refused(f"a name that cannot be kept: {why}", where=ascii(path), fix="rename it")
        if (above not in self._directories) if path else self._count > 1:
            what = "something that is in no directory which came before"
            raise Refused(what, where=ascii(path), fix="run it again")
        if path.count("/") >= MAX_DEPTH:
            what = f"over {MAX_DEPTH} directories within one another"
            raise Refused(what, where=path, fix="make it flatter")

    def _odd(self, name: str) -> str:
        return "" if self._any_name else unwelcome(name)

    def _unprintable(self, target: str) -> str:
        return "a control character" if has_control(target) and not self._any_name else ""

    def _place(self, path: str, link: Link) -> None:
        if not path:
            self._root = link
            return
        above, _, name = path.rpartition("/")
        self._directories[above].append(Link(name, link.cid, link.tsize))


def _rooted(path: str) -> str:
    """Return what is wrong with a path that would else be taken for the one without its slash."""
    return "it begins with '/'" if path.startswith("/") else ""


class Outputs:
    """The outputs of one step, each a tree."""

    def __init__(self, store: ContentStore) -> None:
        self._intake = Intake(store)
        self._trees: dict[str, TreeBuilder] = {}

    def directory(self, name: str, path: str) -> None:
        """Take a directory at `path` in the output `name`; all as TreeBuilder does."""
        self._tree(name).directory(path)

    def symlink(self, name: str, path: str, target: str) -> None:
        """Take a symlink."""
        self._tree(name).symlink(path, target)

    def file(self, name: str, path: str, executable: bool, content: bytes | int, size: int) -> None:
        """Take a file."""
        self._tree(name).file(path, executable, content, size)

    def finish(self) -> dict[str, Added]:
        """Return the trees by output name, durable.

        Raises: Refused as TreeBuilder.finish; Unavailable on a full disk.
        """
        added = {name: tree.finish() for name, tree in self._trees.items()}
        self._intake.flush()
        return added

    def _tree(self, name: str) -> TreeBuilder:
        return self._trees.setdefault(name, TreeBuilder(self._intake))
