"""NARs: written, read back, and read strictly."""

import hashlib
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.errors import Damaged
from engine.nix import nar, narreader
from engine.nix.nar import Directory, Node, Regular, Symlink

Tree = bytes | tuple[bytes] | dict[bytes, "Tree"]  # file, program or (target,) symlink, directory

names = st.binary(min_size=1, max_size=8).filter(
    lambda name: name not in (b".", b"..") and not {0, 0x2F} & {*name}
)
leaves = st.binary(max_size=40) | st.tuples(
    st.binary(min_size=1, max_size=9).filter(lambda t: 0 not in t)
)
trees = st.recursive(leaves, lambda below: st.dictionaries(names, below, max_size=4), max_leaves=12)


def nodes(tree: Tree, path: bytes = b"") -> Iterator[Node]:
    """List a tree; files of odd length are programs."""
    if isinstance(tree, bytes):
        yield Regular(path, len(tree), bool(len(tree) % 2))
    elif isinstance(tree, tuple):
        yield Symlink(path, tree[0])
    else:
        yield Directory(path)
        for name in sorted(tree):
            yield from nodes(tree[name], path + b"/" + name if path else name)


def content(tree: Tree, path: bytes) -> bytes:
    """Return the file at a path."""
    for name in path.split(b"/") if path else []:
        assert isinstance(tree, dict)
        tree = tree[name]
    assert isinstance(tree, bytes)
    return tree


def archive(tree: Tree) -> bytes:
    """Return a tree's NAR."""
    return b"".join(
        part if isinstance(part, bytes) else content(tree, part.path)
        for part in nar.layout(nodes(tree))
    )


def rebuilt(data: bytes, size: int) -> list[Node | bytes]:
    """Read a NAR given in chunks of a size; join the pieces of each file."""
    events: list[Node | bytes] = []
    for event in narreader.read(data[at : at + size] for at in range(0, len(data), size)):
        if isinstance(event, bytes) and isinstance(events[-1], bytes):
            events[-1] += event
        else:
            events.append(event)
    return events


def test_hash_of_a_file_is_nix_own() -> None:
    """The NAR of a file "hello_" has the hash that `nix-hash --type sha256` gives."""
    digest = hashlib.sha256(archive(b"hello_")).hexdigest()
    assert digest == "40d463b692d003db9a4d0804d966ff130317fc1df65f3e35797fcd19a9782ac9"


def test_hash_of_a_tree_is_nix_own() -> None:
    """The NAR of directories, a program, a symlink and an empty file has the hash Nix gives."""
    tree: Tree = {b"a": {}, b"b": {b"run": b"x" * 9, b"empty": b""}, b"c": (b"b/run",)}
    assert (
        hashlib.sha256(archive(tree)).hexdigest()
        == "5d68a54b3222e9b2d95d5837ef583e0134d946a42ca76ec82f5e6811fb40ce58"
    )


@given(trees, st.integers(1, 64))
def test_reading_inverts_writing(tree: Tree, size: int) -> None:
    """Every tree is read back as it was written, however the bytes arrive."""
    expected: list[Node | bytes] = []
    for node in nodes(tree):
        expected.append(node)
        if isinstance(node, Regular) and node.size:
            expected.append(content(tree, node.path))
    assert rebuilt(archive(tree), size) == expected


@settings(max_examples=300)
@given(trees, st.data())
def test_damage_never_crashes_and_never_hides(tree: Tree, data: st.DataObject) -> None:
    """A NAR with any byte changed is refused, or is exactly the NAR of what was read."""
    damaged = bytearray(archive(tree))
    damaged[data.draw(st.integers(0, len(damaged) - 1))] ^= data.draw(st.integers(1, 255))
    try:
        events = rebuilt(bytes(damaged), 64)
    except Damaged:
        return
    pieces = iter([event for event in events if isinstance(event, bytes)])
    parts = nar.layout(event for event in events if not isinstance(event, bytes))
    again = b"".join(part if isinstance(part, bytes) else next(pieces) for part in parts)
    assert again == bytes(damaged)


@given(st.binary(max_size=300))
def test_junk_is_damage(data: bytes) -> None:
    """Junk is damage, whatever it is."""
    with pytest.raises(Damaged):
        list(narreader.read([nar.MAGIC + data]))


@given(trees, st.data())
def test_a_short_or_long_nar_is_damage(tree: Tree, data: st.DataObject) -> None:
    """A NAR that ends early or goes on is damage."""
    whole = archive(tree)
    cut = data.draw(st.integers(0, len(whole) - 1))
    for other in (whole[:cut], whole + b"\0"):
        with pytest.raises(Damaged):
            list(narreader.read([other]))


@pytest.mark.parametrize(
    "tree",
    [{b"..": b""}, {b".": b""}, {b"a/b": b""}, {b"a\0": b""}, {b"x" * 256: b""}, (b"",), (b"a\0",)],
    ids=["dotdot", "dot", "slash", "nul", "long", "no-target", "nul-target"],
)
def test_unsafe_names_are_damage(tree: Tree) -> None:
    """A name or target that no file system takes, or that leads elsewhere, is damage."""
    top = nodes(tree) if not isinstance(tree, dict) else iter([Directory(b"")])
    parts = b"".join(part for part in nar.layout(top) if isinstance(part, bytes))
    if isinstance(tree, dict):
        (name,) = tree
        entry = nar.ENTRY + nar.string(name) + nar.NODE + archive(b"")[len(nar.MAGIC) :] + nar.CLOSE
        parts = parts[: -len(nar.CLOSE)] + entry + nar.CLOSE
    with pytest.raises(Damaged):
        list(narreader.read([parts]))


@pytest.mark.parametrize("order", [[b"a", b"a"], [b"b", b"a"]], ids=["twice", "unsorted"])
def test_names_are_sorted_and_unique(order: list[bytes]) -> None:
    """A name that comes twice or out of order is damage."""
    tree = [Directory(b""), *(Symlink(name, b"x") for name in order)]
    with pytest.raises(Damaged):
        list(narreader.read(part for part in nar.layout(tree) if isinstance(part, bytes)))


@pytest.mark.parametrize(("levels", "allowed"), [(nar.MAX_DEPTH, True), (nar.MAX_DEPTH + 1, False)])
def test_depth_is_bounded(levels: int, allowed: bool) -> None:
    """64 directories in one another are read, 65 are damage."""
    tree: Tree = {}
    for _ in range(levels - 1):
        tree = {b"d": tree}
    data = archive(tree)
    if allowed:
        assert len(list(narreader.read([data]))) == levels
    else:
        with pytest.raises(Damaged, match="deep"):
            list(narreader.read([data]))


def test_entries_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """A NAR with more entries than the bound is damage."""
    monkeypatch.setattr(nar, "MAX_ENTRIES", 3)
    assert len(list(narreader.read([archive({b"a": (b"x",), b"b": (b"x",)})]))) == 3
    with pytest.raises(Damaged, match="entries"):
        list(narreader.read([archive({b"a": (b"x",), b"b": (b"x",), b"c": (b"x",)})]))


def test_a_huge_length_takes_no_memory() -> None:
    """A string that says it has 2**60 bytes is damage at once; a file that says so ends early."""
    with pytest.raises(Damaged, match="the most"):
        list(narreader.read([nar.MAGIC + (2**60).to_bytes(8, "little")]))
    huge = nar.MAGIC + nar.REGULAR + nar.CONTENTS + (2**60).to_bytes(8, "little") + b"x"
    with pytest.raises(Damaged, match="early"):
        list(narreader.read([huge]))
