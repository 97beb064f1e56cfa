"""Pictures as SVG."""

from xml.etree import ElementTree

import pytest

from engine.picture.bar import parts as states_of
from engine.picture.svg import to_svg
from tests.engine.picture.drawn import node, pictured, random_picture

NAMESPACE = "{http://www.w3.org/2000/svg}"


def parts(text: str, tag: str, kind: str) -> list[ElementTree.Element]:
    """Return the elements with this tag and this class."""
    found = ElementTree.fromstring(text).iter(NAMESPACE + tag)  # noqa: S314 - our own
    return [one for one in found if kind in (one.get("class") or "").split()]


def test_every_step_and_edge_is_drawn() -> None:
    """Each step once, by name, and a line for each edge that says what is read."""
    drawn = random_picture(60, seed=1)
    text = to_svg(drawn)
    assert [one.get("data-step") for one in parts(text, "g", "node")] == [
        each.step for each in drawn.nodes
    ]
    lines = parts(text, "path", "edge")
    assert len(lines) == len(drawn.edges)
    assert lines[0][0].text == f"{drawn.edges[0].consumer} reads {drawn.edges[0].producer}.x"


def test_a_scattered_step_is_one_node_with_a_bar_of_its_states() -> None:
    """Parts of the bar are as long as their share, and the note counts them."""
    states = {"ran": 7_500, "failed": 2_500}
    text = to_svg(pictured([node("train", 10_000, states)], []))
    assert [one.text for one in parts(text, "text", "name")] == ["train \xd7 10\xa0000"]
    assert [one.text for one in parts(text, "text", "note")] == ["2\xa0500 failed · 7\xa0500 ran"]
    (failed,), (ran,) = parts(text, "rect", "failed"), parts(text, "rect", "ran")
    lengths = [float(bar.get("width") or 0) for bar in (ran, failed)]
    assert lengths[0] == pytest.approx(3 * lengths[1], rel=0.01)
    assert parts(text, "g", "has-failed")


def test_one_failure_in_ten_thousand_is_seen() -> None:
    """A part of a bar is never too short to be seen; all of them fill it."""
    failed, ran = states_of({"ran": 9_999, "failed": 1}, 100.0)
    assert (failed.state, failed.start) == ("failed", 0)
    assert failed.length > 1
    assert failed.length + ran.length == pytest.approx(100.0)
    assert list(states_of({}, 100.0)) == []


def test_markup_in_a_label_is_text() -> None:
    """No label can become an element or leave an attribute."""
    hostile = '"><script>alert(1)</script>&amp;'
    text = to_svg(pictured([node(hostile)], [], title=hostile))
    assert "<script" not in text
    assert [one.get("data-step") for one in parts(text, "g", "node")] == [hostile]


def test_a_long_name_is_shortened_in_the_middle() -> None:
    """All of it is in the title."""
    name = "x" * 40 + "-tail"
    text = to_svg(pictured([node(name)], []))
    (shown,) = parts(text, "text", "name")
    assert shown.text == "x" * 18 + "…" + "xxxx-tail"
    assert f"<title>{name}\n" in text
