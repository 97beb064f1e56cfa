"""Who a step is on the machine when the engine is root, or something that looks like it."""

import dataclasses
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from engine.sandbox import binary, ground
from engine.sandbox.bubblewrap import Bubblewrap
from tests.engine.sandbox.bench import Bench, Kept, run
from tests.engine.sandbox.leftovers import appeared

pytestmark = pytest.mark.sandbox
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="NO TEST of stepping down: needs root")

# A process in a user namespace that maps what it is told; it then builds an empty sandbox.
CONTAINER = """
import ctypes, os, sys
from pathlib import Path
asking, asked = os.pipe(); waiting, mapped = os.pipe()
child = os.fork()
if child:
    os.read(asking, 1)
    for kind in ("uid", "gid"): Path(f"/proc/{child}/{kind}_map").write_text(sys.argv[2])
    os.write(mapped, b"x"); os.waitpid(child, 0); sys.exit()
ctypes.CDLL(None).unshare(0x10000000); os.write(asked, b"x"); os.read(waiting, 1)
os.setgid(0); os.setuid(0)
from engine.errors import Unavailable
from engine.sandbox.bubblewrap import Bubblewrap
from engine.sandbox.probe import _nothing
slot = Bubblewrap(Path(sys.argv[1]))
try: print(slot.run(_nothing(Path(sys.argv[1])), lambda *_: None, None).exit_code)
except Unavailable as error: print(error.what)
slot.close()
"""


def in_container(bench: Bench, uids: str) -> str:
    """Build a sandbox as root of a user namespace with some uids."""
    command = [sys.executable, "-c", CONTAINER, bench.work, uids]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout


def test_no_process_of_a_step_is_root_on_the_host(
    sandbox: Bubblewrap, bench: Bench, kept: Kept
) -> None:
    """The uid seen from outside is an unprivileged one, whoever started the engine."""
    seconds = f"7{os.getpid()}"
    thread = threading.Thread(target=lambda: run(sandbox, bench.job("sleep", seconds), kept))
    thread.start()
    owners = {Path(f"/proc/{process}").stat().st_uid for process in appeared("sleep", seconds)}
    sandbox.cancel()
    thread.join()
    assert owners
    assert 0 not in owners
    if os.geteuid() == 0 and Path("/proc/self/uid_map").read_text().split()[2] == "4294967295":
        assert all(0x7A00_0000 <= owner <= 0x7A3F_FFFF for owner in owners)


@as_root
def test_who_it_becomes_need_not_read_anything(
    bench: Bench, tmp_path: Path, kept: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Home, bubblewrap and the code may be readable by root alone."""
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    bwrap = closed / "bwrap"
    found = binary.find()
    bwrap.write_bytes(found.path.read_bytes())
    bwrap.chmod(0o700)
    packages = Path(binary.__file__).parents[2]
    subprocess.run(["cp", "-r", packages / "engine", closed], check=True)
    subprocess.run(["cp", "-al", bench.work, closed / "work"], check=True)
    subprocess.run(["chmod", "-R", "go-rwx", closed / "engine"], check=True)
    monkeypatch.setattr(binary, "find", lambda: dataclasses.replace(found, path=bwrap))
    monkeypatch.setattr("engine.sandbox.bubblewrap._PACKAGES", str(closed))
    moved = Bench(closed / "work", bench.environment)
    slot = Bubblewrap(moved.work)
    try:
        outcome = run(slot, moved.job(script="echo ok"), kept)
    finally:
        slot.close()
    assert (outcome.exit_code, kept.stdout) == (0, b"ok\n")


@as_root
def test_a_container_of_few_uids_is_enough(bench: Bench) -> None:
    """Where the uids nobody has are not mapped, the last ones of the container serve."""
    assert in_container(bench, "0 0 65536") == "127\n"


@as_root
def test_root_that_cannot_step_down_runs_nothing(bench: Bench) -> None:
    """A user namespace that maps only the real root leaves nobody to become."""
    assert "too few uids" in in_container(bench, "0 0 1")


@pytest.mark.parametrize(
    ("ranges", "user"),
    [
        ([(0, 1000, 1)], True),
        ([(0, 0, 1)], False),
        ([(0, 0, 4294967295)], False),
        ([(0, 100000, 65536)], False),
        ([(0, 1000, 1), (1, 100000, 65536)], False),
    ],
)
def test_root_in_name_only_is_the_user_it_is(
    ranges: list[tuple[int, int, int]], user: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`unshare -r` by an ordinary user has no privileges to give up; any other root has."""
    monkeypatch.setattr(ground, "_uid_ranges", lambda: ranges)
    assert ground._root_is_a_user() is user
