"""Environments from lock files of Python packages, by real pip, Nix and bubblewrap.

pip's index is a directory of small wheels: the same client, and no network.
"""

import json
import os
import re
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from engine.nix.nixstore import NixStore
from engine.nix.storepath import fixed_path
from tests.cli.program import ROOT, Program
from tests.fakes import elves, nixstore, wheels

pytestmark = [pytest.mark.nix, pytest.mark.sandbox]

STEP = """\
workflow: w
environments: {py: %s}
steps:
  hello:
    environment: py
    run: %s > {outputs.text}
    outputs: {text: text}
"""
OTHER = "f" * 64  # a hash of some file that is not there

Project = Callable[..., Path]


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a directory of wheels, as an index: one package needs the other."""
    place = tmp_path_factory.mktemp("index")
    greet = {
        "greet/__init__.py": "import words\ndef main():\n    print(words.hello)\n",
        "greet-1.0.data/data/share/greet/x": "x",
    }
    wheels.make(place, files=greet, entry_points="[console_scripts]\ngreet = greet:main\n")
    wheels.make(place, "words", files={"words.py": "hello = 'hello'\n"})
    wheels.make(place, "newer", tag="cp312-cp312-manylinux_2_17_x86_64")
    needy = elves.library("libneedy.so", ("libgone.so.1", "libc.so.6"))
    wheels.make(place, "needy", files={"needy/libneedy.so": needy})
    wheels.make(place, "clash", files={"words.py": "hello = 'hullo'\n"})
    (place / "source-1.0.tar.gz").write_bytes(b"")
    return place


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory, nix_store: NixStore, index: Path) -> Program:
    """Return the program on a home of its own, with that index."""
    home = nixstore.lend(nix_store, tmp_path_factory.mktemp("wheels") / "home")
    return Program(home, _of_index(index))


def _of_index(index: Path) -> dict[str, str]:
    return {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(index), "PIP_CONFIG_FILE": os.devnull}


def real(nix_store: NixStore, index: Path, name: str, lock: str) -> Path:
    """Add a wheel of the recipes' inputs to the index, under its own name."""
    row = re.search(rf"^whl {name}\.whl +\S+ +(\S+)$", (ROOT / lock).read_text(), re.MULTILINE)
    assert row is not None
    path = fixed_path(f"{name}.whl", "flat", "sha256", bytes.fromhex(row[1]))
    with zipfile.ZipFile(nix_store.physical(path)) as archive:
        (wheel,) = (entry for entry in archive.namelist() if entry.endswith(".dist-info/WHEEL"))
        tags = re.findall(r"^Tag: (\S+)-(\S+)-(\S+)$", archive.read(wheel).decode(), re.MULTILINE)
    version = wheel.split("/")[0].removesuffix(".dist-info")
    target = index / f"{version}-{tags[0][0]}-{tags[0][1]}-{'.'.join(tag[2] for tag in tags)}.whl"
    if not target.exists():
        target.symlink_to(nix_store.physical(path))
    return target


def locked(index: Path, *names: str) -> str:
    """Return a requirements.txt of these packages, each with another hash beside its own."""
    lines = []
    for name in names:
        (file,) = index.glob(f"{name}-[0-9]*")
        own, version = wheels.sha256(file), file.name.split("-")[1].removesuffix(".tar.gz")
        lines.append(f"{name}=={version} --hash=sha256:{own} --hash=sha256:{OTHER}\n")
    return "".join(lines)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """Return what writes a project: a lock file, and a step that runs a command in it."""

    def write(
        lock: str, command: str = "greet", name: str = "requirements.txt", more: str = ""
    ) -> Path:
        (tmp_path / name).write_text(lock)
        source = f"{{requirements: {name}{more}}}"
        (tmp_path / "w.yaml").write_text(STEP % (source, command))
        return tmp_path / "w.yaml"

    return write


def ran(program: Program, workflow: Path) -> str:
    """Return what the step wrote."""
    run = program.told("run", workflow)
    assert run["status"] == "succeeded"
    (output,) = run["steps"][0]["outputs"].values()
    return program("cat", output).out.strip()


def made(program: Program, workflow: Path) -> str:
    """Return the CID of the environment."""
    cid: str = program.told("env", "lock", workflow)["environments"]["py"]["environment"]
    return cid


