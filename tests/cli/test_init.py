"""`tally init`: a project to start from. That each template runs is in test_examples."""

import os
import subprocess
from pathlib import Path

import pytest

from cli.project import MODELINE, SCHEMA
from engine.workflow.load import load
from tests.cli.program import Program, Told


def test_a_project_is_written(empty: Program, tmp_path: Path) -> None:
    """Every file that it says is there, and may be edited."""
    told = empty.told("init", tmp_path / "new" / "project", "--template", "python")
    for name in told["files"]:
        assert (tmp_path / "new" / "project" / name).stat().st_mode & 0o200
    assert "workflow.yaml" in told["files"]


@pytest.mark.parametrize("name", ["clinical", "league"])
def test_what_the_readme_of_a_project_runs_is_there(
    empty: Program, tmp_path: Path, name: str
) -> None:
    """A shell finds its commands from the project: `publish` alone would be looked for in PATH."""
    assert empty("init", tmp_path / "new", "--template", name).code == 0
    text = (tmp_path / "new" / "README.md").read_text()
    assert "\n./publish " in text
    assert "tally run workflow.yaml " in text
    assert "examples/" not in text


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
    done = empty("init", tmp_path / "x", "--template", "other")
    assert done.code == 2
    assert all(name in done.err for name in ("hello", "numpy", "python", "selfplay"))
    assert not (tmp_path / "x").exists()


@pytest.mark.parametrize(("typed", "meant"), [("nunpy", "numpy"), ("Hello", "hello"), ("py", "")])
def test_the_nearest_template_is_suggested(
    empty: Program, tmp_path: Path, typed: str, meant: str
) -> None:
    """A slip of the finger, or of the shift key; all of them where none is near."""
    done = empty("init", tmp_path / "x", "--template", typed)
    assert (f"did you mean '{meant}'?" if meant else "known here: ") in done.err


@pytest.mark.parametrize(
    ("words", "is_told"),
    [(["numpy"], True), (["hello"], False), (["numpy", "--template", "numpy"], False)],
)
def test_the_name_of_a_template_may_have_been_meant_as_one(
    empty: Program,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    words: list[str],
    is_told: bool,
) -> None:
    """`tally init numpy` writes the usual project to a directory of that name, and says so."""
    monkeypatch.chdir(tmp_path)
    done = empty("init", *words)
    assert done.code == 0
    assert ("--template numpy" in done.err) is is_told


def test_no_name_is_not_here(
    empty: Program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`tally init "$UNSET"` writes nothing into the directory that one happens to be in."""
    monkeypatch.chdir(tmp_path)
    assert empty("init", "").code == 2
    assert not [*tmp_path.iterdir()]


def test_a_symlink_is_followed_where_it_leads_somewhere(empty: Program, tmp_path: Path) -> None:
    """To a directory, that is where the project is; to nothing, it is named."""
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    (tmp_path / "lost").symlink_to("nowhere")
    assert empty("init", tmp_path / "link").code == 0
    assert (tmp_path / "real" / "workflow.yaml").is_file()
    done = empty("init", tmp_path / "lost")
    assert done.code == 2
    assert "leads nowhere" in done.err


def on_a_disk(empty: Program, tmp_path: Path, options: str) -> Told:
    """Start a project on a file system mounted with `options`; return also what is then on it."""
    disk = tmp_path / "disk"
    disk.mkdir()
    script = (
        f'mount -t tmpfs -o {options} none "{disk}"; '
        f'{empty.script()} init "{disk}/new" && code=0 || code=$?; ls -A "{disk}"; exit $code'
    )
    mapped = [] if os.geteuid() == 0 else ["--map-root-user"]
    done = subprocess.run(
        ["unshare", "--mount", *mapped, "sh", "-euc", script],
        env=empty.environ(),
        capture_output=True,
        text=True,
        check=False,
    )
    return Told(done.returncode, done.stdout, done.stderr)


def test_half_a_project_is_taken_away_again(empty: Program, tmp_path: Path) -> None:
    """A disk that becomes full is named, and there is nothing to clear up."""
    done = on_a_disk(empty, tmp_path, "size=16k")
    assert (done.code, done.out) == (3, "")
    assert "the disk is full" in done.err


def test_a_disk_that_cannot_be_written_is_named(empty: Program, tmp_path: Path) -> None:
    """Exit 3, with the place."""
    done = on_a_disk(empty, tmp_path, "ro")
    assert (done.code, done.out) == (3, "")
    assert f"at: {tmp_path}/disk/new" in done.err


def test_an_editor_finds_the_schema(empty: Program, tmp_path: Path) -> None:
    """The first line of the workflow names a file of the project: what `tally schema` prints."""
    assert empty("init", tmp_path / "new").code == 0
    workflow = (tmp_path / "new" / "workflow.yaml").read_text()
    assert workflow.startswith(MODELINE)
    assert (tmp_path / "new" / SCHEMA).read_text() == empty("schema").out


def test_the_schema_can_be_renewed(empty: Program, tmp_path: Path) -> None:
    """`tally schema -f` writes over what an older version wrote."""
    (tmp_path / "old.json").write_text("{}")
    assert empty.told("schema", "-f", tmp_path / "old.json") == {"file": str(tmp_path / "old.json")}
    assert (tmp_path / "old.json").read_text() == empty("schema").out


@pytest.mark.parametrize("name", ["file", "file/below"])
def test_a_file_is_no_directory(empty: Program, tmp_path: Path, name: str) -> None:
    """What is in the way is named."""
    (tmp_path / "file").write_text("")
    done = empty("init", tmp_path / name)
    assert done.code == 2
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
