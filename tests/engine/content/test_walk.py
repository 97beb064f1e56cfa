"""Trees: walked, with what is executable in them, and parts of them by path."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.content.blocks import Block
from engine.content.cid import DAG_CBOR, RAW, Cid
from engine.content.dagpb import Link
from engine.content.directory import directory, symlink
from engine.content.names import MAX_DEPTH
from engine.content.profile import PUBLISHED
from engine.content.select import resolve, select
from engine.content.tree import TREE, Tree
from engine.content.walk import make_tree, open_tree, walk
from engine.errors import Damaged, Refused

# A directory is a dict, a file its bytes, a symlink its target.
Model = dict[str, "Model"] | bytes | str


class Shelf(dict[Cid, bytes]):
    """Blocks by name."""

    def get_block(self, cid: Cid) -> bytes:
        """Return a block, checked."""
        return cid.check(self[cid])

    def keep(self, *blocks: Block) -> None:
        """Add blocks."""
        self.update((block.cid, block.data) for block in blocks)

    def build(self, model: Model) -> Link:
        """Add what a model describes."""
        if isinstance(model, bytes):
            block = PUBLISHED.block(RAW, model)
            self.keep(block)
            return Link("", block.cid, len(model))
        if isinstance(model, str):
            made = symlink(model)
        else:
            made = directory(replace(self.build(m), name=name) for name, m in model.items())
        self.keep(*made.blocks)
        return made.link

    def tree(self, model: Model, *executables: str) -> Cid:
        """Add a model as a tree."""
        cid, record = make_tree(self.build(model).cid, set(executables))
        self.keep(*record)
        return cid


SAMPLE: Model = {
    "bin": {"tool": b"#!", "data": b"12345"},
    "a.txt": b"a",
    "ln": "a.txt",
    "empty": {},
    "bin-": b"",
}


def test_a_walk_shows_everything_parents_first_in_byte_order() -> None:
    """Entries come as names sort, a directory's own right after it."""
    shelf = Shelf()
    seen = list(walk(shelf.get_block, shelf.tree(SAMPLE, "bin/tool")))
    assert [(entry.path, entry.kind, entry.size) for entry in seen] == [
        ("", "directory", 0),
        ("a.txt", "file", 1),
        ("bin", "directory", 0),
        ("bin/data", "file", 5),
        ("bin/tool", "file", 2),
        ("bin-", "file", 0),
        ("empty", "directory", 0),
        ("ln", "symlink", 0),
    ]
    assert [entry.path for entry in seen if entry.executable] == ["bin/tool"]
    assert [entry.target for entry in seen if entry.kind == "symlink"] == ["a.txt"]


NAMES = st.text("ab.é-", min_size=1, max_size=3).filter(lambda name: name not in (".", ".."))
MODELS = st.recursive(
    st.binary(max_size=5) | st.text("./a", min_size=1, max_size=9),
    lambda inner: st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=20,
)


def unwalk(shelf: Shelf, cid: Cid) -> Model:
    """Make a model of a tree by walking it."""
    whole: dict[str, Model] = {}
    for entry in walk(shelf.get_block, cid):
        value: Model = {"directory": {}, "symlink": entry.target}.get(entry.kind, b"")
        if entry.kind == "file":
            value = shelf.get_block(entry.cid)
            assert entry.size == len(value)
        at, names = whole, [".", *entry.path.split("/")] if entry.path else ["."]
        for name in names[:-1]:
            at = at[name]
        at[names[-1]] = value
    return whole["."]


@given(model=MODELS)
def test_any_tree_walks_back_to_what_it_was_made_of(model: Model) -> None:
    """Writing a tree and walking it changes nothing."""
    shelf = Shelf()
    assert unwalk(shelf, shelf.tree(model)) == model


def files(shelf: Shelf, cid: Cid) -> list[str]:
    """Return the paths of all files of a tree."""
    return [entry.path for entry in walk(shelf.get_block, cid) if entry.kind == "file"]


@given(model=MODELS, data=st.data())
def test_any_part_of_a_tree_is_what_it_was_within_it(model: Model, data: st.DataObject) -> None:
    """A selected part has the entries and executables that were below its path, and no others."""
    shelf = Shelf()
    paths = files(shelf, shelf.tree(model))
    chosen = data.draw(st.sets(st.sampled_from(paths))) if paths else set()
    whole = shelf.tree(model, *chosen)
    for entry in walk(shelf.get_block, whole):
        part, blocks = select(shelf.get_block, whole, entry.path)
        shelf.keep(*blocks)
        inside = [
            replace(found, path=found.path.removeprefix(entry.path).removeprefix("/"))
            for found in walk(shelf.get_block, whole)
            if not entry.path or f"{found.path}/".startswith(f"{entry.path}/")
        ]
        assert list(walk(shelf.get_block, part)) == inside


