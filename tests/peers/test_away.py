"""What stayed with who made it, and which steps wait for it."""

from engine.content.cid import RAW, Cid
from peers.away import Away
from peers.run_frames import Task
from peers.step_messages import Need
from tests.peers.keys import identity

A, B = identity(1).peer, identity(2).peer
NEED = Need(Cid.of(RAW, b"environment"), 1, 1, 1_000)


def root(name: str) -> Cid:
    """Return some content."""
    return Cid.of(RAW, name.encode())


def task(number: int, *reads: str) -> Task:
    """Return a step that reads content which may be away."""
    key = root(f"step {number}")
    away = tuple(map(root, reads))
    return Task(number, key, NEED, 0, None, ("out",), ((key, 7),), stays=("out",), away=away)


def test_what_is_with_a_provider_is_lacked_by_the_others() -> None:
    """What is not away is lacked by nobody."""
    away, reader = Away(), task(2, "x", "here")
    away.keep(task(9), A, {root("here"): 5})
    (again,) = away.wait(task(8, "here"))
    away.came(again, [root("here")])
    away.keep(task(1), A, {root("x"): 5})
    assert away.lacks(reader, A) == {}
    assert away.lacks(reader, B) == {A: [root("x")]}
    assert away.of(reader) == (root("x"),)
    assert away.sized(reader).sizes == ((reader.key, 7), (root("x"), 5))
    assert away.sized(task(3)) == task(3)


def test_a_step_waits_for_all_that_it_reads() -> None:
    """Who made that does it once more, whoever waits for it, and keeps nothing of it to itself."""
    away, one, two = Away(), task(3, "x", "y"), task(4, "x")
    away.keep(task(1), A, {root("x"): 5})
    away.keep(task(2), B, {root("y"): 5})
    again = away.wait(one)
    assert sorted((made.key, made.maker, made.stays) for made in again) == sorted(
        [(task(1).key, A.key, ()), (task(2).key, B.key, ())]
    )
    assert all(made.number < 0 for made in again)
    assert away.wait(two) == []
    by_key = {made.key: made for made in again}
    assert away.came(by_key[task(1).key], [root("x")]) == ([two], [])
    assert away.came(by_key[task(2).key], [root("y")]) == ([one], [])
    assert away.of(one) == ()


def test_what_comes_out_otherwise_is_lost() -> None:
    """So are the steps that read it, and those that wait for what these would give."""
    away = Away()
    away.keep(task(1), A, {root("x"): 5})
    away.keep(task(2, "x"), A, {root("y"): 5})
    last = task(3, "y")
    (second,) = away.wait(last)
    (first,) = away.wait(second)
    assert away.came(first, [root("other")]) == ([], [last])
    assert away.is_lost(task(4, "x"))
    away.keep(task(5), A, {root("z"): 5})
    assert not away.is_lost(task(4, "z"))


def test_who_had_something_first_is_waited_for() -> None:
    """A step that gives what it reads, or what another gave, is not what that is made of."""
    away = Away()
    away.keep(task(1), A, {root("x"): 5})
    away.keep(task(2, "x"), B, {root("x"): 5, root("y"): 5})
    assert away.lacks(task(3, "x", "y"), B) == {A: [root("x")]}
    assert {one.key for one in away.wait(task(3, "x", "y"))} == {task(1).key, task(2).key}


def test_a_long_chain_is_lost_as_a_short_one() -> None:
    """Without a frame of the interpreter for each of its links."""
    away = Away()
    for number in range(2_000):
        away.keep(task(number, f"{number - 1}"), A, {root(f"{number}"): 5})
    away.keep(task(5_000), A, {root("-1"): 5})
    last = waits = task(3_000, "1999")
    while made := away.wait(waits):
        (waits,) = made
    assert away.failed(waits) == [last]


def test_what_cannot_be_done_again_is_lost() -> None:
    """To those who wait, and to nobody else."""
    away, reader = Away(), task(2, "x")
    away.keep(task(1), A, {root("x"): 5})
    (again,) = away.wait(reader)
    assert away.drop(reader.number)
    assert not away.drop(reader.number)
    assert away.failed(again) == []


def test_what_is_waited_for_is_that_which_is_made_again() -> None:
    """Though another step gives the same meanwhile, and leaves it elsewhere."""
    away, reader = Away(), task(3, "x")
    away.keep(task(1), A, {root("x"): 5})
    (again,) = away.wait(reader)
    away.keep(task(2), B, {root("x"): 5})
    assert away.came(again, [root("x")]) == ([reader], [])
    assert away.of(reader) == ()


def test_what_was_gone_may_be_made_after_all() -> None:
    """By another step: who reads it is lost no more."""
    away, reader = Away(), task(3, "x")
    away.keep(task(1), A, {root("x"): 5})
    (again,) = away.wait(reader)
    assert away.came(again, [root("y")]) == ([], [reader])
    assert away.is_lost(reader)
    away.keep(task(2), B, {root("x"): 5})
    assert not away.is_lost(reader)
    assert away.lacks(reader, A) == {B: [root("x")]}


def test_what_could_not_be_made_again_is_where_it_was() -> None:
    """Who waited for it to be brought is lost; others may run there, or try anew."""
    away, reader, other = Away(), task(3, "x"), task(4, "x")
    away.keep(task(1), A, {root("x"): 5})
    (again,) = away.wait(reader)
    assert away.failed(again) == [reader]
    assert not away.is_lost(other)
    assert away.lacks(other, B) == {A: [root("x")]}
    assert len(away.wait(other)) == 1
