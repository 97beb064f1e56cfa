"""`tally init`: a project to start from. That each template runs is in test_examples."""

from pathlib import Path

import pytest

from engine.workflow.load import load
from tests.cli.program import Program


def test_a_project_is_written(empty: Program, tmp_path: Path) -> None:
    """Every file that it says is there, and may be edited."""
    told = empty.told("init", tmp_path / "new" / "project", "--template", "python")
    for name in told["files"]:
        assert (tmp_path / "new" / "project" / name).stat().st_mode & 0o200
    assert "workflow.yaml" in told["files"]


def test_nothing_that_is_there_is_changed(empty: Program, tmp_path: Path) -> None:
    """A project where one is already is refused, and not half written."""
    (tmp_path / "workflow.yaml").write_text("mine")
    done = empty("init", tmp_path)
    assert done.code == 2
    assert str(tmp_path / "workflow.yaml") in done.err
    assert [path.name for path in tmp_path.iterdir()] == ["workflow.yaml"]


def test_it_is_written_beside_other_files(empty: Program, tmp_path: Path) -> None:
    """A directory with other things in it, as a new clone, is fine."""
    (tmp_path / "LICENSE").write_text("mine")
    assert empty("init", tmp_path).code == 0


def test_a_template_that_is_not_there_is_refused(empty: Program, tmp_path: Path) -> None:
    """Exit 2, and which there are."""
    done = empty("init", tmp_path / "x", "--template", "nunpy")
    assert done.code == 2
    assert "numpy" in done.err
    assert not (tmp_path / "x").exists()


@pytest.mark.parametrize("name", ["file", "file/below"])
def test_a_file_is_no_directory(empty: Program, tmp_path: Path, name: str) -> None:
    """What is in the way is named."""
    (tmp_path / "file").write_text("")
    done = empty("init", tmp_path / name)
    assert done.code in (2, 3)
    assert str(tmp_path / "file") in done.err


LOCK = f"six==1.0 --hash=sha256:{'a' * 64}\n"


@pytest.mark.parametrize("name", ["requirements.txt", "dev-lock.txt"])
def test_a_project_begins_with_a_lock_file(empty: Program, tmp_path: Path, name: str) -> None:
    """It is copied, and the workflow names it; that it runs is in test_requirements."""
    (tmp_path / name).write_text(LOCK)
    told = empty.told("init", tmp_path / "new", "--requirements", tmp_path / name)
    assert name in told["files"]
    assert (tmp_path / "new" / name).read_text() == LOCK
    workflow = load(tmp_path / "new" / "workflow.yaml")
    assert workflow.environments["python"].source == name
    assert name in (tmp_path / "new" / "README.md").read_text()


def test_a_lock_file_may_be_in_its_place(empty: Program, tmp_path: Path) -> None:
    """The project is written around it."""
    (tmp_path / "requirements.txt").write_text(LOCK)
    assert empty("init", tmp_path, "--requirements", tmp_path / "requirements.txt").code == 0
    assert (tmp_path / "requirements.txt").read_text() == LOCK
    assert (tmp_path / "workflow.yaml").is_file()


@pytest.mark.parametrize(
    ("name", "text", "more", "said"),
    [
        ("requirements.txt", "six\n", (), "requirements.txt:1"),
        ("poetry.lock", "", (), "not known as a lock file"),
        ("absent.txt", None, (), "no such lock file"),
        ("a 'b'.txt", LOCK, (), "rename the lock file"),
        ("requirements.txt", LOCK, ("--template", "hello"), "both --template and --requirements"),
    ],
)
def test_a_lock_file_that_will_not_do_is_refused(
    empty: Program, tmp_path: Path, name: str, text: str | None, more: tuple[str, ...], said: str
) -> None:
    """Exit 2, with its line; nothing is written."""
    if text is not None:
        (tmp_path / name).write_text(text)
    done = empty("init", tmp_path / "new", "--requirements", tmp_path / name, *more)
    assert done.code == 2
    assert said in done.err
    assert not (tmp_path / "new").exists()
