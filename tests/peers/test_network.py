"""The sockets are in a process of their own, which may die; the node goes on."""

import asyncio
import contextlib
import os
import select
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from peers import network, network_child
from peers.connection import Arrival, Arrived, Channel, Connected, Place
from peers.envelope import MAX_FRAME
from peers.errors import LocalFault
from peers.gate import Limits
from peers.network import GONE, Network
from peers.network_child import Child
from tests.peers.networks import Net, until
from tests.peers.test_landlock import LANDLOCK
from tests.peers.wires import PATIENCE_S


@contextlib.asynccontextmanager
async def nets(*numbers: int) -> AsyncIterator[list[Net]]:
    """Have networks for a while."""
    made = [Net(number) for number in numbers]
    try:
        yield made
    finally:
        for one in made:
            one.network.close()


def run(test: Callable[[list[Net]], Awaitable[None]], *numbers: int) -> None:
    """Run a test with networks."""

    async def all_of_it() -> None:
        async with nets(*(numbers or (1, 2))) as made:
            await test(made)

    asyncio.run(all_of_it())


def test_there_and_back() -> None:
    """Messages go both ways on both channels; each that left is told of; an end is heard."""

    async def test(made: list[Net]) -> None:
        here, there = made
        for channel in Channel:
            line = await here.connect(there, channel)
            assert here.network.send(line, (b"envelope", b"body"))
            assert here.network.send(line, (b"",))
            await until(lambda: len(there.came()) == 2)
            assert there.came() == [(b"envelope", b"body"), (b"",)]
            (back,) = there.senders()
            assert (back.curve_key, back.host, back.channel) == (here.key, "127.0.0.1", channel)
            assert there.network.send(back, (b"answer",))
            await until(here.came)
            assert here.came() == [(b"answer",)]
            assert here.left() == 2
            here.network.cut(line)
            await until(there.ended)
            assert not here.ended()
            assert not here.network.send(line, (b"to nobody",))
            here.arrivals.clear()
            there.arrivals.clear()

    run(test)


def test_what_it_knows_and_may_take() -> None:
    """The process has no file of this peer open, and its limits hold."""

    async def test(made: list[Net]) -> None:
        (here,) = made
        await until(lambda: here.said("network started"))
        process = Path("/proc") / str(here.network.pid)
        limits = (process / "limits").read_text().splitlines()
        bounds = {line[:25].strip(): line[26:47].strip() for line in limits}
        assert bounds["Max address space"] == str(512 * 2**20)
        assert bounds["Max open files"] == "4096"
        assert bounds["Max core file size"] == "0"
        assert here.said("network started")[0]["landlock"] == LANDLOCK
        assert ("NoNewPrivs:\t1" in (process / "status").read_text()) == bool(LANDLOCK)
        assert b"python" in (process / "cmdline").read_bytes()
        kinds = {str(one.readlink()).partition(":")[0] for one in (process / "fd").iterdir()}
        assert kinds <= {"/dev/null", "socket", "pipe", "anon_inode", "/memfd"}

    run(test, 1)


def test_messages_wait_with_the_sender() -> None:
    """What the other end does not take is refused here, so that memory is bounded; none is lost."""

    async def test(made: list[Net]) -> None:
        here, there = made
        line = await here.connect(there, Channel.BULK)
        control = await here.connect(there)
        os.kill(there.network.pid or 0, signal.SIGSTOP)
        body = bytes(MAX_FRAME - 100)
        sent = 0
        for _ in range(300):
            sent += here.network.send(line, (b"%d" % sent, body))
            await asyncio.sleep(0.001)
        assert 2 <= sent < 20
        assert here.network.send(control, (b"alive",))
        await until(lambda: here.left() >= 1)
        os.kill(there.network.pid or 0, signal.SIGCONT)
        await until(lambda: len(there.came()) == sent + 1)
        assert [frames[0] for frames in there.came() if len(frames) == 2] == [
            b"%d" % number for number in range(sent)
        ]
        await until(lambda: here.left() == sent + 1)
        assert here.network.send(line, (b"again",))

    run(test)


