"""A server, told what became true, one event after the other."""

import tracemalloc
from unittest import mock

import pytest

from engine.content.blocks import Block
from engine.content.cid import DAG_PB, Cid
from engine.content.dagpb import Link, encode
from engine.content.links import Bounds
from peers.exchange import (
    MAX_BYTES,
    MAX_CIDS,
    MAX_LANES,
    Blocks,
    Cancel,
    Credit,
    DontHave,
    WantBlocks,
)
from peers.identity import PeerId
from peers.lane import Lane
from peers.scope import RETRY_MS
from peers.serve import MAX_TURNS, MAX_TURNS_EACH, Server
from peers.serve_events import (
    Action,
    Asked,
    Event,
    Gone,
    Load,
    Loaded,
    Offer,
    Send,
    Taken,
    Tick,
    Withdraw,
)
from tests.peers.graphs import leaf, node
from tests.peers.swarm import Node, load, peer

SCOPE, OTHER = leaf(b"an agreement").cid, leaf(b"another agreement").cid
A, B = peer(1), peer(2)
LEAVES = [leaf(b"leaf %d" % number) for number in range(10)]
INNER = node([block.cid for block in LEAVES[:5]], "inner")
ROOT = node([INNER.cid, *(block.cid for block in LEAVES[5:])])
SECRET = leaf(b"nobody may have this")
PLENTY = 2**40


class Driver:
    """A server with a store, which reads at once unless it is `slow`."""

    def __init__(self, *blocks: Block, slow: bool = False) -> None:
        self.node = Node(peer(99), {block.cid: block.data for block in blocks})
        self.slow = slow
        self.read: list[Cid] = []

    def tell(self, *events: Event) -> list[Action]:
        """Tell events; return what is sent, and what is read if it is slow."""
        done: list[Action] = []
        for event in events:
            todo = list(self.node.server.handle(event))
            while todo:
                action = todo.pop(0)
                if isinstance(action, Load):
                    self.read += action.cids
                if isinstance(action, Load) and not self.slow:
                    todo += self.node.server.handle(load(self.node, action))
                    continue
                done.append(action)
                if isinstance(action, Send) and action.turn and not self.slow:
                    todo += self.node.server.handle(Taken(action.turn))
        return done

    def want(
        self, who: PeerId, *cids: Cid, scope: Cid = SCOPE, lane: int = 1, granted: int = PLENTY
    ) -> list[Action]:
        """Have a peer want blocks."""
        return self.tell(Asked(who, WantBlocks(lane, scope, cids, granted)))


def served(actions: list[Action], who: PeerId) -> list[Cid]:
    """Return what a peer was sent."""
    return [
        cid
        for action in actions
        if isinstance(action, Send) and action.peer == who and isinstance(action.message, Blocks)
        for cid, _ in action.message.blocks
    ]


def refused(actions: list[Action], who: PeerId) -> list[Cid]:
    """Return what a peer was told that it does not get."""
    return [
        cid
        for action in actions
        if isinstance(action, Send) and action.peer == who and isinstance(action.message, DontHave)
        for cid in action.message.cids
    ]


def offering(**more: bool) -> Driver:
    """Return a server that has everything, and offers ROOT to A."""
    driver = Driver(ROOT, INNER, *LEAVES, SECRET, **more)
    driver.tell(Offer(SCOPE, (ROOT.cid,), A))
    return driver


def test_what_a_root_leads_to_is_served() -> None:
    """In the order asked, in one message, with a count of its bytes."""
    driver = offering()
    asked = (ROOT.cid, LEAVES[9].cid, LEAVES[8].cid)
    driver.want(A, ROOT.cid)
    (send,) = driver.want(A, *asked)
    assert isinstance(send, Send)
    assert isinstance(send.message, Blocks)
    assert [cid for cid, _ in send.message.blocks] == list(asked)
    assert send.message.sent == 2 * len(ROOT.data) + 12


