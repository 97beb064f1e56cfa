"""A session hears what is in order, answers once, and cuts what is not, with a reason."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from peers.allowance import Rate
from peers.envelope import MAX_BODY, Envelope, Role, decode, encode, join
from peers.hello import introduce
from peers.identity import PeerId
from peers.inflight import MAX_IN_FLIGHT
from peers.messages import ALIVE_TYPE, HELLO_TYPE, notice, request
from peers.past import Past
from peers.session import HELLO_MS, IDLE_MS, Session
from peers.session_events import (
    Accepted,
    Action,
    Ask,
    Cut,
    Deliver,
    Dialled,
    Granted,
    Lapsed,
    Lost,
    Met,
    Reply,
    Send,
    Tell,
    Ticked,
)
from peers.session_table import TABLE, Cause, State, move
from tests.peers.keys import identity
from tests.peers.parties import DAY_MS, WALL_MS, curve_key, frames, pair, party, received

KIND = request(64)
NEWS = notice(64)
ID = b"i" * 16
NO_ID = bytes(16)


def ask(session: Session, request_id: bytes = ID, at_ms: int = 0, deadline_ms: int = 0) -> tuple:
    """Return the frames of a request that a session sends."""
    return frames(session.take(Ask(at_ms, request_id, KIND, b"what?", deadline_ms)))


def cut(actions: tuple[Action, ...]) -> str:
    """Return why a connection is cut, which is all that is to be done."""
    (action,) = actions
    assert isinstance(action, Cut)
    return action.reason


def hear(session: Session, envelope: Envelope, body: bytes = b"") -> tuple[Action, ...]:
    """Let a session receive a message made by hand."""
    return session.take(received(join(envelope, body)))


def greeted() -> tuple[Session, tuple[bytes, ...]]:
    """Return a session that was dialled, and the hello of who dialled."""
    dialler, listener = Session(party(1), curve_key(2)), Session(party(2), curve_key(1))
    listener.take(Accepted(0, bytes(16)))
    return listener, frames(dialler.take(Dialled(0, bytes(16))))


def test_both_know_each_other() -> None:
    """After a hello each way both sessions are open and know who is there."""
    dialler, listener = Session(party(1, (1, 2)), curve_key(2)), Session(party(2), curve_key(1))
    first = dialler.take(Dialled(0, bytes(16)))
    assert listener.take(Accepted(0, bytes(16))) == ()
    second = listener.take(received(frames(first)))
    assert second[1] == Met(PeerId(identity(1).public_key), 1, ())
    assert dialler.take(received(frames(second))) == (Met(PeerId(identity(2).public_key), 1, ()),)
    assert {dialler.state, listener.state} == {State.OPEN}
    assert dialler.peer == identity(2).peer


def test_a_request_is_answered() -> None:
    """A request is delivered with its time, and its answer to who asked."""
    dialler, listener = pair()
    sent = ask(dialler, deadline_ms=500)
    assert listener.take(received(sent, at_ms=70)) == (
        Deliver(Role.REQUEST, KIND, ID, b"what?", 570),
    )
    answer = frames(listener.take(Reply(80, ID, b"that")))
    assert dialler.take(received(answer)) == (Deliver(Role.ANSWER, KIND + 1, ID, b"that", None),)
    assert dialler.room == MAX_IN_FLIGHT


def test_both_may_ask() -> None:
    """Who was dialled may ask as well, with the same id at the same time."""
    dialler, listener = pair()
    there, back = ask(dialler), ask(listener)
    assert dialler.take(received(back))[0].role is Role.REQUEST
    assert listener.take(received(there))[0].role is Role.REQUEST
    assert dialler.take(received(frames(listener.take(Reply(0, ID, b"")))))[0].body == b""


def test_a_notice() -> None:
    """A notice is delivered and not answered; a sign of life is not even delivered."""
    dialler, listener = pair()
    news = frames(dialler.take(Tell(0, NEWS, b"news")))
    assert listener.take(received(news)) == (Deliver(Role.NOTICE, NEWS, NO_ID, b"news", None),)
    assert listener.take(received(frames(dialler.take(Tell(0, ALIVE_TYPE, b""))))) == ()


def test_asked_again_the_same_answer() -> None:
    """A request that was answered is not delivered again: the same answer is sent again."""
    dialler, listener = pair()
    listener.take(received(ask(dialler)))
    assert listener.take(received(ask(dialler))) == ()  # it is being dealt with
    first = frames(listener.take(Reply(0, ID, b"that")))
    second = frames(listener.take(received(ask(dialler))))
    assert second[1] == first[1]
    assert decode(second[0]).seq > decode(first[0]).seq
    assert len(dialler.take(received(first))) == 1
    assert dialler.take(received(second)) == ()  # one answer is enough


def test_answers_outlive_a_connection() -> None:
    """On a new connection the same peer is given the same answer; another peer is not."""
    kept: dict[PeerId, Past] = {}
    memory = lambda peer: kept.setdefault(peer, Past())  # noqa: E731
    dialler, listener = pair(past_of=memory)
    listener.take(received(ask(dialler)))
    listener.take(Reply(0, ID, b"that"))
    dialler, listener = pair(past_of=memory)
    (again,) = listener.take(received(ask(dialler)))
    assert again.frames[1] == b"that"
    assert list(kept) == [identity(1).peer]


def test_what_is_late_is_no_offence() -> None:
    """An answer past its deadline is dropped; a reply past it is not sent."""
    dialler, listener = pair()
    listener.take(received(ask(dialler, deadline_ms=100)))
    assert Lapsed(ID, is_ours=True) in dialler.take(Ticked(100, WALL_MS))
    answer = frames(listener.take(Reply(99, ID, b"")))
    assert dialler.take(received(answer, at_ms=101)) == ()
    listener.take(received(ask(dialler, b"j" * 16, deadline_ms=100)))
    assert listener.take(Ticked(200, WALL_MS)) == (Lapsed(b"j" * 16, is_ours=False),)
    assert listener.take(Reply(201, b"j" * 16, b"")) == ()


def test_every_message_once() -> None:
    """Every message of a conversation, replayed, ends it."""
    for number in range(3):
        dialler, listener = pair()
        sent = [frames(dialler.take(Tell(0, NEWS, bytes([one + 1])))) for one in range(3)]
        for message in sent:
            listener.take(received(message))
        assert re.match("replay: seq", cut(listener.take(received(sent[number]))))
        assert listener.take(received(sent[number])) == ()


def test_a_hello_comes_once() -> None:
    """A second hello, and any other first message, ends the connection."""
    listener, first = greeted()
    listener.take(received(first))
    hello = join(Envelope(1, HELLO_TYPE, NO_ID, 9, 0), first[1])
    assert "first message" in cut(listener.take(received(hello)))
    listener, _ = greeted()
    assert "first message" in cut(hear(listener, Envelope(1, KIND, ID, 1, 0)))


def test_somebody_else_s_hello() -> None:
    """A hello that was overheard is of no use on a connection of another key."""
    _, first = greeted()
    thief = Session(party(2), curve_key(3))
    thief.take(Accepted(0, bytes(16)))
    assert "another key" in cut(thief.take(received(first)))


def test_an_old_answer_to_hello() -> None:
    """The hello of an earlier connection does not answer a new one."""
    listener, first = greeted()
    second = frames(listener.take(received(first)))
    dialler = Session(party(1), curve_key(2))
    dialler.take(Dialled(0, b"m" * 16))
    assert "does not answer" in cut(dialler.take(received(second)))


def test_a_downgrade() -> None:
    """Who answers that a higher common version is not agreed, is not heard."""
    dialler, listener = (
        Session(party(1, (1, 2)), curve_key(2)),
        Session(party(2, (1, 2)), curve_key(1)),
    )
    listener.take(Accepted(0, bytes(16)))
    second = frames(listener.take(received(frames(dialler.take(Dialled(0, bytes(16)))))))
    assert dialler.take(received(second))[0].version == 2
    assert "version 1 was not agreed" in cut(hear(dialler, Envelope(1, NEWS, NO_ID, 5, 0)))


def test_no_version() -> None:
    """Peers that have no version in common part, and the log says which one spoke."""
    listener = Session(party(2, (2, 3)), curve_key(1))
    listener.take(Accepted(0, bytes(16)))
    _, first = greeted()
    assert cut(listener.take(received(first))) == "no version is common: the peer speaks 1"


def test_another_than_expected() -> None:
    """Who dials one peer does not talk to another."""
    dialler = Session(party(1), curve_key(2), expected=identity(3).peer)
    first = dialler.take(Dialled(0, bytes(16)))
    listener, _ = greeted()
    second = frames(listener.take(received(frames(first))))
    assert f"not {identity(3).peer}" in cut(dialler.take(received(second)))


def test_a_replaced_certificate() -> None:
    """Once a later certificate of a peer was seen, an earlier one ends the connection."""
    past = Past(serial=2)
    dialler = Session(party(1), curve_key(2))
    listener = Session(party(2), curve_key(1), past_of=lambda _: past)
    listener.take(Accepted(0, bytes(16)))
    first = frames(dialler.take(Dialled(0, bytes(16))))
    assert "replaced by a later one" in cut(listener.take(received(first)))
    pair(past_of=lambda _: Past(serial=1))


def test_an_expired_certificate() -> None:
    """A certificate not in force is refused, and one that ends ends the connection."""
    listener, first = greeted()
    assert "not in force" in cut(listener.take(received(first, wall_ms=WALL_MS + 2 * DAY_MS)))
    _, listener = pair()
    assert "has ended" in cut(listener.take(Ticked(1, WALL_MS + 2 * DAY_MS)))


@pytest.mark.parametrize(
    ("envelope", "body", "why"),
    [
        (Envelope(2, NEWS, NO_ID, 5, 0), b"", "version 2 was not agreed"),
        (Envelope(1, KIND + 1, ID, 5, 0), b"", "nobody asked"),
        (Envelope(1, ALIVE_TYPE, NO_ID, 5, 0), b"!", "no body"),
        (Envelope(1, HELLO_TYPE, NO_ID, 5, 0), b"", "first message"),
    ],
)
def test_out_of_order(envelope: Envelope, body: bytes, why: str) -> None:
    """What does not belong into the conversation ends it."""
    _, listener = pair()
    assert why in cut(hear(listener, envelope, body))
    assert listener.state is State.CLOSED


def test_the_wrong_answer() -> None:
    """An answer of another type than the request's ends the connection."""
    dialler, _ = pair()
    ask(dialler)
    assert "no answer to type" in cut(hear(dialler, Envelope(1, KIND + 5, ID, 5, 0)))


