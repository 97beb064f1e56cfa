"""The network process: has the sockets of a peer, and none of its secrets but the transport's.

What strangers send is parsed here, in C, before anything is known of them; so it is done under
limits, and away from the identity key and the store. It does what it is told over two pipes, one
for each channel: control is never behind blocks. It ends when the node does.
"""

import os
import resource
import select
import socket
import sys
import time
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from peers import network_messages as messages
from peers.connection import Arrival, Arrived, Channel, Connected, Connection, Ended, Left
from peers.errors import LocalFault
from peers.landlock import read_only
from peers.network_frames import Frame, Kind
from peers.pipe import Lot, Pipe
from peers.shared import Shared
from peers.transport import Transport

MEMORY: Final = 512 * 2**20  # bytes of address space
FILES: Final = 4_096
ALIVE_MS: Final = 1_000  # after which it says again that it is there

_SYSTEM: Final = ("/etc", "/lib", "/lib64", "/usr", "/nix/store", "/run/systemd/resolve")
_PLENTY: Final = MEMORY // 8  # bytes in use, from which on it is asked who fills them
_IDLE_MS: Final = 50  # between two looks at that
_RETRY_MS: Final = 3  # while a message waits for room in a socket: ZeroMQ does not tell of it


class NetworkProcess:
    """The process: its connections, by the ids that the node knows them by."""

    def __init__(self, pipes: dict[Channel, Pipe], start: messages.Start, landlock: int) -> None:
        self._pipes = pipes
        self._ready = messages.ready(landlock)
        self._transport = Transport(start.secret, _monotonic_ms, start.limits, lends=True)
        for number, channel in start.listening:
            self._transport.adopt(socket.socket(fileno=number), channel)
        for pipe in pipes.values():
            self._transport.watch(pipe.socket.fileno(), wants_room=False)
        self._connections: dict[int, Connection] = {}
        self._ids: dict[Connection, int] = {}
        self._waiting: dict[Connection, deque[Frame]] = {}  # for room in a socket
        self._behind: set[Channel] = set()  # of which the node has not taken all
        self._looked_ms = self._said_ms = _monotonic_ms()
        pipes[Channel.CONTROL].send(self._ready)

    def turn(self) -> None:
        """Deal with what is there.

        Raises: EOFError when the node is gone.
        """
        for arrival in self._transport.poll(_RETRY_MS if self._waiting else _IDLE_MS):
            self._tell(arrival)
        self._look()
        for channel, pipe in self._pipes.items():
            self.do(channel, pipe.receive())
        for connection in tuple(self._waiting):
            self._flush(connection)
        for arrival in self._transport.left():
            self._tell(arrival)
        for channel, pipe in self._pipes.items():
            is_clear = pipe.flush()
            if is_clear == (channel in self._behind):
                self._behind ^= {channel}
                self._transport.pause(channel, is_paused=not is_clear)
                self._transport.watch(pipe.socket.fileno(), wants_room=not is_clear)

    def _look(self) -> None:
        """Now and then, say that it lives, and end the connections that fill it."""
        now_ms = _monotonic_ms()
        if now_ms - self._looked_ms < _IDLE_MS:
            return
        self._looked_ms = now_ms
        if now_ms - self._said_ms >= ALIVE_MS:
            self._said_ms = now_ms
            self._pipes[Channel.CONTROL].send(self._ready)
        if _resident() > _PLENTY:
            for arrival in self._transport.endless():
                self._tell(arrival)

    def do(self, channel: Channel, frames: list[Frame]) -> None:
        """Do what the node says over the pipe of a channel."""
        for frame in frames:
            self._do(channel, frame)

    def _tell(self, arrival: Arrival) -> None:
        """Tell the node what arrived."""
        connection = arrival.connection
        pipe = self._pipes[connection.channel]
        match arrival:
            case Arrived(frames=frames):
                if connection not in self._ids:
                    number = 2 * connection.number + 1  # the node's own are even
                    self._know(number, connection)
                    pipe.send(messages.accepted(number, connection.curve_key, connection.host))
                pipe.send(Frame(Kind.MESSAGE, self._ids[connection], frames))
            case Connected():
                pipe.send(messages.bare(Kind.CONNECTED, self._ids[connection]))
            case Left(count=count) if connection in self._ids:
                pipe.send(messages.left(self._ids[connection], count))
            case Ended(reason=reason) if connection in self._ids:
                pipe.send(messages.ended(self._forget(connection), reason))

    def _do(self, channel: Channel, frame: Frame) -> None:
        """Do what the node says; of connections that are gone, nothing."""
        connection = self._connections.get(frame.id)
        match frame.kind:
            case Kind.MESSAGE if connection:
                self._waiting.setdefault(connection, deque()).append(frame)
                self._flush(connection)
            case Kind.MESSAGE:
                self._pipes[channel].free(frame)
            case Kind.CUT if connection:
                self._forget(connection)
                self._transport.cut(connection)
            case Kind.DIAL:
                self._dial(channel, frame)
            case Kind.SHUT_OUT:
                self._transport.shut_out(*messages.unpack_shut_out(frame))

    def _dial(self, channel: Channel, frame: Frame) -> None:
        try:
            connection = self._transport.dial(messages.unpack_dial(frame), channel)
        except LocalFault as fault:
            self._pipes[channel].send(messages.ended(frame.id, fault.what))
            return
        self._know(frame.id, connection)

    def _flush(self, connection: Connection) -> None:
        """Send what waits, in order, as far as there is room."""
        waiting = self._waiting[connection]
        while waiting and self._transport.send(connection, waiting[0].parts):
            self._pipes[connection.channel].free(waiting.popleft())
        if not waiting:
            del self._waiting[connection]

    def _know(self, number: int, connection: Connection) -> None:
        self._connections[number] = connection
        self._ids[connection] = number

    def _forget(self, connection: Connection) -> int:
        for frame in self._waiting.pop(connection, ()):
            self._pipes[connection.channel].free(frame)
        number = self._ids.pop(connection)
        del self._connections[number]
        return number


