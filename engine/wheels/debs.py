"""debs: Debian's packages, which the recipe's own Python is made of, fetched by Debian's client."""

import io
import shutil
import subprocess
import tarfile
from pathlib import Path
from typing import Final

from engine.errors import Damaged, Unavailable

MAX_MEMBER: Final = 256 * 1024 * 1024  # bytes of a package's data; the largest of ours has 4 MB
ELSEWHERE: Final = (
    "name a Python of your own beside the lock file, as `python: {flake: …}` or by `cid`"
)


def download(sources: list[str], destination: Path) -> list[Path]:
    """Fetch packages, as "libc6=2.36-9+deb12u14", to an empty directory; return the files.

    Raises: Unavailable when this machine is no Debian that has them.
    """
    program = shutil.which("apt-get")
    if program is None:
        raise Unavailable(
            "the recipe's own Python is made of Debian's packages, and there is no apt-get",
            fix=ELSEWHERE,
        )
    destination.chmod(0o755)  # as root, apt-get fetches as a user of its own
    done = subprocess.run(
        [program, "download", "-qq", *sources],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
        cwd=destination,
    )
    found = sorted(destination.glob("*.deb"))
    if done.returncode or len(found) != len(sources):
        said = [line for line in done.stderr.splitlines() if line.startswith("E: ")]
        raise Unavailable(
            f"apt-get cannot fetch Debian's packages: {'; '.join(said)[:400] or done.returncode}",
            fix=f"on Debian 12 run apt-get update, then this again; elsewhere {ELSEWHERE}",
        )
    return found


def member(package: Path, name: str) -> bytes:
    """Return a file of a package: "./bin/busybox".

    Raises: Damaged when it is not there.
    """
    try:
        with tarfile.open(fileobj=io.BytesIO(_data(package.read_bytes()))) as archive:
            file = archive.extractfile(name)
            if file is not None:
                return file.read(MAX_MEMBER)
    except (tarfile.TarError, KeyError, ValueError, EOFError, OSError):
        pass
    raise Damaged(f"there is no {name} in this package", where=str(package))


def _data(archive: bytes) -> bytes:
    """Return data.tar.* of a package: an archive in the format of ar(1)."""
    at = 8
    while at + 60 <= len(archive):
        name = archive[at : at + 16].decode("ascii", "replace").rstrip()
        size = int(archive[at + 48 : at + 58])
        if name.startswith("data.tar"):
            return archive[at + 60 : at + 60 + size]
        at += 60 + size + size % 2
    raise ValueError("no data.tar")
