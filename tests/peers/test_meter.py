"""What a node counts of itself is what happened to it."""

import os
from collections import Counter

from peers.connection import Arrived, Channel, Connection
from peers.lines import Lines
from peers.meter import Meter
from tests.peers.keys import identity


class Lending:
    """A part that runs steps for others."""

    def status(self) -> dict[str, int | str]:
        """Return how things are."""
        return {"open": 5, "running": 2}


def test_what_happens_is_counted() -> None:
    """Messages each way, faults, steps, connections, the memory of the network process."""
    said: list[str] = []
    meter = Meter(lambda event, **_: said.append(event))
    lines = Lines(None)  # type: ignore[arg-type] (nothing is sent)
    line = Connection(1, bytes(32), Channel.CONTROL, "10.0.0.1", is_dialled=True)
    lines.opened(line, identity(2).peer)
    meter.arrived(Arrived(line, (b"head", b"body")))
    meter.sent(line, (b"head",))
    meter.log("cut off", why="there is no type 7")
    meter.log("met")
    meter.ended("for_others", Counter(done=3, returned=1))
    text = meter.text(lines, 4, Lending(), os.getpid())
    assert said == ["cut off", "met"]
    figures = dict(row.rsplit(" ", 1) for row in text.splitlines() if not row.startswith("#"))
    memory = figures.pop("tallystick_network_memory_bytes")
    assert int(memory) > 2**20
    assert {name.removeprefix("tallystick_"): int(value) for name, value in figures.items()} == {
        'received_bytes_total{channel="control"}': 8,
        'sent_bytes_total{channel="control"}': 4,
        'faults_total{why="there is no type N"}': 1,
        'sessions{channel="control"}': 1,
        'sessions{channel="bulk"}': 0,
        "peers": 4,
        'steps{state="leased"}': 5,
        'steps{state="running"}': 2,
        'steps_ended_total{side="for_others",state="done"}': 3,
        'steps_ended_total{side="for_others",state="returned"}': 1,
    }
