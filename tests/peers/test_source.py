"""How a source, a lane, a scope and the wants of a fetch count."""

from engine.content.cid import Cid
from engine.content.links import Bounds
from peers.lane import Lane
from peers.scope import Scope
from peers.source import FIRST, REFUSALS, SHUN_LONG_MS, STRIKES, WINDOW, Source
from peers.wants import Wants
from tests.peers.graphs import leaf, node
from tests.peers.swarm import peer

CIDS = [leaf(b"%d" % number).cid for number in range(2 * FIRST)]
MIB = 2**20


def source() -> Source:
    """Return a new one."""
    return Source(peer(1), 0)


def test_a_source_is_asked_again_when_half_is_answered() -> None:
    """Not for each block by itself."""
    asked = source()
    asked.ask(CIDS[:FIRST], 0)
    for number, cid in enumerate(CIDS[: FIRST // 2], 1):
        assert asked.room() == 0
        assert asked.answered(cid, number)
    assert asked.room() == FIRST // 2


def test_what_a_silent_source_may_have_sent_counts_as_lost() -> None:
    """Until it says how much it has sent: then it is granted no more than anybody."""
    silent = source()
    silent.put_aside(0)
    silent.put_aside(0)
    assert silent.granted == 3 * WINDOW
    assert silent.account(5 * MIB, 5 * MIB) == ""
    assert not silent.top_up()
    assert silent.account(silent.granted - MIB, MIB) == ""
    assert silent.top_up()
    assert silent.granted == 4 * WINDOW - MIB


def test_a_block_makes_up_for_silence() -> None:
    """A source is given up only for being silent several times in a row."""
    silent = source()
    for now_ms in range(0, 1000 * STRIKES, 1000):
        assert silent.strikes < STRIKES
        silent.put_aside(now_ms)
    assert not silent.is_open(10**9)
    silent.of_use()
    assert silent.is_open(10**9)


def test_a_source_that_has_nothing_is_left_alone_for_a_while() -> None:
    """After hundreds of refusals with no block between them."""
    poor = source()
    for number in range(REFUSALS):
        assert poor.is_open(number)
        poor.refused(number)
    assert not poor.is_open(REFUSALS - 2 + SHUN_LONG_MS)
    assert poor.is_open(REFUSALS - 1 + SHUN_LONG_MS)


def test_what_is_withdrawn_may_come_all_the_same() -> None:
    """Its bytes are no flood."""
    asked = source()
    asked.ask(CIDS, 0)
    assert all(asked.withdraw(cid) for cid in CIDS)
    assert not any(asked.of_no_use(2 * MIB - 36) for _ in CIDS)
    assert any(asked.of_no_use(2 * MIB) for _ in range(20))


def test_what_came_late_is_not_asked_for() -> None:
    """Though it was ready again; nor is what another source is asked for."""
    wants, one, other = Wants(), source(), Source(peer(2), 0)
    for cid in CIDS[:3]:
        wants.add(cid)
    wants.ask(one, wants.draw(one.peer, 3, 0), 0)
    for cid in CIDS[:3]:
        wants.withdraw(one, cid)
        wants.again(cid)
    assert not wants.came(CIDS[0])
    wants.ask(one, [CIDS[1]], 0)
    assert wants.draw(other.peer, 3, 0) == [CIDS[2]]


def test_of_two_grants_the_higher_counts() -> None:
    """The lower one comes late."""
    lane = Lane(CIDS[0])
    lane.grant(10)
    lane.grant(5)
    lane.want(CIDS[1], is_known=True)
    assert lane.take() == ((CIDS[1],), 10)


def test_a_turn_looks_at_what_it_may_send() -> None:
    """After one that sent two large blocks at few; at more again when all of those were sent."""
    lane = Lane(CIDS[0])
    lane.grant(10**9)
    for number in range(1000):
        lane.want(leaf(b"%d" % number).cid, is_known=True)
    cids, _ = lane.take()
    lane.end_turn(2, cids[2:])
    sent = cids[:2]
    for expected in (12, 52, 212):
        cids, _ = lane.take()
        assert len(cids) == expected
        assert not {*sent} & {*cids}
        lane.end_turn(1, ())
        sent += cids


def test_a_scope_knows_no_more_than_may_be() -> None:
    """What is over the bound is as if it were not there."""
    root = node(CIDS[:10])
    scope = Scope(None, Bounds(blocks=4))
    scope.add([root.cid])
    assert scope.open(root.cid, root.data) == {*CIDS[:3]}
    assert scope.size == 4


def test_a_damaged_block_leads_nowhere() -> None:
    """It is content of its scope all the same."""
    data = b"\xff"
    cid = Cid(node([]).cid[:4] + leaf(data).cid[4:])
    scope = Scope(None)
    scope.add([cid])
    assert scope.open(cid, data) == set()
    assert cid in scope
