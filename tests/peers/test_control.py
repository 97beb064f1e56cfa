"""The control socket (peers/control.py, control_client.py), with a real node's loop in a thread."""

import asyncio
import os
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.errors import Refused, Unavailable
from peers.control import MAX_VISITORS, Control, Visitor
from peers.control_client import connect
from peers.control_frames import NAME, frame_of
from peers.plain import Plain


class Served:
    """A control socket that answers with what it is asked, and refuses "bad"."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.gone = threading.Event()
        self._loop = asyncio.new_event_loop()
        self._control = Control(home, self._begin)
        self._loop.run_until_complete(self._control.open())
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()

    def _begin(self, visitor: Visitor, value: Plain) -> None:
        visitor.on_closed = self.gone.set
        visitor.send(frame_of(Refused("no", fix="yes")) if value == ("bad",) else ("ok", value))

    async def _end(self) -> None:
        self._control.close()
        await asyncio.sleep(0)  # for visitors to be sent away

    def close(self) -> None:
        """Stop."""
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    """Return one whose path is longer than the address of a socket can be."""
    home = tmp_path / ("x" * 120)
    home.mkdir()
    served = Served(home)
    yield served
    served.close()


def test_a_command_is_answered(served: Served) -> None:
    """What is asked comes to the node, and its answer back, however long."""
    with connect(served.home) as client:
        assert client.call("look", b"x" * 3_000_000) == ("look", b"x" * 3_000_000)
    assert served.gone.wait(20)


def test_a_refusal_is_raised_as_it_was_made(served: Served) -> None:
    """An error keeps its family, its words and its fix on the way."""
    with connect(served.home) as client, pytest.raises(Refused) as refused:
        client.call("bad")
    assert (refused.value.what, refused.value.fix) == ("no", "yes")


def test_nobody_else_may_look_at_the_socket(served: Served) -> None:
    """It is for its owner alone."""
    assert (served.home / NAME).stat().st_mode & 0o777 == 0o600


def test_junk_ends_one_visit_and_no_other(served: Served) -> None:
    """Who sends no frames is sent away; others are still answered."""
    with connect(served.home) as client, _raw(served.home) as junk:
        junk.sendall(b"\xff" * 100)
        assert junk.recv(1) == b""
        assert client.call("still") == ("still",)


def test_visitors_are_bounded(served: Served) -> None:
    """One too many is sent away, and may come when another has gone."""
    clients = [connect(served.home) for _ in range(MAX_VISITORS)]
    for client in clients:
        client.call("here")
    with pytest.raises(Unavailable):
        _ask(served.home)
    clients[0].close()
    assert served.gone.wait(20)
    assert _ask(served.home) == ("here",)
    for client in clients:
        client.close()


def test_without_a_node_it_is_said_how_to_start_one(tmp_path: Path) -> None:
    """No socket, and a socket that nobody serves, are the same."""
    with pytest.raises(Unavailable) as error:
        connect(tmp_path)
    assert "tally peer start" in error.value.fix
    left = socket.socket(socket.AF_UNIX)
    left.bind(str(tmp_path / NAME))
    left.close()
    with pytest.raises(Unavailable):
        connect(tmp_path)


def _ask(home: Path) -> Plain:
    with connect(home) as client:
        return client.call("here")


def _raw(home: Path) -> socket.socket:
    raw = socket.socket(socket.AF_UNIX)
    folder = os.open(home, os.O_PATH)
    raw.connect(f"/proc/self/fd/{folder}/{NAME}")
    os.close(folder)
    raw.settimeout(20)
    return raw


def test_who_waits_is_told_that_the_node_stops(tmp_path: Path) -> None:
    """A command that waits for a frame ends with what to do when the node goes."""
    served = Served(tmp_path)
    with connect(tmp_path) as client:
        assert client.call("here") == ("here",)
        served.close()
        with pytest.raises(Unavailable):
            client.receive()
