"""Delivery: hands what an executor sends on to the sinks, or the terminal, of the job it runs.

What comes in is checked as if the executor were under the step's control: kinds, UTF-8, sizes,
and that a descriptor is a regular file of the size that was said.
"""

import os
import stat
import threading
from typing import Final, Literal, Protocol

from engine.sandbox import frames
from engine.sandbox.base import LogSink, OutputSink, Terminal
from engine.sandbox.channel import Channel

_STREAMS: Final[dict[int, Literal["stdout", "stderr"]]] = {
    frames.STDOUT: "stdout",
    frames.STDERR: "stderr",
}


class Receiver(Protocol):
    """Whoever the frames of a job are for."""

    def wait(self) -> None:
        """Do what there is to do until the next frame comes."""
        ...

    def take(self, kind: int, body: bytes) -> None:
        """Take one frame.

        Raises: Nonsense for a frame that does not belong here; whatever takes its content raises.
        """
        ...


_DIGITS: Final = 19  # of a size in bytes: Python reads no number of thousands
_FIELDS: Final = {frames.DIRECTORY: 2, frames.SYMLINK: 3, frames.FILE: 4, frames.DESCRIPTOR: 4}


class Attendance:
    """A terminal that somebody sits at, while a job runs on it."""

    def __init__(self, channel: Channel, terminal: Terminal) -> None:
        self._channel = channel
        self._terminal = terminal
        self._attached = False

    def wait(self) -> None:
        """Carry bytes between the person and the job until the next frame comes."""
        if self._attached and not self._channel.pending():
            self._terminal.serve(self._channel.fileno())

    def take(self, kind: int, body: bytes) -> None:
        """Take the job's terminal: nothing else comes."""
        if kind != frames.TERMINAL or self._attached:
            raise frames.Nonsense(f"an executor sent a frame of kind {kind} to a terminal")
        descriptor = self._channel.take_descriptor()
        if not os.isatty(descriptor):
            os.close(descriptor)
            raise frames.Nonsense("an executor sent something else as a terminal")
        self._attached = True
        self._terminal.attach(descriptor)


class Delivery:
    """The sinks of one job, and the way back to say that a file has been read."""

    def __init__(
        self, channel: Channel, sending: threading.Lock, logs: LogSink, outputs: OutputSink | None
    ) -> None:
        self._channel = channel
        self._sending = sending
        self._logs = logs
        self._outputs = outputs

    def wait(self) -> None:
        """Do nothing: there is nothing else to do."""

    def take(self, kind: int, body: bytes) -> None:
        """Hand on one frame.

        Raises: Nonsense for a frame that does not belong here; whatever a sink raises.
        """
        if kind in _STREAMS:
            self._logs(_STREAMS[kind], body)
        elif self._outputs is not None:
            self._output(self._outputs, kind, body)
        else:
            raise frames.Nonsense(
                f"an executor sent a frame of kind {kind}, and no output was wanted"
            )

    def _output(self, outputs: OutputSink, kind: int, body: bytes) -> None:
        fields = frames.unpack(body)
        if len(fields) != _FIELDS.get(kind):
            raise frames.Nonsense(f"a frame of kind {kind} with {len(fields)} fields")
        output, inside = frames.text(fields[0]), frames.text(fields[1])
        if kind == frames.DIRECTORY:
            outputs.directory(output, inside)
        elif kind == frames.SYMLINK:
            outputs.symlink(output, inside, frames.text(fields[2]))
        elif kind == frames.FILE:
            outputs.file(output, inside, fields[2] == b"x", fields[3], len(fields[3]))
        else:
            self._file(outputs, output, inside, fields[2] == b"x", _number(fields[3]))

    def _file(
        self, outputs: OutputSink, output: str, inside: str, executable: bool, size: int
    ) -> None:
        descriptor = self._channel.take_descriptor()
        try:
            state = os.fstat(descriptor)
            if not stat.S_ISREG(state.st_mode) or state.st_size != size:
                raise frames.Nonsense("an executor sent a descriptor of something else")
            outputs.file(output, inside, executable, descriptor, size)
        finally:
            os.close(descriptor)
        with self._sending:
            self._channel.send(frames.TAKEN)


def _number(field: bytes) -> int:
    if not field.isdigit() or len(field) > _DIGITS:
        raise frames.Nonsense("no number where there should be one")
    return int(field)
