"""What holds of the exchange whatever the network and some of the peers do."""

import itertools
from random import Random

import pytest

from engine.content.cid import Cid
from peers.exchange import Cancel, Credit, WantBlocks
from peers.fetch import Order
from peers.fetch_events import Done, Failed
from tests.peers.graphs import below, graph, leaf
from tests.peers.graphs import node as node_of
from tests.peers.swarm import LIES, Node, Swarm, peer

SCOPE = leaf(b"an agreement").cid
OTHER = leaf(b"another agreement").cid
SECRET = leaf(b"nobody may have this")


def swarm(seed: int, *, hostile: bool) -> tuple[Swarm, Node, Cid, dict[Cid, bytes]]:
    """Return a swarm in which node 0 fetches: one source is honest and whole."""
    random = Random(seed)  # noqa: S311
    lost, doubled = (random.choice([0, 0.1]), random.choice([0, 0.2])) if hostile else (0, 0)
    world = Swarm(seed, lost=lost, doubled=doubled, delay=random.choice([0, 50, 800]))
    root, blocks = graph(random, random.randint(1, 120))
    names = list(blocks)
    fetcher = world.add(
        Node(
            peer(0),
            dict.fromkeys(())
            if not hostile
            else {cid: blocks[cid] for cid in random.sample(names, len(names) // 4)},
        )
    )
    for number in range(1, random.randint(3, 6)):
        held = (
            blocks
            if number == 1 or not hostile
            else {cid: blocks[cid] for cid in random.sample(names, random.randint(0, len(names)))}
        )
        lie = random.choice(LIES) if hostile and number > 1 and random.random() < 0.6 else None
        source = world.add(Node(peer(number), {**held, SECRET.cid: SECRET.data}, lie))
        source.offer(SCOPE, (root,), fetcher.name)
    world.begin(fetcher, Order(1, SCOPE, (root,)))
    for number in range(1, len(world.nodes)):
        join(world, fetcher, world.nodes[peer(number)], random, hostile=hostile)
    return world, fetcher, root, blocks


def join(world: Swarm, fetcher: Node, source: Node, random: Random, *, hostile: bool) -> None:
    """Connect a source some time, and break and mend that a few times."""
    when = random.randint(0, 3000) if hostile else 0
    world.at(when, lambda: world.connect(fetcher, source))
    for _ in range(random.randint(0, 2) if hostile else 0):
        when += random.randint(1, 5000)
        world.at(when, lambda: world.part(fetcher, source))
        when += random.randint(1, 3000)
        world.at(when, lambda: source.name in fetcher.cut or world.connect(fetcher, source))


def heal(world: Swarm, fetcher: Node, root: Cid) -> None:
    """Have the network lose nothing, and fetch again from the source that is honest and whole."""
    world.lost = 0
    source = world.nodes[peer(1)]
    world.part(fetcher, source)
    world.begin(fetcher, Order(2, SCOPE, (root,)))
    world.connect(fetcher, source)
    world.run(world.now_ms + 60_000)


@pytest.mark.parametrize("seed", range(100))
def test_a_fetch_comes_to_its_end_among_liars(seed: int) -> None:
    """With one honest source all comes and nothing else.

    If messages are lost, then in a second fetch at the latest: it goes on from what is kept.
    """
    world, fetcher, root, blocks = swarm(seed, hostile=True)
    world.run()
    if world.lost and isinstance(fetcher.end, Failed):
        assert set(fetcher.end.missing) <= set(blocks) - set(fetcher.blocks)
        heal(world, fetcher, root)
    assert isinstance(fetcher.end, Done), fetcher.end
    assert below(fetcher.blocks, [root]) == set(blocks) == set(fetcher.blocks)
    assert peer(1) not in fetcher.cut


@pytest.mark.parametrize("seed", range(20))
def test_among_honest_peers_nobody_is_cut_off(seed: int) -> None:
    """However late and out of order messages are; and no block comes more than twice."""
    world, fetcher, _, blocks = swarm(seed, hostile=False)
    world.run()
    assert isinstance(fetcher.end, Done)
    assert not fetcher.cut
    served = sum(node.served for node in world.nodes.values())
    assert served <= 2 * sum(map(len, blocks.values()))


@pytest.mark.parametrize("seed", range(8))
def test_peers_that_each_have_a_part_all_get_the_whole(seed: int) -> None:
    """They fetch from one another at the same time, what one has just got as well."""
    random = Random(seed)  # noqa: S311
    world = Swarm(seed, delay=200)
    root, blocks = graph(random, 200)
    parts: list[dict[Cid, bytes]] = [{} for _ in range(4)]
    for cid, data in blocks.items():
        for part in random.sample(parts, random.randint(1, 2)):
            part[cid] = data
    everyone = [world.add(Node(peer(number), part)) for number, part in enumerate(parts)]
    for node in everyone:
        node.offer(root, (root,), full=blocks)
        world.begin(node, Order(1, root, (root,)))
    for node, source in itertools.permutations(everyone, 2):
        world.connect(node, source)
    world.run()
    assert [type(node.end) for node in everyone] == [Done] * 4
    assert all(set(node.blocks) == set(blocks) for node in everyone)


def test_a_fast_source_gives_more_than_a_slow_one() -> None:
    """And the slow one does not hold the end up."""
    world = Swarm(1)
    leaves = [leaf(number.to_bytes(2, "big") * 50_000) for number in range(400)]
    root = node_of([block.cid for block in leaves])
    blocks = {block.cid: block.data for block in [root, *leaves]}
    fetcher = world.add(Node(peer(0), {}))
    world.begin(fetcher, Order(1, root.cid, (root.cid,)))
    for number, pace_ms in ((1, 100), (2, 2500)):
        source = world.add(Node(peer(number), blocks))
        source.pace_ms = pace_ms
        source.offer(root.cid, (root.cid,))
        world.connect(fetcher, source)
    world.run()
    fast, slow = world.nodes[peer(1)].served, world.nodes[peer(2)].served
    assert isinstance(fetcher.end, Done)
    assert fast > 3 * slow > 0
    assert world.now_ms < 8_000


@pytest.mark.parametrize("seed", range(20))
def test_a_spy_gets_what_it_may_have_and_no_more(seed: int) -> None:
    """Whatever it asks for, in whatever order, in whatever scope. The swarm checks each answer."""
    random = Random(seed)  # noqa: S311
    world = Swarm(seed, lost=0.05, doubled=0.1, delay=300)
    root, blocks = graph(random, 50)
    other, others = graph(random, 50)
    source = world.add(Node(peer(1), blocks | others | {SECRET.cid: SECRET.data}))
    spy = world.add(Node(peer(0), {}))
    source.offer(SCOPE, (root,), spy.name)
    source.offer(OTHER, (other,), peer(5))
    world.connect(spy, source)
    names = [*blocks, *others, SECRET.cid]
    for _ in range(100):
        cids = tuple(random.sample(names, random.randint(1, len(names))))
        scope = random.choice([SCOPE, OTHER, SECRET.cid, root])
        lane = random.randint(0, 20)
        question = random.choice(
            [
                WantBlocks(lane, scope, cids, random.randint(0, 100_000)),
                Credit(lane, random.randint(0, 100_000)),
                Cancel(lane, cids if random.random() < 0.8 else ()),
            ]
        )
        world.send(spy.name, source.name, question)
        world.step()
    assert source.served > 0


def test_the_same_seed_gives_the_same_trace() -> None:
    """Nothing but the seed decides."""
    traces = set()
    for _ in range(2):
        world, *_ = swarm(7, hostile=True)
        world.run()
        traces.add(world.trace.hexdigest())
    assert len(traces) == 1
