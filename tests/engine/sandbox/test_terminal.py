"""A step that holds the user's terminal could type into it (CVE-2017-5226)."""

import fcntl
import os
import pty
from pathlib import Path

import pytest

from engine.sandbox import binary, seccomp, walls
from engine.sandbox.walls import Defences, Room
from tests.engine.sandbox.bench import Bench

pytestmark = pytest.mark.sandbox

TYPE = """
import fcntl, sys
try:
    for character in b"x": fcntl.ioctl(0, %s, bytes([character]))
except OSError as error: sys.exit(f"CLOSED {error}")
print("TYPED")
"""


def typed(bench: Bench, tmp_path: Path, defences: Defences, request: str = "0x5412") -> bool:
    """Run bubblewrap on a terminal of its own; say whether a step can type into that."""
    for name in ("out", "build", "tmp", "shm"):
        (tmp_path / name).mkdir()
    room = Room(str(bench.closure), None, str(tmp_path), False, None, ())
    words = [*walls.arguments(room, defences), f"{bench.environment}/bin/python", "-c"]
    bpf = os.memfd_create("filter")
    os.write(bpf, seccomp.program())
    child, terminal = pty.fork()
    if not child:
        try:
            _become_bwrap([*words, TYPE % request], bpf)
        finally:
            os._exit(99)
    said = b""
    try:
        while more := os.read(terminal, 4096):
            said += more
    except OSError:  # a terminal ends with EIO
        pass
    os.waitpid(child, 0)
    os.close(terminal)
    os.close(bpf)
    assert b"TYPED" in said or b"CLOSED" in said, said
    return b"TYPED" in said


def _become_bwrap(words: list[str], bpf: int) -> None:
    """Execute bubblewrap with its descriptors where the arguments say they are."""
    status = os.open("/dev/null", os.O_WRONLY)
    reading, writing = os.pipe()
    os.write(writing, b"\0")
    high = [fcntl.fcntl(fd, fcntl.F_DUPFD, 100) for fd in (bpf, status, reading)]
    for descriptor, place in zip(
        high, (walls.SECCOMP_FD, walls.STATUS_FD, walls.BLOCK_FD), strict=True
    ):
        os.dup2(descriptor, place)
    os.lseek(walls.SECCOMP_FD, 0, os.SEEK_SET)
    os.closerange(7, 256)
    os.execv(binary.find().path, ["bwrap", *words])  # noqa: S606 - no shell is the point


def test_a_terminal_cannot_be_typed_into(bench: Bench, tmp_path: Path) -> None:
    """Neither plainly nor with high bits that a careless filter overlooks (CVE-2019-10063)."""
    for place, request in (("a", "0x5412"), ("b", "0x100005412"), ("c", "0x541c")):
        (tmp_path / place).mkdir()
        assert not typed(bench, tmp_path / place, walls.ALL, request)


@pytest.mark.parametrize("left", ["session", "seccomp"])
def test_each_of_two_defences_is_enough(bench: Bench, tmp_path: Path, left: str) -> None:
    """A new session alone, or the filter alone, closes it."""
    other = {"session": "seccomp", "seccomp": "session"}[left]
    assert not typed(bench, tmp_path, Defences(**{other: False}))


def test_without_both_it_is_typed_into(bench: Bench, tmp_path: Path) -> None:
    """The control: with neither, the step types into the terminal."""
    legacy = Path("/proc/sys/dev/tty/legacy_tiocsti")
    if legacy.exists() and legacy.read_text().strip() == "0":
        pytest.skip("NO CONTROL: this kernel has switched TIOCSTI off")
    assert typed(bench, tmp_path, Defences(session=False, seccomp=False))
