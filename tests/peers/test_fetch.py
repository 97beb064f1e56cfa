"""A fetch, told what became true, one event after the other."""

from collections.abc import Sequence
from typing import TypeVar

import pytest

from engine.content.blocks import Block, Checked
from engine.content.cid import DAG_CBOR, Cid
from engine.content.links import Bounds
from peers.exchange import MAX_CIDS, Answer, Blocks, Cancel, Credit, DontHave, WantBlocks
from peers.fetch import MAX_SOURCES, TWICE_MS, Fetch, Order
from peers.fetch_events import (
    Action,
    Cut,
    Done,
    Event,
    Failed,
    Found,
    Gone,
    Heard,
    Keep,
    Look,
    Looked,
    Send,
    Stop,
    Tick,
)
from peers.identity import PeerId
from peers.patience import GRACE_MS, PATIENCE_MS
from peers.source import FIRST, REST_MS, SHUN_MS, SILENT_MS, SLACK, STRIKES, WINDOW
from tests.peers.graphs import leaf, node
from tests.peers.swarm import peer

SCOPE = leaf(b"an agreement").cid
LEAVES = [leaf(b"leaf %d" % number) for number in range(600)]
ROOT = node([block.cid for block in LEAVES])
A, B = peer(1), peer(2)


T = TypeVar("T")


class Driver:
    """A fetch with an empty store, and what it has asked for so far."""

    def __init__(self, order: Order, here: Sequence[Block] = ()) -> None:
        self.fetch = Fetch(order, 0)
        self.here = {block.cid: block.data for block in here}
        self.sent: dict[PeerId, int] = {}
        self.actions: list[Action] = []
        self.perform(self.fetch.begin())

    def perform(self, actions: tuple[Action, ...]) -> None:
        """Look where it asks to; keep what it keeps; note the rest."""
        for action in actions:
            self.actions.append(action)
            if isinstance(action, Look):
                here = [(cid, self.here[cid]) for cid in action.cids if cid in self.here]
                absent = [cid for cid in action.cids if cid not in self.here]
                self.perform(self.fetch.handle(Looked(here, absent)))
            if isinstance(action, Keep):
                self.here |= {block.cid: block.data for block in action.blocks}

    def tell(self, *events: Event) -> list[Action]:
        """Tell events; return what follows, without what was looked for."""
        self.actions.clear()
        for event in events:
            self.perform(self.fetch.handle(event))
        return [action for action in self.actions if not isinstance(action, Look)]

    def bring(self, source: PeerId, *blocks: Block) -> list[Action]:
        """Have a source send blocks."""
        self.sent[source] = self.sent.get(source, 0) + sum(len(block.data) for block in blocks)
        claimed = tuple((block.cid, block.data) for block in blocks)
        return self.tell(Heard(source, Blocks(1, self.sent[source], claimed)))


def order(*roots: Cid, **more: int | Bounds) -> Order:
    """Return an order on lane 1."""
    return Order(1, SCOPE, roots, **more)  # type: ignore[arg-type]


def begun(*sources: PeerId, leaves: int = len(LEAVES)) -> Driver:
    """Return a fetch of some leaves, whose root has come, from sources: all asked of the first."""
    root = node([block.cid for block in LEAVES[:leaves]])
    driver = Driver(order(root.cid))
    driver.tell(Found(sources[0]))
    driver.bring(sources[0], root)
    driver.tell(*map(Found, sources[1:]))
    return driver


def wants(actions: list[Action], source: PeerId) -> list[Cid]:
    """Return what a source is asked for."""
    return [
        cid
        for action in actions
        if isinstance(action, Send) and action.peer == source
        if isinstance(action.message, WantBlocks)
        for cid in action.message.cids
    ]


def of_kind(actions: list[Action], kind: type[T]) -> list[T]:
    """Return the actions of a kind."""
    return [action for action in actions if isinstance(action, kind)]


def test_what_is_here_is_not_asked_for() -> None:
    """Only what is missing is, and then it is done."""
    driver = Driver(order(ROOT.cid), [ROOT, *LEAVES[1:]])
    assert wants(driver.tell(Found(A)), A) == [LEAVES[0].cid]
    assert of_kind(driver.bring(A, LEAVES[0]), Done) == [Done((ROOT.cid,))]


