"""Over real ZeroMQ: who has the right keys is heard and answered, and nobody else."""

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
import zmq
from nacl.public import PrivateKey

from peers import transport as transport_module
from peers.connection import Channel, Place
from peers.envelope import MAX_FRAME
from peers.errors import LocalFault
from peers.gate import SILENT_MS, Limits
from peers.seats import Seat
from peers.transport import OLDEST, Transport
from tests.peers.wires import Wire, clock, connect, until


@pytest.fixture
def wires() -> Iterator[list[Wire]]:
    """Return three transports."""
    made = [Wire(number) for number in (1, 2, 3)]
    yield made
    for one in made:
        one.transport.close()


class Foreign:
    """Somebody else's program, and its sockets."""

    def __init__(self) -> None:
        self.context = zmq.Context()
        self.sockets: list[zmq.Socket] = []

    def dealer(self, **options: object) -> zmq.Socket:
        """Return a socket with options."""
        made = self.context.socket(zmq.DEALER)
        made.linger = 0
        made.rcvtimeo = made.sndtimeo = 20_000
        for name, value in options.items():
            setattr(made, name, value)
        self.sockets.append(made)
        return made

    def connect(self, place: Place, secret: bytes = b"f" * 32, **options: object) -> zmq.Socket:
        """Return a socket that is connected to a peer with CURVE."""
        keys = {
            "curve_serverkey": place.curve_key,
            "curve_secretkey": secret,
            "curve_publickey": bytes(PrivateKey(secret).public_key),
        }
        made = self.dealer(**keys, **options)
        made.connect(f"tcp://{place.host}:{place.port}")
        return made

    def greet(self, one: zmq.Socket, place: Place, secret: bytes) -> None:
        """Connect a socket that is there already."""
        one.curve_serverkey = place.curve_key
        one.curve_secretkey, one.curve_publickey = secret, bytes(PrivateKey(secret).public_key)
        one.connect(f"tcp://{place.host}:{place.port}")

    def watch(self, one: zmq.Socket, events: int) -> Callable[[], int]:
        """Return what says whether one of these events happened."""
        monitor = one.get_monitor_socket(events)
        self.sockets.append(monitor)
        return lambda: monitor.poll(0)

    def close(self) -> None:
        """Close all."""
        for one in self.sockets:
            one.close()
        self.context.destroy(linger=0)


@pytest.fixture
def client() -> Iterator[Foreign]:
    """Return somebody else's program."""
    made = Foreign()
    yield made
    made.close()


def test_there_and_back(wires: list[Wire]) -> None:
    """A message goes both ways, and each end knows the key of the other."""
    here, there, _ = wires
    line = connect(here, there.listen(), there)
    assert here.transport.send(line, (b"envelope", b"body"))
    until(there.arrived, here, there)
    (back,) = there.senders()
    assert (back.curve_key, back.host, back.is_dialled) == (here.key, "127.0.0.1", False)
    assert there.arrived() == [(b"envelope", b"body")]
    assert there.transport.send(back, (b"answer",))
    until(here.arrived, here, there)
    assert here.arrived() == [(b"answer",)]
    assert here.senders() == [line]


def test_largest_frame(wires: list[Wire]) -> None:
    """The largest frame there may be arrives whole."""
    here, there, _ = wires
    line = connect(here, there.listen(Channel.BULK), there, Channel.BULK)
    body = bytes(MAX_FRAME - 64)  # CURVE adds 33
    here.transport.send(line, (b"envelope", body))
    until(there.arrived, here, there)
    assert there.arrived()[0][1] == body
    assert there.senders()[0].channel is Channel.BULK


def test_control_is_not_behind_bulk(wires: list[Wire]) -> None:
    """With bulk's queue full, control still passes."""
    here, there, _ = wires
    bulk = connect(here, there.listen(Channel.BULK), there, Channel.BULK)
    control = connect(here, there.listen(), there)
    for _ in range(1000):
        if not here.transport.send(bulk, (b"block", bytes(2**20))):
            break
    else:
        pytest.fail("a queue has no bound")
    assert here.transport.send(control, (b"alive",))
    until(lambda: (b"alive",) in there.arrived(), there)


def test_another_server_key(wires: list[Wire]) -> None:
    """Who holds another key than the one dialled is not talked to."""
    here, there, third = wires
    place = there.listen()._replace(curve_key=third.key)
    line = here.transport.dial(place, Channel.CONTROL)
    until(here.ended, here, there)
    assert not here.transport.send(line, (b"secret",))
    assert not there.arrivals
    assert not here.is_connected()


def test_who_is_shut_out(wires: list[Wire]) -> None:
    """A key that was shut out cannot connect; others can; and after the time it can again."""
    here, there, third = wires
    place = there.listen()
    there.transport.shut_out(here.key, 60_000)
    here.transport.dial(place, Channel.CONTROL)
    until(here.ended, here, there)
    connect(third, place, there)
    there.now_ms = 60_000
    connect(here, place, there)


