"""When things ran, drawn."""

from xml.etree.ElementTree import Element

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cli.page.facts import Facts
from cli.page.figures import span
from cli.page.timeline import COLUMNS, MAX_ROWS, Bar, at_once, timeline
from tests.cli.page.conftest import MANY, Made, instance, many
from tests.cli.page.hostile import hostile_run
from tests.fakes.records import NOON_MS, Ran

LENGTH_MS = 2_400


def kind(drawn: Element, name: str) -> list[Element]:
    """Return the elements of this class."""
    return [one for one in drawn.iter() if one.get("class") == name]


def drawn_of(facts: Facts) -> Element:
    """Return the drawing of a run."""
    when = span(facts)
    assert when is not None
    found = timeline(facts.instances, when)
    assert found is not None
    return found.drawing


def test_a_few_instances_have_a_row_each(protein: Facts) -> None:
    """In the order in which they began; what was reused or skipped has none."""
    drawn = drawn_of(protein)
    assert [one.text for one in kind(drawn, "label")] == ["check", "fold[0]", "fold[1]", "fold[2]"]
    assert [one.text for one in kind(drawn, "took")] == ["320 ms", "42.0 s", "1 min 1 s", "9.0 s"]
    assert len(kind(drawn, "failed")) == 1
    lengths = {one[0].text: float(one[2].get("width") or 0) for one in kind(drawn, "row")}
    longest, shorter = (
        each for name, each in lengths.items() if "fold[0]" in name or "[1]" in name
    )
    assert longest / shorter == pytest.approx(42 / 61, rel=0.01)


def test_many_instances_have_a_row_per_step(made: Made) -> None:
    """And one for all; ten times as many take no more room."""
    facts = made(MANY, [Ran("prepare")])
    small, large = (drawn_of(many(facts, count)) for count in (MAX_ROWS, 10_000))
    for drawn in (small, large):
        assert [one.text for one in kind(drawn, "label")] == ["all steps", "prepare", "train"]
    assert large.get("height") == small.get("height")
    assert [one.text for one in kind(large, "took")] == ["at most 8", "1.0 s", "at most 8"]


def test_of_very_many_steps_the_first_are_drawn() -> None:
    """And it is known how many are not."""
    steps = [instance(f"s{n}", 0, after_ms=n, wall_ms=5) for n in range(200)]
    found = timeline(steps, (NOON_MS, NOON_MS + 1_000))
    assert found is not None
    assert len(kind(found.drawing, "row")) == MAX_ROWS
    assert found.left_out == 200 - (MAX_ROWS - 1)


def test_nothing_that_ran_is_nothing_to_draw() -> None:
    """As when all was reused."""
    assert timeline([], (0, 1_000)) is None


def test_impossible_times_are_drawn(made: Made) -> None:
    """A stranger's clock may say anything; no coordinate is out of the drawing."""
    drawn = drawn_of(hostile_run(made))
    right = float(drawn.get("width") or 0)
    for one in drawn.iter("rect"):
        assert 0 <= float(one.get("x") or 0) <= right
        assert float(one.get("x") or 0) + float(one.get("width") or 0) <= right


@given(st.lists(st.tuples(st.integers(0, LENGTH_MS), st.integers(0, LENGTH_MS)), max_size=20))
def test_the_area_is_all_the_time_that_was_spent(ends: list[tuple[int, int]]) -> None:
    """The sum over the columns is the sum of the lengths, however short they are."""
    bars = [Bar("s", "s", "ran", min(pair), max(pair)) for pair in ends]
    load = at_once(bars, LENGTH_MS)
    assert len(load) == COLUMNS
    spent = sum(bar.end - bar.start for bar in bars)
    assert sum(load) * LENGTH_MS / COLUMNS == pytest.approx(spent, abs=2)
    assert all(0 <= value <= len(bars) for value in load)
