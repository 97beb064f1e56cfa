"""What one peer announces comes to all, whatever is lost on the way, and liars gain nothing."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.errors import Damaged
from peers import catalogue as catalogues
from peers.announcement import ANNOUNCEMENT
from peers.catalogue import PAGE
from peers.catalogue_events import Read, Tell, Told, Up
from peers.changes import Cursor, Page
from peers.gossip import FANOUT, GAP_MS, PAGES, ROUND_MS, STEPS, Gossip
from peers.listing_events import (
    Ask,
    Learned,
    List,
    Listed,
    Refuse,
    Show,
    Tick,
    Want,
)
from peers.posting import key_of, read
from peers.signed import seal
from tests.peers.catalogues import HOUR_MS, NOW_MS, announced, endorsed
from tests.peers.keys import identity
from tests.peers.town import MONTH_MS, TICK_MS, Town


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 2**32), st.integers(2, 9), st.sampled_from([0.0, 0.2, 0.4]))
def test_all_come_to_have_the_same(seed: int, count: int, loss: float) -> None:
    """Whatever was published where, and however much was lost, in the end all have all of it."""
    town = Town(count, seed, loss)
    peers = [*town.members]
    for number in range(12):
        who = town.random.randrange(count)
        one = announced(who + 1, version=number % 5 + 1, now_ms=NOW_MS + number)
        town.publish(peers[who], one, endorsed(who + 1, announced(1 + number % 3)))
        town.run(town.random.randrange(3_000))
    for _ in range(300 if loss else 1):
        town.run(ROUND_MS, 1_000)
        if len({*town.held()}) == 1:
            break
    assert len({*town.held()}) == 1
    assert town.held()[0]


def test_news_is_everywhere_within_seconds() -> None:
    """Who has something new tells others at once: no round is waited for."""
    town = Town(20, 1)
    town.run(2 * ROUND_MS)
    town.publish(next(iter(town.members)), announced(1))
    town.run(8_000)
    assert all(town.held())


def test_all_of_a_large_catalogue_comes() -> None:
    """More than a page comes page by page, and each posting once."""
    town = Town(2, 1)
    one = next(iter(town.members))
    town.publish(one, *(announced(1, version=n + 1) for n in range(3 * PAGE + 5)))
    town.run(10_000)
    assert town.held()[0] == town.held()[1]
    shown = [data for action in town.sent if isinstance(action, Show) for data in action.datas]
    assert len(shown) == len({*shown}) == 3 * PAGE + 5


def test_what_has_been_read_is_not_listed_again() -> None:
    """After a session that ended, the next goes on where that one was."""
    town = Town(2, 1)
    one, two = town.members
    town.publish(one, announced(1))
    town.run(3_000)
    town.part(one, two)
    town.link(one, two)
    town.sent.clear()
    town.run(3_000)
    assert not any(isinstance(action, List) and action.page.items for action in town.sent[:4])


def test_what_has_expired_is_gone_everywhere() -> None:
    """Nobody has what nobody renewed."""
    town = Town(3, 1)
    town.publish(next(iter(town.members)), announced(1))
    town.run(5_000)
    assert all(town.held())
    town.ms += MONTH_MS
    town.run(TICK_MS)
    assert not any(town.held())


def test_what_a_file_has_and_there_is_no_room_for_is_struck_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A file that has more than is kept is made to have less."""
    monkeypatch.setattr(catalogues, "MAX_ANNOUNCED", 2)
    made = Gossip(identity(1).peer, 1)
    kept = tuple((announced(n), "s") for n in range(2, 6))
    actions = made.handle(Read(kept, frozenset(), frozenset(), frozenset()))
    assert (
        [key for action in actions for key in action.keys]
        == [  # type: ignore[union-attr]
            key_of(posting) for posting, _ in kept[2:]
        ]
    )


def gossip() -> Gossip:
    """Return one that knows one peer and has seen the time."""
    made = Gossip(identity(1).peer, 1)
    made.handle(Up(identity(2).peer, "two"))
    made.handle(Tick(NOW_MS, 10**9, 1))
    return made


def test_what_was_not_asked_for_is_not_taken() -> None:
    """A page or a posting that nobody asked for changes nothing."""
    made, two = gossip(), identity(2).peer
    made.handle(Listed(two, Page((b"x" * 32,), Cursor(1, 1), more=False)))
    again = made.handle(Listed(two, Page((b"y" * 32,), Cursor(1, 1), more=False)))
    assert [type(action) for action in again] == [Refuse]
    one = announced(3)
    assert [type(a) for a in made.handle(Learned((one,), two))] == [Refuse]
    assert len(made.catalogue) == 0
    too_many = Page(tuple(n.to_bytes(32) for n in range(PAGE + 1)), Cursor(1, 1), more=False)
    assert [type(action) for action in made.handle(Listed(two, too_many))] == [Refuse]


