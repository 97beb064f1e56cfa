"""What of a step can still be found on this machine, by its command line."""

import os
import signal
import time
from pathlib import Path

PATIENCE_S = 30  # a busy machine needs a moment to end processes


def processes(*command: str) -> list[int]:
    """List the machine's processes of exactly this command line."""
    line = b"".join(word.encode() + b"\0" for word in command)
    found = []
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and (entry / "cmdline").read_bytes() == line:
                found.append(int(entry.name))
        except OSError:
            continue
    return found


def appeared(*command: str) -> list[int]:
    """Wait until such a process runs."""
    return _until(lambda: processes(*command))


def gone(*command: str) -> bool:
    """Wait until no such process is left; False when one stays."""
    return bool(_until(lambda: [] if processes(*command) else [0]))


def executor_of(process: int) -> int:
    """Return the executor above a step's process."""
    while "engine.sandbox.executor" not in Path(f"/proc/{process}/cmdline").read_text():
        process = int(Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[1])
    return process


def kill_executor_of(*command: str) -> None:
    """Wait for a step's process and kill -9 the executor above it."""
    os.kill(executor_of(appeared(*command)[0]), signal.SIGKILL)


def _until(look) -> list[int]:
    deadline = time.monotonic() + PATIENCE_S
    while not (found := look()) and time.monotonic() < deadline:
        time.sleep(0.01)
    return found