def test_a_node_that_was_long_away() -> None:
    """What has queued up meanwhile is taken, and nobody is ended for it."""

    async def test(made: list[Net]) -> None:
        there, *others = made
        loop, child = asyncio.get_running_loop(), there.network._child
        assert child
        control = child.pipes[Channel.CONTROL].socket
        lines = [(one, await one.connect(there)) for one in others]
        loop.remove_reader(control)
        for number in range(24):
            for one, line in lines:
                while not one.network.send(line, (b"%d" % number, bytes(2**20))):
                    await asyncio.sleep(0.001)
        await until(lambda: all(one.left() == 24 for one in others))
        loop.add_reader(control, there.network._read, child, Channel.CONTROL)
        await until(lambda: len(there.came()) == 24 * len(others) or there.ended())
        assert not there.ended()

    run(test, 1, 2, 3, 4)


def test_control_is_not_behind_blocks() -> None:
    """A node that is far behind with blocks hears of control at once."""

    async def test(made: list[Net]) -> None:
        here, there = made
        bulk = await here.connect(there, Channel.BULK)
        control = await here.connect(there)
        while here.network.send(bulk, (b"block", bytes(2**20))):
            await asyncio.sleep(0)
        assert here.network.send(control, (b"alive",))
        await until(lambda: (b"alive",) in there.came())

    run(test)


def test_a_process_that_is_killed() -> None:
    """Every connection ends, with a reason in the log; peers come back at the same port."""

    async def test(made: list[Net]) -> None:
        here, there = made
        line, bulk = await here.connect(there), await here.connect(there, Channel.BULK)
        for one in (line, bulk):
            here.network.send(one, (b"first",))
        await until(lambda: len(there.came()) == 2)
        first = there.network.pid
        os.kill(first or 0, signal.SIGKILL)
        await until(lambda: there.network.pid not in {first, None})
        assert sorted(there.ended()) == [GONE, GONE]
        (said,) = there.said("network ended")
        assert (said["pid"], said["why"]) == (first, "SIGKILL")
        await until(lambda: len(here.ended()) == 2)
        assert not here.network.send(line, (b"lost",))
        there.arrivals.clear()
        again = await here.connect(there)
        here.network.send(again, (b"second",))
        await until(there.came)
        assert there.senders()[0].number > 2

    run(test)


def test_a_process_that_hangs(monkeypatch: pytest.MonkeyPatch) -> None:
    """One that does not even say that it is there is ended, and another started."""
    monkeypatch.setattr(network, "CHECK_S", 0.02)

    async def test(made: list[Net]) -> None:
        (here,) = made
        await until(lambda: here.said("network started"))
        monkeypatch.setattr(network, "SILENT_S", 1.5)
        os.kill(here.network.pid or 0, signal.SIGSTOP)
        await until(lambda: here.said("network ended"))
        monkeypatch.undo()
        assert here.said("network ended")[0]["why"] == "it hangs"
        await until(lambda: len(here.said("network started")) == 2)

    run(test, 1)


