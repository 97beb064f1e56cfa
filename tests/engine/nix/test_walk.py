"""Real trees as NARs."""

import os
import socket
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import Damaged, Refused, Unavailable
from engine.nix.nar import Directory, Regular, Symlink
from engine.nix.walk import NarView, walk


def make(root: Path) -> Path:
    """Make a small tree."""
    (root / "sub").mkdir(parents=True)
    (root / "sub/run").write_bytes(b"x" * 3000)
    (root / "sub/run").chmod(0o755)
    (root / "sub-").write_bytes(b"")
    (root / "link").symlink_to("sub/run")
    return root


def test_walk_goes_in_the_order_of_a_nar(tmp_path: Path) -> None:
    """Names are sorted within their directory: "sub" and what is in it before "sub-"."""
    assert list(walk(make(tmp_path / "t"))) == [
        Directory(b""),
        Symlink(b"link", b"sub/run"),
        Directory(b"sub"),
        Regular(b"sub/run", 3000, True),
        Regular(b"sub-", 0, False),
    ]


def test_names_that_are_not_text_are_kept(tmp_path: Path) -> None:
    """A name may hold any byte but / and NUL, and sorts as bytes."""
    for name in (b"\xff", "\uffff".encode(), b"a"):
        Path(os.fsdecode(os.fsencode(tmp_path) + b"/" + name)).touch()
    assert [node.path for node in walk(tmp_path)] == [b"", b"a", "\uffff".encode(), b"\xff"]


def test_a_symlink_may_be_the_whole(tmp_path: Path) -> None:
    """A store path may be a file or a symlink, dangling too."""
    (tmp_path / "s").symlink_to("nowhere")
    assert list(walk(tmp_path / "s")) == [Symlink(b"", b"nowhere")]


def test_a_socket_is_refused(tmp_path: Path) -> None:
    """What no NAR can hold is refused with its path."""
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "s"))
        with pytest.raises(Refused) as refused:
            list(walk(tmp_path))
    assert refused.value.where == str(tmp_path / "s")


def test_depth_is_bounded(tmp_path: Path) -> None:
    """A tree that no NAR reader accepts is not written either."""
    deep = tmp_path
    for _ in range(64):
        deep /= "d"
    deep.mkdir(parents=True)
    with pytest.raises(Refused, match="deep"):
        list(walk(tmp_path))


@given(st.lists(st.tuples(st.integers(0, 5000), st.integers(0, 5000)), min_size=1))
def test_any_range_is_that_of_the_whole(
    tmp_path_factory: pytest.TempPathFactory, ranges: list[tuple[int, int]]
) -> None:
    """Whatever range is asked for, it is that part of the whole archive."""
    root = tmp_path_factory.getbasetemp() / "ranges"
    view = NarView.of(root if root.exists() else make(root))
    whole = b"".join(view.chunks())
    assert len(whole) == view.size
    for offset, length in ranges:
        assert view.read(offset, length) == whole[offset : offset + length]


def test_a_tree_that_changed_is_noticed(tmp_path: Path) -> None:
    """A file that shrank since the view was made is damage; one that went is unavailable."""
    view = NarView.of(make(tmp_path / "t"))
    (tmp_path / "t/sub/run").write_bytes(b"x")
    with pytest.raises(Damaged, match="shorter"):
        view.read(0, view.size)
    (tmp_path / "t/sub/run").unlink()
    with pytest.raises(Unavailable, match="cannot be read"):
        view.read(0, view.size)
