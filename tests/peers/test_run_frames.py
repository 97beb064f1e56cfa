"""What a run and its node say to each other."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.content.cid import RAW, Cid
from peers.plain import pack, unpack
from peers.run_frames import (
    Held,
    Loss,
    Outcome,
    Task,
    read_held,
    read_losses,
    read_numbers,
    read_outcomes,
    read_tasks,
    write_held,
    write_losses,
    write_numbers,
    write_outcomes,
    write_tasks,
)
from peers.step_messages import Need

CIDS = st.builds(lambda data: Cid.of(RAW, data), st.binary(max_size=2))
SIZES = st.integers(1, 2**40)
NEEDS = st.builds(Need, CIDS, SIZES, SIZES, SIZES, st.integers(1, 64), st.booleans())
TASKS = st.builds(
    Task,
    st.integers(0, 2**31),
    CIDS,
    NEEDS,
    st.integers(0, 3),
    st.none() | SIZES,
    st.lists(st.text(max_size=3), max_size=2).map(tuple),
    st.lists(st.tuples(CIDS, SIZES), max_size=2).map(tuple),
    st.booleans(),
    st.lists(st.text(max_size=3), max_size=2).map(tuple),
    st.lists(st.binary(max_size=3), max_size=2).map(tuple),
    st.binary(max_size=3),
    st.lists(CIDS, max_size=2).map(tuple),
    maker=st.just(b""),
)
SOME = st.lists(CIDS, max_size=2).map(tuple)
OUTCOMES = st.builds(Outcome, SIZES, st.binary(), st.binary(), CIDS, st.binary(), SOME)
HELD = st.builds(Held, TASKS, SOME, st.binary(max_size=3))
LOSSES = st.builds(Loss, SIZES, st.text(), st.text(), st.text())


@given(st.lists(HELD, max_size=3))
def test_what_peers_hold_is_heard(held: list[Held]) -> None:
    """Each with the step that gave it."""
    _, groups, of = unpack(pack(write_held(held)))  # type: ignore[misc]
    assert read_held(groups, of) == held


@given(st.lists(TASKS), st.lists(OUTCOMES), st.lists(LOSSES), st.lists(SIZES))
def test_what_is_said_is_heard(
    tasks: list[Task], outcomes: list[Outcome], losses: list[Loss], numbers: list[int]
) -> None:
    """In the same order, after it went over the socket."""
    pairs = (
        (write_tasks, read_tasks, tasks),
        (write_outcomes, read_outcomes, outcomes),
        (write_losses, read_losses, losses),
        (lambda said: write_numbers("stop", said), read_numbers, numbers),
    )
    for write, read, said in pairs:
        _, plain = unpack(pack(write(said)))  # type: ignore[misc, operator, arg-type]
        assert read(plain) == said  # type: ignore[operator]


def test_steps_alike_say_it_once() -> None:
    """A thousand of them are little more than their keys."""
    need = Need(Cid.of(RAW, b""), 1, 1, 1)
    tasks = [
        Task(n, Cid.of(RAW, b"%d" % n), need, 0, 5, ("out",), ((need.environment, 7),))
        for n in range(1_000)
    ]
    assert len(pack(write_tasks(tasks))) < 48_000


@pytest.mark.parametrize("read", [read_tasks, read_outcomes, read_losses, read_numbers])
def test_a_frame_of_another_form_is_a_bug(read: object) -> None:
    """Whoever sent it runs as the same user."""
    with pytest.raises(ValueError, match="tuple"):
        read(7)  # type: ignore[operator]
    if read is not read_numbers:
        with pytest.raises(ValueError, match="form"):
            read(((1, 2),))  # type: ignore[operator]
