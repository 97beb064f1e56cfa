"""`tally publish` on a full disk, a real one: nothing is half public, and nothing is lost."""

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from cli.boundnames import bound
from engine.clock import SystemClock
from engine.content.cid import Cid
from peers.catalogue_file import CatalogueFile
from tests.cli.program import Program
from tests.cli.scores import published, scores
from tests.fakes import nixstore

__all__ = ["scores"]

pytestmark = [pytest.mark.nix, pytest.mark.sandbox]


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """Return where a disk of 128 MiB is."""
    place = tmp_path / "disk"
    place.mkdir()
    mount = ("mount", "-t", "tmpfs", "-o", "size=128m", "none", str(place))
    done = subprocess.run(mount, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"FULL DISK NOT TESTED: only root mounts a tmpfs: {done.stderr.strip()}")
    yield place
    subprocess.run(("umount", "-l", str(place)), check=True)


@pytest.fixture
def small(
    tally: Program, environment: str, disk: Path, tmp_path: Path, nix_store: nixstore.NixStore
) -> Program:
    """Return the program on a home on that disk, which has the environment."""
    bundle = tmp_path / "environment.car"
    assert tally("export", environment, bundle).code == 0
    program = tally.at(nixstore.lend(nix_store, disk / "home"))
    program.told("import", bundle)
    return program


def fill(disk: Path, left: int) -> Path:
    """Fill a disk but for some bytes; return with what."""
    ballast = disk / "ballast"
    with ballast.open("wb") as stream:
        for size in (2**20, 4096):
            while shutil.disk_usage(disk).free >= left + size:
                stream.write(bytes(size))
                stream.flush()
    return ballast


@pytest.mark.parametrize("left", [0, 2**14, 2**16, 2**17, 2**18])
def test_on_a_full_disk(small: Program, disk: Path, scores: Path, left: int) -> None:
    """It is refused with exit 3, or done; once there is room the same command makes version 1."""
    small.told("run", scores)
    ballast = fill(disk, left)
    told = small("publish", scores)
    assert told.code == 3 or (left and told.code == 0), told.err
    if told.code:
        assert "error: the disk is full: " in told.err
        assert "fix: free at least " in told.err
    ballast.unlink()
    again = small.told("publish", scores)
    assert (again["version"], again["run"] is None) == (1, False)
    assert published(small) == {Cid.parse(again["resource"])}
    assert {one.release for one in bound(small.home).offered} == published(small)
    with CatalogueFile(small.home) as file:
        (notice,) = file.notices(SystemClock().now_ms())
    assert {notice.release} == published(small)
    assert small("fsck").code == 0
