"""Peers as a source of content: by real nodes, and by a node that does what it should not."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from unittest.mock import patch

import pytest

from engine.content.blocks import Block
from engine.content.cid import Cid
from engine.errors import Nowhere, Unavailable
from engine.sources import Sources
from engine.store.disk import DiskStore
from engine.store.public_roots import PUBLIC_PIN
from peers import content_source
from peers.content_source import PeersSource
from peers.control import Control, Visitor
from peers.control_client import connect
from peers.plain import Plain
from tests.cli.program import Program
from tests.conformance.source import Far, SourceConformance
from tests.daemons import Daemon, until
from tests.peers.graphs import leaf


@pytest.fixture(scope="module")
def peers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Daemon]]:
    """Return two that are connected."""
    folder = tmp_path_factory.mktemp("peers")
    both = [Daemon(folder / number / "home").start() for number in ("1", "2")]
    Program(both[0].home)("peer", "add", both[1].address)
    until(lambda: both[0].is_up(both[1]) and both[1].is_up(both[0]))
    yield both
    for one in both:
        one.stop()


class TestPeersSource(SourceConformance):
    """The contract, by two nodes."""

    @pytest.fixture
    def source(self, peers: list[Daemon]) -> Iterator[PeersSource]:
        """Return what asks the first node."""
        source = PeersSource(peers[0].home)
        yield source
        source.close()

    @pytest.fixture
    def store(self, peers: list[Daemon]) -> Iterator[DiskStore]:
        """Return the store of its home."""
        with DiskStore(peers[0].home / "store") as store:
            yield store

    @pytest.fixture
    def far(self, peers: list[Daemon]) -> Far:
        """Return what the second one publishes."""

        def publish(root: Cid, blocks: dict[Cid, bytes]) -> None:
            with DiskStore(peers[1].home / "store") as store:
                store.put(Block(cid, data) for cid, data in blocks.items())
                store.pins.pin(root, PUBLIC_PIN)
            with connect(peers[1].home) as node:
                node.call("published")

        return publish


class Served:
    """The control socket of a node that answers as it is told to."""

    def __init__(self, home: Path, answer: Callable[[Visitor], None]) -> None:
        self.gone = threading.Event()
        self._answer = answer
        self._loop = asyncio.new_event_loop()
        self._control = Control(home, self._begin)
        self._loop.run_until_complete(self._control.open())
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()

    def _begin(self, visitor: Visitor, asked: Plain) -> None:
        visitor.on_closed = self.gone.set
        self._answer(visitor)

    async def _end(self) -> None:
        self._control.close()
        await asyncio.sleep(0)

    def close(self) -> None:
        """Stop."""
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


def asked_of(tmp_path: Path, answer: Callable[[Visitor], None]) -> Unavailable:
    """Return what is said when such a node is asked for something."""
    served = Served(tmp_path, answer)
    source = PeersSource(tmp_path)
    try:
        with DiskStore(tmp_path / "store") as store, pytest.raises(Unavailable) as error:
            Sources(store, [source]).have([leaf(b"wanted").cid])
        source.close()
        assert served.gone.wait(20)
    finally:
        served.close()
    return error.value


def test_a_node_that_says_it_has_what_it_has_not_is_not_believed(tmp_path: Path) -> None:
    """What it says is looked at in the store."""
    error = asked_of(tmp_path, lambda visitor: visitor.send(("ok", 6)))
    assert isinstance(error, Nowhere)
    assert error.asked == "peers (it did not give all of it)"


@pytest.mark.parametrize("junk", [("ok",), ("ok", "much"), ("came",), ("error", "x"), None, "what"])
def test_a_node_that_speaks_otherwise_is_done_with(tmp_path: Path, junk: Plain) -> None:
    """As one of another version, or none at all."""
    assert "peers (" in asked_of(tmp_path, lambda visitor: visitor.send(junk)).what


def test_a_node_that_says_nothing_is_not_waited_for(tmp_path: Path) -> None:
    """For longer than one that lives says nothing."""
    with patch.object(content_source, "SILENCE_MS", 50):
        error = asked_of(tmp_path, lambda visitor: None)
    assert "the peer of this home does not answer" in error.what
    assert "tally peer start" in error.fix


def test_a_node_that_stops_is_said_to_have(tmp_path: Path) -> None:
    """When it goes in the middle of it."""

    def stop(visitor: Visitor) -> None:
        visitor.send(("came", 3))
        visitor.close()

    assert "the peer of this home has stopped" in asked_of(tmp_path, stop).what
