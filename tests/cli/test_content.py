"""`tally add`, `get`, `cat` and `ls`."""

import os
from pathlib import Path

import pytest

from tests.cli.program import Program

HELLO = "bafkr4ihkr4ld3m4gqkjf4reryxsy2s5tkbxprqkow6fin2iiyvreuzzab4"


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Return a directory with a file, a program, a link and an empty directory."""
    root = tmp_path / "tree"
    (root / "below" / "empty").mkdir(parents=True)
    (root / "below" / "run").write_text("#!/bin/sh\n")
    (root / "below" / "run").chmod(0o755)
    (root / "link").symlink_to("../elsewhere")
    (root / "text").write_text("hello\n")
    return root


def test_a_file_has_one_address(empty: Program, tree: Path) -> None:
    """Size and CID as JSON; added again, or elsewhere, it is the same."""
    one = empty.told("add", tree / "text")
    (tree / "copy").write_bytes((tree / "text").read_bytes())
    assert one["size"] == 6
    assert one["cid"].startswith("bafkr4i")
    assert empty("add", tree / "copy").out == one["cid"] + "\n"


def test_what_goes_in_comes_out(empty: Program, tree: Path, tmp_path: Path) -> None:
    """Contents, names, links as they are, empty directories and the executable bit."""
    added = empty.told("add", tree)
    assert empty("get", added["tree"], tmp_path / "out").code == 0
    out = tmp_path / "out"
    assert (out / "text").read_text() == "hello\n"
    assert (out / "link").readlink() == Path("../elsewhere")
    assert os.access(out / "below" / "run", os.X_OK)
    assert not os.access(out / "text", os.X_OK)
    assert (out / "below" / "empty").is_dir()


def test_a_directory_is_listed(empty: Program, tree: Path) -> None:
    """Names, types, sizes and targets; a trailing slash changes nothing."""
    cid = empty.told("add", tree)["tree"]
    found = {entry["name"]: entry for entry in empty.told("ls", cid)["entries"]}
    assert {name: entry["type"] for name, entry in found.items()} == {
        "below": "directory",
        "link": "symlink",
        "text": "file",
    }
    assert (found["text"]["size"], found["link"]["target"]) == (6, "../elsewhere")
    (program, *_) = [e for e in empty.told("ls", f"{cid}/below/")["entries"] if e["name"] == "run"]
    assert program["executable"]
    assert "link -> ../elsewhere" in empty("ls", cid).out


def test_a_path_names_a_part(empty: Program, tree: Path) -> None:
    """CID/PATH is that part; one that is not there asks for the nearest."""
    cid = empty.told("add", tree)["cid"]
    assert empty("cat", f"{cid}/text").out == "hello\n"
    done = empty("cat", f"{cid}/txt")
    assert done.code == 2
    assert "text" in done.err


@pytest.mark.parametrize("path", ["..", "text/x", "below/../text", "link/x"])
def test_a_path_stays_inside(empty: Program, tree: Path, path: str) -> None:
    """No part is above, below a file, or behind a link: exit 2."""
    assert empty("cat", f"{empty.told('add', tree)['cid']}/{path}").code == 2


def test_bytes_are_printed_as_they_are(empty: Program, tmp_path: Path) -> None:
    """A file of any bytes comes out of `cat` unchanged, also a large one."""
    data = os.urandom(3 * 2**20)
    (tmp_path / "big").write_bytes(data)
    cid = empty.told("add", tmp_path / "big")["cid"]
    with empty.start("cat", cid, text=False) as process:
        out, _ = process.communicate()
    assert bytes(out) == data  # type: ignore[arg-type]


def test_a_directory_is_no_file(empty: Program, tree: Path) -> None:
    """`cat` of a directory is refused."""
    done = empty("cat", empty.told("add", tree)["cid"])
    assert done.code == 2, done.err


def test_what_is_there_is_not_overwritten(empty: Program, tree: Path) -> None:
    """`get` writes to a new name only."""
    cid = empty.told("add", tree / "text")["cid"]
    done = empty("get", cid, tree / "link")
    assert done.code == 2
    assert empty("get", cid, tree / "text").code == 2
    assert empty("get", cid, tree / "nowhere" / "text").code == 2


def test_what_cannot_be_added_is_refused(empty: Program, tmp_path: Path) -> None:
    """A pipe, a path that is not there: exit 2, with the path."""
    os.mkfifo(tmp_path / "pipe")
    for name in ("pipe", "nowhere"):
        done = empty("add", tmp_path / name)
        assert done.code == 2
        assert str(tmp_path / name) in done.err


def test_what_is_not_here_is_exit_3(empty: Program) -> None:
    """A well-formed CID of something else is unavailable, not wrong."""
    for command in ("cat", "ls"):
        done = empty(command, HELLO)
        assert done.code == 3, done.err
        assert HELLO in done.err


def test_added_in_place_it_is_read_where_it_is(empty: Program, tmp_path: Path) -> None:
    """A large file is indexed, not copied; changed, it is not here any more."""
    data = os.urandom(2**20)
    (tmp_path / "big").write_bytes(data)
    cid = empty.told("add", "--in-place", tmp_path / "big")["cid"]
    assert empty("get", cid, tmp_path / "out").code == 0
    assert (tmp_path / "out").read_bytes() == data
    (tmp_path / "big").write_bytes(os.urandom(2**20))
    assert empty("cat", cid).code == 3


@pytest.mark.parametrize("words", [("get", "out"), ("cat",), ("run",), ("add",)])
@pytest.mark.parametrize("name", [HELLO[:-1], HELLO + "a", "Qm" + "a" * 43])
def test_a_cid_with_a_wrong_character_is_no_file(
    empty: Program, words: tuple[str, ...], name: str
) -> None:
    """It is said to be none, and how long one is."""
    done = empty(words[0], name, *words[1:])
    assert (done.code, "this is like a CID, and is none" in done.err) == (2, True)
    assert "copy it again" in done.err


def test_what_is_short_or_has_a_path_is_not_added_as_a_cid(empty: Program) -> None:
    """Where there is no such file, it was to be a CID."""
    assert "is like a CID, and is none" in empty("add", "Qmfoo").err
    assert f"'tally get {HELLO}/a DEST'" in empty("add", f"{HELLO}/a").err


@pytest.mark.parametrize("command", ["cat", "ls", "add"])
def test_content_that_is_not_here_is_called_as_it_was(empty: Program, command: str) -> None:
    """Not by another form of its CID, which nobody wrote."""
    online = empty.at(empty.home, TALLY_SOURCES="peers")
    name = "Qm" + "a" * 44
    done = online(command, name)
    assert (done.code, done.err.startswith(f"error: {name} is not here, and")) == (3, True)
    assert len(done.err.splitlines()) <= 3


@pytest.mark.parametrize("command", ["cat", "ls"])
def test_a_url_is_no_cid(empty: Program, command: str) -> None:
    """The CID in it is said."""
    done = empty(command, f"https://ipfs.io/ipfs/{HELLO}")
    assert (done.code, f"name the CID alone: {HELLO}" in done.err) == (2, True)


def test_a_cache_that_is_not_here_is_exit_3(empty: Program) -> None:
    """Of a CID nobody can say what it is before it has come."""
    missing = "bafybeihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku"
    online = empty.at(empty.home, TALLY_SOURCES="peers")
    for program, words in ((empty, ("--offline",)), (online, ())):
        done = program("env", "import", missing, f"/nix/store/{'0' * 32}-x", *words)
        assert (done.code, "is not here" in done.err) == (3, True)
        assert missing in done.err