def test_no_curve_no_entry(wires: list[Wire], client: Foreign) -> None:
    """A client without CURVE, or with a password, is refused and never heard."""
    here, there, _ = wires
    place = there.listen()
    null = client.dealer()
    plain = client.dealer(plain_username=b"admin", plain_password=b"admin")
    failures = zmq.EVENT_HANDSHAKE_FAILED_PROTOCOL | zmq.EVENT_HANDSHAKE_FAILED_NO_DETAIL
    for dealer in (null, plain):
        is_out = client.watch(dealer, failures | zmq.EVENT_DISCONNECTED)
        dealer.connect(f"tcp://{place.host}:{place.port}")
        dealer.send_multipart([b"let", b"me in"])
        until(is_out, there)
        line = connect(here, place, there)
    here.transport.send(line, (b"honest",))
    until(there.arrived, here, there)
    assert there.arrived() == [(b"honest",)]


def test_a_frame_too_large(wires: list[Wire], client: Foreign) -> None:
    """Who sends a frame over the bound is cut, and honest peers are not."""
    here, there, _ = wires
    place = there.listen()
    line = connect(here, place, there)
    dealer = client.connect(place)
    dealer.send(b"first")
    until(there.arrived, there)
    dealer.send_multipart([b"envelope", bytes(MAX_FRAME + 1)])
    until(there.ended, there)
    assert there.arrived() == [(b"first",)]
    here.transport.send(line, (b"honest",))
    until(lambda: (b"honest",) in there.arrived(), here, there)


@pytest.mark.parametrize("count", [3, 4, 50])
def test_too_many_frames(wires: list[Wire], client: Foreign, count: int) -> None:
    """A message of more than two frames is not delivered, and its connection is cut."""
    there = wires[1]
    dealer = client.connect(there.listen(), reconnect_ivl=-1)
    is_out = client.watch(dealer, zmq.EVENT_DISCONNECTED)
    dealer.send_multipart([b"frame"] * count)
    until(there.ended, there)
    assert there.ended() == ["a message has over 2 frames"]
    until(is_out, there)
    assert not there.arrived()


def test_a_cut_ends_the_tcp_connection(wires: list[Wire]) -> None:
    """Who is cut sees its connection end, and nothing that it sent arrives any more."""
    here, there, third = wires
    place = there.listen()
    line, other = connect(here, place, there), connect(third, place, there)
    for wire, connection in ((here, line), (third, other)):
        wire.transport.send(connection, (b"first",))
    until(lambda: len(there.senders()) == 2, here, there, third)
    (back,) = [one for one in there.senders() if one.curve_key == here.key]
    for _ in range(20):
        here.transport.send(line, (b"more",))
    there.transport.cut(back)
    until(here.ended, here)
    there.arrivals.clear()
    third.transport.send(other, (b"honest",))
    until(there.arrived, there)
    assert there.arrived() == [(b"honest",)]
    assert not there.transport.send(back, (b"to nobody",))
    assert not third.ended()


def test_who_dialled_ends_it(wires: list[Wire]) -> None:
    """When a peer goes, the other is told at once."""
    here, there, _ = wires
    line = connect(here, there.listen(), there)
    here.transport.send(line, (b"first",))
    until(there.arrived, here, there)
    here.transport.cut(line)
    until(there.ended, there)
    assert there.ended() == ["the connection ended"]


def test_a_new_connection_is_another(wires: list[Wire]) -> None:
    """A connection that ended is not dialled again behind the back of its session."""
    here, there, _ = wires
    place = there.listen()
    line = connect(here, place, there)
    here.transport.send(line, (b"first",))
    until(there.arrived, here, there)
    there.transport.cut(there.senders()[0])
    until(here.ended, here, there)
    assert not here.transport.send(line, (b"lost",))
    again = connect(here, place, there)
    here.transport.send(again, (b"second",))
    until(lambda: len(there.senders()) == 2, here, there)
    assert len(set(there.senders())) == 2


def test_a_routing_id_that_changes_hands(wires: list[Wire], client: Foreign) -> None:
    """A message that comes from a known routing id with another key is nobody's."""
    there = wires[1]
    dealer = client.connect(there.listen(), b"a" * 32)
    dealer.send(b"first")
    until(there.arrived, there)
    (seat,) = there.transport._doors[0]._seats._at.values()
    before = Seat(replace(seat.connection, curve_key=there.key), *seat[1:])
    there.transport._doors[0]._seats.take(before)
    dealer.send(b"second")
    until(there.ended, there)
    assert there.ended() == ["its routing id is used with another key"]
    assert there.arrived() == [(b"first",)]


def test_handshakes_are_few(client: Foreign) -> None:
    """Of more handshakes from one host than there may be in a time, the others are refused."""
    there = Wire(2, Limits(connections=500, per_host=500, handshakes_s=1, loopback_times=1))
    there.transport._clock = lambda: 0
    place = there.listen()
    for number in range(20):
        client.connect(place, bytes([number + 1]) * 32).send(b"hello")
    until(lambda: len(there.senders()) == 16, there)
    outcast = client.dealer(reconnect_ivl=-1)
    is_out = client.watch(outcast, zmq.EVENT_DISCONNECTED | zmq.EVENT_HANDSHAKE_FAILED_NO_DETAIL)
    client.greet(outcast, place, b"z" * 32)
    until(is_out, there)
    there.transport.close()


