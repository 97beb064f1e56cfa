"""`tally env`, and what runs make of a lock file."""

import os
import re
from pathlib import Path

import pytest

from tests.cli.conftest import copy_project
from tests.cli.program import Program

pytestmark = [pytest.mark.nix, pytest.mark.sandbox]

DERIVATION = re.compile(r"derivation: (\S+)")


@pytest.fixture
def project(tally: Program, tmp_path: Path) -> Path:
    """Return a project of its own, locked."""
    path = copy_project(tmp_path / "project")
    assert tally("env", "lock", path).code == 0
    return path


def lock_of(workflow: Path) -> Path:
    """Return the lock file of a workflow."""
    return workflow.with_suffix(".lock")


def replace(path: Path, old: str, new: str) -> None:
    """Edit a file."""
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def test_a_lock_pins_source_derivation_and_address(
    tally: Program, project: Path, environment: str
) -> None:
    """What is printed is what is written; locked again it is the same file."""
    text = lock_of(project).read_text()
    assert f"environment: {environment}\n" in text
    assert re.search(r"source: sha256:[0-9a-f]{64}\n", text)
    assert DERIVATION.search(text)
    told = tally.told("env", "lock", project)["environments"]["sh"]
    assert told["environment"] == environment
    assert lock_of(project).read_text() == text


def test_an_environment_is_shown(tally: Program, project: Path, environment: str) -> None:
    """By workflow, by name in it, and by CID: addresses, paths, size."""
    by_workflow = tally.told("env", "show", project)["environments"]["sh"]
    by_name = tally.told("env", "show", f"{project}#sh")["environments"]["sh"]
    (by_cid,) = tally.told("env", "show", environment)["environments"].values()
    assert by_workflow == by_name == by_cid
    assert by_cid.keys() == {
        *("environment", "closure", "cache", "size", "roots", "paths"),
        "builders",
    }
    assert set(by_cid["roots"]) < set(by_cid["paths"])
    assert "closure" in tally("env", "show", environment).out


@pytest.mark.parametrize(
    ("what", "code"),
    [("#shell", 2), ("#", 0), ("x", 2)],
)
def test_an_environment_that_is_not_there_is_refused(
    tally: Program, project: Path, what: str, code: int
) -> None:
    """No such name, no such file."""
    assert tally("env", "show", f"{project}{what}").code == code


def test_a_build_can_be_checked(tally: Program, project: Path) -> None:
    """Built once more it gives the same bytes: exit 0."""
    done = tally("env", "build", project, "--check")
    assert done.code == 0, done.err
    assert "environment 'sh' builds to the same bytes" in done.err


def test_a_build_that_gives_something_else_is_exit_4(tally: Program, project: Path) -> None:
    """The lock names another environment than its source gives."""
    file = tally.told("add", project)["cid"]
    other = file.replace("bafkr4i", "bafyr4i")
    lock = lock_of(project)
    lock.write_text(re.sub(r"environment: \S+", f"environment: {other}", lock.read_text()))
    done = tally("run", project)
    assert done.code == 4, done.err
    assert "not what is locked" in done.err
    assert tally("env", "build", project).code == 4


def test_a_check_compares_with_the_lock(tally: Program, project: Path, letters: Path) -> None:
    """The source was edited to give something else than is locked, which is here: exit 4."""
    replace(project.parent / "env" / "default.nix", "env-sh = tools", "env-sh = libc")
    assert tally("env", "build", project).code == 0
    done = tally("env", "build", project, "--check")
    assert done.code == 4, done.err
    assert "locked: " in done.err


def test_a_binary_cache_is_published(tally: Program, project: Path, tmp_path: Path) -> None:
    """The CID of a directory that Nix reads: nix-cache-info, narinfos, NARs."""
    cid = tally.told("env", "publish", f"{project}#sh")["cid"]
    assert tally("get", cid, tmp_path / "cache").code == 0
    names = {path.name for path in (tmp_path / "cache").iterdir()}
    assert "nix-cache-info" in names
    assert len([name for name in names if name.endswith(".narinfo")]) == 2


def test_a_cache_is_signed_with_a_key(tally: Program, project: Path, tmp_path: Path) -> None:
    """A key that cannot be read is refused."""
    key = tmp_path / "key"
    for text in (None, "", "junk", "name:notbase64!"):
        if text is not None:
            key.write_text(text)
        done = tally("env", "publish", f"{project}#sh", "--key", key)
        assert done.code == 2, (text, done.err)


def test_a_changed_source_is_told_and_the_lock_holds(tally: Program, project: Path) -> None:
    """The run goes on with what is locked; `env lock` renews it."""
    before = lock_of(project).read_text()
    recipe = project.parent / "env" / "default.nix"
    recipe.write_text("# edited\n" + recipe.read_text())
    done = tally("run", project)
    assert done.code == 0, done.err
    assert "the source of environment 'sh' has changed since it was locked" in done.err
    assert lock_of(project).read_text() == before
    assert tally("env", "lock", project).code == 0
    assert lock_of(project).read_text() != before
    assert "has changed" not in tally("run", project).err


