"""Executor: the one warm process between an engine's slot and its steps. A program.

    python -I -S -c '...' SOCKET FILTER WORK BWRAP LIBRARIES

It stands on the ground of ground.py, takes orders from its socket one at a time, and ends when
the engine's side of the socket or the engine itself is gone. It has one thread and imports little:
its memory is paid once per slot.
"""

import contextlib
import os
import signal
import socket
import stat
import sys
from collections.abc import Iterator

from engine.sandbox import frames, ground, launch, leader, syscalls
from engine.sandbox.channel import Channel
from engine.sandbox.collect import Collector, Found, MissingOutput, RefusedOutput
from engine.sandbox.frames import Ending, Order
from engine.sandbox.guard import Guard, Watched
from engine.sandbox.launch import Launcher, NotStarted
from engine.sandbox.network import Network
from engine.sandbox.watchdog import Watchdog

_NOT_EXECUTED = b"bwrap: execvp "
_COMMAND_NOT_FOUND = 127  # as a shell says it


class Cancelled(Exception):
    """The engine wants no more of this order."""


def main() -> None:
    """Serve orders until the engine is gone."""
    end, filter_fd, work, bubblewrap, libraries = sys.argv[1:]
    channel = Channel(socket.socket(fileno=launch.above(int(end))))
    with contextlib.suppress(EOFError):
        channel.receive()  # START: from here on, what we start is born in our cgroup
        try:
            if not ground.enter(work, bubblewrap, libraries):
                os._exit(0)  # the executor goes on in the child, process 1 of its namespace
            network = Network()
        except OSError as error:
            _say_unavailable(channel, f"this machine does not let a sandbox be built: {error}")
            os._exit(1)
        _serve(channel, Launcher(launch.above(int(filter_fd)), network), Watchdog(ground.SCRATCH))


def _serve(channel: Channel, launcher: Launcher, watchdog: Watchdog) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the engine, which then decides
    channel.send(frames.READY)
    while True:
        kind, body = channel.receive()
        if kind == frames.ORDER:  # anything else is late: it concerned the order before
            _execute(channel, launcher, watchdog, frames.unpack_order(body))


def _execute(channel: Channel, launcher: Launcher, watchdog: Watchdog, order: Order) -> None:
    """Run one order on a scratch of its own."""
    try:
        with _scratch(order):
            _attempt(channel, launcher, watchdog, order)
    except OSError as error:
        _say_unavailable(channel, f"the sandbox could not be prepared: {error}")


@contextlib.contextmanager
def _scratch(order: Order) -> Iterator[None]:
    """Mount an empty tmpfs with the order's bounds and lay out what the step will find."""
    options = f"size={order.disk},nr_inodes={order.inodes},mode=755"
    flags = syscalls.MS_NOSUID | syscalls.MS_NODEV
    syscalls.mount("step", ground.SCRATCH, "tmpfs", flags, options)
    try:
        for name in ("out", "build", "tmp", "shm"):
            os.mkdir(f"{ground.SCRATCH}/{name}")
        for parent in order.parents:
            os.makedirs(f"{ground.SCRATCH}/out/{parent}", exist_ok=True)
        if order.script is not None:
            _write("script", order.script, 0o644)
        if order.rows:
            _write("leader", leader.program(), 0o555)
        if order.files:
            os.mkdir(f"{ground.SCRATCH}/files")
        for number, content in enumerate(order.files):
            _write(f"files/{number}", content, 0o555)
        _bind("in", order.inputs, order.trees)
        _bind("was", order.was, order.was_trees)
        yield
    finally:
        syscalls.unmount(ground.SCRATCH)


def _write(name: str, content: bytes, mode: int) -> None:
    with open(f"{ground.SCRATCH}/{name}", "xb") as file:
        file.write(content)
        os.fchmod(file.fileno(), mode)


def _bind(name: str, folder: str, trees: tuple[tuple[str, str], ...]) -> None:
    """Put a folder together here, so that bubblewrap has one bind to make, not hundreds."""
    if trees:
        seen = f"{ground.SCRATCH}/{name}"
        os.mkdir(seen)
        syscalls.mount(folder, seen, None, syscalls.MS_BIND)
        for path, tree in trees:
            syscalls.mount(tree, f"{seen}/{path}", None, syscalls.MS_BIND)


def _attempt(channel: Channel, launcher: Launcher, watchdog: Watchdog, order: Order) -> None:
    try:
        running = launcher.start(order)
    except NotStarted as failed:
        _say_unavailable(channel, launch.explain(failed.running))
        return
    try:
        if order.rows:
            channel.send(frames.TERMINAL, descriptor=running.stderr)
            running = running.give_away()
        watched = Guard(channel, watchdog, order, running).watch()
    finally:
        running.close()
    if not watched.finished and not watched.reason and watched.exit_code == 1:
        if not watched.said.startswith(_NOT_EXECUTED):
            said = watched.said.decode(errors="replace").strip()
            _say_unavailable(channel, said or launch.WORDLESS)
            return
        watched = watched._replace(exit_code=_COMMAND_NOT_FOUND)
    channel.send(frames.DONE, frames.pack_ending(_deliver(channel, order, watched)))


def _deliver(channel: Channel, order: Order, watched: Watched) -> Ending:
    """Send the outputs of a step that exited 0 and say how all of it ended."""
    reason, detail = watched.reason, ""
    if watched.exit_code == 0 and not reason:
        reason, detail = _send_outputs(channel, order)
    return Ending(
        watched.exit_code,
        reason,
        detail,
        watched.wall_ms,
        watched.processor_ms,
        watched.peak_memory,
        watched.truncated,
    )


def _send_outputs(channel: Channel, order: Order) -> tuple[str, str]:
    """Send all outputs; return the reason and detail of what stood against it, or two blanks."""
    collector = Collector(
        f"{ground.SCRATCH}/out",
        lambda name: os.path.lexists(f"{order.store}/{name}"),
        order.disk,
    )
    try:
        for found in collector.collect(order.outputs):
            _send_found(channel, order, found)
    except MissingOutput as missing:
        return "missing-output", str(missing)
    except RefusedOutput as refused:
        return "refused-output", str(refused)
    except Cancelled:
        return "cancelled", ""
    return "", ""


def _send_found(channel: Channel, order: Order, found: Found) -> None:
    name, path = found.name.encode(), found.path.encode()
    if found.kind == stat.S_IFDIR:
        channel.send(frames.DIRECTORY, frames.pack(name, path))
    elif found.kind == stat.S_IFLNK:
        channel.send(frames.SYMLINK, frames.pack(name, path, found.target.encode()))
    elif found.size <= frames.INLINE:
        content = os.read(found.descriptor, frames.INLINE) if found.size else b""
        mode = b"x" if found.executable else b""
        channel.send(frames.FILE, frames.pack(name, path, mode, content))
    else:
        mode, size = b"x" if found.executable else b"", str(found.size).encode()
        channel.send(
            frames.DESCRIPTOR, frames.pack(name, path, mode, size), descriptor=found.descriptor
        )
        _await_taken(channel, order)


def _await_taken(channel: Channel, order: Order) -> None:
    """Wait until the engine has read a file: no more than one descriptor is ever in flight."""
    while True:
        kind, body = channel.receive()
        if kind == frames.TAKEN:
            return
        if kind == frames.CANCEL and int(body) == order.number:
            raise Cancelled


def _say_unavailable(channel: Channel, why: str) -> None:
    channel.send(frames.UNAVAILABLE, why.encode())


if __name__ == "__main__":
    main()