def test_a_silent_connection_is_ended(client: Foreign) -> None:
    """Who connects and says nothing is cut after a while, and who has spoken is not."""
    there = Wire(2)
    place = there.listen()
    talker = client.connect(place, b"a" * 32)
    talker.send(b"first")
    until(there.arrived, there)
    silent = client.connect(place, b"b" * 32)
    is_out = client.watch(silent, zmq.EVENT_DISCONNECTED)
    until(lambda: len(there.transport._doors[0]._remotes) == 2, there)
    there.now_ms = SILENT_MS + 1000
    until(is_out, there)
    talker.send(b"second")
    until(lambda: (b"second",) in there.arrived(), there)
    there.transport.close()


def test_connections_of_one_host_are_bounded(client: Foreign) -> None:
    """Of more connections from one host than there may be, those that come later are cut."""
    there = Wire(2, Limits(connections=10, per_host=2, loopback_times=1))
    place = there.listen()
    for number in range(2):
        client.connect(place, bytes([number + 1]) * 32).send(b"hello")
    until(lambda: len(there.senders()) == 2, there)
    third = client.connect(place, b"c" * 32)
    is_out = client.watch(third, zmq.EVENT_DISCONNECTED | zmq.EVENT_HANDSHAKE_FAILED_NO_DETAIL)
    third.send(b"hello")
    until(is_out, there)
    assert len(there.senders()) == 2
    there.transport.close()


def test_zap_survives_junk_and_errors(wires: list[Wire], monkeypatch: pytest.MonkeyPatch) -> None:
    """An error while it is decided who may connect refuses that one, and the next may."""
    here, there, third = wires
    place = there.listen()
    junk = there.transport._context.socket(zmq.DEALER)
    junk.connect("inproc://zeromq.zap.01")
    for frames in ([b""], [b"", b"1.0"], [b"x"] * 3, [b"", b"1.0", b"id"] + [b"?"] * 20):
        junk.send_multipart(frames)

    def broken(*_: object) -> str:
        raise RuntimeError("a bug")

    monkeypatch.setattr(there.transport._gate, "refusal", broken)
    here.transport.dial(place, Channel.CONTROL)
    until(here.ended, here, there)
    monkeypatch.undo()
    connect(third, place, there)
    junk.close()


def test_a_port_that_is_taken(wires: list[Wire]) -> None:
    """It is said which one, and what to do."""
    here, there, _ = wires
    port = here.listen().port
    with pytest.raises(LocalFault, match=f"cannot listen on 127.0.0.1:{port}: Address") as caught:
        there.transport.listen("127.0.0.1", port, Channel.CONTROL)
    assert "another port" in caught.value.fix
    with pytest.raises(LocalFault, match="cannot be dialled"):
        here.transport.dial(Place("no host", 1, here.key), Channel.CONTROL)


def test_an_old_libzmq(monkeypatch: pytest.MonkeyPatch) -> None:
    """A libzmq with known holes is not used."""
    assert zmq.zmq_version_info() >= OLDEST
    monkeypatch.setattr(transport_module.zmq, "zmq_version_info", lambda: (4, 3, 4))
    with pytest.raises(LocalFault, match="too old"):
        Transport(b"s" * 32, clock, Limits())


def test_every_option_is_set(wires: list[Wire]) -> None:
    """The sockets have the options that keep strangers within bounds."""
    here, there, _ = wires
    line = connect(here, there.listen(), there)
    door, dealer = there.transport._doors[0].socket, here.transport._lines[line].socket
    expected = {
        "MAXMSGSIZE": 2 * 2**20 + 64 * 2**10, "RCVHWM": 64, "SNDHWM": 64, "RCVBUF": 262_144,
        "SNDBUF": 262_144, "HANDSHAKE_IVL": 5000, "HEARTBEAT_IVL": 5000,
        "HEARTBEAT_TIMEOUT": 15_000, "HEARTBEAT_TTL": 30_000, "TCP_KEEPALIVE": 1,
        "TCP_KEEPALIVE_IDLE": 60, "RECONNECT_IVL": 100, "RECONNECT_IVL_MAX": 30_000,
        "LINGER": 0, "IMMEDIATE": 1,
    }  # fmt: skip
    for one in (door, dealer):
        assert {name: one.getsockopt(getattr(zmq, name)) for name in expected} == expected
    assert door.getsockopt(zmq.CURVE_SERVER) == door.getsockopt(zmq.ZAP_ENFORCE_DOMAIN) == 1
    assert door.getsockopt(zmq.ZAP_DOMAIN).rstrip(b"\0") == b"tallystick/1"
    for channel in Channel:
        assert here.transport.listen("127.0.0.1", 0, channel)
    bulk = here.transport._doors[1].socket
    assert bulk.getsockopt(zmq.RCVHWM) == bulk.getsockopt(zmq.SNDHWM) == 2