def test_wheels_are_there_to_run(program: Program, project: Project, index: Path) -> None:
    """A command of one wheel imports the other; data is where the prefix is."""
    command = "greet && python -c 'import sys; print(open(sys.prefix + \"/share/greet/x\").read())'"
    workflow = project(locked(index, "greet", "words"), f"({command})")
    assert ran(program, workflow).split() == ["hello", "x"]
    again = program.told("run", workflow)
    assert [step["status"] for step in again["steps"]] == ["reused"]


def test_machine_code_runs(
    program: Program, project: Project, index: Path, nix_store: NixStore
) -> None:
    """Numpy computes with its libraries; a program finds a loader that no system has there."""
    real(nix_store, index, "numpy", "examples/env/inputs.lock")
    real(nix_store, index, "ruff", "packaging/dev.lock")
    code = "import numpy, ssl, sqlite3; print(numpy.ones(3) @ numpy.ones(3))"
    command = f'(ruff --version; python -c "{code}")'
    workflow = project(locked(index, "numpy", "ruff"), command)
    assert re.fullmatch(r"ruff [0-9.]+\n3\.0", ran(program, workflow))


def test_a_project_that_init_wrote_runs(program: Program, index: Path, tmp_path: Path) -> None:
    """Around a lock file: it lists the packages."""
    (tmp_path / "requirements.txt").write_text(locked(index, "greet", "words"))
    program.told("init", tmp_path, "--requirements", tmp_path / "requirements.txt")
    listed = json.loads(ran(program, tmp_path / "workflow.yaml"))
    assert listed == {"greet": "1.0", "words": "1.0"}


def test_every_format_gives_the_same_environment(
    program: Program, project: Project, index: Path
) -> None:
    """The same wheels are the same environment, however they are locked, on a new home too."""
    by_hashes = made(program, project(locked(index, "greet", "words")))
    pylock, uv = 'lock-version = "1.0"\ncreated-by = "test"\n', ""
    for name in ("greet", "words"):
        file = index / f"{name}-1.0-py3-none-any.whl"
        address = f'url = "{file.as_uri()}"'
        pylock += (
            f'[[packages]]\nname = "{name}"\nversion = "1.0"\n[[packages.wheels]]\n{address}\n'
        )
        pylock += f'hashes = {{ sha256 = "{wheels.sha256(file)}" }}\n'
        uv += f'[[package]]\nname = "{name}"\nversion = "1.0"\nsource = {{ registry = "x" }}\n'
        uv += f'wheels = [{{ {address}, hash = "sha256:{wheels.sha256(file)}" }}]\n'
    head = 'version = 1\n[[package]]\nname = "me"\nsource = { virtual = "." }\n'
    head += 'dependencies = [{ name = "greet" }, { name = "words" }]\n'
    assert made(program, project(pylock, name="pylock.toml")) == by_hashes
    elsewhere = Program(program.home.with_name("other"), program.extra)
    if (program.home / "nix").exists():
        nixstore.lend(NixStore((program.home / "nix").resolve()), elsewhere.home)
    assert made(elsewhere, project(head + uv, name="uv.lock")) == by_hashes


def test_what_is_in_the_store_is_fetched_from_nobody(
    program: Program, project: Project, index: Path, tmp_path: Path
) -> None:
    """With no index: neither under a lock, nor when it is locked anew."""
    workflow = project(locked(index, "greet", "words"))
    before = made(program, workflow)
    nowhere = program.at(program.home, **_of_index(tmp_path / "empty"))
    assert ran(nowhere, workflow) == "hello"
    assert made(nowhere, workflow) == before


def test_offline_runs_neither_pip_nor_nix(
    program: Program, project: Project, index: Path, without_nix: str
) -> None:
    """A locked environment that is in the store is enough; one that is not is exit 3."""
    workflow = project(locked(index, "greet", "words"))
    made(program, workflow)
    offline = program.at(program.home, PATH=without_nix, PIP_FIND_LINKS="/nowhere")
    assert offline("run", workflow, "--offline", "--force", "hello").code == 0
    workflow.with_suffix(".lock").unlink()
    done = offline("run", workflow, "--offline")
    assert done.code == 3
    assert "is not locked, and making it needs Nix" in done.err
    assert not (Path(without_nix.split(os.pathsep)[0]) / "called").exists()