def test_what_is_all_here_takes_no_source() -> None:
    """It is done at once."""
    driver = Driver(order(ROOT.cid), [ROOT, *LEAVES])
    assert driver.actions[-1] == Done((ROOT.cid,))
    assert driver.fetch.is_finished


def test_many_are_asked_for_in_one_message() -> None:
    """As many as may be with a source whose rate is not known."""
    driver = Driver(order(ROOT.cid))
    driver.tell(Found(A))
    asked = driver.bring(A, ROOT)
    assert wants(asked, A) == [block.cid for block in LEAVES[:FIRST]]
    assert len(of_kind(asked, Send)) == 1


def test_a_fast_source_is_asked_for_more_at_a_time() -> None:
    """Up to a thousand, as its rate is measured."""
    driver = begun(A)
    driver.bring(A, *LEAVES[:100])
    assert len(wants(driver.tell(Tick(200)), A)) > FIRST
    driver.bring(A, *LEAVES[100:200])
    assert len(driver.fetch._sources[A].flight) <= MAX_CIDS


def test_each_block_is_asked_of_one_source() -> None:
    """Two of them get different wants, about as many."""
    driver = Driver(order(ROOT.cid))
    driver.tell(Found(A), Found(B))
    asked = driver.bring(A, ROOT)
    assert wants(asked, A) == [block.cid for block in LEAVES[:FIRST]] or wants(asked, B)
    assert not set(wants(asked, A)) & set(wants(asked, B))
    assert len(wants(asked, A)) == len(wants(asked, B)) == FIRST


def test_a_few_wants_are_shared_out() -> None:
    """Though one source could be asked for all of them."""
    root = node([block.cid for block in LEAVES[:100]])
    driver = Driver(order(root.cid))
    driver.tell(Found(A), Found(B))
    asked = driver.bring(A, root)
    assert len(wants(asked, A)) == len(wants(asked, B)) == 50


def test_a_fetch_has_so_many_sources_and_no_more() -> None:
    """What a stranger can make it hold is bounded."""
    driver = begun(A)
    driver.tell(*(Found(peer(number)) for number in range(1, MAX_SOURCES + 10)))
    assert len(driver.fetch._sources) == MAX_SOURCES


def test_wrong_bytes_cut_a_source_off() -> None:
    """The reason names the block; another source is asked for all it was asked for."""
    driver = begun(A, B)
    wrong = Block(LEAVES[0].cid, b"leaf 1")
    actions = driver.bring(A, LEAVES[1], wrong, LEAVES[2])
    assert of_kind(actions, Cut) == [Cut(A, f"it sent bytes that are not {LEAVES[0].cid}")]
    assert of_kind(actions, Keep) == [Keep((Checked(LEAVES[1].cid, LEAVES[1].data),))]
    assert not wants(driver.tell(Found(A)), A)
    for at in range(0, 600, 100):
        driver.bring(B, *LEAVES[at : at + 100])
    assert set(driver.here) == {ROOT.cid, *(block.cid for block in LEAVES)}


def test_more_than_was_granted_cuts_a_source_off() -> None:
    """By its own count, before any block is looked at."""
    driver = begun(A)
    late = Heard(A, Blocks(1, WINDOW + len(ROOT.data) + 10**8, ((LEAVES[0].cid, LEAVES[0].data),)))
    actions = driver.tell(late)
    assert [type(action) for action in actions] == [Cut]


def test_a_count_that_is_too_low_cuts_a_source_off() -> None:
    """More bytes than it says that it has sent."""
    driver = begun(A)
    message = Blocks(1, len(ROOT.data) + 1, ((LEAVES[0].cid, LEAVES[0].data),))
    assert of_kind(driver.tell(Heard(A, message)), Cut)


def test_what_comes_twice_changes_nothing() -> None:
    """The same message again is not looked at."""
    driver = begun(A)
    driver.bring(A, LEAVES[0])
    again = Blocks(1, driver.sent[A], ((LEAVES[1].cid, b"not even right"),))
    assert driver.tell(Heard(A, again)) == []


def test_credit_follows_what_comes() -> None:
    """When half of the window is used, as much as was used is granted anew."""
    big = [leaf(bytes([number]) * 2**20) for number in range(12)]
    root = node([block.cid for block in big])
    driver = Driver(order(root.cid))
    driver.tell(Found(A))
    driver.bring(A, root)
    granted = [of_kind(driver.bring(A, block), Send) for block in big[:-1]]
    grants = [
        send.message.granted
        for sends in granted
        for send in sends
        if isinstance(send.message, Credit)
    ]
    used = len(root.data) + 4 * 2**20
    assert grants == [used + WINDOW, used + 4 * 2**20 + WINDOW]