def test_a_tree_with_nothing_executable_is_its_unixfs_cid() -> None:
    """There is no second name for the same files."""
    link = Cid.of(RAW, b"a")
    assert make_tree(link, set()) == (link, ())
    assert open_tree(Shelf().get_block, link) == Tree(link, ())


def test_a_part_with_nothing_executable_is_its_unixfs_cid() -> None:
    """What is executable beside a part does not change the part's name."""
    shelf = Shelf()
    cid = shelf.tree(SAMPLE, "bin/tool")
    assert select(shelf.get_block, cid, "a.txt") == (Cid.of(RAW, b"a"), ())
    part, blocks = select(shelf.get_block, cid, "bin/tool")
    assert TREE.decode(blocks[0].data) == Tree(Cid.of(RAW, b"#!"), ("",))
    assert part.codec == DAG_CBOR


@pytest.mark.parametrize("paths", [("missing",), ("bin/tool", "missing"), ("bin",), ("ln",), ("",)])
def test_a_tree_that_calls_executable_what_is_no_file_is_damaged(paths: tuple[str, ...]) -> None:
    """Every executable of a tree is a file in it."""
    shelf = Shelf()
    cid = shelf.tree(SAMPLE, *paths)
    with pytest.raises(Damaged, match="executable"):
        list(walk(shelf.get_block, cid))


def test_a_path_that_is_not_there_is_refused_with_the_nearest() -> None:
    """A mistyped part is answered with the name that was meant."""
    shelf = Shelf()
    cid = shelf.tree(SAMPLE)
    with pytest.raises(Refused) as caught:
        select(shelf.get_block, cid, "bin/toll")
    assert caught.value.what == "there is no 'toll' in bin"
    assert caught.value.fix == "did you mean 'tool'?"
    with pytest.raises(Refused) as caught:
        select(shelf.get_block, cid, "zzz")
    assert caught.value.fix == "it has: a.txt, bin, bin-, empty, ln"


@pytest.mark.parametrize("path", ["/", "a.txt/", "../a", "bin//tool", "bin/./tool", "/bin", "a\0b"])
def test_a_path_that_is_no_path_in_a_tree_is_refused(path: str) -> None:
    """Parts have one spelling: names joined by slashes."""
    shelf = Shelf()
    with pytest.raises(Refused):
        resolve(shelf.get_block, shelf.tree(SAMPLE), path)


def test_a_path_through_a_file_or_symlink_is_refused() -> None:
    """A part is below directories only; the error says what stands in the way."""
    shelf = Shelf()
    cid = shelf.tree({"ln": "bin", **SAMPLE, "up": "bin"})
    with pytest.raises(Refused, match="'up' is a symlink") as caught:
        resolve(shelf.get_block, cid, "up/tool")
    assert "'bin'" in caught.value.fix
    with pytest.raises(Refused, match="is a file"):
        resolve(shelf.get_block, cid, "a.txt/x")
    assert resolve(shelf.get_block, cid, "up") == shelf.build("bin").cid


def test_a_tree_of_countless_paths_ends_in_damaged() -> None:
    """64 blocks that spell 2**64 paths are walked to the bound and no further."""
    shelf = Shelf()
    link = shelf.build({})
    for _ in range(60):
        made = directory([replace(link, name="a"), replace(link, name="b")])
        shelf.keep(*made.blocks)
        link = replace(made.link, tsize=0)  # the truth would not fit 64 bits
    with pytest.raises(Damaged, match="100000 entries"):
        for _ in walk(shelf.get_block, link.cid):
            pass


def test_a_tree_is_walked_to_64_names_and_no_deeper() -> None:
    """A tower of directories is refused at a depth, by no recursion of ours."""
    shelf = Shelf()
    model: Model = b"x"
    for _ in range(MAX_DEPTH):
        model = {"d": model}
    assert len(list(walk(shelf.get_block, shelf.tree(model)))) == MAX_DEPTH + 1
    with pytest.raises(Damaged, match="deep"):
        list(walk(shelf.get_block, shelf.tree({"d": model})))
