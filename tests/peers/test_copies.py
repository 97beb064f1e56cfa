"""Which providers have which steps, and when one more is to have one."""

from engine.content.cid import RAW, Cid
from peers.copies import COPIES, LATE, LATE_MS, UNKNOWN_LATE_MS, Copies
from peers.identity import PeerId
from peers.pace import Pace
from peers.run_frames import Task
from peers.step_messages import Need

KEY = Cid.of(RAW, b"step")
A, B, C, D = (PeerId(bytes([number]) * 32) for number in range(1, 5))
USUAL_MS = 1_000


def task(usual_ms: int | None = None, wall_ms: int = 3_600_000) -> Task:
    """Return a step."""
    return Task(1, KEY, Need(KEY, 1, 1, wall_ms), 0, usual_ms, (), ())


def given(*providers: PeerId, usual_ms: int | None = USUAL_MS, wall_ms: int = 3_600_000) -> Copies:
    """Return a step that some have had since time 0."""
    pace = Pace()
    if usual_ms is not None:
        pace.expect(0, usual_ms)
    copies = Copies(pace)
    first, *others = providers
    copies.give(task(usual_ms, wall_ms), first, 0)
    for one in others:
        copies.add(KEY, one)
    return copies


def test_no_step_took_longer_than_it_was_out() -> None:
    """Whatever a provider says; of a step that nobody has it is believed."""
    copies = given(A)
    assert copies.took_ms(KEY, 2**40, 700) == 700
    assert copies.took_ms(KEY, 300, 700) == 300
    assert copies.took_ms(Cid.of(RAW, b"other"), 300, 0) == 300


def test_a_step_is_late_after_some_times_what_its_kind_takes() -> None:
    """Each further copy is due after twice as long, and there are a few at most."""
    first_ms = LATE * USUAL_MS + LATE_MS
    assert not given(A).late(first_ms)
    assert given(A).late(first_ms + 1) == [task(USUAL_MS)]
    assert not given(A, B).late(2 * first_ms)
    assert given(A, B).late(2 * first_ms + 1) == [task(USUAL_MS)]
    assert len((A, B, C)) == COPIES
    assert not given(A, B, C).late(2**40)


def test_of_an_unknown_kind_a_step_is_late_when_its_time_is_up() -> None:
    """Or after some minutes, if that is sooner."""
    assert not given(A, usual_ms=None).late(UNKNOWN_LATE_MS + LATE_MS)
    assert given(A, usual_ms=None).late(UNKNOWN_LATE_MS + LATE_MS + 1)
    assert given(A, usual_ms=None, wall_ms=500).late(500 + LATE_MS + 1)


def test_who_has_a_step_is_known_until_it_ends() -> None:
    """Who gave it back has it no more; when nobody has it, it is not late."""
    copies = given(A, B)
    assert copies.of(KEY) == (A, B)
    assert copies.take(KEY, A)
    assert copies.of(KEY) == (B,)
    assert not copies.take(KEY, B)
    assert copies.of(KEY) == ()
    assert not copies.late(2**40)
    assert given(C, D).end(KEY) == (C, D)