def test_what_a_source_has_not_is_asked_of_another() -> None:
    """And not of that one again."""
    driver = begun(A, B, leaves=10)
    refused = tuple(block.cid for block in LEAVES[:5])
    actions = driver.tell(Heard(A, DontHave(1, refused)))
    assert wants(actions, B) == list(refused)
    assert not wants(actions + driver.tell(Tick(1), Gone(B)), A)


def test_a_source_is_asked_again_later() -> None:
    """It may be fetching the same itself; each time it is asked again twice as late."""
    driver = begun(A, leaves=6)
    cid, now_ms = LEAVES[0].cid, 0
    no = Heard(A, DontHave(1, (cid,)))
    for number in (1, 2, 3):
        assert not wants(driver.tell(no, Tick(now_ms + number * SHUN_MS - 1)), A)
        now_ms += SHUN_MS << (number - 1)
        driver.bring(A, LEAVES[number])
        assert not wants(driver.tell(Tick(now_ms - 1)), A)
        assert wants(driver.tell(Tick(now_ms)), A) == [cid]


def test_what_nobody_has_is_missing() -> None:
    """It is asked for a few times more; then the fetch fails, and says what is missing."""
    driver = Driver(order(LEAVES[0].cid))
    no = Heard(A, DontHave(1, (LEAVES[0].cid,)))
    driver.tell(Found(A), no, Tick(SHUN_MS), no, Tick(3 * SHUN_MS), no)
    driver.tell(Tick(7 * SHUN_MS), no)
    assert not of_kind(driver.tell(Tick(7 * SHUN_MS + GRACE_MS - 1)), Failed)
    (failed,) = of_kind(driver.tell(Tick(7 * SHUN_MS + GRACE_MS)), Failed)
    assert failed.missing == (LEAVES[0].cid,)
    assert failed.why == "no source has it"


def test_a_source_that_is_busy_with_other_fetches_is_waited_for() -> None:
    """For however long; when its turn comes, it is asked for as much as it takes."""
    driver = Driver(order(LEAVES[0].cid, LEAVES[1].cid))
    assert driver.tell(Found(A, pipeline=0)) == []
    for now_ms in range(0, 10 * PATIENCE_MS, 1000):
        assert driver.tell(Tick(now_ms)) == []
    assert wants(driver.tell(Found(A, pipeline=1)), A) == [LEAVES[0].cid]


def test_without_a_source_it_fails_soon() -> None:
    """Somebody may still connect for a few seconds."""
    driver = Driver(order(ROOT.cid))
    assert not driver.tell(Tick(GRACE_MS - 1))
    (failed,) = of_kind(driver.tell(Tick(GRACE_MS)), Failed)
    assert failed.why == "there is no source"


def test_the_wants_of_a_source_that_is_gone_go_to_another() -> None:
    """At once."""
    driver = begun(A, B, leaves=10)
    assert wants(driver.tell(Gone(A)), B) == [block.cid for block in LEAVES[:10]]


def test_a_silent_source_is_put_aside() -> None:
    """What it was asked for is withdrawn; after a rest it is tried again."""
    driver = begun(A)
    asked = tuple(driver.fetch._sources[A].flight)
    actions = driver.tell(Tick(SILENT_MS))
    assert of_kind(actions, Send) == [Send(A, Cancel(1, asked))]
    assert not wants(driver.tell(Tick(SILENT_MS + REST_MS - 1)), A)
    assert wants(driver.tell(Tick(SILENT_MS + REST_MS)), A)


def test_one_that_stays_silent_is_given_up() -> None:
    """In the end nothing came for too long."""
    driver = begun(A)
    ends = [of_kind(driver.tell(Tick(now)), Failed) for now in range(0, 2 * PATIENCE_MS, 500)]
    (failed,) = [failed for found in ends for failed in found]
    assert failed.why == "no block came for too long"
    assert len(failed.missing) == len(LEAVES)
    assert driver.fetch._sources[A].strikes <= STRIKES


