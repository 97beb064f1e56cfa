"""Two peers that really talk: sessions on real connections, as a daemon has them."""

import time
from collections.abc import Callable, Iterator

import pytest

from engine.clock import SystemClock
from peers.certificate import CERTIFICATE, SKEW_MS, Certificate
from peers.connection import Arrived, Channel, Connected, Connection, Ended, Place
from peers.envelope import Role
from peers.hello import Party
from peers.identity import PeerId
from peers.messages import notice, request
from peers.post import Came, Closed, Happened, Opened, Post, Unanswered
from peers.signed import seal
from tests.peers.keys import identity
from tests.peers.wires import PATIENCE_S, Wire

QUESTION, NOTICE = request(200), notice(201)


class Speaker:
    """A peer with its post, and all that has happened to it."""

    def __init__(self, number: int) -> None:
        """Use the keys of peer `number`."""
        self.wire = Wire(number)
        self.identity = identity(number)
        now_ms = SystemClock().now_ms()
        certificate = Certificate(self.wire.key, now_ms - SKEW_MS, now_ms + 10**6, 1)
        signed = seal(CERTIFICATE, certificate, self.identity).data
        party = Party(self.identity, signed, self.wire.key)
        self.post = Post(self.wire.transport, party, SystemClock())
        self.happened: list[Happened] = []

    @property
    def peer(self) -> PeerId:
        """Who it is."""
        return self.identity.peer

    def turn(self) -> None:
        """Let arrive what is there, and time pass."""
        for arrival in self.wire.transport.poll(2):
            self.happened += self.post.arrive(arrival)
        self.happened += self.post.tick()

    def of(self, kind: type) -> list[Happened]:
        """Return what happened of one kind."""
        return [one for one in self.happened if isinstance(one, kind)]


def until(is_so: Callable[[], object], *speakers: Speaker) -> None:
    """Let time pass until something is so."""
    end = time.monotonic() + PATIENCE_S
    while not is_so():
        assert time.monotonic() < end, [one.happened[-3:] for one in speakers]
        for one in speakers:
            one.turn()


@pytest.fixture
def pair() -> Iterator[tuple[Speaker, Speaker]]:
    """Two peers."""
    speakers = Speaker(1), Speaker(2)
    yield speakers
    for one in speakers:
        one.wire.transport.close()


def meet(one: Speaker, other: Speaker, place: Place) -> Connection:
    """Have one dial the other; return its connection."""
    line = one.post.dial(place, Channel.CONTROL, expected=other.peer)
    until(lambda: one.of(Opened) and other.of(Opened), one, other)
    return line


def test_two_peers_meet_ask_and_answer(pair: tuple[Speaker, Speaker]) -> None:
    """Each knows who the other is; an answer comes to its question; a notice needs none."""
    one, other = pair
    line = meet(one, other, other.wire.listen())
    assert [met.peer for met in one.of(Opened)] == [other.peer]  # type: ignore[attr-defined]
    assert [met.peer for met in other.of(Opened)] == [one.peer]  # type: ignore[attr-defined]
    asked = one.post.ask(line, QUESTION, b"what?", 10_000)
    one.post.tell(line, NOTICE, b"by the way")
    until(lambda: len(other.of(Came)) == 2, one, other)
    question, told = other.of(Came)
    assert isinstance(question, Came)
    assert isinstance(told, Came)
    assert (question.role, question.request_id, question.body) == (Role.REQUEST, asked, b"what?")
    assert (told.role, told.type, told.body) == (Role.NOTICE, NOTICE, b"by the way")
    other.post.reply(question.connection, question.request_id, b"that")
    until(lambda: one.of(Came), one, other)
    (answer,) = one.of(Came)
    assert isinstance(answer, Came)
    assert (answer.peer, answer.request_id, answer.body) == (other.peer, asked, b"that")


def test_somebody_else_will_not_do(pair: tuple[Speaker, Speaker]) -> None:
    """Who was dialled must be who answers, whatever key the connection has."""
    one, other = pair
    one.post.dial(other.wire.listen(), Channel.CONTROL, expected=identity(3).peer)
    until(lambda: one.of(Closed), one, other)
    (closed,) = one.of(Closed)
    assert isinstance(closed, Closed)
    assert closed.is_fault
    assert "and not" in closed.why
    assert not one.of(Opened)


