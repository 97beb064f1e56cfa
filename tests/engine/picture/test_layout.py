"""Where things stand in a picture."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.picture.layers import MAX_BENDS, Link, layer
from engine.picture.layout import SCREEN, Box, Layout, Point, lay_out
from engine.picture.ordering import crossings, order
from engine.picture.placing import GAP

SIZE = (100.0, 40.0)


@st.composite
def graphs(draw: st.DrawFn) -> tuple[int, list[Link]]:
    """Return a number of nodes, and links that each lead to a larger number."""
    nodes = draw(st.integers(1, 25))
    pairs = list(itertools.combinations(range(nodes), 2))
    links = draw(st.lists(st.sampled_from(pairs), unique=True, max_size=60)) if pairs else []
    return nodes, links


def overlap(one: Box, other: Box) -> bool:
    """Return whether two boxes share any of the page."""
    return (
        abs(one.middle.x - other.middle.x) < (one.width + other.width) / 2 - 0.01
        and abs(one.middle.y - other.middle.y) < (one.height + other.height) / 2 - 0.01
    )


def is_inside(point: Point, box: Box) -> bool:
    """Return whether a point lies in a box and not on its border."""
    return overlap(Box(point, 0.0, 0.0), box)


def ahead(layout: Layout, point: Point) -> float:
    """Return how far along the direction of the layers a point is."""
    return point.x if layout.across else point.y


@given(graphs())
def test_no_two_nodes_overlap(graph: tuple[int, list[Link]]) -> None:
    """And all of them are in the picture."""
    nodes, links = graph
    layout = lay_out([(60.0 + 20 * (n % 4), 40.0) for n in range(nodes)], links)
    for one, other in itertools.combinations(layout.boxes, 2):
        assert not overlap(one, other)
    for box in layout.boxes:
        assert box.width / 2 - 0.01 <= box.middle.x <= layout.width - box.width / 2 + 0.01
        assert box.height / 2 - 0.01 <= box.middle.y <= layout.height - box.height / 2 + 0.01


@given(graphs())
def test_lines_lead_forward_and_around_nodes(graph: tuple[int, list[Link]]) -> None:
    """From the producer's border to the consumer's, through no node."""
    nodes, links = graph
    layout = lay_out([SIZE] * nodes, links)
    assert set(layout.lines) == set(links)
    for (producer, consumer), line in layout.lines.items():
        depths = [ahead(layout, point) for point in line]
        assert depths == sorted(depths)
        assert depths[0] > ahead(layout, layout.boxes[producer].middle)
        assert depths[-1] < ahead(layout, layout.boxes[consumer].middle)
        assert not any(is_inside(point, box) for point in line for box in layout.boxes)


@given(graphs())
def test_a_graph_is_always_drawn_alike(graph: tuple[int, list[Link]]) -> None:
    """In whatever order its links are told."""
    nodes, links = graph
    assert lay_out([SIZE] * nodes, links) == lay_out([SIZE] * nodes, links[::-1])


@given(graphs())
def test_ordering_never_adds_crossings(graph: tuple[int, list[Link]]) -> None:
    """The best order seen is kept."""
    layers = layer(*graph)
    before = crossings(layers)
    order(layers)
    assert crossings(layers) <= before


def test_crossings_are_counted() -> None:
    """Two lines that swap sides cross once; ordering undoes it."""
    layers = layer(4, [(0, 3), (1, 2)])
    assert crossings(layers) == 1
    order(layers)
    assert crossings(layers) == 0


def test_neighbours_keep_their_distance() -> None:
    """Side by side, with a gap for lines to pass."""
    boxes = sorted(lay_out([SIZE] * 5, []).boxes, key=lambda box: box.middle.x)
    gaps = [other.middle.x - one.middle.x - SIZE[0] for one, other in itertools.pairwise(boxes)]
    assert gaps == pytest.approx([GAP] * 4)


def test_a_diamond_is_symmetrical() -> None:
    """Both ends stand over the middle of what is between them."""
    boxes = lay_out([SIZE] * 4, [(0, 1), (0, 2), (1, 3), (2, 3)]).boxes
    middle = (boxes[1].middle.x + boxes[2].middle.x) / 2
    assert boxes[0].middle.x == pytest.approx(middle)
    assert boxes[3].middle.x == pytest.approx(middle)


def test_what_is_wide_goes_from_left_to_right() -> None:
    """Fifty that are gathered do not fit side by side on a screen; a chain goes down."""
    assert lay_out([SIZE] * 51, [(n, 50) for n in range(50)]).across
    chain = lay_out([SIZE] * 51, [(n, n + 1) for n in range(50)])
    assert not chain.across
    assert chain.width <= SCREEN


def test_long_lines_of_one_producer_are_one_trunk() -> None:
    """So there are as many bends as layers, and not as lines."""
    links = [(n, n + 1) for n in range(9)] + [(0, n) for n in range(2, 10)]
    layers = layer(10, links)
    assert len(layers.rank) == 10 + 8
    assert layers.bends[0, 9][:3] == layers.bends[0, 4]


def test_long_lines_of_a_huge_graph_go_straight() -> None:
    """Two thousand steps, each read by the next and by the last: no more vertices than nodes."""
    steps = 2_000
    links = [(n, n + 1) for n in range(steps - 1)] + [(n, steps - 1) for n in range(steps - 2)]
    layers = layer(steps, links)
    assert len(layers.rank) == steps < MAX_BENDS
    assert len(layers.rows) == steps
