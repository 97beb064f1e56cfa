"""A full disk, a real one: a tmpfs of 16 MiB in a namespace of its own."""

import functools
import subprocess
import sys
from pathlib import Path

import pytest

from tests.engine.store.on_small_disk import SCENES

ROOT = Path(__file__).parents[3]
MOUNT = 'mount -t tmpfs -o size=16m none "$0" && exec "$@"'


def on_a_small_disk(where: Path, *command: str) -> "subprocess.CompletedProcess[str]":
    """Run a command where `where` is a disk of 16 MiB, which goes with it."""
    namespace = ["unshare", "--user", "--map-root-user", "--mount"]
    return subprocess.run(
        [*namespace, "sh", "-c", MOUNT, str(where), *command],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


@functools.cache
def why_not() -> str:
    """Return why this machine has no small disks, or nothing."""
    try:
        return on_a_small_disk(Path("/mnt"), "true").stderr
    except FileNotFoundError as error:
        return str(error)


@pytest.mark.parametrize("scene", SCENES)
def test_on_a_full_disk(scene: str, tmp_path: Path) -> None:
    """Nothing stored is harmed, the error says what to do, and it works when space is back."""
    if why_not():
        pytest.skip(f"FULL DISK NOT TESTED: no tmpfs in a user namespace here: {why_not()}")
    module = "tests.engine.store.on_small_disk"
    done = on_a_small_disk(tmp_path, sys.executable, "-m", module, scene, str(tmp_path))
    assert done.returncode == 0, f"{SCENES[scene].__doc__}\n{done.stderr}"
