"""People who trade: a small `python -m tests.simulation.consortium`, and what it finds broken."""

from xml.etree import ElementTree

import pytest

from cli.settings import settle
from peers.limits import Policy
from tests.simulation.consortium.consortium import DEFAULT, Consortium
from tests.simulation.consortium.person import CHEATS, RIDES, Person
from tests.simulation.consortium.plot import COLOURS, drawn
from tests.simulation.consortium.standings import Standings, gini


@pytest.fixture(scope="module")
def standings() -> Standings:
    """Return how ten people fared in a day."""
    consortium = Consortium(10, seed=1, days=1)
    consortium.run()
    return Standings(consortium)


def test_nothing_is_broken(standings: Standings) -> None:
    """No honest one lends over its limit, or is convicted; both sides know the same balances."""
    assert [*standings.broken()] == []
    assert sum(one.done_ms for one in standings.honest) > 0


def test_who_forks_its_log_is_convicted_by_all(standings: Standings) -> None:
    """The honest tell one another, and lend it nothing more."""
    cheats = {one.seat.member.peer for one in standings.of(CHEATS)}
    assert cheats
    for one in standings.honest:
        assert one.seat.member.till.convicted_ms.keys() == cheats


def test_a_free_rider_gives_nothing(standings: Standings) -> None:
    """What it gets is what others lend to those whom they do not know."""
    (rider,) = standings.of(RIDES)
    assert rider.supplied_ms == 0 < rider.consumed_ms
    assert rider.spent <= sum(
        one.worst[member.peer][1]
        for member in rider.seat.members
        for one in standings.consortium.members.values()
        if member.peer in one.worst
    )


def test_what_is_broken_is_said(standings: Standings) -> None:
    """A loss over a limit, the conviction of an honest one, and work for a convict."""
    one, two = (standing.seat.member for standing in standings.honest[:2])
    one.excess, one.till.convicted_ms[two.peer], one.agreed_ms[two.peer] = 1, 5, 6
    try:
        assert len([*standings.broken()]) == 3
    finally:
        one.excess = 0
        del one.till.convicted_ms[two.peer]


def test_a_picture_has_a_dot_for_each(standings: Standings) -> None:
    """And one for each kind, beside its name."""
    root = ElementTree.fromstring(drawn(standings.all))  # noqa: S314
    dots = root.findall("{http://www.w3.org/2000/svg}circle")
    assert len(dots) == len(standings.all) + len(COLOURS)


def test_limits_are_those_of_the_product() -> None:
    """What is simulated is what a home has that sets nothing."""
    settled = settle({}, {})
    limits = (settled.newcomer_limit, settled.limit_growth, settled.limit_most)
    assert Policy(*limits, settled.strangers_limit) == DEFAULT


def test_gini() -> None:
    """Nothing when all have the same, nearly one when one has all."""
    assert gini([3.0, 3.0, 3.0]) == pytest.approx(0)
    assert gini([0.0] * 99 + [5.0]) == pytest.approx(0.99)


def test_a_table_has_a_row_for_each_kind(standings: Standings) -> None:
    """With how many there are of it."""
    rows = standings.table().splitlines()
    kinds = {one.kind for one in standings.all}
    assert {row[:16].strip() for row in rows} >= kinds
    assert isinstance(standings.all[0].seat.person, Person)
