"""Content moves over sockets that are in processes of their own."""

import asyncio
import os
import signal
from pathlib import Path
from random import Random

from engine.store.disk import DiskStore
from peers.connection import Channel
from tests.peers.graphs import graph
from tests.peers.networks import Net, until
from tests.peers.traders import Dealer

TICK_S = 0.02


class Trader(Dealer):
    """One whose sockets are in another process."""

    def __init__(self, number: int, folder: Path) -> None:
        """Use the keys of peer `number`, and a store in a folder."""
        loop = asyncio.get_running_loop()
        self.net = Net(number)
        super().__init__(
            number,
            self.net.network,
            self.net.key,
            DiskStore(folder / str(number)),
            lambda call: loop.call_soon_threadsafe(call) and None,
        )
        self.net.heed = self.take
        self._ticking = loop.create_task(self._tick())

    async def _tick(self) -> None:
        while True:
            self.tick()
            await asyncio.sleep(TICK_S)

    def meet(self, other: "Trader") -> None:
        """Dial another."""
        control, bulk = other.net.places[Channel.CONTROL], other.net.places[Channel.BULK]
        self.lines.bulk_at(other.peer, bulk)
        self.post.dial(control, Channel.CONTROL, expected=other.peer)

    def close(self) -> None:
        """End."""
        self._ticking.cancel()
        self.net.network.close()
        self.depot.close()
        self.store.close()


def test_content_comes_though_a_network_process_dies(tmp_path: Path) -> None:
    """A fetch goes on over the next one; what had come is not asked for again."""

    async def test() -> None:
        one, other = Trader(1, tmp_path), Trader(2, tmp_path)
        try:
            root, blocks = graph(Random(1), 120, 400_000)  # noqa: S311
            other.put(blocks)
            other.depot.offer(root, (root,), None)
            await until(lambda: one.net.said("network started"))
            one.meet(other)
            one.fetch(root, root, other)
            await until(lambda: one.depot.status()["received"])
            assert not one.ends
            assert one.net.network.pid
            os.kill(one.net.network.pid, signal.SIGKILL)
            await until(lambda: len(one.net.said("network started")) == 2)
            one.meet(other)
            await until(lambda: one.ends)
            assert one.ends == [None]
            assert one.store.get_many([*blocks]) == blocks
        finally:
            one.close()
            other.close()

    asyncio.run(test())
