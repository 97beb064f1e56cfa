"""Delivery: hands what an executor sends on to the sinks of the job it runs.

What comes in is checked as if the executor were under the step's control: kinds, UTF-8, sizes,
and that a descriptor is a regular file of the size that was said.
"""

import os
import stat
import threading
from typing import Final, Literal

from engine.sandbox import frames
from engine.sandbox.base import LogSink, OutputSink
from engine.sandbox.channel import Channel

_STREAMS: Final[dict[int, Literal["stdout", "stderr"]]] = {
    frames.STDOUT: "stdout",
    frames.STDERR: "stderr",
}


class Delivery:
    """The sinks of one job, and the way back to say that a file has been read."""

    def __init__(
        self, channel: Channel, sending: threading.Lock, logs: LogSink, outputs: OutputSink
    ) -> None:
        self._channel = channel
        self._sending = sending
        self._logs = logs
        self._outputs = outputs

    def take(self, kind: int, body: bytes) -> None:
        """Hand on one frame.

        Raises: ValueError for a frame that does not belong here; whatever a sink raises.
        """
        if kind in _STREAMS:
            self._logs(_STREAMS[kind], body)
            return
        name, path, *rest = frames.unpack(body)
        output, inside = frames.text(name), frames.text(path)
        if kind == frames.DIRECTORY:
            self._outputs.directory(output, inside)
        elif kind == frames.SYMLINK:
            self._outputs.symlink(output, inside, frames.text(rest[0]))
        elif kind == frames.FILE:
            self._outputs.file(output, inside, rest[0] == b"x", rest[1], len(rest[1]))
        elif kind == frames.DESCRIPTOR:
            self._file(output, inside, rest[0] == b"x", int(rest[1]))
        else:
            raise ValueError(f"an executor sent a frame of kind {kind}")

    def _file(self, output: str, inside: str, executable: bool, size: int) -> None:
        descriptor = self._channel.take_descriptor()
        try:
            state = os.fstat(descriptor)
            if not stat.S_ISREG(state.st_mode) or state.st_size != size:
                raise ValueError("an executor sent a descriptor of something else")
            self._outputs.file(output, inside, executable, descriptor, size)
        finally:
            os.close(descriptor)
        with self._sending:
            self._channel.send(frames.TAKEN)