def test_what_is_passed_over_counts_as_refused() -> None:
    """A source that answers all but one want is not waited for."""
    driver = begun(A)
    number = 1
    while LEAVES[0].cid in driver.fetch._sources[A].flight:
        actions = driver.bring(A, LEAVES[number])
        number += 1
    assert 2 * SLACK < number < 4 * FIRST
    assert Send(A, Cancel(1, (LEAVES[0].cid,))) in actions
    assert (
        LEAVES[0].cid in wants(driver.tell(Found(B), *[]), B)
        or LEAVES[0].cid in driver.fetch._wants
    )


def test_at_the_end_another_is_asked_too() -> None:
    """What a source is long in sending is asked of one that has nothing to do, once."""
    few = LEAVES[:3]
    root = node([block.cid for block in few])
    driver = Driver(order(root.cid), [root])
    driver.tell(Found(A))
    assert not wants(driver.tell(Found(B)), B)
    assert not wants(driver.tell(Tick(TWICE_MS - 1)), B)
    assert wants(driver.tell(Tick(TWICE_MS)), B) == [block.cid for block in few]
    assert not wants(driver.tell(Tick(TWICE_MS * 2)), B)
    assert Send(A, Cancel(1, (few[0].cid,))) in driver.bring(B, few[0])


def test_a_late_block_is_taken() -> None:
    """It is wanted still, though it is asked for elsewhere by now."""
    driver = begun(A)
    driver.tell(Tick(SILENT_MS), Found(B))
    assert of_kind(driver.bring(A, LEAVES[0]), Keep) == [
        Keep((Checked(LEAVES[0].cid, LEAVES[0].data),))
    ]


def test_what_nobody_asked_for_is_borne_to_a_limit() -> None:
    """Then the source is cut off."""
    driver = begun(A)
    cuts = [
        cut
        for number in range(40)
        for cut in of_kind(driver.bring(A, leaf(bytes([number]) * 2**20)), Cut)
    ]
    assert cuts == [Cut(A, "it sends what nobody asked for")]


def test_only_the_links_of_checked_blocks_are_asked_for() -> None:
    """A block that is not asked for teaches nothing, though its bytes are right."""
    driver = begun(A)
    stranger = node([leaf(b"elsewhere").cid])
    assert not of_kind(driver.bring(A, stranger), Keep)
    assert leaf(b"elsewhere").cid not in driver.fetch._frontier


@pytest.mark.parametrize(
    ("bounds", "why"),
    [
        (Bounds(blocks=3), "over 3 blocks"),
        (Bounds(links=4), "over 4 links"),
        (Bounds(depth=1), "over 1 levels"),
    ],
)
def test_content_over_the_bounds_is_not_fetched(bounds: Bounds, why: str) -> None:
    """It is nobody's fault who sends it: its name says that it is so."""
    inner = node([block.cid for block in LEAVES[:5]])
    root = node([inner.cid])
    driver = Driver(order(root.cid, bounds=bounds))
    driver.tell(Found(A))
    actions = driver.bring(A, root) + driver.bring(A, inner)
    assert not of_kind(actions, Cut)
    assert why in of_kind(actions, Failed)[0].why


def test_no_more_bytes_are_fetched_than_were_declared() -> None:
    """What was kept so far stays."""
    driver = Driver(order(ROOT.cid, most_bytes=len(ROOT.data) + 10))
    driver.tell(Found(A))
    driver.bring(A, ROOT)
    driver.bring(A, LEAVES[0])
    (failed,) = of_kind(driver.bring(A, LEAVES[1]), Failed)
    assert "bytes" in failed.why


def test_a_block_that_is_malformed_ends_the_fetch() -> None:
    """Its bytes are what its name says, so that no source has it better."""
    data = b"\xff\xff"
    root = Cid.of(DAG_CBOR, data)
    driver = Driver(order(root))
    driver.tell(Found(A))
    actions = driver.bring(A, Block(root, data))
    assert of_kind(actions, Failed)
    assert not of_kind(actions, Cut)


def test_who_stops_has_its_lanes_ended() -> None:
    """Nothing follows afterwards."""
    driver = begun(A, B)
    actions = driver.tell(Stop())
    assert actions[:-1] == [Send(A, Cancel(1, ())), Send(B, Cancel(1, ()))]
    assert driver.bring(A, LEAVES[0]) == []


def test_answers_on_another_lane_are_not_for_it() -> None:
    """Nor those of a peer that is no source."""
    driver = begun(A)
    answer: Answer = Blocks(2, 10**9, ((LEAVES[0].cid, b"x"),))
    assert driver.tell(Heard(A, answer), Heard(B, answer)) == []
