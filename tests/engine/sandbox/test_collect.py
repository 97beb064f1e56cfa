"""What the collector takes from a directory an enemy made, and what it refuses."""

import os
import stat
import threading
import unicodedata
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.sandbox import collect
from engine.sandbox.collect import Collector, Found, MissingOutput, RefusedOutput

FAR = 1 << 40  # bytes: no limit


def gather(out: Path, *outputs: tuple[str, str], limit: int = FAR) -> dict[str, object]:
    """Collect everything into a dictionary."""
    collector = Collector(str(out), lambda name: name == "abc-python", limit)
    return {f"{f.name}/{f.path}".rstrip("/"): _content(f) for f in collector.collect(outputs)}


def _content(found: Found) -> object:
    if found.kind == stat.S_IFREG:
        return os.read(found.descriptor, found.size + 1), found.executable
    return found.target if found.kind == stat.S_IFLNK else "directory"


def refusal(out: Path, limit: int = FAR) -> str:
    """Collect the output `a`, which must be refused; return why."""
    with pytest.raises(RefusedOutput) as caught:
        gather(out, ("a", "a"), limit=limit)
    return str(caught.value)


def test_parents_come_before_children_in_byte_order(tmp_path: Path) -> None:
    """The order is the same whatever order the file system lists."""
    for name in ("b", "a/z", "a/B", "a-"):
        (tmp_path / "t" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "t" / name).write_text(name)
    found = list(gather(tmp_path, ("t", "t")))
    assert found == ["t", "t/a", "t/a/B", "t/a/z", "t/a-", "t/b"]


def test_only_the_executable_bit_of_a_mode_is_kept(tmp_path: Path) -> None:
    """Any executable bit makes a file executable; other modes do not matter."""
    for mode in (0o000, 0o400, 0o010, 0o755, 0o4644):
        file = tmp_path / f"{mode:04o}"
        file.write_text("x")
        file.chmod(mode)
    if os.geteuid():  # the executor may read every file on its scratch, an ordinary user not
        (tmp_path / "0000").chmod(0o400)
        (tmp_path / "0010").chmod(0o410)
    outputs = [(path.name, path.name) for path in tmp_path.iterdir()]
    kept = {name: executable for name, (_, executable) in gather(tmp_path, *outputs).items()}
    assert kept == {"0000": False, "0400": False, "0010": True, "0755": True, "4644": False}


@pytest.mark.parametrize(
    ("place", "target", "kept"),
    [
        ("a/l", "f", True),
        ("a/l", "../a/f", False),  # through the output's own name is out of it
        ("a/d/l", "../f", True),
        ("a/d/l", "../../f", False),
        ("a/d/l", "..", True),
        ("a/d/l", "x/../../f", True),
        ("a/d/l", "x/../../../a/f", False),
        ("a/l", "/nix/store/abc-python/bin/python", True),
        ("a/l", "/nix/store/abc-python", True),
        ("a/l", "/nix/store/abc-python/../xyz", False),
        ("a/l", "/nix/store/xyz", False),
        ("a/l", "/nix/store", False),
        ("a/l", "/nix/store/", False),
        ("a/l", "//nix/store/abc-python", False),
        ("a/l", "/out/a/f", False),
        ("a/l", "/", False),
        ("a/l", "x\ny", False),
        ("a/l", "x\udcff", False),
    ],
)
def test_symlinks_that_leave_are_refused(
    tmp_path: Path, place: str, target: str, kept: bool
) -> None:
    """A target is judged as text, from where the link is, without looking at what is there."""
    (tmp_path / "a" / "d").mkdir(parents=True)
    (tmp_path / place).symlink_to(target)
    if kept:
        assert gather(tmp_path, ("a", "a"))[place] == target
    else:
        assert f"/out/{place}: a symlink to" in refusal(tmp_path)


def test_an_output_that_is_a_symlink_may_point_into_the_closure_only(tmp_path: Path) -> None:
    """There is nothing beside it that would be kept."""
    (tmp_path / "a").symlink_to("/nix/store/abc-python/lib")
    assert gather(tmp_path, ("a", "a")) == {"a": "/nix/store/abc-python/lib"}
    (tmp_path / "a").unlink()
    (tmp_path / "a").symlink_to("b")
    assert "/out/a: a symlink to 'b'" in refusal(tmp_path)


def test_a_directory_above_an_output_is_not_followed(tmp_path: Path) -> None:
    """A parent that was swapped for a symlink gives nothing."""
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "x").write_text("x")
    (tmp_path / "d").symlink_to("real")
    with pytest.raises(RefusedOutput, match="symbolic links"):
        gather(tmp_path, ("a", "d/x"))


