"""A peer that gives content, or fetches it: `give HOME CID ASKER`, or `take HOME CID WHERE`.

It has what a node has for that, and nothing else. Who gives says where it is, and is ended by
whoever started it. Who takes prints what that took.
"""

import asyncio
import gc
import json
import resource
import sys
import time
from pathlib import Path
from typing import Final

from engine.clock import SystemClock
from engine.content.cid import Cid
from engine.errors import TallyError
from engine.store.disk import DiskStore
from peers.allowance import Rate
from peers.connection import Arrival, Channel, Place
from peers.depot import Depot
from peers.gate import Limits
from peers.heap import keep_large_buffers
from peers.hello import Party
from peers.identity import PeerId
from peers.keyring import Keyring
from peers.lines import Lines
from peers.messages import Subject, notice
from peers.network import Network
from peers.post import Came, Closed, Happened, Opened, Post

AGREED: Final = Rate(messages=100_000, size=2**30)
_START_S: Final = 1.0  # in which both have their network processes
_TICK_S: Final = 0.05
_CONTENT: Final = notice(Subject.CONTENT)


class Trader:
    """A peer with nothing but a depot."""

    def __init__(self, home: Path) -> None:
        self.clock = SystemClock()
        ring = Keyring(home / "peer")
        self.identity = ring.identity()
        key = ring.transport(self.identity, self.clock.now_ms())
        self.key = key.certificate.curve_key
        self.network = Network(
            key.secret, Limits(), arrived=self._arrived, log=lambda *_, **__: None
        )
        self.post = Post(self.network, Party(self.identity, key.signed, self.key), self.clock)
        self.lines = Lines(self.post)
        loop = asyncio.get_running_loop()
        store = DiskStore(home / "store")
        self.depot = Depot(self.post, self.lines, store, self.clock, lambda call: _wake(loop, call))

    async def run(self) -> None:
        """Let time pass."""
        while True:
            self.lines.tick(self.clock.monotonic_ms())
            self.depot.tick(self.clock.monotonic_ms())
            self._hear(self.post.tick())
            await asyncio.sleep(_TICK_S)

    def _arrived(self, arrival: Arrival) -> None:
        self._hear(self.post.arrive(arrival))

    def _hear(self, happened: list[Happened]) -> None:
        for one in happened:
            match one:
                case Opened():
                    self.lines.opened(*one)
                    self.depot.opened(*one)
                case Came():
                    (self.depot if one.type >= _CONTENT else self.lines).came(*one)
                case Closed(connection, PeerId() as peer):
                    self.lines.closed(connection, peer)
                    self.depot.closed(connection, peer)


def _wake(loop: asyncio.AbstractEventLoop, call: object) -> None:
    loop.call_soon_threadsafe(call)  # type: ignore[arg-type]


async def give(home: Path, cid: str, asker: str) -> None:
    """Give some content to whoever comes."""
    one, root = Trader(home), Cid.parse(cid)
    ports = [one.network.listen("127.0.0.1", 0, channel) for channel in Channel]
    one.network.start(asyncio.get_running_loop())
    one.depot.offer(root, (root,), None)
    one.depot.granted(PeerId.parse(asker), AGREED)
    print(json.dumps([str(one.identity.peer), one.key.hex(), *ports]), flush=True)
    await one.run()


async def take(home: Path, cid: str, where: str) -> None:
    """Fetch it, and say what that took."""
    one, root = Trader(home), Cid.parse(cid)
    name, key, control, bulk = json.loads(where)
    peer, met = PeerId.parse(name), bytes.fromhex(key)
    ends: asyncio.Future[TallyError | None] = asyncio.get_running_loop().create_future()
    one.network.start(asyncio.get_running_loop())
    running = asyncio.create_task(one.run())
    one.lines.bulk_at(peer, Place("127.0.0.1", bulk, met))
    one.depot.granted(peer, AGREED)
    await asyncio.sleep(_START_S)
    began = time.perf_counter(), _processor()
    one.post.dial(Place("127.0.0.1", control, met), Channel.CONTROL, expected=peer)
    one.depot.fetch(root, (root,), (peer,), ends.set_result)
    error = await ends
    seconds = time.perf_counter() - began[0]
    running.cancel()
    one.network.close()
    one.depot.close()
    if error:
        raise error
    print(json.dumps({"seconds": seconds, "processor": _processor() - began[1]}))


def _processor() -> float:
    """Return the processor's seconds of this process, and of those that it has waited for."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def main() -> None:
    """Give or take."""
    gc.set_threshold(50_000)  # as the program itself does (cli/start.py)
    sys.setswitchinterval(0.0005)  # this too
    keep_large_buffers()  # as a node does (cli/node.py)
    what = {"give": give, "take": take}[sys.argv[1]]
    asyncio.run(what(Path(sys.argv[2]), *sys.argv[3:]))


if __name__ == "__main__":
    main()