def test_many_messages_wait_for_room(pair: tuple[Speaker, Speaker]) -> None:
    """More than a socket holds at a time come in order, and none is lost."""
    one, other = pair
    line = meet(one, other, other.wire.listen())
    for number in range(150):
        one.post.tell(line, NOTICE, b"%d" % number)
    until(lambda: len(other.of(Came)) == 150, one, other)
    bodies = [came.body for came in other.of(Came) if isinstance(came, Came)]
    assert bodies == [b"%d" % number for number in range(150)]


def test_who_sends_is_told_when_it_has_left(pair: tuple[Speaker, Speaker]) -> None:
    """Once for each message that is asked about, in order, and never at once."""
    one, other = pair
    line = meet(one, other, other.wire.listen())
    left: list[int] = []
    for number in range(150):
        one.post.tell(line, NOTICE, b"", sent=lambda number=number: left.append(number))  # type: ignore[misc]
        one.post.tell(line, NOTICE, b"")
    assert not left
    until(lambda: len(left) == 150, one, other)
    assert left == list(range(150))


def test_a_dialling_that_is_given_up(pair: tuple[Speaker, Speaker]) -> None:
    """It closes, nobody was met, and what would have come of it is not heard of."""
    one, other = pair
    line = one.post.dial(other.wire.listen(), Channel.CONTROL, expected=other.peer)
    one.post.end(line, "no longer wanted", is_fault=False)
    one.happened += one.post.arrive(Connected(line))
    one.happened += one.post.arrive(Ended(line, "the connection ended"))
    assert one.happened == [Closed(line, None, "no longer wanted", is_fault=False)]


def test_what_came_before_a_cut_and_is_read_after_it(pair: tuple[Speaker, Speaker]) -> None:
    """Is not heard: no message of a connection that was ended makes it another."""
    one, other = pair
    line = meet(one, other, other.wire.listen())
    one.post.tell(line, NOTICE, b"first")
    until(lambda: other.of(Came), one, other)
    (came,) = other.of(Came)
    other.post.end(came.connection, "enough", is_fault=False)
    assert [type(one) for one in other.post.arrive(Arrived(came.connection, (b"late",)))] == [
        Closed
    ]
    assert other.post.tick() == []


def test_a_question_without_an_answer_ends(pair: tuple[Speaker, Speaker]) -> None:
    """When its time is up, its asker is told."""
    one, other = pair
    line = meet(one, other, other.wire.listen())
    asked = one.post.ask(line, QUESTION, b"", 1)
    until(lambda: one.of(Unanswered), one, other)
    (unanswered,) = one.of(Unanswered)
    assert isinstance(unanswered, Unanswered)
    assert unanswered.request_id == asked


def test_a_connection_that_was_cut_is_gone(pair: tuple[Speaker, Speaker]) -> None:
    """On both sides; what is said on it afterwards goes nowhere; nobody is at fault."""
    one, other = pair
    line = meet(one, other, other.wire.listen())
    for _ in range(2):
        one.post.end(line, "enough", is_fault=False)
    until(lambda: one.of(Closed), one)
    assert one.of(Closed) == [Closed(line, other.peer, "enough", is_fault=False)]
    one.post.tell(line, NOTICE, b"")
    assert one.post.room(line) == 0
    until(lambda: other.of(Closed), other)
    (closed,) = other.of(Closed)
    assert isinstance(closed, Closed)
    assert (closed.peer, closed.is_fault) == (one.peer, False)


def test_who_breaks_the_protocol_is_cut_and_kept_out(pair: tuple[Speaker, Speaker]) -> None:
    """With the reason; others are still heard."""
    one, other = pair
    place = other.wire.listen()
    line = meet(one, other, place)
    one.wire.transport.send(line, (b"junk",))
    until(lambda: other.of(Closed), one, other)
    (closed,) = other.of(Closed)
    assert isinstance(closed, Closed)
    assert (closed.peer, closed.is_fault) == (one.peer, True)
    honest = Speaker(4)
    try:
        meet(honest, other, place)
        again = one.post.dial(place, Channel.CONTROL, expected=other.peer)
        until(lambda: any(gone.connection == again for gone in one.of(Closed)), one, other)  # type: ignore[attr-defined]
    finally:
        honest.wire.transport.close()
