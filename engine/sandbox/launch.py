"""Launch: start bubblewrap so that nothing of the step runs before its limits are set.

bubblewrap says which process is the sandbox's first and then waits for a byte: in between, that
process gets a pidfd and its limits. Waiting for bubblewrap alone is not enough: the first
process, and with it every writer, may outlive it (security notes in docs/threats.md).
"""

import fcntl
import os
import resource
import select
import signal
import struct
import termios
from typing import Final, NamedTuple

from engine.sandbox import tracer
from engine.sandbox.frames import Order
from engine.sandbox.ground import BWRAP
from engine.sandbox.network import Network
from engine.sandbox.walls import BLOCK_FD, SECCOMP_FD, STATUS_FD

WORDLESS: Final = "bubblewrap ended without a word"
ARGUMENTS_FD: Final = 3
FIRST_FREE: Final = 10  # descriptors below are bubblewrap's; ours are above

_START_MS: Final = 10_000  # far more than bubblewrap ever needs, far less than for ever
_RESET: Final = (signal.SIGPIPE, signal.SIGXFSZ, signal.SIGINT)  # what Python ignores, a step gets
_CHILD_PID: Final = b'"child-pid": '
_GIB: Final = 1024**3
_PROCESSORS: Final = os.cpu_count() or 1


class Running(NamedTuple):
    """A step that runs: who, and where what it says comes out."""

    bwrap: int  # pid
    bwrap_end: int  # pidfd
    first: int  # pid of the sandbox's process 1, as seen from here
    first_end: int  # pidfd
    stdout: int  # read end; -1 of a step on a terminal
    stderr: int  # read end; the far side of its terminal, of a step on one
    status: int  # read end
    tracer: int = 0  # pid, of a step that has one

    def close(self) -> None:
        """Close all descriptors."""
        for descriptor in (self.bwrap_end, self.first_end, self.stdout, self.stderr, self.status):
            if descriptor >= 0:
                os.close(descriptor)
        if self.tracer:
            os.waitpid(self.tracer, 0)  # its tracees are dead

    def give_away(self) -> "Running":
        """Close the far side of the terminal, which somebody else has taken."""
        os.close(self.stderr)
        return self._replace(stderr=-1)


class _Streams(NamedTuple):
    """What a step reads and says: its side of it, and ours."""

    theirs: tuple[int, ...]  # standard input, output and error
    opened: tuple[int, ...]  # those of theirs that are to be closed here
    stdout: int
    stderr: int


class NotStarted(Exception):
    """bubblewrap ended before the step began; it said why on the step's stderr."""

    def __init__(self, running: Running) -> None:
        super().__init__(running)
        self.running = running


def explain(running: Running) -> str:
    """Return what a bubblewrap that did not start said, and clear away what is left of it."""
    signal.pidfd_send_signal(running.bwrap_end, signal.SIGKILL)
    os.waitpid(running.bwrap, 0)
    try:
        said = os.read(running.stderr, 4096)
    except OSError:  # so ends a terminal on which nothing was said
        said = b""
    running.close()
    return said.decode(errors="replace").strip() or WORDLESS