def test_a_locked_run_does_not_evaluate(tally: Program, project: Path, without_nix: str) -> None:
    """With the environment in the store no Nix program is called, even of a changed source."""
    replace(project.parent / "env" / "default.nix", "env-sh = tools", "env-sh = nonsense")
    done = tally.at(tally.home, PATH=without_nix)("run", project)
    assert done.code == 0, done.err
    assert not called(without_nix)


def called(path: str) -> bool:
    """Return whether one of the Nix programs of `without_nix` was run."""
    return (Path(path.split(os.pathsep)[0]) / "called").exists()


@pytest.mark.parametrize("locked", [True, False])
def test_offline_runs_no_nix(project: Path, empty: Program, without_nix: str, locked: bool) -> None:
    """What is not in the store is exit 3, with what is missing; no Nix program is called."""
    if not locked:
        lock_of(project).unlink()
    program = empty.at(empty.home, PATH=without_nix)
    for words in (("run",), ("plan",)):
        done = program(*words, project, "--offline")
        assert done.code == 3, done.err
        assert "environment 'sh'" in done.err
    assert program("env", "show", project).code == 3
    assert not called(without_nix)


def test_without_nix_a_run_says_how_to_get_it(
    project: Path, empty: Program, tmp_path: Path
) -> None:
    """No Nix on PATH: exit 3 and what to install."""
    (tmp_path / "bin").mkdir()
    program = empty.at(empty.home, PATH=str(tmp_path / "bin"))
    done = program("run", project)
    assert done.code == 3
    assert "nix" in done.err.lower()
    assert "fix: " in done.err


BROKEN = 'derivation { name = "x"; system = "x86_64-linux"; builder = "/bin/none"; }\n'


@pytest.mark.parametrize(
    ("recipe", "code", "said"),
    [
        ("{ a = ", 2, "syntax error"),
        ("{ b = 1; }", 2, "attribute 'env-sh'"),
        ("{ env-sh = 1; }", 2, "error"),
        (f"{{ env-sh = {BROKEN}; }}", 1, "does not build"),
    ],
)
def test_an_environment_that_cannot_be_made_is_told(
    tally: Program, tmp_path: Path, recipe: str, code: int, said: str
) -> None:
    """A recipe that is wrong is exit 2 with its place; one that does not build is exit 1."""
    path = copy_project(tmp_path / "broken")
    (path.parent / "env" / "default.nix").write_text(recipe)
    done = tally("run", path)
    assert done.code == code, done.err
    assert said in done.err
    assert not lock_of(path).exists()


def test_a_build_that_fails_shows_the_end_of_its_log(tally: Program, tmp_path: Path) -> None:
    """The last lines that the builder printed."""
    path = copy_project(tmp_path / "broken")
    recipe = path.parent / "env" / "default.nix"
    recipe.write_text(
        recipe.read_text().replace(
            "env-sh = tools;", 'env-sh = mk "alas" { } "echo the flux is off; exit 3";'
        )
    )
    done = tally("run", path)
    assert done.code == 1, done.err
    assert "the flux is off" in done.err


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("lock: 1", "lock: 2", "version"),
        ("environment: bafyr", "environment: bafyq", "CID"),
        ("source: sha256:", "source: md5:", "hash"),
        ("environments:", "enviroments:", "enviroments"),
        ("x86_64-linux:", "x86_64-linux: [", "YAML"),
    ],
)
def test_a_corrupted_lock_is_exit_2_and_can_be_renewed(
    tally: Program, project: Path, old: str, new: str, said: str
) -> None:
    """The place and `tally env lock`, which writes it anew."""
    before = lock_of(project).read_text()
    replace(lock_of(project), old, new)
    done = tally("run", project)
    assert done.code == 2
    assert said in done.err
    assert f"{lock_of(project)}:" in done.err
    assert "tally env lock" in done.err
    renewed = tally("env", "lock", project)
    assert renewed.code == 0, renewed.err
    assert lock_of(project).read_text() == before


def test_a_lock_where_nobody_may_write_is_exit_3(
    tally: Program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What to do is said; nothing half written stays."""
    path = copy_project(tmp_path / "project")
    (path.parent / "w.lock.new").mkdir()
    done = tally("run", path)
    assert done.code == 3, done.err
    assert "the lock file cannot be written" in done.err


def test_the_environments_of_a_python_workflow_are_locked_too(
    tally: Program, environment: str, tmp_path: Path
) -> None:
    """A FILE.py is a workflow to every command, not only to `run`."""
    (tmp_path / "w.py").write_text(
        "from engine.workflow.builder import Workflow\n"
        "w = Workflow('w')\n"
        f"sh = w.environment('sh', cid='{environment}')\n"
        "w.step('one', environment=sh, run='true')\n"
    )
    assert tally.told("env", "lock", tmp_path / "w.py")["environments"].keys() == {"sh"}
    assert environment in (tmp_path / "w.lock").read_text()
    assert tally.told("env", "show", f"{tmp_path}/w.py#sh")["environments"].keys() == {"sh"}
