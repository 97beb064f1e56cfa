"""What waits under an agreement is done in order, as soon as it may be."""

from collections.abc import Callable

from engine.content.cid import RAW, Cid
from engine.errors import Refused
from peers.backlog import Act, Backlog
from tests.peers.keys import identity

PEER = identity(1).peer
RUN, OTHER = (Cid.of(RAW, name) for name in (b"run", b"other"))


class Clerk:
    """What writes down what is done."""

    def __init__(self) -> None:
        self.done: list[str] = []
        self.said: list[str] = []
        self.open = {RUN: False, OTHER: False}
        self.backlog = Backlog(lambda _, agreement: self.open[agreement], self.say)

    def say(self, event: str, **_: object) -> None:
        """Log something."""
        self.said.append(event)

    def act(self, name: str, then: Act | None = None) -> Act:
        """Return what does something, and leaves something to be done."""

        def act() -> Act | None:
            self.done.append(name)
            return then

        return act

    def adds(self, name: str) -> Act:
        """Return what adds something while it is done itself."""

        def act() -> None:
            self.backlog.add(PEER, RUN, self.act("after"))
            self.done.append(name)

        return act

    def fails(self, error: Exception) -> Callable[[], None]:
        """Return what cannot be done."""

        def act() -> None:
            raise error

        return act


def test_what_may_be_done_is_done_at_once() -> None:
    """What may not waits, and all that comes after it under the agreement."""
    clerk = Clerk()
    clerk.open[OTHER] = True
    for name in ("a", "b"):
        clerk.backlog.add(PEER, RUN, clerk.act(name))
    clerk.backlog.add(PEER, OTHER, clerk.act("c"))
    assert clerk.done == ["c"]
    assert clerk.backlog.has(PEER, RUN)
    assert not clerk.backlog.has(PEER, OTHER)
    clerk.open[RUN] = True
    clerk.backlog.go_on()
    assert clerk.done == ["c", "a", "b"]
    assert not clerk.backlog.has(PEER, RUN)


def test_what_is_refused_is_left_out() -> None:
    """It is logged, and the rest is done."""
    clerk = Clerk()
    clerk.backlog.add(PEER, RUN, clerk.fails(Refused("no")))
    clerk.backlog.add(PEER, RUN, clerk.act("a"))
    clerk.open[RUN] = True
    clerk.backlog.go_on()
    assert (clerk.done, clerk.said) == (["a"], ["not paid"])


def test_what_fails_loses_nothing_that_comes_after_it() -> None:
    """A bug of ours is seen, and the next time goes on."""
    clerk = Clerk()
    clerk.backlog.add(PEER, RUN, clerk.fails(ValueError()))
    clerk.backlog.add(PEER, RUN, clerk.act("a"))
    clerk.open[RUN] = True
    try:
        clerk.backlog.go_on()
    except ValueError:
        clerk.done.append("failed")
    clerk.backlog.go_on()
    assert clerk.done == ["failed", "a"]


def test_what_is_left_of_something_comes_first() -> None:
    """At the next time, before all that was added meanwhile."""
    clerk = Clerk()
    clerk.open[RUN] = True
    clerk.backlog.add(PEER, RUN, clerk.act("a", clerk.act("rest")))
    clerk.backlog.add(PEER, RUN, clerk.act("b"))
    assert clerk.done == ["a", "rest", "b"]


def test_nothing_is_begun_before_the_last_is_done() -> None:
    """Though what is done adds more."""
    clerk = Clerk()
    clerk.open[RUN] = True
    clerk.backlog.add(PEER, RUN, clerk.adds("first"))
    assert clerk.done == ["first", "after"]