class Launcher:
    """Starts one step after the other, with the same filter, in a network of their own."""

    def __init__(self, filter_fd: int, network: Network) -> None:
        _fill_below()
        self._network = network
        self._filter = filter_fd
        self._arguments = os.memfd_create("arguments")
        self._null = os.open("/dev/null", os.O_RDWR | os.O_CLOEXEC)

    def start(self, order: Order) -> Running:
        """Start a step and set its limits.

        Raises: NotStarted; OSError.
        """
        self._network.clear(renew=order.renew)
        os.ftruncate(self._arguments, 0)
        os.pwrite(self._arguments, order.arguments, 0)
        os.lseek(self._arguments, 0, os.SEEK_SET)
        os.lseek(self._filter, 0, os.SEEK_SET)
        streams = _terminal(order.rows, order.columns) if order.rows else self._logs()
        status, block = os.pipe2(os.O_CLOEXEC), os.pipe2(os.O_CLOEXEC)
        passed = (
            *zip(streams.theirs, range(3), strict=True),
            (self._arguments, ARGUMENTS_FD),
            (self._filter, SECCOMP_FD),
            (status[1], STATUS_FD),
            (block[0], BLOCK_FD),
        )
        try:
            bwrap = os.posix_spawn(
                BWRAP,
                ("bwrap", "--args", str(ARGUMENTS_FD), "--", *order.command),
                {},  # /proc/1/environ shows a step what bubblewrap was started with
                file_actions=[(os.POSIX_SPAWN_DUP2, ours, theirs) for ours, theirs in passed],
                setsigdef=_RESET,
            )
        except OSError:
            for descriptor in (streams.stdout, streams.stderr, status[0], block[1]):
                if descriptor >= 0:
                    os.close(descriptor)
            raise
        finally:
            for descriptor in (*streams.opened, status[1], block[0]):
                os.close(descriptor)
        end = os.pidfd_open(bwrap)
        running = Running(bwrap, end, -1, -1, streams.stdout, streams.stderr, status[0])
        try:
            return self._release(running, order, block[1])
        finally:
            os.close(block[1])

    def _logs(self) -> _Streams:
        stdout, stderr = os.pipe2(os.O_CLOEXEC), os.pipe2(os.O_CLOEXEC)
        writing = (stdout[1], stderr[1])
        return _Streams((self._null, *writing), writing, stdout[0], stderr[0])

    def _release(self, running: Running, order: Order, block: int) -> Running:
        first = _first_process(running.status)
        if first is None:
            raise NotStarted(running)
        try:
            running = running._replace(first=first, first_end=os.pidfd_open(first))
            _limit(first, order)
            if order.patches or order.niceness or order.serial:
                wish = tracer.Wish(order.patches, order.niceness, order.serial)
                running = running._replace(tracer=tracer.start(first, wish))
            os.write(block, b"\0")
        except (ProcessLookupError, BrokenPipeError):
            raise NotStarted(running) from None
        except OSError:  # a bubblewrap that is let go of here would begin the step
            explain(running)
            raise
        return running


def above(descriptor: int) -> int:
    """Move a descriptor out of the way of those bubblewrap gets."""
    if descriptor >= FIRST_FREE:
        os.set_inheritable(descriptor, False)
        return descriptor
    moved = fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, FIRST_FREE)
    os.close(descriptor)
    return moved


def _fill_below() -> None:
    """Take what is free below FIRST_FREE, so that whatever is opened later lies above it."""
    while (taken := os.open("/dev/null", os.O_RDWR | os.O_CLOEXEC)) < FIRST_FREE:
        pass
    os.close(taken)


def _terminal(rows: int, columns: int) -> _Streams:
    """Make a terminal that no other process has, or can get at by name."""
    ours, theirs = os.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("4H", rows, columns, 0, 0))
    return _Streams((theirs,) * 3, (theirs,), -1, ours)


def _first_process(status: int) -> int | None:
    """Read which process is the sandbox's first; None when bubblewrap gives up before."""
    poll = select.poll()
    poll.register(status, select.POLLIN)
    said = b""
    while _CHILD_PID not in said or not said.endswith(b"\n"):
        if not poll.poll(_START_MS) or not (more := os.read(status, 4096)):
            return None
        said += more
    digits = said.split(_CHILD_PID, 1)[1]
    return int(digits[: len(digits) - len(digits.lstrip(b"0123456789"))])


def _limit(process: int, order: Order) -> None:
    seconds = order.wall_ms // 1000 + 1
    limits = (
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NPROC, order.processes + 1),  # and the sandbox's own first process
        (resource.RLIMIT_NOFILE, 1024),
        # address space is not memory (threads and arenas reserve it); this stops only what
        # could outrun the watchdog
        (resource.RLIMIT_AS, 2 * order.memory + 4 * _GIB),
        (resource.RLIMIT_FSIZE, order.disk),
        (resource.RLIMIT_CPU, seconds * _PROCESSORS),
        (resource.RLIMIT_STACK, 8 * 1024**2),
        (resource.RLIMIT_MEMLOCK, 64 * 1024),
        (resource.RLIMIT_MSGQUEUE, 0),
        (resource.RLIMIT_NICE, 0),
        (resource.RLIMIT_RTPRIO, 0),
        (resource.RLIMIT_SIGPENDING, 1024),
    )
    for which, value in limits:
        _, most = resource.prlimit(process, which)
        if most != resource.RLIM_INFINITY:
            value = min(value, most)
        resource.prlimit(process, which, (value, value))
