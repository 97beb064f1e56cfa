"""Whose step runs next."""

from peers.house import Share
from peers.turns import Turns

ONE = Share(1, 10, 10)


def turns(**shares: Share) -> Turns[str, str]:
    """Return the turns of some owners."""
    made: Turns[str, str] = Turns()
    for owner, share in shares.items():
        made.join(owner, share)
    return made


def test_owners_take_turns() -> None:
    """However many steps one of them has."""
    of_two = turns(a=Share(9, 90, 90), b=Share(9, 90, 90))
    for task in ("a1", "a2", "a3", "b1", "b2"):
        of_two.add(task[0], task, ONE)
    assert [of_two.take() for _ in range(6)] == ["a1", "b1", "a2", "b2", "a3", None]
    assert (len(of_two), of_two.taken) == (0, 5)


def test_nobody_uses_more_than_was_agreed() -> None:
    """Of cores, memory and disk each; what is given back is used again."""
    for share in (Share(2, 99, 99), Share(9, 25, 99), Share(9, 99, 25)):
        of_one = turns(a=share)
        for number in range(4):
            of_one.add("a", str(number), ONE)
        assert [of_one.take() for _ in range(3)] == ["0", "1", None]
        of_one.give_back("1")
        assert [of_one.take() for _ in range(2)] == ["2", None]


def test_a_large_step_is_not_starved() -> None:
    """Those behind it wait until it fits; those of another owner do not."""
    of_two = turns(a=Share(3, 99, 99), b=Share(1, 10, 10))
    for task, cores in (("a1", 2), ("a2", 3), ("a3", 1), ("b1", 1)):
        of_two.add(task[0], task, Share(cores, 10, 10))
    assert [of_two.take() for _ in range(3)] == ["a1", "b1", None]
    of_two.give_back("a1")
    assert [of_two.take() for _ in range(2)] == ["a2", None]


def test_a_step_can_be_taken_out() -> None:
    """Once; then its owner may go."""
    of_one = turns(a=ONE)
    of_one.add("a", "a1", ONE)
    assert of_one.drop("a", "a1")
    assert not of_one.drop("a", "a1")
    of_one.leave("a")
    assert of_one.take() is None


def test_who_has_left_and_joins_again_uses_no_more_than_was_agreed() -> None:
    """What of the owner still ran then gives nothing back to the new share."""
    of_one = turns(a=ONE)
    of_one.add("a", "a1", ONE)
    assert of_one.take() == "a1"
    of_one.leave("a")
    of_one.join("a", ONE)
    of_one.give_back("a1")
    for task in ("a2", "a3"):
        of_one.add("a", task, ONE)
    assert [of_one.take(), of_one.take()] == ["a2", None]
