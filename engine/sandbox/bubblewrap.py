"""Bubblewrap: the real Sandbox. The engine's side: orders out, logs and outputs in.

The process that does the work is executor.py; it is started at once and answers when it is
ready, so that several slots start at the same time.

>>> sandbox = Bubblewrap(home / "work")
>>> outcome = sandbox.run(job, logs, outputs)
"""

import contextlib
import dataclasses
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Final, cast, get_args

from engine.errors import NoSandbox, Refused, Unavailable
from engine.sandbox import binary, cgroup, frames, orders, processor, remedy, seccomp
from engine.sandbox.base import (
    Job,
    Limits,
    LogSink,
    Outcome,
    OutputSink,
    Reason,
    Size,
    Terminal,
)
from engine.sandbox.channel import Channel
from engine.sandbox.delivery import Attendance, Delivery, Receiver
from engine.sandbox.frames import Order

_BOOT: Final = (
    "import sys; sys.path.insert(0, sys.argv.pop(1)); "
    "from engine.sandbox.executor import main; main()"
)
_PACKAGES: Final = str(Path(__file__).parents[2])  # where `engine` is imported from


class Bubblewrap:
    """One slot: a warm executor, and the steps it runs one after the other."""

    def __init__(self, work: Path, without: frozenset[str] = frozenset()) -> None:
        """Start the executor; `work` is all of this machine it will see.

        `without`: system calls that steps are to find missing, too (seccomp.py).

        Raises: NoSandbox when this machine has no bubblewrap, no libseccomp or an old processor.
        """
        level = processor.cpu_level()
        if level < processor.NEEDED:
            raise NoSandbox(
                f"this processor is x86-64-v{level}; steps need x86-64-v{processor.NEEDED}",
                fix="run it on a machine with AVX2 and FMA (about 2015 or newer)",
            )
        self._work = work.resolve()
        self._without = without
        self._binary = binary.find()
        self._cgroup = cgroup.open_cgroup()
        kept_by = "cgroup" if self._cgroup else "watchdog"
        self.tier = f"bwrap {self._binary.version} seccomp {kept_by}"
        self._sending = threading.Lock()
        self._number = 0
        self._running = False
        self._is_others = False  # whose jobs there were before the next
        self._channel: Channel | None = self._start()

    def run(self, job: Job, logs: LogSink, outputs: OutputSink | None) -> Outcome:
        """Run a job to its end; outputs are given to the sink only when it exited 0.

        Raises: NoSandbox, Unavailable when this machine cannot run it; Refused when its command
        is too long; whatever a sink raises, after the job has been ended.
        """
        order = self._order(job)
        if outputs is None:
            order = order._replace(outputs=())
        return self._perform(job, order, lambda to: Delivery(to, self._sending, logs, outputs))

    def interact(self, job: Job, terminal: Terminal) -> Outcome:
        """Run a job on a terminal of its own, which somebody sits at; it gives no outputs.

        Raises: as `run` does; whatever the terminal raises, after the job has been ended.
        """
        order = self._order(job, terminal.size)._replace(outputs=())
        try:
            return self._perform(job, order, lambda to: Attendance(to, terminal))
        finally:
            terminal.close()

    def _order(self, job: Job, terminal: Size | None = None) -> Order:
        self._number += 1
        order = orders.order(job, self._work, self._number, terminal)._replace(
            renew=self._is_others
        )
        self._is_others = False  # it is sent, or the executor is let go
        return order

    def _perform(self, job: Job, order: Order, receiver: Callable[[Channel], Receiver]) -> Outcome:
        try:
            kills = self._limit(job.limits)
            channel = self._send_order(_packed(order))
            return self._judge(self._listen(channel, receiver(channel)), kills)
        except EOFError:
            self._drop()
            raise Unavailable(
                "the sandbox's executor ended unexpectedly", fix="run it again"
            ) from None
        except frames.Nonsense as error:
            self._drop()
            raise Unavailable(
                f"the sandbox's executor said what it never says: {error}",
                fix="run it again; if it happens twice, report it",
            ) from error
        except BaseException:  # an interruption too: no step outlives who waits for it
            self._drop()  # the next job gets a new executor
            raise
        finally:
            self._running = False

    def renew(self) -> None:
        """Let the next job have a network in which nobody was."""
        self._is_others = True

    def cancel(self) -> None:
        """End the job that is running, from any thread; `run` then returns "cancelled"."""
        with self._sending, contextlib.suppress(EOFError):
            if self._running and self._channel:
                self._channel.send(frames.CANCEL, str(self._number).encode())

    def close(self) -> None:
        """Give everything back; no process is left."""
        self._drop()
        if self._cgroup:
            self._cgroup.remove()

    def _limit(self, limits: Limits) -> int:
        """Set the cgroup's limits; return how often it has killed so far."""
        if self._cgroup is None:
            return 0
        self._cgroup.limit(limits.memory, limits.processes)
        return self._cgroup.kills()

    def _judge(self, outcome: Outcome, kills: int) -> Outcome:
        """Say "memory" of a step that failed because the kernel ended one of its processes."""
        if self._cgroup is None or not outcome.exit_code or outcome.reason:
            return outcome
        killed = self._cgroup.kills() > kills
        return dataclasses.replace(outcome, reason="memory") if killed else outcome

    def _send_order(self, body: bytes) -> Channel:
        with self._sending:
            channel = self._channel = self._channel or self._start()
            self._running = True
            channel.send(frames.ORDER, body)
        return channel

    def _listen(self, channel: Channel, receiver: Receiver) -> Outcome:
        while True:
            receiver.wait()
            kind, body = channel.receive()
            if kind == frames.DONE:
                return _outcome(frames.unpack_ending(body))
            if kind == frames.UNAVAILABLE:
                why = body.decode(errors="replace")
                raise NoSandbox(why, fix=remedy.advise(why))
            if kind == frames.READY:
                self._starter.wait()  # it went on in a child and has ended itself
            else:
                receiver.take(kind, body)

    def _start(self) -> Channel:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        filter_fd = os.memfd_create("filter")
        try:
            self._starter = subprocess.Popen(
                [
                    *(sys.executable, "-I", "-S", "-B", "-c", _BOOT, _PACKAGES),
                    *(str(theirs.fileno()), str(filter_fd), str(self._work)),
                    *(str(self._binary.path), str(self._binary.libraries or "")),
                ],
                pass_fds=(theirs.fileno(), filter_fd),
                stdin=subprocess.DEVNULL,
                start_new_session=True,  # a terminal's Ctrl-C is the engine's to judge
            )
            with contextlib.ExitStack() as unfit:  # the executor ends when its socket does
                unfit.callback(self._starter.wait)
                unfit.callback(ours.close)
                unfit.callback(theirs.close)
                os.write(filter_fd, seccomp.program(self._without))  # while the executor starts
                unfit.pop_all()
        finally:
            os.close(filter_fd)
            theirs.close()
        if self._cgroup:
            self._cgroup.adopt(self._starter.pid)
        channel = Channel(ours)
        with contextlib.suppress(EOFError):  # who reads from it will learn of the end
            channel.send(frames.START)
        return channel

    def _drop(self) -> None:
        """Let the executor see the end of its socket: it ends its step, then itself."""
        with self._sending:
            channel, self._channel = self._channel, None
            if channel:
                channel.hang_up()
                channel.close()
                self._starter.wait()


def _packed(order: Order) -> bytes:
    body = frames.pack_order(order)
    if len(body) > frames.FRAME_MAX:
        raise Refused(
            f"the step's script and the names of its outputs have over {frames.FRAME_MAX} bytes",
            fix="read long lists from a file, {inputs.NAME.list}; give outputs as directories",
        )
    return body


def _outcome(ending: frames.Ending) -> Outcome:
    if ending.reason not in get_args(Reason):
        raise frames.Nonsense(f"the reason {ending.reason[:40]!r}")
    return Outcome(
        exit_code=ending.exit_code,
        reason=cast("Reason", ending.reason),
        detail=ending.detail,
        wall_ms=ending.wall_ms,
        processor_ms=ending.processor_ms,
        peak_memory=ending.peak_memory,
        truncated=ending.truncated,
    )
