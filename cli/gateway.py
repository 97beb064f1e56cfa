"""The process that serves a home's public content by HTTP, and what starts it.

It is a process of its own so that no download slows the peer down. It is given the socket that
listens; what it could write or start, it has lost before it answers anybody.
"""

import asyncio
import contextlib
import logging
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Final

from peers.identity import place_of
from peers.listening import listening

HOST: Final = "127.0.0.1"  # unless another is said
_TAKEN: Final = "choose another port for --http, or end what uses this one"
AGAIN_S: Final = 1.0  # from the end of a process that should not have ended to the next one

_PACKAGES: Final = str(Path(__file__).parents[1])
_BOOT: Final = (
    "import sys; sys.path[:] = sys.argv.pop(1).split(':'); from cli.gateway import main; main()"
)


def place(text: str) -> tuple[str, int]:
    """Read a "[HOST:]PORT" to serve at.

    Raises: Refused when it is anything else.
    """
    return place_of(text if ":" in text else f"{HOST}:{text}")


@asynccontextmanager
async def serving(home: Path, where: str, say: Callable[..., None]) -> AsyncIterator[str]:
    """Serve what is public of a home; yield the address at which.

    Raises: LocalFault when it cannot listen there; Refused when that is no place.
    """
    with listening(*place(where), _TAKEN) as server:
        host, port = server.getsockname()[:2]
        address = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
        watching = asyncio.create_task(_keep(home, server, say))
        try:
            yield address
        finally:
            watching.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await watching


async def _keep(home: Path, server: socket.socket, say: Callable[..., None]) -> None:
    """Have the process run; start another one when it ends."""
    path = ":".join(dict.fromkeys((_PACKAGES, *filter(os.path.isabs, sys.path))))
    number = server.fileno()
    words = ("-I", "-B", "-c", _BOOT, path, str(number), str(home))
    while True:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *words,
            pass_fds=(number,),
            stdin=subprocess.PIPE,  # which nobody writes to: it ends when this process does
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # a terminal's Ctrl-C is the node's to judge
        )
        try:
            code = await process.wait()
            say("http ended", code=code)
            await asyncio.sleep(AGAIN_S)
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()


def main() -> None:
    """Serve at the socket whose number is given what is public of a home."""
    from cli.workspace import Workspace
    from engine.clock import SystemClock
    from engine.store.public_roots import public_roots
    from peers.http_port import HttpPort
    from peers.landlock import read_only
    from peers.public import Public

    number, home = int(sys.argv[1]), Path(sys.argv[2])
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_wait_for_end, daemon=True).start()
    logging.disable()  # of asyncio, about connections that are gone
    with Workspace(home, writing=True) as space:
        store = space.store
        public_roots(store.pins)  # opens what the index needs to write, too
        read_only([Path("/")])
        public = Public(partial(public_roots, store.pins), store.get, SystemClock())
        port = HttpPort(socket.socket(fileno=number), public, store.get)
        asyncio.run(port.serve())


def _wait_for_end() -> None:
    """End when nobody holds the other end of stdin any more."""
    while os.read(0, 1024):
        pass
    os._exit(0)
