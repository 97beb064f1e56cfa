"""Guard: watches one running step to its end, from a single thread.

One poll loop serves the engine (cancel, or its end), the step's two logs, its processes and the
clock. A log over its cap is read and dropped, so that the step neither fills memory nor stalls;
when the engine is slow to take logs, the step waits, not the guard.
"""

import contextlib
import os
import resource
import select
import signal
import time
from typing import Final, NamedTuple

from engine.sandbox import frames
from engine.sandbox.channel import Channel
from engine.sandbox.frames import Order
from engine.sandbox.launch import Running
from engine.sandbox.watchdog import Watchdog

_SAMPLE_MS: Final = 50  # between two looks at memory; at 2 GB/s a step touches 100 MB in that time
_CLOSE_MS: Final = 10  # the same from half the limit on
_CHUNK: Final = 64 * 1024  # bytes: what a pipe holds
_FILE_TOO_BIG: Final = 128 + signal.SIGXFSZ


class Watched(NamedTuple):
    """How a step ended, before its outputs are looked at."""

    exit_code: int
    reason: str
    wall_ms: int
    processor_ms: int
    peak_memory: int  # bytes
    truncated: bool
    finished: bool  # the command was really started
    said: bytes  # the first bytes of stderr, where bubblewrap says what it could not do


class Guard:
    """The state of watching one step."""

    def __init__(self, channel: Channel, watchdog: Watchdog, order: Order, run: Running) -> None:
        self._channel = channel
        self._watchdog = watchdog
        self._order = order
        self._run = run
        logs = {run.stdout: frames.STDOUT, run.stderr: frames.STDERR}
        self._kinds = {log: kind for log, kind in logs.items() if log >= 0}
        self._room = dict.fromkeys(self._kinds, order.log)  # bytes a log may still take
        self._began = time.monotonic()
        self._next_sample = _SAMPLE_MS  # a step shorter than this is never sampled
        self._peak = 0
        self._reason = ""
        self._full = False
        self._truncated = False
        self._paused = False
        self._said = b""
        self._poll = select.poll()

    def watch(self) -> Watched:
        """Wait for the step's end, ending it when it goes over a limit.

        Raises: EOFError when the engine is gone.
        """
        for descriptor in (self._channel.fileno(), self._run.bwrap_end, *self._kinds):
            self._poll.register(descriptor, select.POLLIN)
        try:
            self._obey_pending()
            while not self._turn():
                pass
        except EOFError:
            self._bury()
            raise
        wall_ms = self._elapsed_ms()
        exit_code, usage = self._bury()
        for descriptor in list(self._room):
            while self._read_log(descriptor):
                pass
        return Watched(
            exit_code=exit_code,
            reason=self._reason or self._disk(exit_code),
            wall_ms=wall_ms,
            processor_ms=int((usage.ru_utime + usage.ru_stime) * 1000),
            peak_memory=max(self._peak, usage.ru_maxrss * 1024, self._watchdog.scratch_bytes()),
            truncated=self._truncated,
            finished=b'"exit-code"' in os.read(self._run.status, 4096),
            said=self._said,
        )

    def _bury(self) -> tuple[int, resource.struct_rusage]:
        """Wait until every process of the sandbox is dead; return the exit code and their use.

        The kernel ends a pid namespace's other processes before its first one counts as dead. That
        one is our child once bubblewrap, the monitor, is gone, unless bubblewrap has reaped it.
        """
        self._kill()
        _, status, usage = os.wait4(self._run.bwrap, 0)
        with contextlib.suppress(ChildProcessError):
            usage = os.wait4(self._run.first, 0)[2]
        code = os.waitstatus_to_exitcode(status)
        return (code if code >= 0 else 128 - code), usage

    def _disk(self, exit_code: int) -> str:
        """Return "disk" for a step that failed where there was no room left."""
        full = self._full or self._watchdog.scratch_full() or exit_code == _FILE_TOO_BIG
        return "disk" if exit_code and full else ""

    def _turn(self) -> bool:
        """Wait for one thing to happen; say whether the step has ended."""
        events = self._poll.poll(self._until_next_ms())
        ended = False
        for descriptor, event in events:
            if descriptor == self._run.bwrap_end:
                ended = True
            elif descriptor == self._channel.fileno():
                self._hear(event)
            else:
                self._pass_on(descriptor)
        self._check()
        return ended

    def _hear(self, event: int) -> None:
        if event & select.POLLOUT:
            self._resume()
        if event & ~select.POLLOUT:
            self._obey(*self._channel.receive())
            self._obey_pending()

    def _obey_pending(self) -> None:
        """Serve what came along with an earlier frame: no poll will tell of it."""
        while self._channel.pending():
            self._obey(*self._channel.receive())

    def _obey(self, kind: int, body: bytes) -> None:
        if kind == frames.CANCEL and int(body) == self._order.number:
            self._end("cancelled")

    def _pass_on(self, descriptor: int) -> None:
        if self._paused:
            return
        if not _writable(self._channel.fileno()):
            self._pause()
        elif not self._read_log(descriptor):
            self._poll.unregister(descriptor)
            del self._room[descriptor]

    def _pause(self) -> None:
        """Leave the logs in their pipes until the engine takes them again."""
        self._paused = True
        self._poll.modify(self._channel.fileno(), select.POLLIN | select.POLLOUT)
        for log in self._room:
            self._poll.unregister(log)

    def _resume(self) -> None:
        self._paused = False
        self._poll.modify(self._channel.fileno(), select.POLLIN)
        for log in self._room:
            self._poll.register(log, select.POLLIN)

    def _read_log(self, descriptor: int) -> bool:
        """Read a chunk of a log and send what its cap allows; False at its end."""
        data = os.read(descriptor, _CHUNK)
        kept = data[: self._room[descriptor]]
        self._room[descriptor] -= len(kept)
        self._truncated = self._truncated or len(kept) < len(data)
        if kept:
            self._channel.send(self._kinds[descriptor], kept)
            if descriptor == self._run.stderr and len(self._said) < _CHUNK:
                self._said += kept
        return bool(data)

    def _check(self) -> None:
        elapsed = self._elapsed_ms()
        if elapsed >= self._order.wall_ms:
            self._end("timeout")
        if elapsed >= self._next_sample:
            memory = self._watchdog.memory(self._order.memory)
            self._peak = max(self._peak, memory)
            self._full = self._full or self._watchdog.scratch_full()
            close = memory > self._order.memory // 2
            self._next_sample = self._elapsed_ms() + (_CLOSE_MS if close else _SAMPLE_MS)
            if memory > self._order.memory:
                self._end("memory")

    def _until_next_ms(self) -> int:
        return max(0, min(self._next_sample, self._order.wall_ms) - self._elapsed_ms())

    def _elapsed_ms(self) -> int:
        return int((time.monotonic() - self._began) * 1000)

    def _end(self, reason: str) -> None:
        self._reason = self._reason or reason
        self._kill()

    def _kill(self) -> None:
        """End the sandbox's first process, and with it every other one."""
        with contextlib.suppress(ProcessLookupError):
            signal.pidfd_send_signal(self._run.first_end, signal.SIGKILL)


def _writable(descriptor: int) -> bool:
    poll = select.poll()
    poll.register(descriptor, select.POLLOUT)
    return bool(poll.poll(0))