def test_what_is_not_in_the_scope_is_not_even_read() -> None:
    """Whether it is here cannot be told from the answer, nor from how long it takes."""
    driver = offering()
    absent = leaf(b"this is not here").cid
    assert refused(driver.want(A, SECRET.cid, absent), A) == [SECRET.cid, absent]
    assert SECRET.cid not in driver.read
    assert absent not in driver.read


@pytest.mark.parametrize("scope", [SCOPE, OTHER, ROOT.cid])
def test_a_peer_that_has_no_part_in_a_scope_gets_nothing(scope: Cid) -> None:
    """The answer is the same whether there is such a scope or not, and nothing is read."""
    driver = offering()
    assert driver.want(B, ROOT.cid, scope=scope) == [Send(B, DontHave(1, (ROOT.cid,)))]
    assert not driver.read


def test_a_public_root_is_for_everyone() -> None:
    """It is a scope of its own, named by itself."""
    driver = offering()
    driver.tell(Offer(INNER.cid, (INNER.cid,), None))
    assert served(driver.want(B, INNER.cid, LEAVES[0].cid, scope=INNER.cid), B)
    assert refused(driver.want(B, ROOT.cid, scope=INNER.cid), B) == [ROOT.cid]


def test_who_had_the_parent_from_elsewhere_is_served() -> None:
    """The scope is opened as far as needed, and each block of it once."""
    driver = offering()
    assert served(driver.want(A, LEAVES[0].cid), A) == [LEAVES[0].cid]
    assert driver.read == [ROOT.cid, INNER.cid, LEAVES[0].cid]
    driver.want(A, SECRET.cid)
    assert driver.read == [ROOT.cid, INNER.cid, LEAVES[0].cid]


def test_what_arrives_later_is_served_later() -> None:
    """What was not here when the scope was opened is tried again after a while."""
    driver = Driver(ROOT, *LEAVES)
    driver.tell(Offer(SCOPE, (ROOT.cid,), A))
    assert refused(driver.want(A, LEAVES[0].cid), A) == [LEAVES[0].cid]
    driver.node.blocks[INNER.cid] = INNER.data
    assert refused(driver.want(A, LEAVES[0].cid), A) == [LEAVES[0].cid]
    driver.tell(Tick(RETRY_MS))
    assert served(driver.want(A, LEAVES[0].cid), A) == [LEAVES[0].cid]


def test_more_roots_may_follow() -> None:
    """As the outputs of steps do, one after the other."""
    driver = offering()
    assert refused(driver.want(A, SECRET.cid), A)
    driver.tell(Offer(SCOPE, (SECRET.cid,), A))
    assert served(driver.want(A, SECRET.cid), A)


def test_what_is_withdrawn_is_served_no_more() -> None:
    """What was wanted is refused, and what is being read is not sent."""
    driver = offering(slow=True)
    (reading,) = driver.want(A, ROOT.cid)
    driver.want(A, *(block.cid for block in LEAVES))
    assert isinstance(reading, Load)
    actions = driver.tell(Withdraw(SCOPE), load(driver.node, reading))
    assert not served(actions, A)
    driver.slow = False
    assert refused(driver.want(A, ROOT.cid), A) == [ROOT.cid]


def test_no_more_is_sent_than_was_granted() -> None:
    """A block that does not fit waits for more credit; a lower grant means nothing."""
    driver = offering()
    driver.tell(Offer(SCOPE, tuple(block.cid for block in LEAVES), A))
    cids = [block.cid for block in LEAVES[:3]]
    assert served(driver.want(A, *cids, granted=13), A) == cids[:2]
    assert not driver.tell(Asked(A, Credit(1, 12)))
    assert not driver.tell(Asked(A, Credit(1, 17)))
    assert served(driver.tell(Asked(A, Credit(1, 18))), A) == cids[2:]


