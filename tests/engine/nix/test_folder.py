"""folder: what a step sees in its closure, whatever links say."""

from pathlib import Path

import pytest

from engine.nix.closure import programs_of, shell_of
from engine.nix.folder import folder_of
from engine.nix.records import Closure, ClosurePath

ROOT = "0" * 31 + "1-root"
OTHER = "0" * 31 + "2-other"


@pytest.fixture
def farm(tmp_path: Path) -> Path:
    """Return a farm whose root has no bin yet, and programs in usr/bin; the other has some too."""
    for directory in (f"{ROOT}/usr/bin", f"{OTHER}/bin"):
        (tmp_path / directory).mkdir(parents=True)
        (tmp_path / directory / "sh").touch()
    return tmp_path


def closure(*search: str) -> Closure:
    """Return the closure of that farm."""
    paths = tuple(ClosurePath(name, bytes(32), 0, ()) for name in (ROOT, OTHER))
    return Closure("/nix/store", "x86_64-linux", (ROOT,), search, paths)


@pytest.mark.parametrize(
    ("target", "seen"),
    [
        ("usr/bin", f"{ROOT}/usr/bin"),
        ("./usr/../usr//bin/", f"{ROOT}/usr/bin"),
        (f"../{OTHER}/bin", f"{OTHER}/bin"),
        (f"/nix/store/{OTHER}/bin", f"{OTHER}/bin"),
        (f"/usr/../nix/store/{OTHER}/bin", f"{OTHER}/bin"),
        (f"../../../nix/store/{OTHER}/bin", f"{OTHER}/bin"),
    ],
)
def test_a_link_is_followed_within_the_closure(farm: Path, target: str, seen: str) -> None:
    """From its own directory, or from the root that a step sees."""
    (farm / ROOT / "bin").symlink_to(target)
    assert folder_of(farm, f"/nix/store/{ROOT}/bin") == farm / seen
    assert shell_of(closure(), farm) == f"/nix/store/{ROOT}/bin/sh"
    found = programs_of(closure(f"/nix/store/{ROOT}/bin"), farm)
    assert found == {"sh": f"/nix/store/{ROOT}/bin/sh"}


def test_links_to_links_are_followed(farm: Path) -> None:
    """Those above a directory too."""
    (farm / ROOT / "bin").symlink_to("local/bin")
    (farm / ROOT / "local").symlink_to(f"/nix/store/{ROOT}/usr")
    assert folder_of(farm, f"/nix/store/{ROOT}/bin") == farm / ROOT / "usr/bin"


@pytest.mark.parametrize(
    "target", ["/usr/bin", "/", "../../../../usr/bin", "bin", "absent", "usr/bin/sh", "x" * 300]
)
def test_what_a_step_does_not_see_is_not_there(farm: Path, target: str) -> None:
    """Directories of this machine, rings, nothing, a file, what is too long."""
    (farm / ROOT / "bin").symlink_to(target)
    assert folder_of(farm, f"/nix/store/{ROOT}/bin") is None
    assert shell_of(closure(), farm) is None
    search = (f"/nix/store/{ROOT}/bin", f"/nix/store/{OTHER}/bin")
    assert programs_of(closure(*search), farm) == {"sh": f"/nix/store/{OTHER}/bin/sh"}
