"""Whether a Nix source changed, without asking Nix."""

import shutil
from pathlib import Path

import pytest

from engine.errors import Unavailable
from engine.nix.source import Flake, NixFile, Recipe, Stored
from engine.nix.sourcehash import source_hash
from engine.nix.storepath import StorePath


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Return a project whose environment reads files beside it and in directories."""
    root = tmp_path / "project"
    for name, text in {
        "env.nix": "import ./nix { pins = ./pins.lock; all = ./.; data = ./data; } + ../up.nix",
        "pins.lock": "a 1",
        "nix/default.nix": "builtins.readFile ./inner.txt",
        "nix/inner.txt": "inner",
        "nix/unused.txt": "unused",
        "data/deep/file": "data",
        "data/__pycache__/x.pyc": "cache",
        "train.py": "print()",
        "workflow.lock": "lock",
        "../up.nix": "{ }",
    }.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root


def digest(project: Path, attribute: str = "") -> str:
    """Hash the project's environment."""
    return source_hash(NixFile(project / "env.nix", attribute))


@pytest.mark.parametrize(
    "name",
    ["env.nix", "pins.lock", "nix/default.nix", "nix/inner.txt", "data/deep/file", "../up.nix"],
)
def test_what_nix_reads_counts(project: Path, name: str) -> None:
    """Each file that a path literal leads to changes the digest."""
    before = digest(project)
    with (project / name).open("a") as file:
        file.write(" ")
    assert digest(project) != before


@pytest.mark.parametrize(
    "name", ["train.py", "workflow.lock", "nix/unused.txt", "data/__pycache__/x.pyc"]
)
def test_the_rest_does_not(project: Path, name: str) -> None:
    """The project's own files, its lock and caches are not part of the environment's source."""
    before = digest(project)
    (project / name).write_text("other")
    assert digest(project) == before


def test_a_file_that_appears_counts(project: Path) -> None:
    """A named file that was not there is seen when it comes."""
    (project / "pins.lock").unlink()
    before = digest(project)
    (project / "pins.lock").touch()
    assert digest(project) != before


def test_the_place_does_not_count(project: Path, tmp_path: Path) -> None:
    """The same source elsewhere has the same digest, in a checkout of another name."""
    before = digest(project)
    shutil.copytree(tmp_path, tmp_path.parent / "elsewhere")
    assert digest(tmp_path.parent / "elsewhere/project") == before


def test_the_attribute_counts(project: Path) -> None:
    """Another attribute of the same file is another source."""
    assert digest(project, "a") != digest(project, "b")


def test_a_local_flake_is_its_files(project: Path) -> None:
    """A flake on this machine counts by flake.nix, flake.lock and what they name."""
    (project / "flake.nix").write_text("import ./env.nix")
    flake = Flake(".#x", project)
    before = source_hash(flake)
    assert source_hash(Flake("path:.#x", project)) == before
    (project / "flake.lock").touch()
    locked = source_hash(flake)
    (project / "nix/inner.txt").write_text("other")
    assert len({before, locked, source_hash(flake), source_hash(Flake(".#y", project))}) == 4


def test_other_sources_are_their_names() -> None:
    """A remote flake, a store path and a derivation are what they are called."""
    path = StorePath.parse("0" * 32 + "-x.drv")
    sources = [Flake("nixpkgs#hello", Path("/")), Stored(path), Recipe(path, ("bin",))]
    assert len({source_hash(source) for source in sources}) == 3


def test_a_missing_file_is_unavailable(project: Path) -> None:
    """A source that is not there has no digest."""
    with pytest.raises(Unavailable):
        source_hash(NixFile(project / "nosuch.nix"))
