"""What blocks link to, and walks over them that a stranger cannot make explode."""

import pytest

from engine.content import canonical, dagpb
from engine.content.canonical import Value
from engine.content.cid import DAG_CBOR, DAG_PB, RAW, Cid
from engine.content.links import Bounds, links, reachable
from engine.errors import Damaged, Unavailable


class Blocks(dict[Cid, bytes]):
    """Some blocks, and which of them were read."""

    def __init__(self) -> None:
        self.read: list[Cid] = []

    def add(self, codec: int, data: bytes) -> Cid:
        """Keep a block and return its name."""
        cid = Cid.of(codec, data)
        self[cid] = data
        return cid

    def node(self, value: Value) -> Cid:
        """Keep a dag-cbor block."""
        return self.add(DAG_CBOR, canonical.encode(value))

    def get(self, cid: Cid) -> bytes:  # type: ignore[override]
        """Return a block."""
        self.read.append(cid)
        if cid not in self:
            raise Unavailable("not here", where=str(cid))
        return self[cid]


LEAF = Cid.of(RAW, b"leaf")
OTHER = Cid.of(RAW, b"other")


def test_raw_bytes_link_to_nothing() -> None:
    """A raw block has no links, whatever its bytes look like."""
    assert list(links(LEAF, canonical.encode([LEAF]))) == []


def test_dag_pb_links_in_order() -> None:
    """The links of a dag-pb node come in its order, a repeated one repeatedly."""
    data = dagpb.encode([dagpb.Link("b", OTHER, 1), dagpb.Link("a", LEAF, 1)] * 2, b"")
    assert list(links(Cid.of(DAG_PB, data), data)) == [OTHER, LEAF, OTHER, LEAF]


def test_dag_cbor_links_at_any_depth() -> None:
    """Links in lists and maps, however deep, are found; text and bytes that look alike are not."""
    data = canonical.encode({"a": [[{"b": LEAF}]], "c": str(OTHER), "d": OTHER.raw})
    assert list(links(Cid.of(DAG_CBOR, data), data)) == [LEAF]


@pytest.mark.parametrize("codec", [DAG_PB, DAG_CBOR])
def test_junk_is_damaged(codec: int) -> None:
    """Bytes that are not what their codec says are Damaged."""
    with pytest.raises(Damaged):
        list(links(Cid.of(codec, b"\xff\x00"), b"\xff\x00"))


def test_everything_once_parents_first() -> None:
    """Each block of a diamond comes once, after one that links to it; raw ones are not read."""
    blocks = Blocks()
    left, right = blocks.node({"l": LEAF}), blocks.node({"r": LEAF, "s": OTHER})
    root = blocks.node([left, right])
    found = list(reachable(blocks.get, [root, left]))
    assert sorted(found) == sorted([root, left, right, LEAF, OTHER])
    assert found[0] == root
    assert found.index(right) < found.index(OTHER)
    assert sorted(blocks.read) == sorted([root, left, right])


def test_no_roots_lead_nowhere() -> None:
    """From nothing, nothing is reached."""
    assert list(reachable(Blocks().get, [])) == []


def test_what_is_missing_is_said() -> None:
    """A node that is not here is the get's own error."""
    blocks = Blocks()
    root = blocks.node([Cid.of(DAG_CBOR, b"gone")])
    with pytest.raises(Unavailable):
        list(reachable(blocks.get, [root]))


def test_a_bomb_of_two_equal_links_is_walked_in_no_time() -> None:
    """64 levels that link twice to the next spell 2**64 paths, and are 64 blocks."""
    blocks = Blocks()
    below = LEAF
    for _ in range(64):
        below = blocks.node([below, below])
    assert len(list(reachable(blocks.get, [below]))) == 65


@pytest.mark.parametrize(
    ("bounds", "what"),
    [(Bounds(blocks=5), "5 blocks"), (Bounds(links=3), "3 links"), (Bounds(depth=2), "2 levels")],
)
def test_bounds_hold(bounds: Bounds, what: str) -> None:
    """More blocks, links of a block or levels than are allowed are Damaged, with the limit."""
    blocks = Blocks()
    wide: list[Value] = [Cid.of(RAW, b"%d" % number) for number in range(4)]
    root = blocks.node([blocks.node([blocks.node(wide)])])
    with pytest.raises(Damaged, match=what):
        list(reachable(blocks.get, [root], bounds))
    assert len(list(reachable(blocks.get, [root], Bounds(blocks=7, links=4, depth=3)))) == 7


def test_a_long_chain_needs_no_stack() -> None:
    """A walk is a loop: thousands of levels are refused, not a crash."""
    blocks = Blocks()
    below = LEAF
    for _ in range(5000):
        below = blocks.node([below])
    with pytest.raises(Damaged, match="levels"):
        list(reachable(blocks.get, [below]))
    assert len(list(reachable(blocks.get, [below], Bounds(depth=5000)))) == 5001