def test_fifos_and_sockets_and_devices_are_refused(tmp_path: Path) -> None:
    """Anything that is not a file, directory or symlink is named and refused, without waiting."""
    (tmp_path / "a").mkdir()
    os.mkfifo(tmp_path / "a" / "pipe")
    assert refusal(tmp_path) == "/out/a/pipe: a fifo cannot be kept"


def test_missing_outputs_are_told_before_anything_is_given(tmp_path: Path) -> None:
    """The first of several outputs is not handed on when a later one is missing."""
    (tmp_path / "a").write_text("x")
    walk = Collector(str(tmp_path), bool, FAR).collect((("a", "a"), ("b", "deep/b")))
    with pytest.raises(MissingOutput, match="/out/deep/b, declared as b, is not there"):
        next(walk)


def test_hostile_names_are_refused(tmp_path: Path) -> None:
    """Control characters, bytes that are no UTF-8 and uncomposed letters are refused."""
    for name, why in (
        (b"x\ny", "a control character"),
        (b"x\x1b[2J", "a control character"),
        (b"x\xff", "not UTF-8"),
        (unicodedata.normalize("NFD", "é").encode(), "NFC"),
    ):
        directory = tmp_path / str(len(why)) / "a"
        directory.mkdir(parents=True, exist_ok=True)
        file = os.fsencode(directory) + b"/" + name
        os.close(os.open(file, os.O_CREAT | os.O_WRONLY))
        said = refusal(directory.parent)
        assert why in said
        assert said.isprintable()
        os.unlink(file)  # noqa: PTH108 - a name no Path takes


def test_ordinary_foreign_names_are_kept(tmp_path: Path) -> None:
    """Composed letters of any alphabet are fine."""
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "Größe-数据").write_text("x")
    assert "a/Größe-数据" in gather(tmp_path, ("a", "a"))


def test_depth_is_bounded(tmp_path: Path) -> None:
    """Sixty-four directories inside one another are kept, one more is refused."""
    deepest = tmp_path.joinpath(*["a"] * 64)
    deepest.mkdir(parents=True)
    assert len(gather(tmp_path, ("a", "a"))) == 64
    (deepest / "b").mkdir()
    assert "more than 64 directories deep" in refusal(tmp_path)


def test_entries_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One entry too many is refused."""
    monkeypatch.setattr(collect, "MAX_ENTRIES", 4)
    (tmp_path / "a").mkdir()
    for name in "bcd":
        (tmp_path / "a" / name).write_text("")
    assert len(gather(tmp_path, ("a", "a"))) == 4
    (tmp_path / "a" / "e").write_text("")
    assert "more than 4 files" in refusal(tmp_path)


def test_sizes_are_bounded_also_of_sparse_files(tmp_path: Path) -> None:
    """A file of nothing counts with its size."""
    with (tmp_path / "a").open("wb") as file:
        file.truncate(1000)
    assert gather(tmp_path, ("a", "a"), limit=1000)
    assert "disk limit" in refusal(tmp_path, limit=999)


@pytest.fixture
def swapped(tmp_path: Path) -> Iterator[Path]:
    """An output in which a directory and a symlink to a secret change places all the time."""
    secret, out = tmp_path / "secret", tmp_path / "out"
    secret.mkdir()
    (secret / "f").write_text("SECRET")
    (out / "a" / "d").mkdir(parents=True)
    (out / "a" / "d" / "f").write_text("harmless")
    (out / "a" / "l").symlink_to(secret)
    over = threading.Event()
    names = [out / "a" / name for name in ("d", "l", "t")]

    def swap() -> None:
        while not over.is_set():
            names[0].rename(names[2])
            names[1].rename(names[0])
            names[2].rename(names[1])

    thread = threading.Thread(target=swap)
    thread.start()
    yield out
    over.set()
    thread.join()


def test_swapping_a_directory_for_a_link_leaks_nothing(swapped: Path) -> None:
    """However the race ends, not one byte from outside the output is read."""
    for _ in range(2000):
        try:
            found = gather(swapped, ("a", "a"))
        except (RefusedOutput, MissingOutput, OSError):
            continue
        assert b"SECRET" not in str(found).encode()


def test_looking_before_opening_would_leak(swapped: Path) -> None:
    """The control: checking with lstat and then opening by path reads the secret."""
    for _ in range(200_000):
        path = swapped / "a" / "d"
        try:
            if not path.is_symlink() and (path / "f").read_text() == "SECRET":
                return
        except OSError:
            continue
    pytest.skip("NO CONTROL: this machine never lost the race")