def test_a_process_that_cannot_be_started(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is tried again until there is room for it; nothing is left open by that."""
    tried: list[int] = []

    class Full(Child):
        def __init__(self, listening_at: list[tuple[socket.socket, Channel]]) -> None:
            tried.append(len(list(Path("/proc/self/fd").iterdir())))
            if len(tried) < 3:
                monkeypatch.setattr(network_child.sys, "executable", "/no/such/program")
            else:
                monkeypatch.undo()
            super().__init__(listening_at)

    async def test(made: list[Net]) -> None:
        (here,) = made
        await until(lambda: here.said("network started"))
        monkeypatch.setattr(network, "Child", Full)
        os.kill(here.network.pid or 0, signal.SIGKILL)
        await until(lambda: len(here.said("network started")) == 2)
        assert [one["why"] for one in here.said("network not started")] == [
            "No such file or directory"
        ] * 2
        assert tried[2] <= tried[0]

    run(test, 1)


def test_nothing_is_sent_while_it_is_away() -> None:
    """Who dials meanwhile is told that it failed, later as always."""

    async def test(made: list[Net]) -> None:
        here, there = made
        line = await here.connect(there)
        here.network._end("for a test")
        assert here.ended(line) == [GONE]
        assert not here.network.send(line, (b"lost",))
        missed = here.network.dial(there.places[Channel.CONTROL], Channel.CONTROL)
        assert not here.ended(missed)
        here.network.shut_out(there.key, 1_000)
        await until(lambda: here.ended(missed) == [GONE] and here.network.pid)
        await here.connect(there)

    run(test)


def test_who_cannot_be_dialled() -> None:
    """A place that is none, or where nobody is, ends; the process lives on."""

    async def test(made: list[Net]) -> None:
        here, there = made
        places = [
            Place("no host", 1, there.key),
            Place("127.0.0.1", 70_000, there.key),
            there.places[Channel.CONTROL]._replace(curve_key=here.key),
        ]
        lines = [here.network.dial(place, Channel.CONTROL) for place in places]
        await until(lambda: all(here.ended(line) for line in lines))
        await here.connect(there)
        assert not here.said("network ended")

    run(test)


def test_a_host_with_a_name() -> None:
    """It is dialled by the name."""

    async def test(made: list[Net]) -> None:
        here, there = made
        there.places[Channel.CONTROL] = there.places[Channel.CONTROL]._replace(host="localhost")
        line = await here.connect(there)
        here.network.send(line, (b"first",))
        await until(there.came)

    run(test)


def test_who_is_shut_out() -> None:
    """A key that was shut out cannot connect; others can."""

    async def test(made: list[Net]) -> None:
        here, there, third = made
        there.network.shut_out(here.key, 60_000)
        await third.connect(there)
        line = here.network.dial(there.places[Channel.CONTROL], Channel.CONTROL)
        await until(lambda: here.ended(line))

    run(test, 1, 2, 3)


NODE = """
import asyncio
from tests.peers.networks import Net, until

async def main():
    net = Net(1)
    await until(lambda: net.said("network started"))
    print(net.network.pid, flush=True)
    await asyncio.sleep(60)

asyncio.run(main())
"""


def test_it_ends_when_the_node_does() -> None:
    """Without a node there is no process, however the node ended."""
    node = subprocess.Popen([sys.executable, "-c", NODE], stdout=subprocess.PIPE)
    assert node.stdout
    with node, node.stdout:
        process = os.pidfd_open(int(node.stdout.readline()))
        node.kill()
    assert select.select([process], [], [], PATIENCE_S)[0]
    os.close(process)


def test_a_port_that_is_taken() -> None:
    """It is said which one, and what to do."""
    first, second = (Network(b"s" * 32, Limits(), arrived=print, log=print) for _ in range(2))
    port = first.listen("127.0.0.1", 0, Channel.CONTROL)
    with pytest.raises(LocalFault, match=f"cannot listen on 127.0.0.1:{port}: Address") as said:
        second.listen("127.0.0.1", port, Channel.CONTROL)
    assert "another port" in said.value.fix
    first.close()


def test_a_process_that_lies() -> None:
    """What the process cannot say ends it, and another is started."""

    async def test(made: list[Net]) -> None:
        here, there = made
        line = await here.connect(there)
        here.network.send(line, (b"first",))
        await until(there.came)
        number = there.network._lines.id_of(there.senders()[0]) or 0
        there.network._lines._announced[number + 2] = there.key, "nowhere"
        lying = await here.connect(there)
        here.network.send(lying, (b"second",))
        await until(lambda: there.said("network ended") and there.network.pid)
        assert there.said("network ended")[0]["why"] == (
            "it is not to be trusted: an id is not a new one"
        )
        await here.connect(there)

    run(test)


def test_an_error_of_the_owner() -> None:
    """It is said, and what arrives after it is told all the same."""

    async def test(made: list[Net]) -> None:
        here, there = made
        said: list[object] = []
        asyncio.get_running_loop().set_exception_handler(lambda _, facts: said.append(facts))
        line = await here.connect(there)

        def heed(arrival: Arrival) -> None:
            there.arrivals.append(arrival)
            if there.came() == [(b"first",)]:
                raise ValueError("a bug")

        there.heed = heed
        here.network.send(line, (b"first",))
        here.network.send(line, (b"second",))
        await until(lambda: len(there.came()) == 2)
        assert len(said) == 1
        assert not there.said("network ended")

    run(test)


def test_arrivals_are_in_order() -> None:
    """A connection is there before its messages, and they come as they were sent."""

    async def test(made: list[Net]) -> None:
        here, there = made
        line = await here.connect(there)
        assert here.arrivals == [Connected(line)]
        for number in range(64):
            assert here.network.send(line, (b"%d" % number, bytes(number * 100)))
        await until(lambda: len(there.came()) == 64)
        assert there.came() == [(b"%d" % number, bytes(number * 100)) for number in range(64)]
        assert all(isinstance(one, Arrived) for one in there.arrivals)

    run(test)
