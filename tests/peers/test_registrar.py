"""The registrar and its dialler (peers/registrar.py): directories over real connections."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from queue import SimpleQueue

import pytest

from engine.clock import SystemClock
from engine.errors import TallyError, Unavailable
from engine.step import REQUIRES, SYSTEM, Platform
from peers.certificate import CERTIFICATE, SKEW_MS, Certificate
from peers.connection import Channel, Place
from peers.dialler import Dialler
from peers.envelope import VERSION
from peers.hello import Party
from peers.identity import Address
from peers.introduction import INTRODUCTION, Introducer, Introduction
from peers.lines import Lines
from peers.peer_record import PeerRecord
from peers.post import Post
from peers.registrar import Registrar
from peers.route import Route
from peers.signed import seal
from peers.switch import Parts, Switch
from tests.peers.keys import identity
from tests.peers.traders import Ahead
from tests.peers.wires import PATIENCE_S, Wire


class _Deaf:
    """A part that has nothing to do."""

    def __getattr__(self, name: str) -> Callable[..., None]:
        return lambda *_: None


class Clerk:
    """A peer that has a directory and nothing else."""

    def __init__(self, number: int, *, lends: bool = True) -> None:
        self.wire = Wire(number)
        self.clock = Ahead()
        self.identity = identity(number)
        self.said: list[tuple[str, dict[str, object]]] = []
        self.relayed: tuple[str, ...] = ()  # where it says that it is reached, besides
        now_ms = SystemClock().now_ms()
        certificate = Certificate(self.wire.key, now_ms - SKEW_MS, now_ms + 10**8, 1)
        signed = seal(CERTIFICATE, certificate, self.identity).data
        self.ports = [self.wire.listen(channel).port for channel in Channel]
        said = seal(INTRODUCTION, Introduction(signed, *self.ports), self.identity)
        self.introducer = Introducer("127.0.0.1", 0, said.data)
        self.address = Address(self.identity.peer, "127.0.0.1", self.introducer.port)
        self.post = Post(
            self.wire.transport, Party(self.identity, signed, self.wire.key), self.clock
        )
        self.woken: SimpleQueue[Callable[[], None]] = SimpleQueue()
        self.workers = ThreadPoolExecutor(2)
        self.lines = Lines(self.post)
        self.dialler = Dialler(self.post, self.lines, self.workers, self.woken.put, self._log)
        self.registrar = Registrar(
            self.post,
            self.lines,
            self.identity,
            self._describe if lends else None,
            self.clock,
            self.dialler,
            self._log,
        )
        parts = Parts(self.lines, self.registrar, *(_Deaf() for _ in Parts._fields[2:]))
        self.switch = Switch(self.post, parts, self._log, self.dialler.failed)

    def _log(self, event: str, **facts: object) -> None:
        self.said.append((event, facts))

    def _describe(self, serial: int, made_ms: int, expires_ms: int) -> PeerRecord:
        place = (f"127.0.0.1:{self.address.port}", *self.relayed)
        kind = Platform(REQUIRES, SYSTEM)
        lends = (2, 2**30, (), "bwrap 0", (), 2, (VERSION,))
        return PeerRecord(serial, made_ms, expires_ms, place, kind, *lends)

    def turn(self) -> None:
        """Let arrive what is there, and time pass."""
        arrivals = self.wire.transport.poll(1)
        happened = [one for arrival in arrivals for one in self.post.arrive(arrival)]
        for one in (*happened, *self.post.tick()):
            self.switch.happened(one)
        while not self.woken.empty():
            self.woken.get()()
        self.switch.tick(self.clock.monotonic_ms())

    def close(self) -> None:
        """End."""
        self.workers.shutdown()
        self.introducer.close()
        self.wire.transport.close()


@pytest.fixture
def clerks() -> Iterator[list[Clerk]]:
    """Return three, who do not know each other; the last lends nothing."""
    made = [Clerk(1), Clerk(2), Clerk(3, lends=False)]
    yield made
    for one in made:
        one.close()


def _until(is_so: Callable[[], object], clerks: list[Clerk], *, pass_ms: int = 0) -> None:
    end = time.monotonic() + PATIENCE_S
    while not is_so():
        assert time.monotonic() < end, [one.said for one in clerks]
        for one in clerks:
            one.clock.by_ms += pass_ms
            one.turn()


def test_a_peer_that_was_named_is_dialled_and_shows_what_it_lends(clerks: list[Clerk]) -> None:
    """Both have a line, and each the record of the other."""
    one, two, _ = clerks
    one.registrar.add(two.address)
    _until(lambda: two.registrar.directory.get(one.identity.peer), clerks)
    _until(lambda: one.registrar.candidates(Platform(REQUIRES, SYSTEM), 1, 1), clerks)
    assert one.lines.peers() == (two.identity.peer,)
    assert two.lines.peers() == (one.identity.peer,)


def test_a_peer_is_learned_of_from_another(clerks: list[Clerk]) -> None:
    """Who knows one peer comes to know, and to be connected to, those that it knows."""
    one, two, three = clerks
    one.registrar.add(two.address)
    three.registrar.add(two.address)
    _until(lambda: one.identity.peer in three.lines.peers(), clerks, pass_ms=20)
    assert three.registrar.directory.get(one.identity.peer)


def test_who_lends_nothing_is_listed_by_nobody(clerks: list[Clerk]) -> None:
    """It has lines, and no record."""
    one, _, three = clerks
    three.registrar.add(one.address)
    _until(lambda: three.registrar.directory.get(one.identity.peer), clerks)
    assert one.lines.peers() == (three.identity.peer,)
    assert one.registrar.directory.get(three.identity.peer) is None


def test_a_wrong_address_is_written_down_and_tried_again_later(clerks: list[Clerk]) -> None:
    """Where another peer answers, nothing is dialled, and the log says why."""
    one, two, three = clerks
    wrong = Address(three.identity.peer, "127.0.0.1", two.address.port)
    one.registrar.add(wrong)
    _until(lambda: any(event == "not reached" for event, _ in one.said), clerks)
    assert one.lines.peers() == ()
    facts = next(facts for event, facts in one.said if event == "not reached")
    assert facts["why"] == "another peer answers there"


def test_a_peer_that_somebody_saw_is_dialled_once(clerks: list[Clerk]) -> None:
    """It is met if it is there, and forgotten if it is not; nobody meets himself."""
    one, two, three = clerks
    one.registrar.meet(one.address)
    one.registrar.meet(Address(three.identity.peer, "127.0.0.1", two.address.port))
    one.registrar.meet(two.address)
    _until(lambda: one.lines.peers() and two.lines.peers(), clerks)
    _until(lambda: any(event == "not reached" for event, _ in one.said), clerks)
    for _ in range(20):
        for each in clerks:
            each.clock.by_ms += 10_000
            each.turn()
    tried = [facts["peer"] for event, facts in one.said if event == "not reached"]
    assert tried == [three.identity.peer]


def test_what_a_record_says_is_renewed_when_it_changes(clerks: list[Clerk]) -> None:
    """And passed on; not more often than every ten seconds."""
    one, two, three = clerks
    one.registrar.add(two.address)
    _until(lambda: two.registrar.directory.get(one.identity.peer), clerks)
    one.relayed = (f"127.0.0.1:1?via={three.identity.peer}",)
    one.registrar.renew()
    for _ in range(20):
        one.turn()
        two.turn()
    before = two.registrar.directory.get(one.identity.peer)
    assert before is not None
    assert one.relayed[0] not in before.record.addresses

    def is_known() -> bool:
        notice = two.registrar.directory.get(one.identity.peer)
        return notice is not None and one.relayed[0] in notice.record.addresses

    _until(is_known, clerks, pass_ms=200)


@pytest.mark.parametrize("is_there", [True, False])
def test_a_way_through_a_relay_is_made_by_others(clerks: list[Clerk], *, is_there: bool) -> None:
    """And dialled, with the key that they tell; or written down that there is none."""
    one, two, three = clerks
    through = Address(two.identity.peer, "127.0.0.1", 1, via=three.identity.peer)
    asked: list[Address] = []

    def reach(address: Address, done: Callable[[Route | TallyError], None]) -> None:
        asked.append(address)
        places = (Place("127.0.0.1", port, two.wire.key) for port in two.ports)
        done(Route(*places) if is_there else Unavailable("its relay is gone"))

    one.dialler.reach = reach
    one.registrar.add(through)
    if is_there:
        _until(lambda: one.lines.peers() == (two.identity.peer,), clerks)
        _until(lambda: one.lines.bulk(two.identity.peer), clerks)
    else:
        _until(lambda: any(event == "not reached" for event, _ in one.said), clerks)
    assert asked[0] == through


def test_a_question_of_another_part_is_not_ours(clerks: list[Clerk]) -> None:
    """That it had no answer is no reason to end a connection."""
    one, two, _ = clerks
    one.registrar.add(two.address)
    _until(lambda: one.lines.peers(), clerks)
    line = one.lines.control(two.identity.peer)
    assert line is not None
    one.registrar.unanswered(line, two.identity.peer, bytes(16))
    one.turn()
    assert one.lines.control(two.identity.peer) == line
