"""full: a disk with little or no room left, a real one: a tmpfs in a mount namespace of its own.

What does not fit is refused with a reason and loses nothing (N7); with room again, the same command
goes on by itself.
"""

import argparse
import os
import random
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

from engine.errors import Unavailable
from tests.long.ground import Ground
from tests.long.life import Life
from tests.long.suite import Field, Suite
from tests.long.warm import ROOT, Warm

SIZE_MIB = 48  # of the disk
MOST_FREE = 6 * 1024 * 1024  # bytes: a run of the workflow takes less
DEEDS = 4
MOUNT = f'mount -t tmpfs -o size={SIZE_MIB}m none "$0" && chmod 755 "$0" && exec "$@"'


def trial(field: Field, chance: random.Random, number: int) -> str:
    """Have the trial done by a process that sees a small disk."""
    disk = field.place / "disk"
    disk.mkdir()
    ground = field.ground
    done = _on_a_small_disk(
        disk,
        *(sys.executable, "-m", "tests.long.disks", str(ground.place), ground.run, ground.file),
        *(str(disk), str(chance.randrange(2**32))),
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def why_not(place: Path) -> str:
    """Return why this machine has no small disks, or nothing."""
    return _on_a_small_disk(place, "true").stderr


def _on_a_small_disk(disk: Path, *command: str) -> "subprocess.CompletedProcess[str]":
    namespace = ["unshare", "--mount"]
    if os.getuid():  # be root to mount, then be oneself again
        namespace[1:1] = ["--user", "--map-root-user"]
        back = ["unshare", "--user", f"--map-user={os.getuid()}", f"--map-group={os.getgid()}"]
        command = (*back, *command)
    return subprocess.run(
        [*namespace, "sh", "-c", MOUNT, str(disk), *command],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


def _live(field: Field, chance: random.Random) -> str:
    """Do some deeds with too little room, then do those again that were refused."""
    life = Life(field, chance, field.place / "life")
    deeds = [life.any() for _ in range(DEEDS)]
    room = int(MOST_FREE * chance.random() ** 3)
    _fill(field.place / "ballast", room)
    refused = []
    for deed in deeds:
        ended = life.do(deed)
        assert ended.code in (0, 3), str(ended)
        if ended.code == 3:
            assert any(word in ended.err for word in ("full", "free", "space")), str(ended)
            refused.append(deed)
        with suppress(Unavailable):  # so full that no database can be opened
            life.check()
    (field.place / "ballast").unlink()
    for deed in refused:
        life.succeed(deed)
    life.finish()
    return f"{room} bytes free: {len(refused)} of {DEEDS} refused"


def _fill(ballast: Path, room: int) -> None:
    """Leave that much room on a disk."""
    disk = os.statvfs(ballast.parent)
    with ballast.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, max(disk.f_bavail * disk.f_frsize - room, 1))


def _main() -> None:
    parser = argparse.ArgumentParser()
    for name in ("ground", "run", "file", "place", "seed"):
        parser.add_argument(name)
    asked = parser.parse_args()
    ground = Ground(Path(asked.ground), asked.run, asked.file)
    with Warm() as warm:
        field = Field(ground, warm, Path(asked.place))
        sys.stdout.write(_live(field, random.Random(int(asked.seed))))  # noqa: S311


SUITE = Suite("full", f"a disk of {SIZE_MIB} MiB with little or no room", 40, trial)

if __name__ == "__main__":
    _main()
