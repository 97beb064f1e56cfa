"""What is removed after a build was made again: what Nix made for it, and nothing else."""

import tempfile
from pathlib import Path

import pytest

from engine.nix.recheck import forget
from engine.nix.storepath import StorePath

BUILT = StorePath("0" * 32, "tool-1.0.drv")


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory for temporary files, within one that has something else."""
    made = tmp_path / "outer" / "tmp"
    made.mkdir(parents=True)
    (tmp_path / "outer" / "precious").write_text("mine")
    monkeypatch.setattr(tempfile, "tempdir", str(made))
    return made


def said(path: object) -> tuple[str, ...]:
    """Return what Nix prints of a directory that it keeps, and a build can, too."""
    return ("building ...", f"note: keeping build directory '{path}'")


def test_the_directory_of_the_build_is_removed(temporary: Path) -> None:
    """What Nix kept of the derivation that was built is removed, though it is read-only."""
    kept = temporary / "nix-build-tool-1.0.drv-12"
    kept.mkdir(mode=0o500)
    forget(said(kept), BUILT)
    assert not kept.exists()


def test_a_build_cannot_have_anything_else_removed(temporary: Path) -> None:
    """A build that prints that another path was kept does not have it removed."""
    others = ("other", "nix-build-tool-2.0.drv-0", "nix-build-tool-1.0.drv-x")
    for name in others:
        (temporary / name).mkdir()
    for path in ("..", ".", *others, "nix-build-tool-1.0.drv-0/../../precious"):
        forget(said(f"{temporary}/{path}"), BUILT)
    assert {one.name for one in temporary.iterdir()} == set(others)
    assert (temporary.parent / "precious").read_text() == "mine"


def test_a_link_in_place_of_the_directory_is_not_followed(temporary: Path) -> None:
    """Of a link by the name of a build, the link alone is removed."""
    target = temporary.parent / "precious-directory"
    target.mkdir()
    kept = temporary / "nix-build-tool-1.0.drv-0"
    kept.symlink_to(target)
    forget(said(kept), BUILT)
    assert target.is_dir()
    assert not kept.is_symlink()