def test_a_changed_lock_file_is_told(program: Program, project: Project, index: Path) -> None:
    """The workflow's lock holds its hash; the run goes on with what is locked."""
    workflow = project(locked(index, "greet", "words"))
    made(program, workflow)
    assert "has changed" not in program("run", workflow).err
    project("# edited\n" + locked(index, "greet", "words"))
    done = program("run", workflow)
    assert done.code == 0
    assert "environment 'py' has changed since it was locked" in done.err


def test_a_build_can_be_checked(program: Program, project: Project, index: Path) -> None:
    """Built once more it gives the same bytes; what it is can be shown."""
    workflow = project(locked(index, "greet", "words"))
    made(program, workflow)
    done = program("env", "build", workflow, "--check")
    assert done.code == 0, done.err
    shown = program.told("env", "show", f"{workflow}#py")["environments"]["py"]
    assert any(path.endswith("-greet-1.0") for path in shown["paths"])
    assert not any(path.endswith(".whl") for path in shown["paths"])


def test_a_python_of_the_author_is_built_on(
    program: Program, project: Project, index: Path
) -> None:
    """What it has is seen after the wheels, and its commands are there; by Nix, and by CID."""
    source = f"nix: {ROOT / 'examples/env/default.nix'}, attribute: env-numpy"
    command = "python -c 'import numpy, words; print(numpy.__version__, words.hello)'"
    workflow = project(locked(index, "words"), command, more=f", python: {{{source}}}")
    assert ran(program, workflow) == "2.2.6 hello"
    workflow.with_suffix(".lock").unlink()
    workflow.write_text(STEP % (f"{{{source}}}", "true"))
    cid = made(program, workflow)
    workflow.with_suffix(".lock").unlink()
    again = project(locked(index, "words"), command, more=f", python: {{cid: {cid}}}")
    assert ran(program, again) == "2.2.6 hello"


@pytest.mark.parametrize(
    ("names", "code", "what", "line", "fix"),
    [
        (("words", "newer"), 2, "newer 1.0 has no wheel for CPython 3.11.2", 2, "Python 3.11"),
        (("words", "source"), 2, "source 1.0 is locked as a source distribution", 2, "wheels"),
        (("needy",), 1, "nobody provides libgone.so.1 (for needy-1.0: lib/", 1, "without"),
        (("clash", "words"), 1, "words.py' is in clash-1.0 too", 2, "only one of the two"),
    ],
)  # fmt: skip
def test_what_cannot_work_says_why(
    program: Program, project: Project, index: Path,
    names: tuple[str, ...], code: int, what: str, line: int, fix: str,
) -> None:  # fmt: skip
    """What it is, the line of the lock file, and what to do."""
    workflow = project(locked(index, *names))
    done = program("env", "lock", workflow)
    assert done.code == code, done.err
    assert what in done.err
    assert f"at: {workflow.with_name('requirements.txt')}:{line}\n" in done.err
    assert fix in done.err
    assert not workflow.with_suffix(".lock").exists()


def test_a_library_may_be_done_without(program: Program, project: Project, index: Path) -> None:
    """As the author says: the wheel is installed all the same."""
    more = ", without: [libgone.so.1]"
    workflow = project(locked(index, "needy"), "python -c 'import needy; print(1)'", more=more)
    assert ran(program, workflow) == "1"


def test_an_index_that_is_not_there_is_exit_3(
    program: Program, project: Project, tmp_path: Path
) -> None:
    """With what pip says, and where it is configured."""
    nowhere = program.at(program.home, **_of_index(tmp_path / "empty"))
    done = nowhere("env", "lock", project(f"absent==1.0 --hash=sha256:{OTHER}"))
    assert done.code == 3
    assert "pip cannot fetch absent 1.0" in done.err
    assert "requirements.txt:1" in done.err
    assert "pip config list" in done.err


@pytest.mark.parametrize("name", ["absent.txt", "w.yaml"])
def test_a_lock_file_that_is_none_is_exit_2(program: Program, project: Project, name: str) -> None:
    """It is not there, or is something else."""
    workflow = project("")
    workflow.write_text(STEP % (f"{{requirements: {name}}}", "true"))
    done = program("env", "lock", workflow)
    assert done.code == 2
    assert name in done.err
