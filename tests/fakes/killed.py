"""A process that is killed with -9 at a named moment of engine/durable.py, by itself."""

import signal
import subprocess
import sys
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
_BOOT: Final = """
import os, signal, sys
from engine.durable import EVENT
point, hit, code = sys.argv[1], int(sys.argv[2]), sys.argv[3]
def hook(event, args):
    global hit
    if event == EVENT and args[0] == point:
        hit -= 1
        if not hit:
            os.kill(os.getpid(), signal.SIGKILL)
sys.addaudithook(hook)
exec(code)
"""


def killed_at(point: str, code: str, *, hit: int = 1) -> None:
    """Run some Python until a moment comes for the n-th time, which it must."""
    command = [sys.executable, "-c", _BOOT, point, str(hit), code]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == -signal.SIGKILL, f"not killed at {point}: {done}"