@pytest.mark.parametrize(
    "message",
    [
        (),
        (b"",),
        (b"junk", b"junk"),
        (encode(Envelope(1, NEWS, NO_ID, 5, 0)), b""),
        (encode(Envelope(1, NEWS, NO_ID, 5, 0)), b"a", b"b"),
        (encode(Envelope(1, NEWS, NO_ID, 5, 0)), bytes(MAX_BODY + 1)),
    ],
)
def test_junk_is_cut(message: tuple[bytes, ...]) -> None:
    """What is no message ends the connection."""
    _, listener = pair()
    assert cut(listener.take(received(message)))


def test_too_many_messages() -> None:
    """Over 200 messages a second, and a burst, is a flood."""
    dialler, listener = pair()
    actions: list[Action] = []
    for _ in range(401):
        actions += listener.take(received(frames(dialler.take(Tell(0, NEWS, b"")))))
    assert actions[-1] == Cut("flood: it sends more than it may")
    assert sum(isinstance(action, Deliver) for action in actions) == 399  # and one hello


def test_too_many_bytes() -> None:
    """Over 64 MiB a second, and a burst, is a flood."""
    dialler, listener = pair()
    body = bytes(2 * 1024 * 1024)
    for _ in range(63):
        assert not isinstance(
            listener.take(received(frames(dialler.take(Tell(0, NEWS, body)))))[0], Cut
        )
    assert "flood" in cut(listener.take(received(frames(dialler.take(Tell(0, NEWS, body))))))


