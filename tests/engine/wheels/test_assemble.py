"""From a lock file to a derivation and its files, with a real Nix and a real pip."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from cli.workspace import RECIPE, Workspace
from engine.errors import Damaged, Refused
from engine.nix.capture import capture
from engine.nix.nixstore import NixStore
from engine.nix.source import Carried, NixFile, Recipe, Requirements
from engine.nix.storepath import StorePath
from engine.wheels.assemble import OWN_ATTRIBUTE, interpreter_of
from engine.wheels.choice import Wheel
from engine.wheels.interpreter import OWN
from engine.wheels.supply import wheel_path
from tests.fakes import nixstore, wheels

pytestmark = pytest.mark.nix


@pytest.fixture
def space(tmp_path: Path, nix_store: NixStore) -> Iterator[Workspace]:
    """Return a home."""
    with Workspace(nixstore.lend(nix_store, tmp_path / "home")) as workspace:
        yield workspace


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the directory that is pip's only index."""
    place = tmp_path / "index"
    place.mkdir()
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(place))
    return place


def write(place: Path, *files: Path) -> Requirements:
    """Write a requirements.txt that locks these wheels."""
    lines = []
    for file in files:
        name, version, *_ = file.name.split("-")
        lines.append(f"{name}=={version} --hash=sha256:{wheels.sha256(file)}\n")
    (place / "requirements.txt").write_text("".join(lines))
    return Requirements(place / "requirements.txt")


def test_the_recipes_python_is_what_we_say(space: Workspace) -> None:
    """Locks are read for it before it is built: it is asked here, once."""
    python = NixFile(RECIPE / "default.nix", OWN_ATTRIBUTE)
    space.assembler.again(space.realiser.evaluate(python))  # which fetches what it is made of
    assert space.assembler.ask(python)[1] == OWN


def test_a_lock_is_a_derivation_whatever_is_here(
    space: Workspace, tmp_path: Path, index: Path
) -> None:
    """It follows from the lock: the wheels need not be there, nor the file be in one place."""
    made = wheels.make(index, "here", files={"here.py": str(tmp_path)})  # never in a store before
    lock = write(tmp_path, made)
    (tmp_path / "copy").mkdir()
    copy = write(tmp_path / "copy", made)
    assembly = space.assembler.assemble(lock)
    assert space.assembler.assemble(copy).recipe == assembly.recipe
    (wheel,) = assembly.wheels
    assert not space.nix.store.physical(wheel_path(wheel)).exists()


def test_what_a_pinned_derivation_lacks_is_fetched(
    space: Workspace, tmp_path: Path, index: Path
) -> None:
    """Its wheels say what they are: the lock file is not needed any more."""
    made = wheels.make(index, "again", files={"again.py": str(tmp_path)})
    recipe = space.assembler.assemble(write(tmp_path, made)).recipe
    (tmp_path / "requirements.txt").unlink()
    realised = space.assembler.again(Recipe.parse(str(recipe)))
    (root,) = realised.paths
    site = realised.store.physical(root) / "lib/python3.11/site-packages"
    assert (site / "again.py").is_symlink()
    assert space.nix.store.physical(_path(made)).read_bytes() == made.read_bytes()


def _path(file: Path) -> StorePath:
    name, version, *_ = file.name.split("-")
    return wheel_path(Wheel(name, version, wheels.sha256(file), ""))


def test_other_bytes_do_not_get_into_the_store(space: Workspace, tmp_path: Path) -> None:
    """A file that is not what its path says is damage."""
    made = wheels.make(tmp_path, "one")
    other = wheels.make(tmp_path, "other")
    with pytest.raises(Damaged, match="other bytes than its hash says"):
        space.assembler.supply.add(other, _path(made))


def test_an_environment_by_cid_can_be_built_on(space: Workspace) -> None:
    """It is content; Nix is given what it does not have (tests/engine/nix/test_adopt.py)."""
    realised = space.realiser.realise(NixFile(RECIPE / "default.nix", OWN_ATTRIBUTE))
    opened = capture(realised, space.nix, space.materialiser.paths, space.store)
    assert space.assembler.ask(Carried(opened.cid))[1] == OWN


@pytest.mark.parametrize(
    ("told", "what"),
    [
        ({"implementation": "PyPy"}, "its Python is PyPy for x86_64"),
        ({"machine": "aarch64"}, "its Python is CPython for aarch64"),
        ({"libc": ""}, "another C library than glibc"),
        ({"version": "3.8.19"}, "its Python is 3.8.19, and too old"),
    ],
)
def test_another_python_is_refused(told: dict[str, str], what: str) -> None:
    """PyPy, another machine, musl, an old one."""
    facts = {
        "implementation": "CPython", "version": "3.12.1", "libc": "glibc 2.39",
        "free_threaded": False, "machine": "x86_64",
    }  # fmt: skip
    assert str(interpreter_of(json.dumps(facts), "x")) == "3.12.1 glibc 2.39"
    with pytest.raises(Refused, match=what):
        interpreter_of(json.dumps(facts | told), "x")
