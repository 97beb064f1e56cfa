"""What a process has given up it cannot have again."""

import ctypes
import subprocess
import sys
from pathlib import Path

import pytest

LANDLOCK = max(0, ctypes.CDLL(None).syscall(444, None, 0, 1))  # the version that this kernel has

TRY = """
import os, socket, subprocess, sys
from pathlib import Path
from peers.landlock import read_only
key, allowed = map(Path, sys.argv[1:])
print(read_only([allowed, Path("/no/such/place"), Path("/etc")]))
def attempt(what):
    try: what()
    except PermissionError: return "no"
    return "yes"
print(attempt(key.read_bytes), attempt(lambda: os.listdir(key.parent)))
print(attempt(lambda: (allowed / "new").write_text("x")))
print(attempt(lambda: subprocess.run(["/bin/true"])))
print(attempt(lambda: Path(f"/proc/{os.getppid()}/environ").read_bytes()))
print(attempt((allowed / "file").read_bytes), attempt(Path("/etc/hosts").read_bytes))
pair = socket.create_server(("127.0.0.1", 0))
print(attempt(lambda: socket.socket().connect(pair.getsockname())))
"""


@pytest.mark.skipif(not LANDLOCK, reason="NOT TESTED: this kernel has no Landlock")
def test_a_process_that_gave_up_its_files(tmp_path: Path) -> None:
    """It reads what was left to it, and no key; it writes nothing, runs nothing, sees nobody."""
    key, allowed = tmp_path / "home" / "key", tmp_path / "allowed"
    for one in (key, allowed / "file"):
        one.parent.mkdir()
        one.write_text("secret")
    words = [sys.executable, "-c", TRY, str(key), str(allowed)]
    said = subprocess.run(words, capture_output=True, text=True, check=True).stdout.split()
    assert said == [str(LANDLOCK), "no", "no", "no", "no", "no", "yes", "yes", "yes"]


def test_a_kernel_without(monkeypatch: pytest.MonkeyPatch) -> None:
    """Says so, and nothing is taken."""
    from peers import landlock

    monkeypatch.setattr(landlock, "_CREATE", 9_999)
    assert landlock.read_only([]) == 0