def test_what_is_cancelled_is_not_sent() -> None:
    """Some of it, or the whole lane."""
    driver = offering()
    driver.tell(Offer(SCOPE, tuple(block.cid for block in LEAVES), A))
    driver.want(A, *(block.cid for block in LEAVES), granted=0)
    driver.tell(Asked(A, Cancel(1, (LEAVES[0].cid,))))
    assert served(driver.tell(Asked(A, Credit(1, 6))), A) == [LEAVES[1].cid]
    driver.tell(Asked(A, Cancel(1, ())))
    assert not driver.tell(Asked(A, Credit(1, PLENTY)))


def test_a_turn_is_bounded() -> None:
    """By bytes; several turns of one asker, and of all, are open at a time."""
    big = [leaf(bytes([number]) * 2**20) for number in range(20)]
    driver = Driver(*big, slow=True)
    roots = tuple(block.cid for block in big)
    driver.tell(Offer(SCOPE, roots, A), Offer(roots[0], roots, None))
    loads = driver.want(A, *roots)
    assert len(loads) == 1
    (first,) = loads
    assert isinstance(first, Load)
    assert first.most_bytes == MAX_BYTES
    (send, second) = driver.tell(load(driver.node, first))
    assert len(served([send], A)) == 2
    assert isinstance(second, Load)
    assert driver.tell(load(driver.node, second))[0].turn == second.turn
    assert not driver.want(A, *roots)  # MAX_TURNS_EACH are on their way out
    assert MAX_TURNS_EACH == 2
    others = [driver.want(peer(number), *roots, scope=roots[0]) for number in range(2, 9)]
    assert sum(map(len, others)) == MAX_TURNS - MAX_TURNS_EACH
    (third,) = driver.tell(Taken(first.turn))
    assert isinstance(third, Load)


def test_who_has_nothing_to_be_sent_is_not_looked_at() -> None:
    """Until something changes for it: a hundred idle askers cost one that is served nothing."""
    driver = Driver(ROOT, INNER, *LEAVES)
    driver.tell(Offer(ROOT.cid, (ROOT.cid,), None))
    asleep = [peer(number) for number in range(200, 300)]
    for who in asleep:
        driver.want(who, ROOT.cid, scope=ROOT.cid, granted=0)
    looked = mock.patch.object(Lane, "is_ready", autospec=True, side_effect=Lane.is_ready)
    with looked as ready:
        assert served(driver.want(A, ROOT.cid, scope=ROOT.cid), A) == [ROOT.cid]
    assert ready.call_count < len(asleep)
    credit = Asked(asleep[7], Credit(1, PLENTY))
    assert served(driver.tell(credit), asleep[7]) == [ROOT.cid]


def test_askers_have_their_turns_in_a_ring() -> None:
    """One that wants a thousand blocks does not keep one waiting that wants one."""
    big = [leaf(number.to_bytes(2, "big") * 2**18) for number in range(40)]
    driver = Driver(*big, slow=True)
    root, roots = big[0].cid, tuple(block.cid for block in big)
    driver.tell(Offer(root, roots, None))
    todo = driver.want(A, *roots, scope=root)
    todo += driver.want(B, *roots[:4], scope=root)
    order: list[PeerId] = []
    while todo:
        action = todo.pop(0)
        if isinstance(action, Load):
            todo += driver.tell(load(driver.node, action))
        elif isinstance(action, Send) and action.turn:
            order.append(action.peer)
            todo += driver.tell(Taken(action.turn))
    assert order.index(B) < 3
    assert order.count(A) == 10


def test_the_order_of_wants_is_kept() -> None:
    """Though more are wanted while the first are read, of which only a few fit a turn."""
    big = [leaf(number.to_bytes(2, "big") * 2**18) for number in range(20)]
    driver = Driver(*big, slow=True)
    root, roots = big[0].cid, tuple(block.cid for block in big)
    driver.tell(Offer(root, roots, None))
    todo = driver.want(A, *roots[:10], scope=root)
    todo += driver.want(A, *roots[10:], scope=root)
    order: list[Cid] = []
    while todo:
        action = todo.pop(0)
        order += served([action], A)
        if isinstance(action, Load):
            todo += driver.tell(load(driver.node, action))
        elif isinstance(action, Send) and action.turn:
            todo += driver.tell(Taken(action.turn))
    assert order == list(roots)


