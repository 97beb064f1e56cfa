"""Whatever a stranger sends, a peer lives on, says why it hung up, and answers who is honest."""

import contextlib
import resource
import threading
from collections.abc import Callable, Iterator

import pytest

from peers.connection import Connection, Place
from peers.envelope import Envelope, encode
from peers.hello import Party, introduce
from peers.messages import HELLO_TYPE, request
from tests.peers.keys import identity
from tests.peers.parties import certificate
from tests.peers.raw import COMMAND, GREETING, MORE, Raw, frame
from tests.peers.talker import Talker
from tests.peers.wires import Wire, until

NO_ID, ID = bytes(16), b"i" * 16


@pytest.fixture
def talkers() -> Iterator[tuple[Talker, Talker]]:
    """Return a peer to be attacked, and an honest one."""
    made = Talker(2), Talker(1)
    yield made
    for one in made:
        one.close()


def turn_until(is_so: Callable[[], object], *talkers: Talker) -> None:
    """Let peers talk until something is so."""
    for _ in range(20_000):
        if is_so():
            return
        for one in talkers:
            one.turn()
    pytest.fail(f"never so; {[one.cuts[-3:] for one in talkers]}")


def befriend(honest: Talker, there: Talker, place: Place) -> Connection:
    """Let the honest peer be known."""
    known = len(honest.met)
    honest.dial(place)
    turn_until(lambda: len(honest.met) > known, honest, there)
    return honest.met[-1]


def is_answered(honest: Talker, there: Talker, line: Connection) -> bool:
    """Return whether the honest peer has an answer to what it asks."""
    before = len(honest.answers)
    honest.ask(line, b"%d" % before)
    turn_until(lambda: len(honest.answers) > before, honest, there)
    return honest.answers[-1] == b"answer to %d" % before


def aside(work: Callable[[], None], there: Talker | Wire) -> None:
    """Do something while a peer goes on."""
    failed: list[BaseException] = []

    def run() -> None:
        try:
            work()
        except BaseException as error:
            failed.append(error)

    worker = threading.Thread(target=run)
    worker.start()
    while worker.is_alive():
        there.turn()
    worker.join()
    if failed:
        raise failed[0]


def test_raw_is_right_where_it_is_not_wrong(talkers: tuple[Talker, Talker]) -> None:
    """The client made by hand can shake hands and be known: what fails in it, fails on purpose."""
    there, _ = talkers
    place = there.wire.listen()
    raw = Raw(place, b"h" * 32)
    aside(lambda: _greet(raw, place, 7), there)
    turn_until(lambda: there.met, there)
    assert there.sessions[there.met[0]].peer == identity(7).peer
    raw.close()


def _greet(raw: Raw, place: Place, number: int, seq: int = 1, **wrong: object) -> None:
    key = bytes(raw.key.public_key)
    certified = certificate(wrong.get("certified", number), key)
    said = Party(identity(number), certified, key, versions=(1,))
    hello = introduce(said, place.curve_key, bytes(16), None).data
    raw.shake()
    head = encode(Envelope(1, HELLO_TYPE, NO_ID, seq, 0))
    raw.send(frame(raw.message(head, MORE)) + frame(raw.message(hello)))


@pytest.mark.parametrize(
    ("frames", "why"),
    [
        ([encode(Envelope(1, request(64), ID, 1, 0))], "replay"),
        ([encode(Envelope(1, request(64) + 1, ID, 9, 0))], "nobody asked"),
        ([encode(Envelope(2, request(64), ID, 9, 0))], "not agreed"),
        ([b"junk"], "not an envelope"),
        ([b""], "not an envelope"),
        ([encode(Envelope(1, request(64), ID, 9, 0)), b"a", b"b"], "over 2 frames"),
        ([bytes(2000)], "over 1024 bytes"),
    ],
)
def test_a_peer_that_breaks_the_protocol(
    talkers: tuple[Talker, Talker], frames: list[bytes], why: str
) -> None:
    """A peer that is known and sends what it may not is hung up on, and the log says why."""
    there, honest = talkers
    place = there.wire.listen()
    line = befriend(honest, there, place)
    raw = Raw(place, b"h" * 32)

    def misbehave() -> None:
        _greet(raw, place, 7)
        last = len(frames) - 1
        for at, one in enumerate(frames):
            raw.send(frame(raw.message(one, MORE * (at < last))))
        assert raw.is_hung_up()

    aside(misbehave, there)
    assert [one for one in there.cuts if why in one]
    assert is_answered(honest, there, line)
    raw.close()