def test_an_agreement_lets_more_pass() -> None:
    """With another rate more may be sent."""
    dialler, listener = pair()
    listener.take(Granted(0, Rate(10_000, 2**30)))
    for at_ms in range(1000):
        (action,) = listener.take(received(frames(dialler.take(Tell(0, NEWS, b""))), at_ms))
        assert isinstance(action, Deliver)


def test_too_many_requests() -> None:
    """More than 32 requests that are not answered yet are a flood, and never sent by this peer."""
    dialler, listener = pair()
    for number in range(MAX_IN_FLIGHT):
        listener.take(received(ask(dialler, bytes([number + 1]) * 16)))
    assert dialler.room == 0
    with pytest.raises(ValueError, match="room"):
        ask(dialler)
    assert "over 32 requests" in cut(hear(listener, Envelope(1, KIND, ID, 99, 0)))


def test_silence() -> None:
    """Who says no hello is cut after five seconds, and who falls silent after fifteen."""
    listener, first = greeted()
    assert listener.take(Ticked(HELLO_MS - 1, WALL_MS)) == ()
    assert cut(listener.take(Ticked(HELLO_MS, WALL_MS))) == "no hello came"
    assert listener.take(received(first)) == ()
    _, listener = pair()
    listener.take(Ticked(IDLE_MS - 1, WALL_MS))
    assert "nothing came for 15000 ms" in cut(listener.take(Ticked(IDLE_MS, WALL_MS)))