def test_the_lanes_of_an_asker_take_turns() -> None:
    """What is wanted on one does not wait for all of another."""
    big = [leaf(number.to_bytes(2, "big") * 2**18) for number in range(40)]
    driver = Driver(*big, slow=True)
    root, roots = big[0].cid, tuple(block.cid for block in big)
    driver.tell(Offer(root, roots, None))
    todo = driver.want(A, *roots[:16], scope=root, lane=1)
    todo += driver.want(A, *roots[16:32], scope=root, lane=2)
    todo += driver.want(A, *roots[32:], scope=root, lane=3)
    lanes: list[int] = []
    while todo:
        action = todo.pop(0)
        if isinstance(action, Load):
            todo += driver.tell(load(driver.node, action))
        elif isinstance(action, Send) and action.turn:
            lanes.append(action.message.lane)
            todo += driver.tell(Taken(action.turn))
    assert len(lanes) == 10
    assert set(lanes[:6]) == {1, 2, 3}


def test_what_was_read_for_a_lane_that_ended_is_dropped() -> None:
    """A new one of the same number has no part in it."""
    driver = offering(slow=True)
    (reading,) = driver.want(A, ROOT.cid)
    assert isinstance(reading, Load)
    driver.tell(Asked(A, Cancel(1, ())))
    driver.want(A, ROOT.cid, granted=1)
    assert not served(driver.tell(load(driver.node, reading)), A)


def test_the_turns_of_who_has_gone_are_free() -> None:
    """Nobody will say that its blocks have left."""
    driver = offering(slow=True)
    (reading,) = driver.want(A, ROOT.cid)
    assert isinstance(reading, Load)
    assert served(driver.tell(load(driver.node, reading)), A)
    assert driver.node.server._turns
    driver.tell(Gone(A))
    assert not driver.node.server._turns


def test_who_has_gone_is_forgotten() -> None:
    """What was being read for it is dropped, and its turns are free for others."""
    driver = offering(slow=True)
    (reading,) = driver.want(A, ROOT.cid)
    assert isinstance(reading, Load)
    assert driver.tell(Gone(A), load(driver.node, reading)) == []
    assert not driver.node.server._lanes
    assert not driver.node.server._turns


def test_an_asker_wants_no_more_than_may_be() -> None:
    """What goes over is refused, and so is a lane too many or of two scopes."""
    driver = offering()
    many = [leaf(b"number %d" % number).cid for number in range(MAX_CIDS)]
    driver.tell(Offer(SCOPE, tuple(many), A), Offer(OTHER, (ROOT.cid,), A))
    assert not driver.want(A, *many, granted=0)
    assert refused(driver.want(A, ROOT.cid, lane=2), A) == [ROOT.cid]
    driver.tell(Asked(A, Cancel(1, tuple(many))))
    assert refused(driver.want(A, ROOT.cid, scope=OTHER), A) == [ROOT.cid]
    for lane in range(3, MAX_LANES + 1):
        assert served(driver.want(A, ROOT.cid, lane=lane), A)
    assert refused(driver.want(A, ROOT.cid, lane=MAX_LANES + 1), A)


def test_what_is_known_of_scopes_is_bounded() -> None:
    """The one that was asked for longest ago is forgotten down to its roots, and opened anew."""
    driver = Driver(ROOT, INNER, *LEAVES)
    driver.node.server = Server(most_known=15)
    driver.tell(Offer(SCOPE, (ROOT.cid,), A), Offer(OTHER, (ROOT.cid,), B))
    driver.want(A, LEAVES[0].cid)
    driver.want(B, LEAVES[0].cid, scope=OTHER)
    assert [scope.size for scope in driver.node.server._scopes.values()] == [1, 12]
    assert served(driver.want(A, LEAVES[0].cid), A)


