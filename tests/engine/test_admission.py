"""Admission: who starts next."""

from engine.admission import MAX_PASSED, Admission, Capacity


def test_the_first_in_rank_starts_first():
    """Whatever the order of arrival, the lowest rank is admitted first."""
    admission = Admission(Capacity(slots=9, cpus=9, memory=9))
    for rank in (5, 3, 4):
        admission.add(rank, cpus=rank, memory=0)

    assert [admission.take(), admission.take()] == [3, 4]


def test_slots_bound_what_runs():
    """With all slots taken nothing is admitted, however small."""
    admission = Admission(Capacity(slots=1, cpus=9, memory=9))
    admission.add(1, cpus=1, memory=1)
    admission.add(2, cpus=1, memory=1)
    admission.take()

    assert admission.take() is None
    admission.release(cpus=1, memory=1)
    assert admission.take() == 2


def test_a_big_step_is_not_starved():
    """Small ones pass a big one that does not fit, but only so many."""
    admission = Admission(Capacity(slots=2, cpus=2, memory=9))
    admission.add(0, cpus=1, memory=0)
    admission.take()
    admission.add(1, cpus=2, memory=0)
    passed = 0
    for rank in range(2, 2 * MAX_PASSED):
        admission.add(rank, cpus=1, memory=0)
        if admission.take() is None:
            break
        passed += 1
        admission.release(cpus=1, memory=0)

    assert passed == MAX_PASSED
    admission.release(cpus=1, memory=0)
    assert admission.take() == 1


def admit(admission, *shapes):
    """Queue instances of these cpus and admit as many as may be; return which."""
    for rank, cpus in enumerate(shapes):
        admission.add(rank, cpus=cpus, memory=cpus)
    taken = []
    while (rank := admission.take()) is not None:
        taken.append(rank)
    return taken


def test_as_many_as_allowed_follow_what_runs():
    """With all slots taken the next is admitted ahead of time, for the place of whichever ends."""
    admission = Admission(Capacity(slots=2, cpus=2, memory=2, ahead=1))

    assert admit(admission, 1, 1, 1, 1) == [0, 1, 2]
    admission.release(cpus=1, memory=1)
    assert [admission.take(), admission.take()] == [3, None]


def test_nothing_follows_what_needs_less():
    """A follower takes no more than the smallest of those it may follow gives back."""
    assert admit(Admission(Capacity(slots=2, cpus=3, memory=3, ahead=1)), 2, 1, 2) == [0, 1]
    assert admit(Admission(Capacity(slots=2, cpus=4, memory=4, ahead=2)), 2, 2, 1, 2) == [0, 1, 2]


def test_a_follower_that_is_given_back_takes_no_place():
    """What runs goes on holding what it holds."""
    admission = Admission(Capacity(slots=1, cpus=2, memory=2, ahead=1))
    assert admit(admission, 2, 1) == [0, 1]

    admission.release(cpus=1, memory=1, began=False)
    admission.add(7, cpus=2, memory=2)
    assert [admission.take(), admission.take()] == [7, None]  # as a follower

    admission.release(cpus=2, memory=2)
    admission.release(cpus=2, memory=2)
    assert admit(admission, 2) == [0]
