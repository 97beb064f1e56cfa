"""LAN: which peers are near, by mDNS and DNS-SD (zeroconf), as addresses that may be dialled.

What is heard there is no more than a hint (hints.py), and a network without multicast is no error:
it is said once in the log, and tried again now and then.

>>> near = loop.create_task(lan.watch(me, "0.0.0.0", 4177, found, log, clock))  # doctest: +SKIP
>>> near.cancel()                                                        # doctest: +SKIP
"""

import asyncio
import contextlib
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Callable
from typing import Final

from engine.clock import Clock
from peers.hints import LONGEST, Hints
from peers.identity import Address, PeerId

AGAIN_S: Final = 60  # after the program has ended
_END_S: Final = 5  # for it to take back what it announced


async def watch(
    me: PeerId,
    host: str,
    port: int,
    found: Callable[[Address], None],
    log: Callable[[str], None],
    clock: Clock,
) -> None:
    """Announce this peer's address and tell of others', until cancelled.

    `host` is the IP address at which the port of our address listens: 0.0.0.0 or :: for all.
    """
    hints, last = Hints(me, clock.monotonic_ms()), ""
    while True:
        why = await _run(me, host, port, lambda text: _tell(hints, text, found, clock))
        if why != last:
            log(f"peers on this network are not looked for: {why}")
        last = why
        await asyncio.sleep(AGAIN_S)


def _tell(hints: Hints, text: str, found: Callable[[Address], None], clock: Clock) -> None:
    address = hints.take(text, clock.monotonic_ms())
    if address is not None:
        found(address)


async def _run(me: PeerId, host: str, port: int, heard: Callable[[str], None]) -> str:
    """Run the program until it ends; return why it did."""
    command = (sys.executable, "-I", "-B", "-m", "peers.multicast", str(me), host, str(port))
    try:
        process = await asyncio.create_subprocess_exec(
            *command, stdin=PIPE, stdout=PIPE, stderr=PIPE, limit=LONGEST, start_new_session=True
        )
    except OSError as error:
        return f"no process can be started: {error.strerror}"
    try:
        return await _listen(process, heard)
    finally:
        await _end(process)


async def _listen(process: Process, heard: Callable[[str], None]) -> str:
    said, errors = process.stdout, process.stderr
    if said is None or errors is None:
        raise ValueError("it was started without pipes")
    while line := await _line(said):
        heard(line.decode("ascii", "replace").rstrip("\n"))
    why = (await errors.read(LONGEST)).decode(errors="replace").strip()
    return why.rpartition("\n")[2] or f"its process ended with {await process.wait()}"


async def _line(said: asyncio.StreamReader) -> bytes:
    try:
        return await said.readline()
    except ValueError:  # longer than an address can be
        return b""


async def _end(process: Process) -> None:
    """Let the program go, and wait for it; it may take some time for that."""
    if process.stdin is not None:
        process.stdin.close()
    try:
        await asyncio.wait_for(process.wait(), _END_S)
    except TimeoutError:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()
