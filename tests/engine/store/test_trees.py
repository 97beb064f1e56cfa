"""Trees between a real disk and a store: added, collected, got back and staged."""

import os
import socket
import stat
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.content.blocks import Block
from engine.content.cid import DAG_CBOR, DAG_PB, RAW, Cid
from engine.content.dagpb import Link, encode
from engine.content.directory import directory, symlink
from engine.content.profile import PUBLISHED
from engine.content.reader import read
from engine.content.unixfs import DIRECTORY, Message
from engine.content.walk import walk
from engine.errors import Damaged, Refused, Unavailable
from engine.store.add import add_path, add_stream
from engine.store.base import SMALL, ContentStore
from engine.store.batch import MAX_BLOCKS
from engine.store.disk import DiskStore
from engine.store.get import get_tree
from engine.store.treebuilder import Outputs
from tests.fakes.content import MemoryContent

BIG = bytes(range(256)) * 4096 * 2 + b"and a bit"  # two leaves and a piece
Model = dict[str, "Model"] | bytes | str


@pytest.fixture(params=["memory", "disk"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[ContentStore]:
    """Return a store of each kind: what is true of trees is true in all."""
    home = tmp_path / "store"
    home.mkdir()
    if request.param == "memory":
        yield MemoryContent(home)
    else:
        with DiskStore(home) as disk:
            yield disk


def lay(path: Path, model: Model) -> Path:
    """Write a model to disk: a directory is a dict, a file its bytes, a symlink its target."""
    if isinstance(model, dict):
        path.mkdir()
        for name, inner in model.items():
            lay(path / name, inner)
    elif isinstance(model, bytes):
        path.write_bytes(model)
    else:
        path.symlink_to(model)
    return path


def look(path: Path) -> Model:
    """Read a model from disk."""
    if path.is_symlink():
        return os.readlink(path)  # noqa: PTH115 (pathlib drops a '/' at the end)
    if path.is_dir():
        return {inner.name: look(inner) for inner in path.iterdir()}
    return path.read_bytes()


SAMPLE: Model = {
    "big": BIG,
    "edge": bytes(SMALL),
    "over": bytes(SMALL + 1),
    "empty": b"",
    "none": {},
    "deep": {"er": {"é.txt": b"text"}},
    "ln": "deep/er",
    "dangling": "/no/such/place",
}


@pytest.mark.parametrize("link", [False, True])
@pytest.mark.parametrize("model", [SAMPLE, b"small", BIG, b"", {}])
def test_what_is_added_is_got_back(
    store: ContentStore, tmp_path: Path, model: Model, link: bool
) -> None:
    """A file or directory comes back as it was: bytes, names and symlinks."""
    added = add_path(store, lay(tmp_path / "from", model))
    get_tree(store, added.cid, tmp_path / "to", link=link)
    assert look(tmp_path / "to") == model
    assert sorted(path.name for path in tmp_path.iterdir()) == ["from", "store", "to"]


NAMES = st.text("ab.é -", min_size=1, max_size=3).filter(lambda name: name not in (".", ".."))
MODELS = st.recursive(
    st.binary(max_size=5) | st.text("./a", min_size=1, max_size=9),
    lambda inner: st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=12,
).filter(lambda model: not isinstance(model, str))


@given(model=MODELS)
def test_any_tree_survives_the_way_in_and_out(
    model: Model, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Whatever is on disk is the same after adding and getting, and has the same CID again."""
    place = tmp_path_factory.mktemp("trees")
    store = MemoryContent(place)
    added = add_path(store, lay(place / "from", model))
    get_tree(store, added.cid, place / "to")
    assert look(place / "to") == model
    assert add_path(store, place / "to") == added


def test_the_cid_is_that_of_the_content_alone(store: ContentStore, tmp_path: Path) -> None:
    """Known answers: a small file is a raw block, a directory a node, an executable a record."""
    file = lay(tmp_path / "file", b"foo\n")
    foo = Cid.of(RAW, b"foo\n")
    assert add_path(store, file).cid == foo
    folder = lay(tmp_path / "folder", {"name": b"foo\n"})
    assert add_path(store, folder).cid == directory([Link("name", foo, 4)]).link.cid
    (folder / "name").chmod(0o755)
    added = add_path(store, folder)
    assert added.cid.codec == DAG_CBOR
    assert [entry.path for entry in walk(store.get, added.cid) if entry.executable] == ["name"]


def test_the_size_is_that_of_all_content(store: ContentStore, tmp_path: Path) -> None:
    """What was added is counted in bytes of files, each time it is there."""
    added = add_path(store, lay(tmp_path / "from", {"a": BIG, "b": BIG, "c": b"123", "d": "a"}))
    assert added.size == 2 * len(BIG) + 3


def test_a_file_in_place_is_not_copied(store: ContentStore, tmp_path: Path) -> None:
    """A large file of the user's is read from where it lies, under the CID it has anywhere."""
    path = lay(tmp_path / "from", {"big": BIG, "small": b"s"})
    there = add_path(store, path, in_place=True)
    assert store.path_of(Cid.of(RAW, BIG)) is None
    get_tree(store, there.cid, tmp_path / "to")
    assert look(tmp_path / "to") == look(path)
    assert there == add_path(store, path)


@pytest.mark.parametrize("size", [0, 1, SMALL, SMALL + 1, len(BIG)])
def test_a_stream_is_added_to_its_end(store: ContentStore, size: int) -> None:
    """A stream of unknown length gets the CID of a file of the same bytes."""
    added = add_stream(store, BytesIO(BIG[:size]))
    assert added.size == size
    assert b"".join(read(store.get, added.cid)) == BIG[:size]


def test_a_stream_that_comes_in_drops_is_cut_alike(store: ContentStore, tmp_path: Path) -> None:
    """How a pipe delivers bytes does not change where a file is cut."""
    reader, writer = os.pipe()

    def pour() -> None:
        with os.fdopen(writer, "wb", buffering=0) as sink:
            for start in range(0, len(BIG), 70_001):
                sink.write(BIG[start : start + 70_001])

    pouring = threading.Thread(target=pour)
    pouring.start()
    with os.fdopen(reader, "rb", buffering=0) as source:
        added = add_stream(store, source)
    pouring.join()
    assert added == add_path(store, lay(tmp_path / "from", BIG))


def test_small_files_share_their_commits(tmp_path: Path) -> None:
    """Thousands of small files are a few durable writes, not one each."""
    store = MemoryContent(tmp_path)
    add_path(store, lay(tmp_path / "from", {f"{n}": b"%d" % n for n in range(2500)}))
    assert len(store.puts) == 3
    assert max(store.puts) <= MAX_BLOCKS


def test_files_lie_in_the_order_in_which_they_are_got(tmp_path: Path) -> None:
    """Whatever order the disk lists them in, what is read together is one piece of a pack."""
    names = [f"{number}" for number in range(20)]
    model: Model = {top: {name: f"{top}/{name}".encode() for name in names} for top in names}
    with DiskStore(tmp_path / "store") as disk:
        added = add_path(disk, lay(tmp_path / "tree", model))
        files = [entry.cid for entry in walk(disk.get, added.cid) if entry.kind == "file"]
        offsets = [disk.index.find(cid)[0].offset for cid in files]
    assert len(files) == 400
    assert offsets == sorted(offsets)


def test_only_what_is_ignored_is_left_out(store: ContentStore, tmp_path: Path) -> None:
    """A pattern is matched with names, or with paths when it has a slash; nothing else is left."""
    inner: Model = {"x.bak": b"", ".git": {"x": b""}, "keep": b"", "tmp": {"x": b""}}
    path = lay(tmp_path / "from", {"sub": inner, **inner, ".hidden": b""})
    added = add_path(store, path, ignore=[".git", "*.bak", "sub/tmp/"])
    get_tree(store, added.cid, tmp_path / "to")
    assert look(tmp_path / "to") == {
        "sub": {"keep": b""}, "keep": b"", "tmp": {"x": b""}, ".hidden": b""
    }  # fmt: skip
    assert add_path(store, path) != added


def test_a_symlink_to_what_is_added_is_followed(store: ContentStore, tmp_path: Path) -> None:
    """The path given may be a symlink; what it points to is meant."""
    real = lay(tmp_path / "from", {"a": b"a"})
    (tmp_path / "ln").symlink_to(real)
    assert add_path(store, tmp_path / "ln") == add_path(store, real)


def refused(store: ContentStore, path: Path) -> Refused:
    """Add what is refused and return the refusal."""
    with pytest.raises(Refused) as caught:
        add_path(store, path)
    return caught.value


def test_what_is_no_file_is_refused_with_its_path(store: ContentStore, tmp_path: Path) -> None:
    """Pipes, sockets and devices are refused, never skipped and never waited for."""
    path = lay(tmp_path / "from", {"sub": {}})
    os.mkfifo(path / "sub/pipe")
    fault = refused(store, path)
    assert "named pipe" in fault.what
    assert fault.where == str(path / "sub/pipe")
    (path / "sub/pipe").unlink()
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path / "sub/sock"))
        assert "socket" in refused(store, path).what
    assert "device" in refused(store, Path("/dev/null")).what


def test_a_missing_path_is_refused(store: ContentStore, tmp_path: Path) -> None:
    """What is not there is said to be so, with its path."""
    fault = refused(store, tmp_path / "gone")
    assert (fault.what, fault.where) == ("there is nothing", str(tmp_path / "gone"))


def test_a_failing_disk_is_no_fault_of_a_path(store: ContentStore) -> None:
    """What cannot be read just now stops the adding, is named, and may be added later."""
    with pytest.raises(Unavailable, match="Input/output error") as caught:
        add_path(store, Path("/proc/self/mem"))
    assert caught.value.where == f"/proc/{os.getpid()}/mem"


@contextmanager
def ordinary_user() -> Iterator[None]:
    """Be nobody for a while, when we are root, who can read everything."""
    was = os.geteuid()
    if was == 0:
        os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(was)


@pytest.mark.parametrize("name", ["secret", "closed"])
def test_what_cannot_be_read_is_refused_with_its_path(store: ContentStore, name: str) -> None:
    """An unreadable file or directory stops the adding and is named."""
    with TemporaryDirectory() as place:
        Path(place).chmod(0o755)
        path = lay(Path(place) / "from", {"secret": b""} if name == "secret" else {"closed": {}})
        (path / name).chmod(0)
        with ordinary_user():
            fault = refused(store, path)
        assert fault.where == str(path / name)
        assert "Permission denied" in fault.what


@pytest.mark.parametrize("name", [b"new\nline", b"\x1b[31m", b"not-\xff-utf8", "e\u0301".encode()])
def test_a_name_that_cannot_be_kept_is_refused(
    store: ContentStore, tmp_path: Path, name: bytes
) -> None:
    """Names that people cannot type or tell apart are refused, and shown safely."""
    path = lay(tmp_path / "from", {})
    (Path(os.fsdecode(os.fsencode(path) + b"/" + name))).write_bytes(b"")
    fault = refused(store, path)
    assert fault.where.isprintable()
    assert fault.fix == "rename it"


class Changing:
    """A store in which writing a file lets the user change what is being read."""

    def __init__(self, inner: ContentStore, change: Path, append: bytes) -> None:
        self._inner, self._change, self._append = inner, change, append

    def __getattr__(self, name: str) -> object:
        """Behave as the inner store."""
        return getattr(self._inner, name)

    def new_file(self) -> object:
        """Begin a file, and change the source once."""
        with self._change.open("r+b") as file:
            file.seek(0, os.SEEK_END if self._append else os.SEEK_SET)
            file.write(self._append or b"changed")
        return self._inner.new_file()


@pytest.mark.parametrize("append", [b"more", b""])
def test_a_file_that_changes_while_it_is_read_is_refused(
    store: ContentStore, tmp_path: Path, append: bytes
) -> None:
    """A file that grows or is written to meanwhile is never kept half old, half new."""
    path = lay(tmp_path / "from", BIG)
    os.utime(path, (1, 1))
    with pytest.raises(Refused, match="changed while it was read"):
        add_path(Changing(store, path, append), path)


def test_getting_never_overwrites(store: ContentStore, tmp_path: Path) -> None:
    """What exists is refused and left alone; so is a place that is not there."""
    added = add_path(store, lay(tmp_path / "from", {"a": b"a"}))
    there = lay(tmp_path / "to", {"mine": b""})
    with pytest.raises(Refused, match="already"):
        get_tree(store, added.cid, there)
    assert look(there) == {"mine": b""}
    dangling = lay(tmp_path / "ln", "/nowhere")
    with pytest.raises(Refused, match="already"):
        get_tree(store, added.cid, dangling)
    with pytest.raises(Refused, match="cannot write there"):
        get_tree(store, added.cid, tmp_path / "no/such")


def test_staging_twice_is_staging_once(store: ContentStore, tmp_path: Path) -> None:
    """A staged tree that is there already is left as it is: it is named after its content."""
    added = add_path(store, lay(tmp_path / "from", {"a": b"a"}))
    get_tree(store, added.cid, tmp_path / "to", link=True)
    before = (tmp_path / "to").stat().st_ino
    get_tree(store, added.cid, tmp_path / "to", link=True)
    assert (tmp_path / "to").stat().st_ino == before


def modes(path: Path) -> dict[str, str]:
    """Return the permissions of everything in a directory."""
    return {p.name: f"{stat.S_IMODE(p.lstat().st_mode):o}" for p in path.rglob("*")}


def executable_sample(path: Path) -> Path:
    """Lay files of both sizes, executable and not."""
    lay(path, {"small": b"s", "run": b"s!", "big": BIG, "bigrun": BIG + b"!", "sub": {}})
    for name in ("run", "bigrun"):
        (path / name).chmod(0o700)
    return path


def test_users_get_files_of_their_own(store: ContentStore, tmp_path: Path) -> None:
    """Without link, files can be written to, whatever else holds the same content."""
    added = add_path(store, executable_sample(tmp_path / "from"))
    old = os.umask(0o022)
    try:
        get_tree(store, added.cid, tmp_path / "to")
    finally:
        os.umask(old)
    assert modes(tmp_path / "to") == {
        "small": "644", "run": "755", "big": "644", "bigrun": "755", "sub": "755"
    }  # fmt: skip
    assert (tmp_path / "to/big").stat().st_nlink == 1


def test_steps_get_links_that_say_nothing_of_when(store: ContentStore, tmp_path: Path) -> None:
    """With link, files are read-only, large ones the store's own, and modes ignore the umask."""
    added = add_path(store, executable_sample(tmp_path / "from"))
    old = os.umask(0o077)
    try:
        get_tree(store, added.cid, tmp_path / "to", link=True)
    finally:
        os.umask(old)
    assert modes(tmp_path / "to") == {
        "small": "444", "run": "555", "big": "444", "bigrun": "555", "sub": "755"
    }  # fmt: skip
    big = next(e.cid for e in walk(store.get, added.cid) if e.path == "big")
    assert (tmp_path / "to/big").samefile(store.path_of(big))
    copied = ["", "small", "run", "bigrun", "sub"]
    assert {(tmp_path / "to" / name).stat().st_mtime for name in copied} == {1.0}


def test_a_file_that_cannot_be_linked_is_copied(
    store: ContentStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On another file system, or at the most links one file has, staging copies."""
    added = add_path(store, lay(tmp_path / "from", {"big": BIG}))

    def no_link(*_: object, **__: object) -> None:
        raise OSError(18, "Invalid cross-device link")

    monkeypatch.setattr(os, "link", no_link)
    get_tree(store, added.cid, tmp_path / "to", link=True)
    assert (tmp_path / "to/big").read_bytes() == BIG
    assert (tmp_path / "to/big").stat().st_nlink == 1


def keep(store: ContentStore, *blocks: Block) -> None:
    """Put blocks."""
    store.put(blocks)


@pytest.mark.parametrize("link", [False, True])
def test_content_that_is_missing_leaves_nothing_behind(
    store: ContentStore, tmp_path: Path, link: bool
) -> None:
    """When a block is not here, no part of the tree appears."""
    here, gone = PUBLISHED.block(RAW, b"here"), Cid.of(RAW, b"gone")
    made = directory([Link("a", here.cid, 4), Link("b", gone, 4)])
    keep(store, here, *made.blocks)
    with pytest.raises(Unavailable):
        get_tree(store, made.link.cid, tmp_path / "to", link=link)
    assert [path.name for path in tmp_path.iterdir()] == ["store"]


def test_a_damaged_whole_file_is_not_got(store: ContentStore, tmp_path: Path) -> None:
    """A bit that rotted, which no time or size tells of, is found while the file is copied."""
    added = add_path(store, lay(tmp_path / "from", BIG))
    whole = store.path_of(added.cid)
    times = whole.stat().st_mtime_ns
    whole.chmod(0o644)
    with whole.open("r+b") as file:
        file.seek(2 * 1024 * 1024)  # its last leaf: the others are alike, so one could stand in
        file.write(b"\0\0")
    whole.chmod(0o444)
    os.utime(whole, ns=(times, times))
    with pytest.raises(Damaged):
        get_tree(store, added.cid, tmp_path / "to")
    assert not (tmp_path / "to").exists()


def test_a_size_that_lies_is_damaged(store: ContentStore, tmp_path: Path) -> None:
    """A directory that claims another size of a file than it has is found before it is named."""
    leaf = PUBLISHED.block(RAW, b"abc")
    made = directory([Link("a", leaf.cid, 2)])
    keep(store, leaf, *made.blocks)
    with pytest.raises(Damaged, match="3 bytes that is linked as 2"):
        get_tree(store, made.link.cid, tmp_path / "to")
    assert not (tmp_path / "to").exists()


def test_a_tree_larger_than_the_disk_is_not_begun(store: ContentStore, tmp_path: Path) -> None:
    """Room is checked before the first byte is written."""
    leaf = PUBLISHED.block(RAW, b"abc")
    made = directory([Link("a", leaf.cid, 1 << 60)])
    keep(store, leaf, *made.blocks)
    with pytest.raises(Unavailable, match="are free"):
        get_tree(store, made.link.cid, tmp_path / "to")


def test_a_hostile_tree_cannot_write_elsewhere(store: ContentStore, tmp_path: Path) -> None:
    """A symlink and a directory of one name, or a name with a slash, never get to the disk."""
    outside = lay(tmp_path / "outside", {})
    leaf = PUBLISHED.block(RAW, b"x")
    away = symlink(str(outside))
    below = directory([Link("x", leaf.cid, 1)])
    for names in (("a", "a"), ("a", "../outside/x"), ("a", "a/x")):
        links = [Link(names[0], away.link.cid, 0), Link(names[1], below.link.cid, 0)]
        node = PUBLISHED.block(DAG_PB, encode(links, Message(DIRECTORY).encode()))
        keep(store, leaf, node, *away.blocks, *below.blocks)
        with pytest.raises(Damaged):
            get_tree(store, node.cid, tmp_path / "to")
    assert look(outside) == {}


def test_a_control_character_is_not_written(store: ContentStore, tmp_path: Path) -> None:
    """A name of others that could fool a terminal is refused, not written."""
    leaf = PUBLISHED.block(RAW, b"x")
    made = directory([Link("a\x1b[2J", leaf.cid, 1)])
    keep(store, leaf, *made.blocks)
    with pytest.raises(Refused, match="control character") as caught:
        get_tree(store, made.link.cid, tmp_path / "to")
    assert caught.value.what.isprintable()


def test_outputs_are_collected_as_the_same_trees(store: ContentStore, tmp_path: Path) -> None:
    """A sandbox's outputs get the CIDs that the same files have on disk."""
    path = lay(tmp_path / "from", {"d": {"big": BIG, "s": b"s"}, "ln": "d/s"})
    (path / "d/big").chmod(0o755)
    outputs = Outputs(store)
    outputs.directory("tree", "")
    outputs.directory("tree", "d")
    descriptor = os.open(path / "d/big", os.O_RDONLY)
    outputs.file("tree", "d/big", True, descriptor, len(BIG))
    outputs.file("one", "", False, b"1", 1)
    outputs.file("tree", "d/s", False, b"s", 1)
    outputs.symlink("tree", "ln", "d/s")
    found = outputs.finish()
    assert found["tree"] == add_path(store, path)
    assert found["one"].cid == Cid.of(RAW, b"1")
    assert store.get(found["one"].cid) == b"1"
    os.close(descriptor)  # it stayed the caller's


@pytest.mark.parametrize("size", [len(BIG) - 1, len(BIG) + 1])
def test_an_output_of_another_size_is_refused(
    store: ContentStore, tmp_path: Path, size: int
) -> None:
    """A descriptor that holds more or less than was said is refused."""
    outputs = Outputs(store)
    with lay(tmp_path / "f", BIG).open("rb") as file, pytest.raises(Refused, match="changed"):
        outputs.file("out", "", False, file.fileno(), size)


@pytest.mark.parametrize("path", ["/a", "/", "..", "a/..", "a\n", "a\0"])
def test_an_output_with_a_bad_name_is_refused(store: ContentStore, path: str) -> None:
    """Names are checked again where they are kept, whatever the sandbox let through."""
    outputs = Outputs(store)
    outputs.directory("out", "")
    with pytest.raises(Refused, match="name"):
        outputs.file("out", path, False, b"", 0)


def test_what_comes_before_its_directory_is_refused(store: ContentStore) -> None:
    """Whoever gives outputs may be under a step's control: order and names are not believed."""
    outputs = Outputs(store)
    outputs.directory("out", "")
    with pytest.raises(Refused, match="in no directory"):
        outputs.file("out", "a/b", False, b"", 0)
    with pytest.raises(Refused, match="in no directory"):
        outputs.directory("out", "")


def test_two_entries_of_one_name_are_refused(store: ContentStore) -> None:
    """A directory has each name once."""
    outputs = Outputs(store)
    outputs.directory("out", "")
    outputs.file("out", "a", False, b"1", 1)
    outputs.file("out", "a", False, b"2", 1)
    with pytest.raises(Refused, match="one name"):
        outputs.finish()
