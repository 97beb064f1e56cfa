"""Whether a staged tree is still what was made."""

from collections.abc import Callable
from pathlib import Path

import pytest

from engine.content.cid import Cid
from engine.errors import Damaged
from engine.store.add import add_path
from engine.store.disk import DiskStore
from engine.store.get import get_tree
from engine.store.sound import is_sound


@pytest.fixture
def staged(store: DiskStore, tmp_path: Path) -> tuple[Cid, Path]:
    """Stage a tree with a small file, a whole one, a program, a symlink and a directory."""
    source = tmp_path / "source"
    (source / "below").mkdir(parents=True)
    (source / "small").write_bytes(b"small")
    (source / "whole").write_bytes(bytes(100_000))
    (source / "below/program").write_bytes(b"#!")
    (source / "below/program").chmod(0o755)
    (source / "link").symlink_to("small")
    cid = add_path(store, source).cid
    get_tree(store, cid, tmp_path / "tree", link=True)
    return cid, tmp_path / "tree"


def test_one_that_nobody_touched_is_sound(store: DiskStore, staged: tuple[Cid, Path]) -> None:
    """What get_tree makes passes, on every look."""
    assert is_sound(store, *staged)
    assert is_sound(store, *staged)


def write(path: Path) -> None:
    """Change a byte of a file, as a program would that may."""
    path.chmod(0o644)
    with path.open("r+b") as file:
        file.write(b"X")


def replace_link(path: Path) -> None:
    """Point a symlink elsewhere."""
    path.unlink()
    path.symlink_to("whole")


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("small", write),
        ("below/program", write),
        ("whole", Path.unlink),
        ("link", replace_link),
        ("below/new", Path.touch),
    ],
)
def test_one_that_was_changed_is_not(
    store: DiskStore, staged: tuple[Cid, Path], name: str, change: Callable[[Path], None]
) -> None:
    """A file written to, gone, or new, and a symlink that points elsewhere are all seen."""
    cid, tree = staged
    change(tree / name)

    assert not is_sound(store, cid, tree)


def test_a_whole_file_that_was_written_to_is_put_away(
    store: DiskStore, staged: tuple[Cid, Path], tmp_path: Path
) -> None:
    """It was the store's own: the tree is made again from what is added again."""
    cid, tree = staged
    write(tree / "whole")
    with pytest.raises(Damaged, match="was damaged"):
        is_sound(store, cid, tree)
    assert not is_sound(store, cid, tree)

    add_path(store, tmp_path / "source")
    get_tree(store, cid, tmp_path / "again", link=True)

    assert (tmp_path / "again/whole").read_bytes() == bytes(100_000)