def test_a_scope_that_is_full_takes_more_roots() -> None:
    """What it knew beside its roots is forgotten, and opened anew when it is asked for."""
    driver = Driver(ROOT, INNER, *LEAVES, SECRET)
    driver.node.server = Server(bounds=Bounds(blocks=12))
    driver.tell(Offer(SCOPE, (ROOT.cid,), A))
    assert served(driver.want(A, LEAVES[0].cid), A) == [LEAVES[0].cid]
    driver.tell(Offer(SCOPE, (SECRET.cid,), A))
    assert served(driver.want(A, SECRET.cid), A) == [SECRET.cid]
    assert served(driver.want(A, LEAVES[5].cid), A) == [LEAVES[5].cid]


def test_a_scope_that_is_walked_is_walked_in_pieces() -> None:
    """So many blocks at a time as a turn allows."""
    deep = [leaf(b"the deepest")]
    for number in range(300):
        deep.append(node([deep[-1].cid], str(number)))
    wide = node([deep[-1].cid, *(node([], str(number)).cid for number in range(200))])
    driver = Driver(wide, *deep)
    driver.tell(Offer(SCOPE, (wide.cid,), A))
    assert served(driver.want(A, deep[0].cid), A) == [deep[0].cid]


def test_a_scope_is_for_one_peer() -> None:
    """To offer it to another is a mistake of ours."""
    driver = offering()
    with pytest.raises(ValueError, match="another already"):
        driver.tell(Offer(SCOPE, (ROOT.cid,), B))


def test_credit_that_comes_while_a_block_is_read_is_not_lost() -> None:
    """A block that was too large for the credit of its reading is read again with the new one."""
    driver = Driver(*LEAVES, INNER, ROOT, slow=True)
    driver.tell(Offer(SCOPE, (ROOT.cid,), A))
    (first,) = driver.want(A, ROOT.cid, granted=1)
    assert isinstance(first, Load)
    assert driver.tell(Asked(A, Credit(1, PLENTY))) == []
    (second,) = driver.tell(Loaded(first.turn, (), ()))
    assert isinstance(second, Load)
    assert second.cids == (ROOT.cid,)
    assert second.most_bytes == MAX_BYTES


def test_what_is_left_out_is_not_served_for_a_link_of_a_record() -> None:
    """Until it is a root itself."""
    away = LEAVES[9].cid
    driver = Driver(ROOT, INNER, *LEAVES)
    driver.tell(Offer(SCOPE, (ROOT.cid,), A, frozenset({away})))
    assert served(driver.want(A, ROOT.cid, LEAVES[8].cid), A) == [ROOT.cid, LEAVES[8].cid]
    assert refused(driver.want(A, away), A) == [away]
    driver.tell(Offer(SCOPE, (away,), A))
    assert served(driver.want(A, away), A) == [away]


def test_what_is_left_out_is_served_as_a_part_of_something_else() -> None:
    """A directory that has it comes whole."""
    away = LEAVES[0]
    data = encode([Link("a", away.cid, len(away.data))], b"\x08\x01")
    directory = Block(Cid.of(DAG_PB, data), data)
    record = node([away.cid, directory.cid])
    driver = Driver(record, directory, away)
    driver.tell(Offer(SCOPE, (record.cid,), A, frozenset({away.cid})))
    driver.want(A, record.cid, directory.cid)
    assert served(driver.want(A, away.cid), A) == [away.cid]


def test_many_public_roots_cost_little() -> None:
    """About a kilobyte each, and none is read, until somebody asks for it."""
    server = Server()
    roots = [leaf(b"%d" % number).cid for number in range(1_000)]
    tracemalloc.start()
    try:
        for root in roots:
            assert not server.handle(Offer(root, (root,), None))
        taken, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert taken < 2_000 * len(roots)
    for root in roots:
        server.handle(Withdraw(root))
    (refused,) = server.handle(Asked(A, WantBlocks(1, roots[0], roots[:1], 100)))
    assert isinstance(refused.message, DontHave)