def test_a_hello_signed_by_another(talkers: tuple[Talker, Talker]) -> None:
    """A Hello signed by another than its certificate is hung up on."""
    there, _ = talkers
    place = there.wire.listen()
    raw = Raw(place, b"h" * 32)

    def misbehave() -> None:
        _greet(raw, place, 7, certified=8)
        assert raw.is_hung_up()

    aside(misbehave, there)
    assert there.cuts == ["a hello is not signed by whom its certificate names"]
    raw.close()


def test_a_flood(talkers: tuple[Talker, Talker]) -> None:
    """A known peer that sends without end is hung up on, while the honest one is answered."""
    there, honest = talkers
    place = there.wire.listen()
    line = befriend(honest, there, place)
    raw = Raw(place, b"h" * 32)

    def flood() -> None:
        _greet(raw, place, 7)
        for seq in range(2, 3000):
            envelope = encode(Envelope(1, 4 * 64, NO_ID, seq, 0))
            with contextlib.suppress(OSError):
                raw.send(frame(raw.message(envelope)))
        assert raw.is_hung_up()

    aside(flood, there)
    assert [one for one in there.cuts if "flood" in one]
    assert is_answered(honest, there, line)
    raw.close()


@pytest.mark.parametrize("stage", ["greeting", "hello", "message"])
def test_a_gigabyte_is_not_read(talkers: tuple[Talker, Talker], stage: str) -> None:
    """A frame that says it has a gigabyte is hung up on before or after the handshake."""
    there, honest = talkers
    place = there.wire.listen()
    line = befriend(honest, there, place)
    raw = Raw(place, b"h" * 32)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    def overfill() -> None:
        if stage == "message":
            raw.shake()
        elif stage == "hello":
            raw.send(GREETING + frame(raw.hello(), COMMAND))
            raw.welcome()
        else:
            raw.send(GREETING)
        flags = 0 if stage == "message" else COMMAND
        with contextlib.suppress(OSError):
            raw.send(frame(bytes(2**20), flags, 2**30))
            for _ in range(64):
                raw.send(bytes(2**20))
        assert raw.is_hung_up()

    aside(overfill, there)
    assert is_answered(honest, there, line)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 32 * 1024  # KiB
    raw.close()


@pytest.mark.parametrize(
    ("name", "said"),
    [
        (b"User-Id", b"ab" * 32),
        (b"Peer-Address", b"6.6.6.6"),
        (b"__fd", b"0"),
        (b"Identity", b""),
    ],
)
def test_metadata_is_no_name(talkers: tuple[Talker, Talker], name: bytes, said: bytes) -> None:
    """A client that says of itself to be another is known by its key all the same."""
    there, _ = talkers
    place = there.wire.listen()
    raw = Raw(place, b"h" * 32)
    aside(lambda: _pose(raw, name, said), there.wire)
    until(there.wire.arrived, there.wire)
    (seen,) = there.wire.senders()
    assert (seen.curve_key, seen.host) == (bytes(raw.key.public_key), "127.0.0.1")
    raw.close()


def _pose(raw: Raw, name: bytes, said: bytes) -> None:
    """Shake hands as somebody else."""
    raw.send(GREETING + frame(raw.hello(), COMMAND))
    raw.welcome()
    metadata = bytes([len(name)]) + name + len(said).to_bytes(4, "big") + said
    raw.send(frame(raw.initiate(b"\x0bSocket-Type\x00\x00\x00\x06DEALER" + metadata), COMMAND))
    raw.read_frame()
    raw.send(frame(raw.message(b"it is me")))


@pytest.mark.parametrize("said", [b"alice", b"\xff\xfe"])
def test_nobody_chooses_a_routing_id(talkers: tuple[Talker, Talker], said: bytes) -> None:
    """Who chooses its routing id, in whatever bytes, is hung up on at its first message."""
    there, _ = talkers
    place = there.wire.listen()
    raw = Raw(place, b"h" * 32)
    aside(lambda: _pose(raw, b"Identity", said), there)
    turn_until(lambda: "it chooses its routing id" in there.cuts, there)
    assert raw.is_hung_up()
    raw.close()


def test_a_routing_id_of_another(talkers: tuple[Talker, Talker]) -> None:
    """Who takes the routing id of a peer that is there is not sent what is for that one."""
    there, honest = talkers
    place = there.wire.listen()
    line = befriend(honest, there, place)
    (seat,) = there.wire.transport._doors[0]._seats._at.values()
    raw = Raw(place, b"h" * 32)
    aside(lambda: _pose(raw, b"Identity", seat.routing_id), there)
    assert is_answered(honest, there, line)
    raw.close()
