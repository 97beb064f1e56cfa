"""Tracer: sets the clock of every program that a step executes, and who of its threads goes first.

It is a child of the executor that has the step's processes as tracees from before the first of
them runs. It writes over functions of the vDSO, makes threads and processes nice, and ends with
the last of them.
"""

import contextlib
import ctypes
import os
import signal
import time
from typing import Final, NamedTuple

from engine.sandbox import vdso

_SEIZE, _CONT, _LISTEN = 0x4206, 7, 0x4208
_FORK, _VFORK, _CLONE, _EXEC, _EXIT_KILL = 2, 4, 8, 0x10, 0x10_0000
_EVENT_EXEC, _EVENT_STOP = 4, 128
_EVENTS_MAKING: Final = (1, 3)  # of fork and clone; who calls vfork waits anyway
_QUIET_S: Final = 0.02  # nobody runs for so long: they wait for what one that waits holds
_MOST_S: Final = 1.0  # that one waits in any case
_POLL_S: Final = 0.001
_GET_MESSAGE: Final = 0x4201
_WALL: Final = 0x4000_0000
_STOPS: Final = (signal.SIGSTOP, signal.SIGTSTP, signal.SIGTTIN, signal.SIGTTOU)

_libc = ctypes.CDLL(None, use_errno=True)
_libc.ptrace.restype = ctypes.c_long
_libc.ptrace.argtypes = (ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p)


class Wish(NamedTuple):
    """What is wanted of a step's processes."""

    patches: tuple[tuple[str, bytes], ...]  # (function of the vDSO, code)
    niceness: tuple[int, ...] = ()  # of each that begins, by number, over and over
    serial: bool = False  # what makes one waits for its end, up to a bound


def start(first: int, wish: Wish) -> int:
    """Trace a process and all that come of it; return the tracer's pid, to be waited for.

    Raises: OSError when that cannot be.
    """
    code = _code(wish.patches)
    ready, tell = os.pipe()
    tracer = os.fork()
    if not tracer:
        _become_tracer(first, _Tracees(code, wish), tell)
    os.close(tell)
    try:
        said = os.read(ready, 1)
    finally:
        os.close(ready)
    if not said:
        os.waitpid(tracer, 0)
        raise OSError("a step cannot be traced here, so that its clock cannot be set")
    return tracer


def _code(patches: tuple[tuple[str, bytes], ...]) -> list[tuple[int, bytes]]:
    """Return what is written where in the vDSO; functions that this kernel has not are left out."""
    with open("/proc/self/auxv", "rb") as file:
        base = vdso.base(file.read())
    if not base:
        return []
    with open("/proc/self/maps") as maps:
        line = next(line for line in maps if line.endswith("[vdso]\n"))
    end = int(line.split()[0].split("-")[1], 16)
    image = ctypes.string_at(base, end - base)
    known = vdso.functions(image)
    found = [(known[name], code) for name, code in patches if name in known]
    if any(len(code) > function.size for function, code in found):
        raise OSError("the kernel's own functions are smaller than what sets the clock")
    return [(function.offset, code) for function, code in found]


def _become_tracer(first: int, tracees: "_Tracees", tell: int) -> None:
    """Go on as the tracer, and end with it."""
    try:
        _ptrace(_SEIZE, first, _FORK | _VFORK | _CLONE | _EXEC | _EXIT_KILL)
        os.write(tell, b"\0")
        os.close(tell)
        tracees.serve()
    finally:
        os._exit(0)


class _Tracees:
    """The processes and threads of a step."""

    def __init__(self, code: list[tuple[int, bytes]], wish: Wish) -> None:
        self._code = code
        self._wish = wish
        self._known: set[int] = set()
        self._alive: set[int] = set()
        self._waiting: dict[int, tuple[int, float]] = {}  # who waits -> for whom, since when
        self._quiet_since = 0.0

    def serve(self) -> None:
        """Let each go on that stops, until there is none."""
        while True:
            try:
                process, status = os.waitpid(-1, _WALL | (os.WNOHANG if self._waiting else 0))
            except ChildProcessError:
                return
            if not process:
                self._look()
                time.sleep(_POLL_S)
                continue
            self._quiet_since = time.monotonic()
            if os.WIFSTOPPED(status):
                with contextlib.suppress(ProcessLookupError):  # it was killed meanwhile
                    self._go_on(process, status)
            else:
                self._bury(process)

    def _bury(self, ended: int) -> None:
        """Let those go on who waited for one that has ended."""
        self._alive.discard(ended)
        self._waiting.pop(ended, None)
        for process, (other, _) in list(self._waiting.items()):
            if other == ended:
                self._release(process)

    def _look(self) -> None:
        """Let the last that waits go on when nobody else does anything, or it waited long."""
        now = time.monotonic()
        awaited = {other for other, _ in self._waiting.values()}
        if any(_runs(one) for one in (self._alive | awaited) - self._waiting.keys()):
            self._quiet_since = now
        for process, (_, since) in list(self._waiting.items()):
            if now > since + _MOST_S:
                self._release(process)
        if self._waiting and now > self._quiet_since + _QUIET_S:
            self._release(next(reversed(self._waiting)))
            self._quiet_since = now

    def _release(self, process: int) -> None:
        del self._waiting[process]
        with contextlib.suppress(ProcessLookupError):
            _ptrace(_CONT, process, 0)

    def _go_on(self, process: int, status: int) -> None:
        """Let one go on; before what it executes begins, write to its memory."""
        event, number = status >> 16, os.WSTOPSIG(status)
        if event == _EVENT_EXEC:
            _write(process, self._code)
        if event == _EVENT_STOP and process not in self._known:
            self._begin(process)
        if event == _EVENT_STOP and number in _STOPS:
            _ptrace(_LISTEN, process, 0)
        elif event in _EVENTS_MAKING and self._wish.serial and self._known:
            self._hold(process, _made_by(process))
        else:
            _ptrace(_CONT, process, 0 if event else number)

    def _hold(self, process: int, other: int) -> None:
        """Let one wait until what it has just made ends, if it has not."""
        self._waiting[process] = (other, time.monotonic())
        if other in self._known and other not in self._alive:
            self._release(process)

    def _begin(self, process: int) -> None:
        """Make one nice that begins; the first is what the step's command runs in."""
        at = len(self._known) - 1
        self._known.add(process)
        self._alive.add(process)
        niceness = self._wish.niceness
        if niceness and at >= 0:
            with contextlib.suppress(OSError):  # what made it is nicer, and nobody gets better
                os.setpriority(os.PRIO_PROCESS, process, niceness[at % len(niceness)])


def _write(process: int, code: list[tuple[int, bytes]]) -> None:
    with open(f"/proc/{process}/auxv", "rb") as file:
        base = vdso.base(file.read())
    if base:
        with open(f"/proc/{process}/mem", "r+b", buffering=0) as memory:
            for offset, what in code:
                memory.seek(base + offset)
                memory.write(what)


def _ptrace(request: int, process: int, data: int) -> None:
    if _libc.ptrace(request, process, None, data) < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def _made_by(process: int) -> int:
    """Return which one a process that stopped has just made."""
    made = ctypes.c_ulong()
    if _libc.ptrace(_GET_MESSAGE, process, None, ctypes.addressof(made)) < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return made.value


def _runs(process: int) -> bool:
    """Return whether one runs, or is about to: it may be in a stop that is not yet told of."""
    try:
        with open(f"/proc/{process}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] in ("R", "D", "t")
    except (OSError, IndexError):
        return False
