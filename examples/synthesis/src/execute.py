"""Run candidates that nobody has read: execute.py CANDIDATES ARGUMENTS ANSWERS

CANDIDATES has texts by the number of their problem, ARGUMENTS the lists that each is called with.
ANSWERS has for each problem and each different text what came of it: a JSON array of answers, or why
there is none. What was expected is in no file here: no candidate can know it.

Each text runs in a process of its own, which may use SECONDS of processor time, MEMORY bytes, and
LINES lines of its own program; then it is stopped. That keeps honest mistakes, such as a loop without
an end, from being in the way. It is no wall: Python that means harm gets around `exec` with few names.
What such a text then finds is the sandbox of this step: no network, no files but these inputs.
"""

import json
import os
import resource
import select
import signal
import sys
import time
from pathlib import Path

SECONDS, MEMORY, LINES = 1, 96 << 20, 2000
PATIENCE = 20  # seconds by the clock, for what sleeps
ROOM = 1 << 14  # bytes of an answer
ALLOWED = (abs, dict, len, list, max, min, reversed, sorted, sum)
WHY = STOPPED, RAISED, NO_PYTHON = "stopped", "raised an exception", "no Python"


class TooLong(BaseException):
    """A program has run too many lines; no `except Exception` catches it."""


def counted(most: int):
    """Return a function for `sys.settrace` that raises TooLong after so many lines."""
    left = most

    def trace(frame, event, argument):
        nonlocal left
        left -= 1
        if left < 0:
            raise TooLong
        return trace

    return trace


def call(text: str, arguments: list[list[int]]) -> str:
    """Return what a program answers, in this process."""
    try:
        code = compile(text, "candidate", "exec")
    except (SyntaxError, ValueError):
        return NO_PYTHON
    names: dict = {"__builtins__": {one.__name__: one for one in ALLOWED}}
    try:
        sys.settrace(counted(LINES))
        exec(code, names)
        answers = [names["f"](list(one)) for one in arguments]
        sys.settrace(None)
        said = json.dumps(answers)
    except (TooLong, MemoryError):
        return STOPPED
    except BaseException:
        return RAISED
    return said if len(said) < ROOM else STOPPED


def confine() -> None:
    """Bound what this process may use from here on."""
    os.setsid()
    for what, most in (
        (resource.RLIMIT_CPU, SECONDS),
        (resource.RLIMIT_AS, MEMORY),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(what, (most, most))


def listen(pipe: int) -> bytes:
    """Return what comes out of a pipe until it is closed, if that is before PATIENCE is over."""
    heard, over = b"", time.monotonic() + PATIENCE
    while len(heard) < ROOM and select.select([pipe], [], [], max(0, over - time.monotonic()))[0]:
        part = os.read(pipe, ROOM)
        if not part:
            return heard
        heard += part
    return b""


def outcome(text: str, arguments: list[list[int]]) -> str:
    """Return what a program answers in a process of its own, or why it does not."""
    ours, its = os.pipe()
    child = os.fork()
    if not child:
        try:
            confine()
            os.write(its, call(text, arguments).encode())
        finally:
            os._exit(0)
    os.close(its)
    said = listen(ours)
    os.close(ours)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return said.decode(errors="replace") or STOPPED


def main(candidates: str, arguments: str, answers: str) -> None:
    """Run all CANDIDATES, each different one once."""
    given, found = json.loads(Path(arguments).read_text()), {}
    for at, texts in json.loads(Path(candidates).read_text()).items():
        found[at] = {text: outcome(text, given[int(at)]) for text in dict.fromkeys(texts)}
    Path(answers).write_text(json.dumps(found, indent=1, sort_keys=True) + "\n")
    every = [one for each in found.values() for one in each.values()]
    print(f"{len(every)} different programs:", *(f"{every.count(one)} {one}," for one in WHY))


if __name__ == "__main__":
    main(*sys.argv[1:])