def test_signs_of_life() -> None:
    """Two peers with nothing to say stay connected."""
    dialler, listener = pair()
    for at_ms in range(0, 5 * IDLE_MS, 1000):
        for one, other in ((dialler, listener), (listener, dialler)):
            for action in one.take(Ticked(at_ms, WALL_MS)):
                assert other.take(received(action.frames, at_ms)) == ()
    assert {dialler.state, listener.state} == {State.OPEN}


def test_after_the_end() -> None:
    """A connection that is gone does nothing more, whatever it is told."""
    dialler, _ = pair()
    assert dialler.take(Lost()) == ()
    for event in (Tell(0, NEWS, b""), Ask(0, ID, KIND, b"", 0), Ticked(10**6, WALL_MS), Lost()):
        assert dialler.take(event) == ()


def test_what_cannot_be_now() -> None:
    """An event that the table has no row for is a bug of who drives it."""
    fresh = Session(party(1), curve_key(2))
    for event in (Tell(0, NEWS, b""), Lost(), Ticked(0, 0)):
        with pytest.raises(ValueError, match="NEW has no row"):
            fresh.take(event)
    dialler, _ = pair()
    with pytest.raises(ValueError, match="OPEN has no row for DIALLED"):
        dialler.take(Dialled(0, bytes(16)))
    with pytest.raises(ValueError, match="no request"):
        dialler.take(Reply(0, ID, b""))


def test_the_table_ends() -> None:
    """From every state a fault or a loss leads to the end, and nothing leads out of it."""
    for state in (State.GREETING, State.AWAITING, State.OPEN):
        assert move(state, Cause.FAULT) is move(state, Cause.LOST) is State.CLOSED
    assert {after for (state, _), after in TABLE.items() if state is State.CLOSED} == {State.CLOSED}


MESSAGES = st.tuples(
    st.integers(0, 3),
    st.sampled_from([HELLO_TYPE, ALIVE_TYPE, NEWS, KIND, KIND + 1]),
    st.sampled_from([NO_ID, ID, b"j" * 16]),
    st.integers(0, 12),
    st.integers(0, 100),
    st.sampled_from([b"", b"body", introduce(party(1), curve_key(2), bytes(16), None).data]),
)


@given(
    st.lists(MESSAGES | st.lists(st.binary(max_size=60), max_size=3), max_size=12), st.booleans()
)
def test_whatever_comes(messages: list, is_open: bool) -> None:
    """Whatever a peer sends is delivered once at most, or ends the connection for good."""
    listener = pair()[1] if is_open else greeted()[0]
    for message in messages:
        before = listener.state
        actions = listener.take(received(_frames(message)))
        if before is State.CLOSED:
            assert actions == ()
        assert sum(isinstance(action, Deliver) for action in actions) <= 1
        assert any(isinstance(action, Cut) for action in actions) == (
            before is not State.CLOSED and listener.state is State.CLOSED
        )


def _frames(message: tuple | list) -> tuple[bytes, ...]:
    if isinstance(message, list):
        return tuple(message)
    *fields, body = message
    try:
        return join(Envelope(*fields), body)
    except ValueError:
        return (body,)


def test_sent_is_what_can_be_read() -> None:
    """A session sends rising sequence numbers from 1."""
    dialler = Session(party(1), curve_key(2))
    (hello,) = dialler.take(Dialled(0, bytes(16)))
    assert isinstance(hello, Send)
    assert decode(hello.frames[0]) == Envelope(1, HELLO_TYPE, NO_ID, 1, 0)
