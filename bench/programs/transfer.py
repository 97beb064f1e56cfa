"""A peer that gives content, or fetches it: `give HOME CID`, or `take HOME CID WHERE`.

Who gives says where it is, and is ended by whoever started it. Who takes prints what that took.
"""

import gc
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from queue import SimpleQueue
from typing import Final

from engine.clock import SystemClock
from engine.content.cid import Cid
from engine.errors import TallyError
from engine.store.disk import DiskStore
from peers.allowance import Rate
from peers.connection import Channel, Place
from peers.depot import Depot
from peers.hello import Party
from peers.identity import PeerId
from peers.keyring import Keyring
from peers.lines import Lines
from peers.messages import Subject, notice
from peers.post import Came, Closed, Happened, Opened, Post
from peers.transport import Transport

AGREED: Final = Rate(messages=100_000, size=2**30)
_TICK_MS: Final = 50
_CONTENT: Final = notice(Subject.CONTENT)


class Trader:
    """A peer with nothing but a depot."""

    def __init__(self, home: Path) -> None:
        clock = SystemClock()
        ring = Keyring(home / "peer")
        self.identity = ring.identity()
        key = ring.transport(self.identity, clock.now_ms())
        self.transport = Transport(key.secret, clock.monotonic_ms)
        party = Party(self.identity, key.signed, key.certificate.curve_key)
        self.key = key.certificate.curve_key
        self.post = Post(self.transport, party, clock)
        self.lines = Lines(self.post)
        self.store = DiskStore(home / "store")
        self._woken: SimpleQueue[Callable[[], None]] = SimpleQueue()
        self.depot = Depot(self.post, self.lines, self.store, clock, self._wake)
        self._clock = clock
        self._ticked_ms = 0

    def _wake(self, what: Callable[[], None]) -> None:
        self._woken.put(what)

    def turn(self) -> None:
        """Let happen what does."""
        for arrival in self.transport.poll(1):
            self._hear(self.post.arrive(arrival))
        while not self._woken.empty():
            self._woken.get()()
        now_ms = self._clock.monotonic_ms()
        if now_ms - self._ticked_ms >= _TICK_MS:
            self._ticked_ms = now_ms
            self.lines.tick(now_ms)
            self.depot.tick(now_ms)
        self._hear(self.post.tick())

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


def main() -> None:
    """Give or take."""
    gc.set_threshold(50_000)  # as the program itself does (cli/start.py)
    {"give": give, "take": take}[sys.argv[1]](Path(sys.argv[2]), *sys.argv[3:])


def give(home: Path, cid: str, asker: str) -> None:
    """Give some content to whoever comes first."""
    one, root = Trader(home), Cid.parse(cid)
    ports = [one.transport.listen("127.0.0.1", 0, channel) for channel in Channel]
    one.depot.offer(root, (root,), None)
    one.depot.granted(PeerId.parse(asker), AGREED)
    print(json.dumps([str(one.identity.peer), one.key.hex(), *ports]), flush=True)
    while True:
        one.turn()


def take(home: Path, cid: str, where: str) -> None:
    """Fetch it, and say what that took."""
    one, root = Trader(home), Cid.parse(cid)
    name, key, control, bulk = json.loads(where)
    peer = PeerId.parse(name)
    ends: list[TallyError | None] = []
    began = time.perf_counter(), time.process_time()
    one.lines.bulk_at(peer, Place("127.0.0.1", bulk, bytes.fromhex(key)))
    one.post.dial(Place("127.0.0.1", control, bytes.fromhex(key)), Channel.CONTROL, expected=peer)
    one.depot.granted(peer, AGREED)
    one.depot.fetch(root, (root,), (peer,), ends.append)
    while not ends:
        one.turn()
    seconds, processor = time.perf_counter() - began[0], time.process_time() - began[1]
    if ends[0]:
        raise ends[0]
    print(json.dumps({"seconds": seconds, "processor": processor}))


if __name__ == "__main__":
    main()