def confine() -> int:
    """Bound what this process can take: strangers decide how much it wants.

    Return the version of Landlock that keeps it from the user's files; 0 for none.
    """
    for what, most in (
        (resource.RLIMIT_AS, MEMORY),
        (resource.RLIMIT_NOFILE, FILES),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, 64 * 1024),  # of its last words
    ):
        hard = resource.getrlimit(what)[1]
        bound = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(what, (bound, bound))
    return read_only(_readable())


def _readable() -> Iterator[Path]:
    """Yield what it still reads: libraries, and what names of hosts are resolved by."""
    yield from map(Path, (*_SYSTEM, "/proc/self", sys.prefix, sys.base_prefix))
    ours = Path(__file__).parents[1]
    yield from (ours / "peers", ours / "engine")
    yield from (place for place in map(Path, sys.path) if place.name.endswith("-packages"))


def main() -> None:
    """Serve over the sockets and the memory whose numbers are given."""
    landlock = confine()
    control, bulk, out, back = map(int, sys.argv[1:])
    lot = Lot(Shared(out), Shared(back))
    pipes = {
        Channel.CONTROL: Pipe(socket.socket(fileno=control), None),
        Channel.BULK: Pipe(socket.socket(fileno=bulk), lot, keeps=True),
    }
    try:
        first, *early = _first(pipes[Channel.CONTROL])
        serving = NetworkProcess(pipes, messages.unpack_start(first), landlock)
        serving.do(Channel.CONTROL, early)
        while True:
            serving.turn()
    except EOFError:
        os._exit(0)  # nothing is left that somebody could wait for


def _first(pipe: Pipe) -> list[Frame]:
    """Wait for what the node says first."""
    while True:
        select.select([pipe.socket], [], [])
        if frames := pipe.receive():
            return frames


def _resident() -> int:
    """Return how many bytes of memory this process has."""
    pages = Path("/proc/self/statm").read_bytes().split()[1]
    return int(pages) * resource.getpagesize()


def _monotonic_ms() -> int:
    return time.monotonic_ns() // 1_000_000


if __name__ == "__main__":
    main()