def test_what_is_of_the_future_is_not_taken() -> None:
    """A posting whose maker's clock is far ahead would stay for longer than it may."""
    made, two = gossip(), identity(2).peer
    one = announced(3, now_ms=NOW_MS + HOUR_MS)
    made.handle(Listed(two, Page((one.cid.digest,), Cursor(1, 1), more=False)))
    assert [type(action) for action in made.handle(Learned((one,), two))] == [Refuse]
    assert len(made.catalogue) == 0


def test_who_lists_without_end_is_read_for_so_long() -> None:
    """A peer whose pages never end is left alone after so many, and asked again in a round."""
    made, two = gossip(), identity(2).peer
    asked = 1
    for number in range(PAGES + 10):
        made.handle(Listed(two, Page((), Cursor(1, number), more=True)))
        actions = made.handle(Tick(NOW_MS, 10**9 + 1, 1))
        asked += sum(isinstance(action, Ask) for action in actions)
        if not actions:
            break
    assert asked == PAGES


def test_so_many_steps_are_taken_at_a_time() -> None:
    """However many peers have news, so many are asked in a tick, each again after a while."""
    made = Gossip(identity(1).peer, 1)
    crowd = [identity(n).peer for n in range(2, 40)]
    for peer in crowd:
        made.handle(Up(peer, str(peer)))
    asked = []
    for number in range(30):
        actions = made.handle(Tick(NOW_MS, 10**9 + number, number))
        assert sum(isinstance(action, Ask | Want) for action in actions) <= STEPS
        asked += [action.to for action in actions if isinstance(action, Ask)]
    assert sorted(asked) == sorted(crowd)
    for _ in range(5):
        made.handle(Told(crowd[0]))
        made.handle(Listed(crowd[0], Page((), Cursor(1, 1), more=False)))
        assert not any(isinstance(a, Ask) for a in made.handle(Tick(NOW_MS, 10**9 + 40, 1)))
    assert Ask(crowd[0], Cursor(1, 1)) in made.handle(Tick(NOW_MS, 10**9 + 2 * GAP_MS, 1))


def test_so_many_are_told_at_a_time() -> None:
    """Who has much that is new tells a few of it, now and then."""
    made = Gossip(identity(1).peer, 1)
    for n in range(2, 40):
        made.handle(Up(identity(n).peer, str(n)))
    told = 0
    for number in range(20):
        made.handle(
            Read(((announced(1, version=number + 1), ""),), frozenset(), frozenset(), frozenset())
        )
        actions = made.handle(Tick(NOW_MS, 10**9 + number, number))
        told += sum(isinstance(action, Tell) for action in actions)
    assert told == FANOUT


def test_a_stranger_with_many_keys_pushes_out_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """What two peers told of stays, however much a third brings, by however many authors."""
    monkeypatch.setattr(catalogues, "MAX_ANNOUNCED", 30)
    town = Town(4, 1, links=3)
    one, two, liar, me = town.members
    town.publish(one, *(announced(1, version=n + 1) for n in range(8)))
    town.publish(two, *(announced(2, version=n + 101) for n in range(8)))
    town.part(one, liar)
    town.part(two, liar)
    town.run(5_000)
    junk = [announced(100 + n, now_ms=NOW_MS + n) for n in range(60)]
    town.members[liar].catalogue._quotas["announcement"]._room = 1000
    town.publish(liar, *junk)
    town.run(2 * ROUND_MS)
    signers = [posting.signer for posting in town.members[me].catalogue]
    assert signers.count(identity(1).peer) == signers.count(identity(2).peer) == 8
    assert len(signers) == 30


def test_who_is_connected_is_heard_when_it_is_full(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a peer announces itself does not count with what it passes on, and finds a place."""
    monkeypatch.setattr(catalogues, "MAX_ANNOUNCED", 20)
    made, two = gossip(), identity(2).peer
    junk = tuple(announced(100 + n) for n in range(20))
    own = announced(2, now_ms=NOW_MS - 1)
    for posting in (*junk, announced(50), own):
        name = posting.cid.digest
        made.handle(Listed(two, Page((name,), Cursor(1, 1), more=True)))
        made.handle(Learned((posting,), two))
    assert own.cid.digest in made.catalogue
    assert announced(50).cid.digest not in made.catalogue
    assert len(made.catalogue) == 20


def test_what_strangers_signed_is_read_as_what_it_is() -> None:
    """A posting is announced by who released; one by another is damaged, and none is read."""
    one = announced(1)
    with pytest.raises(Damaged):
        read(seal(ANNOUNCEMENT, one.announcement, identity(2)).data)
