"""What goes to a provider with the steps that it is to run."""

import pytest

from engine.content.cid import RAW, Cid
from peers.parcels import Parcels
from peers.run_frames import Task
from peers.step_messages import Need

X, Y, ENVIRONMENT = (Cid.of(RAW, name) for name in (b"x", b"y", b"environment"))
NEED = Need(ENVIRONMENT, 1, 1, 1_000)


def task(number: int, *away: Cid) -> Task:
    """Return a step that reads something which stayed where it was made."""
    record = b"%d" % number
    return Task(number, Cid.of(RAW, record), NEED, 0, None, (), (), record=record, away=away)


ONE, TWO, THREE = task(1, X), task(2, X, Y), task(3)


def test_a_provider_may_have_what_its_steps_read_but_for_what_is_away() -> None:
    """Each once: the steps, their environments, and what was brought here meanwhile."""
    parcels = Parcels()
    parcels.add([ONE, THREE], frozenset(), ())
    parcels.add([TWO], frozenset({Y}), (b"pass",))
    parcel = parcels.parcel([TWO.key, ONE.key, THREE.key])
    assert parcel.roots == (TWO.key, ONE.key, THREE.key, ENVIRONMENT, X)
    assert (parcel.away, parcel.passes) == (frozenset({Y}), (b"pass",))
    assert (parcel.needs, parcel.records) == ((NEED,) * 3, (b"2", b"1", b"3"))


def test_passes_go_with_the_steps_that_they_are_for_and_once() -> None:
    """A step that is leased again without any is not said to lack anything."""
    parcels = Parcels()
    parcels.add([ONE], frozenset({X}), (b"x",))
    parcels.add([TWO], frozenset({X, Y}), (b"x", b"y"))
    assert parcels.parcel([ONE.key, TWO.key]).passes == (b"x", b"y")
    again = parcels.parcel([ONE.key])
    assert (again.away, again.passes) == (frozenset(), ())


def test_what_is_done_is_forgotten() -> None:
    """Also when it is done twice."""
    parcels = Parcels()
    parcels.add([ONE, TWO], frozenset(), ())
    parcels.done(ONE.key)
    parcels.done(ONE.key)
    assert parcels.task(TWO.key) == TWO
    with pytest.raises(KeyError):
        parcels.task(ONE.key)
