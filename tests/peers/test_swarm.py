"""What holds of the exchange whatever the network and some of the peers do."""

from random import Random

import pytest

from engine.content.cid import Cid
from peers.fetch import Order
from peers.fetch_events import Done
from tests.peers.graphs import below, graph, leaf
from tests.peers.swarm import LIES, Node, Swarm, peer

SCOPE = leaf(b"an agreement").cid
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


@pytest.mark.parametrize("seed", range(100))
def test_a_fetch_comes_to_its_end_among_liars(seed: int) -> None:
    """With one honest source that has all, all comes, and nothing else."""
    world, fetcher, root, blocks = swarm(seed, hostile=True)
    world.run()
    assert isinstance(fetcher.end, Done), fetcher.end
    assert below(fetcher.blocks, [root]) == set(blocks) == set(fetcher.blocks)


def test_the_same_seed_gives_the_same_trace() -> None:
    """Nothing but the seed decides."""
    traces = set()
    for _ in range(2):
        world, *_ = swarm(7, hostile=True)
        world.run()
        traces.add(world.trace.hexdigest())
    assert len(traces) == 1
